import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database';

export interface ApiKey {
  id: number;
  hash: Buffer;
}

@Injectable()
export class AccessStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async byHash(hash: Buffer): Promise<ApiKey | undefined> {
    const { rows } = await this.database.query<ApiKey>(
      'SELECT k.id, k.hash FROM api_key k WHERE k.hash = $1',
      [hash],
    );
    return rows[0];
  }

  async byId(id: number): Promise<ApiKey | undefined> {
    const { rows } = await this.database.query<ApiKey>('SELECT k.id, k.hash FROM api_key k WHERE k.id = $1', [
      id,
    ]);
    return rows[0];
  }

  async hasKeys(): Promise<boolean> {
    const { rows } = await this.database.query<{ has: boolean }>(
      'SELECT EXISTS (SELECT FROM api_key) AS has',
    );
    return rows[0]!.has;
  }

  async add(name: string, hash: Buffer): Promise<void> {
    await this.database.query(
      'INSERT INTO api_key (name, hash) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING',
      [name, hash],
    );
  }

  /** Makes one key the only one. */
  async replaceAll(name: string, hash: Buffer): Promise<void> {
    await this.database.query(
      `WITH gone AS (DELETE FROM api_key k WHERE k.hash <> $2)
       INSERT INTO api_key (name, hash) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`,
      [name, hash],
    );
  }
}
