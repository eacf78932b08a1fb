/**
 * Novelty: how far a series goes beyond all it has done before, told once, when it begins. Three streams are followed, each
 * against its own past:
 *
 *   x_t                                            the value itself
 *   q_t = e_t / √v_{t−1},  v += (min(e², 16 v) − v)/3000    the error of its model, by the scale of late
 *   s_t = EMA₁₂ of q held within ±10                a lasting error to one side: a shift too slow for a single sample
 *
 *   −ln p = ln((N + 1)/(k + ½)) + [k = 0] · beyond/(0.03 · range)
 *
 * with N values remembered, k of them as extreme as the new one on its side, and `beyond` how far outside of their range it
 * lies: a record alone is nothing (there are always some), a record by a margin is. The largest of the three counts, and only
 * where it exceeds all of the hundred steps before: an alert is told once. The idea of the range is NAB's own detector's
 * (Lavin & Ahmad 2015); the constants are those of docs/quality.md.
 */
const SCALE_STEPS = 3000;
const WILDEST = 16;
const CLIP = 10;
const SHIFT_STEPS = 12;
const MEMORY = 8000;
const MARGIN = 0.03;
const ONSET_STEPS = 100;
/** Fewer values than this say nothing of what is rare. */
const ENOUGH = 20;

export interface NoveltyInput {
  /** [time], raw; NaN = missing. */
  values: ArrayLike<number>;
  /** [time], one step ahead, in standard deviations; NaN where the model could not say. */
  errors: ArrayLike<number>;
}

/** [time], −ln p ≥ 0, each from its past only; 0 where something else was as novel shortly before, NaN where missing. */
export function noveltyScores({ values, errors }: NoveltyInput): Float64Array {
  const [ofValues, ofErrors, ofShifts] = [memory(), memory(), memory()];
  let [scale, shift] = [1, 0];
  const novelty = Float64Array.from({ length: values.length }, (_, t) => {
    const value = values[t]!;
    if (Number.isNaN(value)) return NaN;
    const error = errors[t]!;
    if (Number.isNaN(error)) return ofValues(value);
    const scaledError = error / Math.sqrt(scale + 1e-3);
    scale += (Math.min(error * error, WILDEST * scale) - scale) / SCALE_STEPS;
    shift += (Math.max(-CLIP, Math.min(CLIP, scaledError)) - shift) / SHIFT_STEPS;
    return Math.max(ofValues(value), ofErrors(scaledError), ofShifts(shift));
  });
  return onsets(novelty, ONSET_STEPS);
}

/** Remembers the newest values it is asked about, and answers −ln p of each given those before. */
function memory(): (value: number) => number {
  const ring = new Float64Array(MEMORY);
  const sorted = new Float64Array(MEMORY);
  let [count, asked] = [0, 0];
  return (value) => {
    const novelty = count < ENOUGH ? 0 : against(sorted, count, value);
    if (count === MEMORY) {
      const at = firstAtLeast(sorted, count, ring[asked % MEMORY]!);
      sorted.copyWithin(at, at + 1, count--);
    }
    const at = firstAtLeast(sorted, count, value);
    sorted.copyWithin(at + 1, at, count++);
    sorted[at] = value;
    ring[asked++ % MEMORY] = value;
    return novelty;
  };
}

function against(sorted: Float64Array, count: number, value: number): number {
  const [lowest, highest] = [sorted[0]!, sorted[count - 1]!];
  const below = firstAtLeast(sorted, count, nextAfter(value));
  const above = count - firstAtLeast(sorted, count, value);
  const asExtreme = Math.min(below, above);
  const rank = Math.log((count + 1) / (asExtreme + 0.5));
  if (asExtreme > 0 || highest === lowest) return rank;
  const beyond = Math.max(value - highest, lowest - value, 0) / (highest - lowest);
  return rank + beyond / MARGIN;
}

/** The index of the first of `count` ascending values that is not below `value`. */
function firstAtLeast(sorted: Float64Array, count: number, value: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A little more than `value`, so that what equals it lies below. */
const nextAfter = (value: number): number => value + Math.max(Number.MIN_VALUE, Math.abs(value) * 2 ** -52);

/** Keeps what exceeds all of the `steps` before it; the rest is 0. Missing ones stay missing and count as nothing. */
export function onsets(scores: Float64Array, steps: number): Float64Array {
  const recent: number[] = [];
  let first = 0;
  return scores.map((score, t) => {
    if (Number.isNaN(score)) return NaN;
    while (first < recent.length && recent[first]! < t - steps) first++;
    const isOnset = first === recent.length || score > scores[recent[first]!]!;
    while (recent.length > first && scores[recent.at(-1)!]! <= score) recent.pop();
    recent.push(t);
    return isOnset ? score : 0;
  });
}
