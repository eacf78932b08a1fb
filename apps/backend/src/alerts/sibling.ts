/** What happened around an alert: on its own series in the weeks before, and on related series at the same time. Pure. */
import type { Explanation } from '@bellwether/contracts';
import { WINDOW_MS } from './related';
import type { RelatedSeries } from './related.store';

const DAY_MS = 86_400_000;

/** Days before an alert in which others as strange are counted. */
export const HISTORY_DAYS = 90;
/** Related series are looked at this many periods before and after an alert, no farther than alerts of one story are apart. */
const FEWEST_PERIODS = 3;
const MOST_PERIODS = 60;
/** In thresholds: what stayed below is calm. */
const CALM_BELOW = 0.75;
const MOST_SIBLINGS = 8;

/** The strangest sample of a series around an alert; `surprise` is in thresholds, `anomalyAt` when it first reached one. */
export interface Surprise {
  seriesId: number;
  surprise: number;
  peakAt: Date;
  value: number;
  expected: number | null;
  anomalyAt: Date | null;
}

interface Lasting {
  startsMs: number;
  /** Null: it is firing. */
  endsMs: number | null;
}

/** The stretch [from, to) in which related series are looked at. */
export function around(
  { startsMs, endsMs }: Lasting,
  periodMs: number | null,
  nowMs: number,
): { from: Date; to: Date } {
  const period = periodMs ?? WINDOW_MS;
  const margin = Math.max(FEWEST_PERIODS * period, Math.min(WINDOW_MS, MOST_PERIODS * period));
  return { from: new Date(startsMs - margin), to: new Date((endsMs ?? Math.max(nowMs, startsMs)) + margin) };
}

/** Related series that were not calm, the most surprised first. */
export function siblingsOf(
  startsMs: number,
  related: readonly RelatedSeries[],
  surprises: readonly Surprise[],
): Explanation['siblings'] {
  const bySeries = new Map(related.map((one) => [one.seriesId, one]));
  return surprises
    .filter(({ seriesId, surprise }) => surprise >= CALM_BELOW && bySeries.has(seriesId))
    .toSorted((a, b) => b.surprise - a.surprise)
    .slice(0, MOST_SIBLINGS)
    .map(({ seriesId, anomalyAt, peakAt, ...rest }) => ({
      ...bySeries.get(seriesId)!,
      ...rest,
      peakAt: peakAt.toISOString(),
      leadMs: anomalyAt && anomalyAt.getTime() - startsMs,
    }));
}

/** Days with scores before a peak, and how many alerts they had that were as strange; null where nothing is known. */
export function historyOf(
  peakMs: number,
  { scoredSince, asStrange }: { scoredSince: Date | null; asStrange: number | null },
): Explanation['history'] {
  if (scoredSince === null || asStrange === null) return null;
  return { days: Number(((peakMs - scoredSince.getTime()) / DAY_MS).toFixed(2)), asStrange };
}
