import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import {
  cookie,
  hashKey,
  isSessionOf,
  keyIn,
  makeKey,
  makeSession,
  needsKey,
  readSession,
  SESSION_COOKIE,
  SESSION_MS,
} from './access';
import { AccessStore, type ApiKey } from './access.store';

const REMEMBER_MS = 30_000;
const REMEMBER_KEYS = 1_000;

@Injectable()
export class AccessService {
  /** Keys that were right a moment ago, by their hash in hex or `#id`: a request should not cost a query more. */
  private readonly known = new Map<string, { key: ApiKey; untilMs: number }>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(AccessStore) private readonly store: AccessStore,
  ) {}

  get needsKey(): boolean {
    return needsKey(this.config);
  }

  /** Makes sure that somebody can get in; returns a new key, to be shown once, where there was none. */
  async ensureKey(): Promise<string | undefined> {
    if (!this.needsKey) return undefined;
    if (this.config.API_KEY) {
      // Whoever sets a key has lost the others, or no longer trusts who holds them.
      await this.store.replaceAll('API_KEY', hashKey(this.config.API_KEY));
      return undefined;
    }
    if (await this.store.hasKeys()) return undefined;
    const key = makeKey();
    await this.store.add('first', hashKey(key));
    return key;
  }

  async isAllowed(headers: { authorization?: string; cookie?: string }, nowMs: number): Promise<boolean> {
    if (!this.needsKey) return true;
    const key = keyIn(headers.authorization);
    if (key) return (await this.find(key, nowMs)) !== undefined;
    const token = cookie(headers.cookie, SESSION_COOKIE);
    const claim = token && readSession(token);
    if (!claim || claim.expiresAtMs <= nowMs) return false;
    const owner = await this.remember(`#${claim.keyId}`, nowMs, () => this.store.byId(claim.keyId));
    return owner !== undefined && isSessionOf(token, owner, nowMs);
  }

  /** A session token for whoever knows a key. */
  async signIn(key: string, nowMs: number): Promise<string | undefined> {
    const owner = await this.find(key, nowMs);
    return owner && makeSession(owner, nowMs + SESSION_MS);
  }

  private find(key: string, nowMs: number): Promise<ApiKey | undefined> {
    const hash = hashKey(key);
    return this.remember(hash.toString('hex'), nowMs, () => this.store.byHash(hash));
  }

  private async remember(
    name: string,
    nowMs: number,
    load: () => Promise<ApiKey | undefined>,
  ): Promise<ApiKey | undefined> {
    const remembered = this.known.get(name);
    if (remembered && remembered.untilMs > nowMs) return remembered.key;
    const found = await load();
    if (this.known.size >= REMEMBER_KEYS) this.known.clear();
    if (found) this.known.set(name, { key: found, untilMs: nowMs + REMEMBER_MS });
    else this.known.delete(name);
    return found;
  }
}
