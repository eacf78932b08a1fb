/** Verdicts: what follows from what a person said of an alert. Pure. */
import type { AlertKind, VerdictKind, VerdictPreview } from '@bellwether/contracts';
import { always, type AlertRule, type AlertStretch, follow, quiet, type Scored } from './alert';

/** The newest days of a series on which a false alarm is replayed. */
export const REPLAY_DAYS = 30;
/** Scores end here: what reaches it cannot be told from anything stranger. */
const MOST = 15;
/** A floor is said in hundredths. */
const PARTS = 100;

/** The samples as they would have been, had a score needed at least `floor` to be an anomaly. */
const raised = (scored: readonly Scored[], floor: number): Scored[] =>
  scored.map((sample) => ({ ...sample, threshold: Math.max(sample.threshold, floor) }));

const fires = (scored: readonly Scored[], rule: AlertRule): boolean =>
  follow(quiet, scored, always(rule)).alerts.length > 0;

/**
 * The smallest floor (in hundredths) under which these samples, an alert's, would not have fired; undefined where they are as
 * strange as scores can say, so that no floor keeps them quiet and lets anything else through.
 */
export function floorFor(scored: readonly Scored[], rule: AlertRule): number | undefined {
  let [low, high] = [0, MOST * PARTS];
  if (fires(raised(scored, high / PARTS), rule)) return undefined;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fires(raised(scored, middle / PARTS), rule)) low = middle + 1;
    else high = middle;
  }
  return low / PARTS;
}

/** What of the alerts of a series would be left under a floor. `confirmed` are stretches that people said to be real. */
export function replay(
  scored: readonly Scored[],
  rule: AlertRule,
  { floor, confirmed }: { floor: number; confirmed: readonly Pick<AlertStretch, 'startsAt' | 'endsAt'>[] },
): NonNullable<VerdictPreview['replay']> {
  const before = follow(quiet, scored, always(rule)).alerts;
  const after = follow(quiet, raised(scored, floor), always(rule)).alerts;
  const lost = confirmed.filter((real) => !after.some((alert) => overlap(alert, real)));
  return { days: REPLAY_DAYS, before: before.length, after: after.length, confirmedLost: lost.length };
}

type Span = Pick<AlertStretch, 'startsAt' | 'endsAt'>;

const overlap = (a: Span, b: Span): boolean =>
  (!b.endsAt || a.startsAt < b.endsAt) && (!a.endsAt || b.startsAt < a.endsAt);

const WORDS: Record<Exclude<VerdictKind, 'false_alarm'>, string> = {
  real: 'Its samples are left out of later training, so that the models do not learn them as ordinary.',
  expected: 'Nothing changes by itself: where it comes again at known times, make a recurring silence of it.',
  new_normal:
    'What came before it is forgotten: the models of this series are trained anew on what came since.',
};

/** What follows where the alert was not about anomalies, and that is something else. */
const WORDS_BY_KIND: Record<Exclude<AlertKind, 'anomaly'>, Partial<Record<VerdictKind, string>>> = {
  silent: {
    real: 'It counts as right, which the next one says. Nothing else changes.',
    false_alarm: 'From now on this series is silent only after a quarter longer than this time.',
  },
  frozen: {
    false_alarm: 'From now on this series is frozen only after a quarter more equal samples than this time.',
  },
  cadence: {
    false_alarm: 'From now on nothing is said of this pace on this series.',
    new_normal:
      'This pace becomes the period of the series, and its models are trained anew on what came since.',
  },
  breach: {
    false_alarm:
      'From now on a forecast for this series has to be surer: 5 percentage points for each false alarm, up to 95 %.',
  },
};

/** What a verdict on an alert that is not about anomalies would do, in words. */
export const watchPreviewOf = (of: Exclude<AlertKind, 'anomaly'>, kind: VerdictKind): VerdictPreview => ({
  kind,
  isPossible: true,
  detail: WORDS_BY_KIND[of][kind] ?? WORDS[kind as keyof typeof WORDS],
  replay: null,
});

/** What a verdict would do, in words. `replayed` is of a false alarm; null where no floor would have kept it quiet. */
export function previewOf(
  kind: VerdictKind,
  replayed: NonNullable<VerdictPreview['replay']> | null,
): VerdictPreview {
  if (kind !== 'false_alarm') return { kind, isPossible: true, detail: WORDS[kind], replay: null };
  if (!replayed)
    return {
      kind,
      isPossible: false,
      detail:
        'It is as strange as a score can be: no threshold would have kept it quiet that lets other alerts through. Say that it was expected, or silence it.',
      replay: null,
    };
  const { before, after, days, confirmedLost } = replayed;
  const fewer = before - after;
  const lost =
    confirmedLost === 0
      ? 'no confirmed one lost'
      : `${confirmedLost} confirmed ${confirmedLost === 1 ? 'one' : 'ones'} lost`;
  const detail = `This series would have raised ${fewer} fewer ${fewer === 1 ? 'alert' : 'alerts'} in ${days} days (${after} instead of ${before}), ${lost}. From now on it alerts only from there.`;
  return { kind, isPossible: true, detail, replay: replayed };
}
