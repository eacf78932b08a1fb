/**
 * The grid of a series: irregular observations (time, value) become values[i] at step start + i, where
 * time = step · periodMs and a step without a sample is missing (NaN), never a zero.
 */

/** A series on its grid: values[i] was observed at step start + i; NaN = missing. */
export interface Grid {
  periodMs: number;
  start: number;
  /** [time, feature] */
  values: Float32Array | Float64Array;
  /** How many quantities are measured at each step; 1 when left out. */
  features?: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Periods that people and schedulers choose, in milliseconds. */
const NICE_PERIODS = [
  ...[10, 20, 50, 100, 200, 250, 500],
  ...[1, 2, 5, 10, 15, 20, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 20, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 4, 6, 8, 12].map((n) => n * HOUR),
  DAY,
  7 * DAY,
];
/** Neighbouring nice periods differ by a quarter at least, so a tenth never reaches the wrong one. */
const SNAP = 0.1;

/** The period (ms) that more than half of neighbouring observations keep, at these times (ms, any order): null when fewer than two differ. */
export function inferPeriod(timesMs: ArrayLike<number>): number | null {
  const times = Float64Array.from(timesMs).filter(Number.isFinite).sort();
  const differences = steps(times).filter((difference) => difference > 0);
  if (differences.length === 0) return null;
  const typical = median(differences);
  const nice = NICE_PERIODS.find((period) => Math.abs(typical - period) <= SNAP * period);
  return nice ?? unusualPeriod(differences, typical);
}

/** A period on no list: averaged over the whole span, so that a grid of it does not drift, and rounded. */
function unusualPeriod(differences: Float64Array, typical: number): number {
  const regular = differences.filter((difference) => difference > typical / 2);
  const count = regular.reduce((sum, difference) => sum + Math.round(difference / typical), 0);
  const mean = regular.reduce((sum, difference) => sum + difference, 0) / count;
  const unit = [MINUTE, SECOND, 100, 10, 1].find((unit) => {
    const rounded = Math.round(mean / unit) * unit;
    return rounded > 0 && Math.abs(mean - rounded) <= 0.005 * mean;
  });
  return unit === undefined ? Math.max(1, Math.round(mean)) : Math.round(mean / unit) * unit;
}

/** How many steps a grid may have: a clock that jumped must not allocate millions. */
const MAX_STEPS = 200_000;

/**
 * Observations (ms, any order) on the grid of `periodMs`. Of several in one step the latest wins, as in the
 * database; non-finite values are missing; of a span longer than `maxSteps` the newest part is kept.
 */
export function toGrid(
  timesMs: ArrayLike<number>,
  values: ArrayLike<number>,
  periodMs: number,
  maxSteps = MAX_STEPS,
): Grid {
  if (!(periodMs > 0)) throw new RangeError(`a period must be positive, not ${periodMs} ms`);
  let first = Infinity;
  let last = -Infinity;
  for (let i = 0; i < timesMs.length; i++) {
    if (!Number.isFinite(timesMs[i]!)) continue;
    const step = Math.round(timesMs[i]! / periodMs);
    first = Math.min(first, step);
    last = Math.max(last, step);
  }
  if (last < first) return { periodMs, start: 0, values: new Float64Array(0) };
  const start = Math.max(first, last - maxSteps + 1);
  const grid = new Float64Array(last - start + 1).fill(NaN);
  const latest = new Float64Array(grid.length).fill(-Infinity);
  for (let i = 0; i < timesMs.length; i++) {
    const index = Math.round(timesMs[i]! / periodMs) - start;
    const value = values[i] ?? NaN;
    if (!(index >= 0) || timesMs[i]! < latest[index]! || !Number.isFinite(value)) continue;
    latest[index] = timesMs[i]!;
    grid[index] = value;
  }
  return { periodMs, start, values: grid };
}

/** Fewer samples than this teach nothing that would hold tomorrow. */
export const MIN_SAMPLES = 64;
const MIN_OBSERVED_SHARE = 0.2;

/** Whether a model can be learnt from this series, or why not, in a sentence for a person. */
export function modelability(grid: Grid): { ok: true } | { ok: false; reason: string } {
  const observed = grid.values.filter(Number.isFinite) as Float64Array;
  const reason = whyNot(grid.values.length, observed);
  return reason === undefined ? { ok: true } : { ok: false, reason };
}

function whyNot(steps: number, observed: ArrayLike<number>): string | undefined {
  const count = observed.length;
  if (steps === 0) return 'empty: no sample has arrived yet';
  if (count === 0) return `no usable value: all ${steps} samples are missing or not a number`;
  if (count < MIN_SAMPLES) {
    return `too short: ${count} ${count === 1 ? 'sample' : 'samples'} so far, at least ${MIN_SAMPLES} are needed`;
  }
  if (isConstant(observed)) {
    return `constant: all ${count} samples are ${observed[0]}, so there is nothing to learn yet`;
  }
  const share = count / steps;
  if (share >= MIN_OBSERVED_SHARE) return undefined;
  return `mostly missing: ${count} samples on ${steps} steps (${(100 * share).toFixed(1)} %), at least ${100 * MIN_OBSERVED_SHARE} % are needed`;
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

const steps = (sorted: Float64Array): Float64Array => sorted.subarray(1).map((time, i) => time - sorted[i]!);

function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
