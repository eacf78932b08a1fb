/**
 * Two anomaly scores that need no model: what any detector has to beat, and whose measured rows (`baselines_anomaly.csv`) tell
 * whether data, scored rows and metric are read as they were meant.
 */
import { featureOf } from './data.mjs';

/** A feature counts as constant in training below this standard deviation, and is then taken in its own unit. */
const CONSTANT = 1e-9;
/** Beyond this many standard deviations a sample is as strange as can be. */
const STRANGEST = 50;

/** Uniform scores in [0, 1) from a seed: mulberry32. */
export function randomScores(length, seed) {
  let state = seed >>> 0;
  return Float64Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  });
}

/**
 * The row `zmax`: standard deviations from the mean of the training part, at most 50. Over several features it is their mean:
 * that reproduces the measured rows, the largest one does not.
 * @param {{values: Float64Array, features: number, trainEnd: number}} series values are [time * features]
 * @returns {Float64Array} [time]; NaN where every feature is missing
 */
export function zScores(series) {
  const sums = new Float64Array(series.values.length / series.features);
  const counts = new Float64Array(sums.length);
  for (let feature = 0; feature < series.features; feature++) {
    const column = featureOf(series, feature);
    const { mean, deviation } = momentsOf(column.subarray(0, series.trainEnd));
    const unit = deviation > CONSTANT ? deviation : 1;
    column.forEach((value, t) => {
      if (Number.isNaN(value)) return;
      sums[t] += Math.min(Math.abs(value - mean) / unit, STRANGEST);
      counts[t] += 1;
    });
  }
  return sums.map((sum, t) => sum / counts[t]);
}

function momentsOf(values) {
  const known = values.filter((value) => !Number.isNaN(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length;
  return { mean, deviation: Math.sqrt(variance) };
}
