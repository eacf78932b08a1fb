/**
 * The alert machine: an alert fires after sustained surprise and resolves with hysteresis.
 *
 * Surprise is counted in thresholds: an anomaly adds score / threshold ≥ 1 to its run, and a run fires when its surprise
 * is within `FORGIVEN` of `fireAfter`. Scores are −log10 of tail probabilities, so a sum of scores is a product of probabilities:
 * `fireAfter` anomalies in a row always fire, and so do fewer that are nearly as improbable as that many independent ones. They are
 * not independent, so that even these fewer are rarer than the run (`INDEPENDENCE` in `scoring.ts`).
 *
 * A sample is an anomaly when its score reaches the threshold and it lies as far from what was expected, and on the side, as the
 * rule asks. Of a rule that changes, each sample meets the version that was valid at its time; what has begun goes on.
 */
import { type Rule, type Since, validAt } from '../registry/rule';

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

/**
 * `kinds`: where anomalies are none of them, nothing is an anomaly; left out, they are, and `severity` is 'warning'.
 * `fireAfter`: anomalies in a row before an alert fires; `resolveAfter`: calm samples in a row before it resolves; `direction`
 * and `smallestChange` say how an anomaly lies to what was expected, where that is known.
 */
export type AlertRule = Pick<Rule, 'fireAfter' | 'resolveAfter' | 'direction' | 'smallestChange'> &
  Partial<Pick<Rule, 'kinds' | 'severity'>>;

/** The versions of a rule by time, in order, the first valid always. */
export type AlertRules = readonly (AlertRule & Since)[];

/** A rule that never changes. */
export const always = (rule: AlertRule, version = 1): AlertRules => [
  { ...rule, version, sinceMs: -Infinity },
];

/** What an alert is about: from its first anomaly to the calm sample that resolved it (null: it is firing). */
export interface AlertStretch {
  startsAt: Date;
  endsAt: Date | null;
  peak: Scored;
  /** The version of the rule that was valid when it began. */
  ruleVersion: number;
}

export type AlertState =
  | { phase: 'quiet' }
  /** Anomalies in a row that have not fired yet; `surprise` in thresholds. */
  | { phase: 'rising'; startsAt: Date; peak: Scored; surprise: number }
  /** `calm` is the number of calm samples since the last anomaly. */
  | { phase: 'firing'; startsAt: Date; peak: Scored; calm: number };

export const quiet: AlertState = { phase: 'quiet' };

/** Thresholds by which a run may fall short of `fireAfter`. Chosen on series of NAB, KPI and WSD: docs/quality.md. */
export const FORGIVEN = 0.7;

export const isAnomaly = (sample: Scored, rule: AlertRule): boolean =>
  sample.score >= sample.threshold && matters(sample, rule);

/** Whether a sample lies on the side, and as far from what was expected, as the rule asks; yes where nothing was expected. */
function matters({ value, expected }: Scored, { direction, smallestChange, kinds }: AlertRule): boolean {
  if (kinds && !kinds.includes('anomaly')) return false;
  if (expected === null) return true;
  if (direction === 'above' && value <= expected) return false;
  if (direction === 'below' && value >= expected) return false;
  if (!smallestChange) return true;
  const unit = smallestChange.isPercent ? Math.abs(expected) / 100 : 1;
  return Math.abs(value - expected) >= smallestChange.value * unit;
}

const isAnomalyThen = (sample: Scored, rules: AlertRules): boolean =>
  isAnomaly(sample, validAt(rules, sample.time));

const surpriseOf = ({ score, threshold }: Scored): number =>
  threshold > 0 ? Math.max(1, score / threshold) : 1;

/** The stranger of two samples; of equals the earlier. */
const stranger = (earlier: Scored, later: Scored): Scored => (later.score > earlier.score ? later : earlier);

/** Feeds one sample to the machine. */
export function observe(state: AlertState, sample: Scored, rule: AlertRule): AlertState {
  if (!isAnomaly(sample, rule)) {
    if (state.phase !== 'firing' || state.calm + 1 >= rule.resolveAfter) return quiet;
    return { ...state, calm: state.calm + 1 };
  }
  if (state.phase === 'firing') return { ...state, peak: stranger(state.peak, sample), calm: 0 };

  const run = state.phase === 'rising' ? state : { startsAt: sample.time, peak: sample, surprise: 0 };
  const { startsAt } = run;
  const peak = stranger(run.peak, sample);
  const surprise = run.surprise + surpriseOf(sample);
  if (surprise < rule.fireAfter - FORGIVEN) return { phase: 'rising', startsAt, peak, surprise };
  return { phase: 'firing', startsAt, peak, calm: 0 };
}

/**
 * Folds scored samples, oldest first, into the machine: the state after them, and every alert that was firing at some time
 * on the way, oldest first; only the last may still be open.
 */
export function follow(
  state: AlertState,
  scored: readonly Scored[],
  rules: AlertRules,
): { state: AlertState; alerts: AlertStretch[] } {
  const alerts: AlertStretch[] = [];
  const stretch = ({ startsAt, peak }: Begun, endsAt: Date | null): AlertStretch => ({
    ...{ startsAt, endsAt, peak },
    ruleVersion: validAt(rules, startsAt).version,
  });
  for (const sample of scored) {
    const next = observe(state, sample, validAt(rules, sample.time));
    if (state.phase === 'firing' && next.phase !== 'firing') alerts.push(stretch(state, sample.time));
    state = next;
  }
  if (state.phase === 'firing') alerts.push(stretch(state, null));
  return { state, alerts };
}

/** An alert as far as it is known before a stretch. */
export interface Begun {
  startsAt: Date;
  peak: Scored;
}

/** Whether an alert that starts at `startsAt` fires within `opening`, its first scored samples, as many as `longest` says. */
export function hasFired(startsAt: Date, opening: readonly Scored[], rules: AlertRules): boolean {
  // Scores older than the retention are gone: what was stored then is believed.
  if (opening[0]?.time.getTime() !== startsAt.getTime()) return true;
  return follow(quiet, opening, rules).alerts[0]?.startsAt.getTime() === startsAt.getTime();
}

/** How many scored samples before a stretch `resume` has to see, where the rule of the newest of them is this one. */
export const memory = ({ fireAfter, resolveAfter }: AlertRule): number => Math.max(fireAfter, resolveAfter);

/** The most that any version valid in [from, to) asks for. */
export function longest(
  rules: AlertRules,
  key: 'fireAfter' | 'resolveAfter',
  { from, to }: { from: Date; to?: Date },
): number {
  const first = validAt(rules, from);
  const met = rules.filter(
    (rule) => rule === first || (rule.version > first.version && (!to || rule.sinceMs < to.getTime())),
  );
  return Math.max(...met.map((rule) => rule[key]));
}

/**
 * The state before a stretch, from what is stored: the alert that was firing when it began (if any), with its peak until
 * then, and the newest scored samples before it, oldest first.
 */
export function resume(firing: Begun | undefined, before: readonly Scored[], rules: AlertRules): AlertState {
  const lastAnomaly = before.findLastIndex((sample) => isAnomalyThen(sample, rules));
  if (firing) {
    const last = before.at(-1);
    const most = last ? validAt(rules, last.time).resolveAfter - 1 : 0;
    const calm = Math.min(before.length - 1 - lastAnomaly, most);
    return { phase: 'firing', startsAt: firing.startsAt, peak: firing.peak, calm };
  }
  const run = before.slice(before.findLastIndex((sample) => !isAnomalyThen(sample, rules)) + 1);
  if (run.length === 0) return quiet;
  const surprise = run.reduce((sum, sample) => sum + surpriseOf(sample), 0);
  return { phase: 'rising', startsAt: run[0]!.time, peak: run.reduce(stranger), surprise };
}

/** The time of the first anomaly of the run that these samples end with; undefined where they end with a calm one. */
export const runStart = (before: readonly Scored[], rules: AlertRules): Date | undefined =>
  before[before.findLastIndex((sample) => !isAnomalyThen(sample, rules)) + 1]?.time;
