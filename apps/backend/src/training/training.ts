/** When to train, and what a training came to: pure decisions. */
import type { ModelKind } from '@bellwether/contracts';

/** Newest steps of a series that training looks at. */
export const MAX_STEPS = 4_032;
/** Series of one training; beyond it a sample of them teaches the shared network, the others are scored with it all the same. */
export const MAX_SERIES = 200;
/** Steps a series must span before training looks at it. */
export const MIN_STEPS = 128;

/** Share of each series, at its end, that no model of the run has seen when it is evaluated. */
export const HELD_OUT = 0.1;
/** The same for what its scores are calibrated on: more, since tails take many scores; half of it has been seen. */
const CALIBRATED_ON = 0.2;

const SETTLE_MS = 3_000;
const SETTLE_AT_MOST_MS = 30_000;
const RETRY_MS = 10 * 60_000;
const RETRY_SOON_MS = 60_000;
const NEW_SERIES_MS = 5 * 60_000;

/** What is known of the series that one detector watches at one period. Times are epoch milliseconds. */
export interface Group {
  detectorId: number;
  periodMs: number;
  retrainHours: number;
  /** Series that span `MIN_STEPS` steps and against which nothing stands. */
  readySeries: number;
  /** Steps these span, `MAX_STEPS` each at most. */
  steps: number;
  oldestSeriesAt: number;
  newestSeriesAt: number;
  hasChampion: boolean;
  lastRun: { endedAt: number; hasFailed: boolean; seriesCount: number; steps: number } | null;
}

/** Why a group should be trained now, in words; undefined: it should not. */
export function reasonToTrain(group: Group, nowMs: number): string | undefined {
  const { lastRun, readySeries, steps } = group;
  if (readySeries === 0) return undefined;
  if (!lastRun) return isSettled(group, nowMs) ? 'enough samples' : undefined;

  const ageMs = nowMs - lastRun.endedAt;
  // A run that failed before it had its samples says nothing of them.
  if (lastRun.steps === 0) return ageMs >= RETRY_SOON_MS ? 'the last training failed' : undefined;
  if (steps >= 2 * lastRun.steps) return 'twice the samples of the last training';
  if (lastRun.hasFailed && ageMs < RETRY_MS) return undefined;
  if (lastRun.hasFailed && !group.hasChampion) return 'the last training failed';
  if (!group.hasChampion && ageMs >= RETRY_MS) return 'no model serves';
  if (Math.min(readySeries, MAX_SERIES) > lastRun.seriesCount && ageMs >= NEW_SERIES_MS) return 'new series';
  if (ageMs >= group.retrainHours * 3_600_000) return `the models are ${group.retrainHours} h old`;
  return undefined;
}

/** Series of one import arrive together: wait until no new one has come for a moment, but not for ever. */
const isSettled = ({ oldestSeriesAt, newestSeriesAt }: Group, nowMs: number): boolean =>
  nowMs - newestSeriesAt >= SETTLE_MS || nowMs - oldestSeriesAt >= SETTLE_AT_MOST_MS;

/**
 * Whether a challenger replaces the champion: its held-out loss (nats per sample, on the same samples) has to be no worse.
 * Better by less than `TIE` counts as even, and the newer one wins: it has seen more.
 */
export function isBetter(challengerLoss: number, championLoss: number | null): boolean {
  if (!Number.isFinite(challengerLoss)) return false;
  return championLoss === null || !Number.isFinite(championLoss) || challengerLoss <= championLoss + TIE;
}
const TIE = 0.01;

export interface Comparison {
  kind: ModelKind;
  isPromoted: boolean;
  heldOutLoss: number;
  championLoss: number | null;
}

export function outcome(comparisons: Comparison[]): string {
  return comparisons.map(explain).join('; ');
}

function explain({ kind, isPromoted, heldOutLoss, championLoss }: Comparison): string {
  const name = kind.toUpperCase();
  const loss = `${heldOutLoss.toFixed(3)} nats per sample held out`;
  if (championLoss === null)
    return isPromoted ? `${name} is the first champion (${loss})` : `${name} was not promoted (${loss})`;
  const against = `against ${championLoss.toFixed(3)} of the champion`;
  return isPromoted
    ? `${name} was promoted (${loss}, ${against})`
    : `${name} was not promoted: ${loss}, ${against}`;
}

/**
 * The raw scores of one series to calibrate on: those of samples the network was not trained on, since it knows the others
 * by heart; where these are too few to know a tail from, the newest half.
 */
export function toCalibrateOn(raw: Float32Array): Float32Array {
  const heldOut = Math.floor(raw.length * CALIBRATED_ON);
  return raw.subarray(raw.length - (heldOut >= ENOUGH_TO_CALIBRATE ? heldOut : raw.length >> 1));
}
const ENOUGH_TO_CALIBRATE = 500;

/** Samples without those taken within these stretches: [from, to), in order, none meeting another; all times in epoch ms. */
export function leaveOut(
  samples: { times: number[]; values: number[] },
  stretches: readonly { from: number; to: number }[],
): { times: number[]; values: number[] } {
  if (stretches.length === 0) return samples;
  const isKept = samples.times.map((time) => !isWithin(stretches, time));
  return {
    times: samples.times.filter((_, i) => isKept[i]),
    values: samples.values.filter((_, i) => isKept[i]),
  };
}

function isWithin(stretches: readonly { from: number; to: number }[], time: number): boolean {
  let [low, high] = [0, stretches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stretches[middle]!.to <= time) low = middle + 1;
    else high = middle;
  }
  return low < stretches.length && stretches[low]!.from <= time;
}
