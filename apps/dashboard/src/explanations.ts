/** Explanations as a person reads them: who moved first, how far, how often, and the picture of a stretch. */
import type { Alert, Explanation, SeriesView, Sparkline } from '@bellwether/contracts';
import { aroundAlert, type Stretch } from './range';
import { counted, duration, figure } from './words';

/** When a related series first was an anomaly, against the alert: `2 min before`. */
export function leadInWords(leadMs: number | null): string {
  if (leadMs === null) return 'almost an anomaly';
  if (leadMs === 0) return 'at the same time';
  return `${duration(Math.abs(leadMs))} ${leadMs < 0 ? 'before' : 'after'}`;
}

/** A surprise in thresholds: `2.1 × its threshold`. */
export const surpriseInWords = (surprise: number): string => `${figure(surprise, 2)} × its threshold`;

/** How often alerts as strange came before: `one of 3 as strange in 30 days`. */
export function historyInWords(history: Explanation['history']): string | null {
  if (history === null) return null;
  const { days, asStrange } = history;
  const hours = Math.max(1, Math.round(days * 24));
  const known = days >= 2 ? counted(Math.round(days), 'day') : counted(hours, 'hour');
  return asStrange <= 1
    ? `the only one as strange in ${known}`
    : `one of ${asStrange} as strange in ${known}`;
}

/** What became of the related series that are not named. */
export function othersInWords({ siblings, siblingCount }: Explanation): string {
  const calm = siblingCount - siblings.length;
  if (siblingCount === 0)
    return 'No series is known to be related: none shares a telling label or fired with it before.';
  if (calm === 0) return '';
  return siblings.length === 0
    ? `${counted(calm, 'related series', 'related series')} stayed calm.`
    : `${counted(calm, 'more related series was', 'more related series were')} calmer.`;
}

/** `right 7 of 9 times`: how often such statements were right before. */
export const recordInWords = ({ right, known }: NonNullable<Alert['record']>): string =>
  `right ${right} of ${counted(known, 'time')}`;

/** A stretch around one moment, wide enough to see what was usual. */
export function aroundMoment(at: string, periodMs: number | null): Stretch {
  return aroundAlert(at, null, at, periodMs ?? undefined);
}

/** The picture of a view that is small enough to be a sparkline. */
export const sparklineOf = ({ time, samples, band, scores }: SeriesView): Sparkline => ({
  ...{ time, value: samples.value },
  ...{ lower: band.lower, upper: band.upper, score: scores },
});
