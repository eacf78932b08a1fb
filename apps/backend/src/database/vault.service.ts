import { createHmac, hkdfSync } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { seal, secretKey, unseal } from './secret';

/** Seals secrets, each to the address it is for. The key is read, or made, with the first secret. */
@Injectable()
export class VaultService {
  private key: Promise<Buffer> | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** Null where there is none to seal. Throws SecretUnusable. */
  async seal(secrets: object, address: string): Promise<Buffer | null> {
    if (Object.keys(secrets).length === 0) return null;
    return seal(await this.read(), JSON.stringify(secrets), address);
  }

  /** What was sealed to this address. Throws SecretUnusable. */
  async open<Secrets extends object>(sealed: Buffer | null, address: string): Promise<Partial<Secrets>> {
    if (sealed === null) return {};
    return JSON.parse(unseal(await this.read(), sealed, address)) as Partial<Secrets>;
  }

  /** HMAC-SHA256 of a text under this installation's key, in base64url; another `purpose` gives another. Throws SecretUnusable. */
  async sign(text: string, purpose: string): Promise<string> {
    const key = Buffer.from(hkdfSync('sha256', await this.read(), '', `bellwether ${purpose}`, 32));
    return createHmac('sha256', key).update(text).digest('base64url');
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
