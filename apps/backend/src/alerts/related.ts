/** Which series belong together: by a label that tells something, or because they fired together before. Pure. */

/** A label that more series carry than this says too little of any two of them. */
export const MOST_CARRIERS = 30;
/** Days before an alert in which alerts are remembered, and how many of a series: the newest. */
export const MEMORY_DAYS = 90;
export const MOST_REMEMBERED = 10;
/** Related series that are named of one. */
export const MOST_RELATED = 30;
/** Labels that say what sort of place a series is from, not which. */
export const BROAD = ['env', 'environment', 'stage', 'tier'];
/** Alerts that follow each other within this, or within three periods, may be one story. */
export const WINDOW_MS = 15 * 60_000;

export const windowMs = (periodMs: number | null): number => Math.max(WINDOW_MS, 3 * (periodMs ?? 0));

/** A label and the series that carry it: no more of them than `MOST_CARRIERS` + 1. */
export interface Shared {
  key: string;
  value: string;
  seriesIds: number[];
  /** Whether the label has another value on some series. */
  hasOther: boolean;
}

/** What two series did before: alerts of each, and how many of them began beside one of the other. */
export interface Past {
  own: { total: number; met: number };
  other: { total: number; met: number };
}

export interface Relation {
  seriesId: number;
  words: string;
}

/** A label relates series where some have it and others have another value; what all have in common tells nothing. */
export const tells = ({ key, seriesIds, hasOther }: Shared): boolean =>
  hasOther && seriesIds.length > 1 && seriesIds.length <= MOST_CARRIERS && !BROAD.includes(key);

export const rarer = ({ own, other }: Past) => (other.total < own.total ? other : own);

/** At least twice, and in at least half of the alerts of the rarer one. */
export function firedTogether(past: Past): boolean {
  const { total, met } = rarer(past);
  return met >= 2 && met * 2 >= total;
}

export const inCommon = ({ key, value }: Pick<Shared, 'key' | 'value'>): string => `same ${key}=${value}`;

export function oftenTogether(past: Past): string {
  const { total, met } = rarer(past);
  return `fired together ${met} of ${total} times before`;
}

/** The series that fired together with one, those that did so most often; no more than are named of one. */
export const companions = <Met extends Past>(pasts: readonly Met[]): Met[] =>
  pasts
    .filter(firedTogether)
    .sort((a, b) => rarer(b).met - rarer(a).met)
    .slice(0, MOST_RELATED);

/** The series that one is related to, each once: by the label that fewest carry, else by what was before. */
export function relationsOf(
  seriesId: number,
  shared: readonly Shared[],
  pasts: readonly (Past & { seriesId: number })[],
): Relation[] {
  const words = new Map<number, string>();
  const telling = shared.filter((one) => tells(one) && one.seriesIds.includes(seriesId));
  for (const one of telling.sort((a, b) => a.seriesIds.length - b.seriesIds.length))
    for (const id of one.seriesIds) if (id !== seriesId && !words.has(id)) words.set(id, inCommon(one));
  for (const past of companions(pasts))
    if (!words.has(past.seriesId)) words.set(past.seriesId, oftenTogether(past));
  return [...words].map(([id, text]) => ({ seriesId: id, words: text })).slice(0, MOST_RELATED);
}
