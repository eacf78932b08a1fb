import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database';

@Injectable()
export class DemoStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async read(): Promise<{ startedAt: number; speed: number } | undefined> {
    const { rows } = await this.database.query<{ started_at: Date; speed: number }>(
      'SELECT d.started_at, d.speed FROM demo d',
    );
    return rows[0] && { startedAt: rows[0].started_at.getTime(), speed: rows[0].speed };
  }

  /** Starts it; one that plays already goes on as it is. */
  async start(startedAt: number, speed: number): Promise<void> {
    await this.database.query(
      'INSERT INTO demo (started_at, speed) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING',
      [new Date(startedAt), speed],
    );
  }

  async stop(): Promise<void> {
    await this.database.query('DELETE FROM demo');
  }

  async setUnit(name: string, labels: Record<string, string>, unit: string): Promise<void> {
    await this.database.query(
      'UPDATE series SET unit = $3 WHERE name = $1 AND labels = $2::jsonb AND unit IS NULL',
      [name, JSON.stringify(labels), unit],
    );
  }

  /** Ids of the series the demo made. */
  async seriesIds(): Promise<number[]> {
    const { rows } = await this.database.query<{ id: number }>(
      `SELECT s.id FROM series s WHERE s.labels @> '{"demo": "nab"}'`,
    );
    return rows.map(({ id }) => id);
  }
}
