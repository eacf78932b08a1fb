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

export function readSession(token: string): { keyId: number; expiresAtMs: number } | undefined {
  const [id, expiry, signature] = token.split('.');
  const keyId = Number(id);
  const expiresAtMs = Number(expiry);
  return signature && Number.isSafeInteger(keyId) && Number.isSafeInteger(expiresAtMs)
    ? { keyId, expiresAtMs }
    : undefined;
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

export const bearer = (header: string | undefined): string | undefined =>
  /^Bearer (\S+)$/i.exec(header ?? '')?.[1];

export function cookie(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name) return value;
  }
  return undefined;
}

/** The address of the health checks, the sign-in and the pages themselves, which hold no measurement. */
export function isOpen(path: string): boolean {
  const lower = path.toLowerCase();
  return lower === '/api/v1/session' || !(lower.startsWith('/api') || lower.startsWith('/metrics'));
}

/**
 * Without keys, the browser is the way in: a foreign page may post to loopback, or point its own name at it (DNS
 * rebinding). So the Host must be ours, and a request that changes something must not come from another site.
 */
export function refusal(
  request: { method: string; host: string | undefined; origin: string | undefined; site: string | undefined },
  config: Pick<Config, 'HOST' | 'PUBLIC_URL'>,
): string | undefined {
  if (!needsKey(config) && !isLoopback(hostName(request.host))) {
    return `This Bellwether answers on this machine only, and not as "${request.host ?? ''}": open it as localhost, or set HOST or PUBLIC_URL.`;
  }
  const changes = !['GET', 'HEAD', 'OPTIONS'].includes(request.method);
  const isForeign =
    request.site === 'cross-site' ||
    (request.origin !== undefined && originHost(request.origin) !== request.host);
  const isPublic =
    request.origin !== undefined &&
    config.PUBLIC_URL !== undefined &&
    new URL(config.PUBLIC_URL).origin === request.origin;
  return changes && isForeign && !isPublic
    ? 'A page of another site may not change anything here.'
    : undefined;
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
