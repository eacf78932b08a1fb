/**
 * Links in notifications: `alert.expiry.signature`. Whoever was sent one may say of that alert what it was, and nothing else, until it
 * expires. It stands behind the # of the address, which browsers keep to themselves. Pure.
 */
import { timingSafeEqual } from 'node:crypto';

const DAY_MS = 86_400_000;
const VALID_DAYS = 30;

/** Whole days, so that what is sent again the same day has the same link. */
export const expiryOf = (nowMs: number): number => (Math.ceil(nowMs / DAY_MS) + VALID_DAYS) * DAY_MS;

/** What the key is asked to sign for. */
export const PURPOSE = 'verdict link';

export interface LinkClaim {
  alertId: number;
  expiresAtMs: number;
}

export const claimText = ({ alertId, expiresAtMs }: LinkClaim): string => `${alertId}.${expiresAtMs}`;

export const linkOf = (baseUrl: string, token: string): string => `${baseUrl}/verdict/#${token}`;

/** What a token claims, and what it says to prove it; nothing is proven yet. */
export function readLink(token: string): { claim: LinkClaim; signature: string } | undefined {
  const [, alertId, expiresAtMs, signature] = /^(\d{1,9})\.(\d{1,15})\.([\w-]{43})$/.exec(token) ?? [];
  if (!alertId || !expiresAtMs || !signature) return undefined;
  return { claim: { alertId: Number(alertId), expiresAtMs: Number(expiresAtMs) }, signature };
}

export const isSame = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
