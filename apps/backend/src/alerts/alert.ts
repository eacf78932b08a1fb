/**
 * The alert machine: an alert fires after sustained surprise and resolves with hysteresis.
 *
 * Surprise is counted in thresholds: an anomaly adds score / threshold ≥ 1 to its run, and a run fires when its surprise
 * reaches `fireAfter`. Scores are −log10 of tail probabilities, so a sum of scores is a product of probabilities: `fireAfter`
 * anomalies in a row always fire, and so does one sample as improbable as that many of them together.
 */

/** A sample with its score: −log10 of its tail probability, larger = stranger; an anomaly from `threshold` on. */
export interface Scored {
  time: Date;
  value: number;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  score: number;
  threshold: number;
  /** The forecaster's part of the surprise, 0 to 1; the rest is the reconstructor's. */
  vrnnShare: number;
}

export interface AlertRule {
  /** Anomalies in a row before an alert fires. */
  fireAfter: number;
  /** Calm samples in a row before it resolves. */
  resolveAfter: number;
}

/** What an alert is about: from its first anomaly to the calm sample that resolved it (null: it is firing). */
export interface AlertStretch {
  startsAt: Date;
  endsAt: Date | null;
  peak: Scored;
}

export type AlertState =
  | { phase: 'quiet' }
  /** Anomalies in a row that have not fired yet; `surprise` in thresholds. */
  | { phase: 'rising'; startsAt: Date; peak: Scored; surprise: number }
  /** `calm` is the number of calm samples since the last anomaly. */
  | { phase: 'firing'; startsAt: Date; peak: Scored; calm: number };

export const quiet: AlertState = { phase: 'quiet' };

export const isAnomaly = ({ score, threshold }: Scored): boolean => score >= threshold;

const surpriseOf = ({ score, threshold }: Scored): number =>
  threshold > 0 ? Math.max(1, score / threshold) : 1;

/** The stranger of two samples; of equals the earlier. */
const stranger = (earlier: Scored, later: Scored): Scored => (later.score > earlier.score ? later : earlier);

/** Feeds one sample to the machine. */
export function observe(state: AlertState, sample: Scored, rule: AlertRule): AlertState {
  if (!isAnomaly(sample)) {
    if (state.phase !== 'firing' || state.calm + 1 >= rule.resolveAfter) return quiet;
    return { ...state, calm: state.calm + 1 };
  }
  if (state.phase === 'firing') return { ...state, peak: stranger(state.peak, sample), calm: 0 };

  const run = state.phase === 'rising' ? state : { startsAt: sample.time, peak: sample, surprise: 0 };
  const { startsAt } = run;
  const peak = stranger(run.peak, sample);
  const surprise = run.surprise + surpriseOf(sample);
  if (surprise < rule.fireAfter) return { phase: 'rising', startsAt, peak, surprise };
  return { phase: 'firing', startsAt, peak, calm: 0 };
}

/**
 * Folds scored samples, oldest first, into the machine: the state after them, and every alert that was firing at some time
 * on the way, oldest first; only the last may still be open.
 */
export function follow(
  state: AlertState,
  scored: readonly Scored[],
  rule: AlertRule,
): { state: AlertState; alerts: AlertStretch[] } {
  const alerts: AlertStretch[] = [];
  for (const sample of scored) {
    const next = observe(state, sample, rule);
    if (state.phase === 'firing' && next.phase !== 'firing')
      alerts.push({ startsAt: state.startsAt, endsAt: sample.time, peak: state.peak });
    state = next;
  }
  if (state.phase === 'firing') alerts.push({ startsAt: state.startsAt, endsAt: null, peak: state.peak });
  return { state, alerts };
}

/** Whether an alert that starts at `startsAt` fires within `opening`, its first `fireAfter` scored samples at most. */
export function hasFired(startsAt: Date, opening: readonly Scored[], rule: AlertRule): boolean {
  // Scores older than the retention are gone: what was stored then is believed.
  if (opening[0]?.time.getTime() !== startsAt.getTime()) return true;
  return follow(quiet, opening, rule).alerts.length > 0;
}

/** How many scored samples before a stretch `resume` has to see. */
export const memory = ({ fireAfter, resolveAfter }: AlertRule): number => Math.max(fireAfter, resolveAfter);

/**
 * The state before a stretch, from what is stored: the alert that was firing when it began (if any), with its peak until
 * then, and the newest scored samples before it, oldest first.
 */
export function resume(
  firing: { startsAt: Date; peak: Scored } | undefined,
  before: readonly Scored[],
  rule: AlertRule,
): AlertState {
  const lastCalm = before.findLastIndex((sample) => !isAnomaly(sample));
  const lastAnomaly = before.findLastIndex(isAnomaly);
  if (firing) {
    const calm = Math.min(before.length - 1 - lastAnomaly, rule.resolveAfter - 1);
    return { phase: 'firing', startsAt: firing.startsAt, peak: firing.peak, calm };
  }
  const run = before.slice(lastCalm + 1);
  if (run.length === 0) return quiet;
  const surprise = run.reduce((sum, sample) => sum + surpriseOf(sample), 0);
  return { phase: 'rising', startsAt: run[0]!.time, peak: run.reduce(stranger), surprise };
}
