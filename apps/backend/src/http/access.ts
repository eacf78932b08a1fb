/** Who may ask: keys, sessions made from keys, and requests that a foreign web page must not be able to make. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Config, isLoopback } from '../config';

export const SESSION_COOKIE = 'bellwether_session';
export const SESSION_MS = 30 * 86_400_000;

/** Keys are 256 random bits, so one fast hash is as good as a slow one: there is nothing to guess. */
export const hashKey = (key: string): Buffer => createHash('sha256').update(key).digest();

export const makeKey = (): string => `bw_${randomBytes(32).toString('base64url')}`;

/** Everybody but the machine itself needs a key, also behind a proxy that PUBLIC_URL tells of. */
export function needsKey({ HOST, PUBLIC_URL }: Pick<Config, 'HOST' | 'PUBLIC_URL'>): boolean {
  return !isLoopback(HOST) || (PUBLIC_URL !== undefined && !isLoopback(new URL(PUBLIC_URL).hostname));
}

/** `id.expiry.signature`; the signature's secret is the key's hash, so a key that is gone takes its sessions with it. */
export function makeSession(key: { id: number; hash: Buffer }, expiresAtMs: number): string {
  const claim = `${key.id}.${expiresAtMs}`;
  return `${claim}.${sign(claim, key.hash)}`;
}

/** What a token claims; nothing is proven yet. Ids are PostgreSQL integers: more digits are nobody's. */
export function readSession(token: string): { keyId: number; expiresAtMs: number } | undefined {
  const [, id, expiry] = /^(\d{1,9})\.(\d{1,15})\.[\w-]+$/.exec(token) ?? [];
  return id && expiry ? { keyId: Number(id), expiresAtMs: Number(expiry) } : undefined;
}

export function isSessionOf(token: string, key: { id: number; hash: Buffer }, nowMs: number): boolean {
  const claim = readSession(token);
  if (!claim || claim.keyId !== key.id || claim.expiresAtMs <= nowMs) return false;
  const expected = Buffer.from(makeSession(key, claim.expiresAtMs));
  const given = Buffer.from(token);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

const sign = (claim: string, secret: Buffer): string =>
  createHmac('sha256', secret).update(claim).digest('base64url');

/** The key of an Authorization header, in the three ways that clients of metrics know: Bearer, InfluxDB's Token, and Basic's password. */
export function keyIn(header: string | undefined): string | undefined {
  const [, scheme, credentials] = /^(Bearer|Token|Basic) (\S+)$/i.exec(header ?? '') ?? [];
  if (credentials === undefined || scheme!.toLowerCase() !== 'basic') return credentials;
  const [, password] = /^[^:]*:(.+)$/s.exec(Buffer.from(credentials, 'base64').toString('utf8')) ?? [];
  return password;
}

export function cookie(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name) return value;
  }
  return undefined;
}

/**
 * Whether a path (as it was sent, without its query) needs no key: the health checks, the sign-in, the pages, which hold no
 * measurement, and what a signed link opens. The router takes paths letter by letter, so what it would hand to the API begins with /api in some case.
 */
export function isOpen(path: string): boolean {
  const lower = path.toLowerCase();
  return (
    /^\/api\/v1\/(session|verdict-link)\/?$/.test(lower) ||
    !/^\/(api|metrics|write|query|v1\/metrics)/.test(lower)
  );
}

export interface Asker {
  method: string;
  host: string | undefined;
  origin: string | undefined;
  /** Sec-Fetch-Site, which a browser sends and no page can change. */
  site: string | undefined;
}

/**
 * Without keys, the browser is the way in: a foreign page may post to loopback, or point its own name at it (DNS
 * rebinding). So the Host must be ours, and a request that changes something must not come from another site. Returns why
 * a request is refused.
 */
export function refusal(asker: Asker, config: Pick<Config, 'HOST' | 'PUBLIC_URL'>): string | undefined {
  if (!needsKey(config) && !isLoopback(hostName(asker.host))) {
    return `This Bellwether answers on this machine only, and not as "${asker.host ?? ''}": open it as localhost, or set HOST or PUBLIC_URL.`;
  }
  if (['GET', 'HEAD', 'OPTIONS'].includes(asker.method) || !isForeign(asker, config)) return undefined;
  return `A page of another site (${asker.origin ?? 'unknown'}) may not change anything here; if it is Bellwether's own behind a proxy, set PUBLIC_URL to its address.`;
}

/** Old browsers, and all of them over plain HTTP to another machine, send an Origin without a Sec-Fetch-Site. */
function isForeign({ host, origin, site }: Asker, { PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>): boolean {
  if (origin !== undefined && PUBLIC_URL !== undefined && origin === new URL(PUBLIC_URL).origin) return false;
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && originHost(origin) !== host?.toLowerCase();
}

const hostName = (host: string | undefined): string => {
  try {
    return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '');
  } catch {
    // Not a host at all: refused like a foreign one.
    return '';
  }
};

const originHost = (origin: string): string => {
  try {
    return new URL(origin).host;
  } catch {
    // `null` and other opaque origins belong to nobody we know.
    return '';
  }
};
