/** Corrections: what has to change in the stored alerts of a series so that they say what its scores say. */
import type { AlertStretch } from './alert';

/** An alert over for longer than this when it is found is history: shown, but nobody is notified. */
export const HISTORY_MS = 24 * 3_600_000;

export interface StoredAlert extends AlertStretch {
  id: number;
  isHistory: boolean;
  /** Whether anybody was, or is about to be, notified of it, or has given a verdict on it. */
  wasTold: boolean;
}

export interface Correction {
  /** Alerts that the scores no longer show and that nobody was told of. */
  remove: number[];
  /** Alerts that the scores no longer show but that somebody was told of: they end, and stay. */
  withdraw: number[];
  change: { id: number; stretch: AlertStretch; isHistory: boolean }[];
  add: { stretch: AlertStretch; isHistory: boolean }[];
  /** Ids of changed alerts that were history and are news now. */
  revive: number[];
}

/**
 * Pairs the stored alerts with the stretches that the scores show now. `newestMs` is the time of the newest score: an alert
 * that is open there is known no further, so history scored in pieces notifies nobody at the end of each piece.
 */
export function correct(
  stored: readonly StoredAlert[],
  stretches: readonly AlertStretch[],
  { nowMs, newestMs }: { nowMs: number; newestMs: number },
): Correction {
  const correction: Correction = { remove: [], withdraw: [], change: [], add: [], revive: [] };
  const pairs = pair(stored, stretches);
  for (const stretch of stretches) {
    const isOld = nowMs - (stretch.endsAt?.getTime() ?? newestMs) > HISTORY_MS;
    const known = pairs.get(stretch);
    if (!known) {
      correction.add.push({ stretch, isHistory: isOld });
      continue;
    }
    const isHistory = known.isHistory && isOld;
    if (known.isHistory && !isHistory) correction.revive.push(known.id);
    if (known.isHistory !== isHistory || !isSame(known, stretch))
      correction.change.push({ id: known.id, stretch, isHistory });
  }
  const paired = new Set(pairs.values());
  for (const alert of stored) {
    if (paired.has(alert)) continue;
    (alert.wasTold ? correction.withdraw : correction.remove).push(alert.id);
  }
  return correction;
}

/**
 * The stored alert that each stretch continues: one that overlaps it, so that a moved start is not a new alert. Two alerts of
 * a series may not start at once, so one that starts with a stretch can only be that stretch's.
 */
function pair(
  stored: readonly StoredAlert[],
  stretches: readonly AlertStretch[],
): Map<AlertStretch, StoredAlert> {
  const starts = new Set(stretches.map(({ startsAt }) => startsAt.getTime()));
  const pairs = new Map<AlertStretch, StoredAlert>();
  const free = new Set(stored);
  for (const stretch of stretches) {
    const candidates = [...free].filter(
      (alert) =>
        startTogether(alert, stretch) || (overlap(alert, stretch) && !starts.has(alert.startsAt.getTime())),
    );
    const best = candidates.sort((a, b) => rank(b, stretch) - rank(a, stretch))[0];
    if (!best) continue;
    pairs.set(stretch, best);
    free.delete(best);
  }
  return pairs;
}

/** What somebody was told of goes on before what nobody was told of; among these the same start, then the open one. */
const rank = (alert: StoredAlert, stretch: AlertStretch): number => {
  const exact = startTogether(alert, stretch);
  if (alert.wasTold) return exact ? 5 : alert.endsAt ? 3 : 4;
  return exact ? 2 : alert.endsAt ? 0 : 1;
};

const startTogether = (a: AlertStretch, b: AlertStretch): boolean =>
  a.startsAt.getTime() === b.startsAt.getTime();

const overlap = (a: AlertStretch, b: AlertStretch): boolean =>
  a.startsAt.getTime() < endOf(b) && b.startsAt.getTime() < endOf(a);

const endOf = ({ endsAt }: AlertStretch): number => endsAt?.getTime() ?? Infinity;

function isSame(a: AlertStretch, b: AlertStretch): boolean {
  return (
    startTogether(a, b) &&
    endOf(a) === endOf(b) &&
    a.ruleVersion === b.ruleVersion &&
    isSamePeak(a.peak, b.peak)
  );
}

function isSamePeak(a: AlertStretch['peak'], b: AlertStretch['peak']): boolean {
  if (a.time.getTime() !== b.time.getTime()) return false;
  return (['value', 'expected', 'lower', 'upper', 'score', 'threshold', 'vrnnShare'] as const).every(
    (key) => a[key] === b[key],
  );
}
