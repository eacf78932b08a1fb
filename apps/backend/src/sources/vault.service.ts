import { Inject, Injectable } from '@nestjs/common';
import type { SourceSettings } from '@bellwether/contracts';
import { CONFIG, type Config } from '../config';
import { seal, secretKey, unseal } from '../database/secret';
import { addressOf, namesOf, type Secrets } from './source';
import type { StoredSource } from './source.store';

/** Seals the secrets of sources, each to the address it is for. The key is read, or made, with the first secret. */
@Injectable()
export class VaultService {
  private key: Promise<Buffer> | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** Throws SecretUnusable. */
  async seal(
    settings: SourceSettings,
    secrets: Secrets,
  ): Promise<Pick<StoredSource, 'sealed' | 'secretNames'>> {
    const secretNames = namesOf(secrets);
    if (secretNames.length === 0) return { sealed: null, secretNames };
    return { sealed: seal(await this.read(), JSON.stringify(secrets), addressOf(settings)), secretNames };
  }

  /** Throws SecretUnusable. */
  async open({ sealed, settings }: Pick<StoredSource, 'sealed' | 'settings'>): Promise<Secrets> {
    if (sealed === null) return {};
    return JSON.parse(unseal(await this.read(), sealed, addressOf(settings))) as Secrets;
  }

  /** A file that could not be read is looked for again the next time. */
  private read(): Promise<Buffer> {
    this.key ??= secretKey(this.config).catch((error: unknown) => {
      this.key = undefined;
      throw error;
    });
    return this.key;
  }
}
