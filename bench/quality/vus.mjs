/**
 * VUS-PR, the volume under the precision–recall surface of an anomaly score (Boniol et al., "VUS: effective and efficient
 * accuracy measures for time-series anomaly detection", VLDB Journal 2025), as TSB-AD (Liu & Paparrizos, NeurIPS 2024)
 * computes it: `RangeAUC_volume_opt`.
 *
 *   w = 0 … L          every labelled segment is extended on both sides by d = 1 … ⌊w/2⌋ with the weight √(1 − d/w);
 *                      where extensions meet they add up, to 1 at most
 *   k = 1 … K          thresholds are the scores at K evenly spaced ranks; predicted are the samples that reach one
 *   E_w,k              Σ extension · prediction
 *   TP = core hits + E          P_w = P + ½ E
 *   TPR = min(TP / P_w, 1) · (extended segments that hold a prediction / extended segments)
 *   AP_w = Σ_k (TPR_k − TPR_k−1) · TP_k / predicted_k          VUS-PR = mean of AP_w over w
 *
 * A sample joins the predicted ones at one threshold, its level, and stays. With the levels known, a window w costs a walk over
 * the extensions and over the thresholds: O(n log n + L · (segments · L + K)) in all.
 */

/**
 * @param {ArrayLike<number>} labels [time], above 0 where anomalous
 * @param {ArrayLike<number>} scores [time], larger = stranger; NaN (no score) counts as the lowest score
 * @param {number} window L, in samples
 * @param {{thresholds?: number}} [options]
 * @returns {number} in [0, 1]; NaN without a labelled sample: such a file has no precision–recall curve
 */
export function vusPr(labels, scores, window, { thresholds = 250 } = {}) {
  if (labels.length !== scores.length)
    throw new Error(`${labels.length} labels do not match ${scores.length} scores`);
  if (!Number.isInteger(window) || window < 0)
    throw new Error(`The window is no count of samples: ${window}`);
  const segments = segmentsOf(labels);
  if (segments.length === 0) return NaN;

  const { levels, predicted } = levelsOf(scores, thresholds);
  const surface = { segments, levels, predicted, core: coreHits(segments, levels, thresholds) };
  const extend = extender(surface);
  let volume = 0;
  for (let w = 0; w <= window; w++) volume += averagePrecision(surface, extend(w));
  return volume / (window + 1);
}

/** Unbroken runs of labelled samples, [{ from, to }], both ends inclusive. */
export function segmentsOf(labels) {
  const segments = [];
  for (let t = 0; t < labels.length; t++) {
    if (!(labels[t] > 0)) continue;
    if (t > 0 && labels[t - 1] > 0) segments[segments.length - 1].to = t;
    else segments.push({ from: t, to: t });
  }
  return segments;
}

/**
 * Places the thresholds at evenly spaced ranks, highest first. `levels[t]` is the first threshold that sample t reaches,
 * `predicted[k]` how many samples reach threshold k.
 */
function levelsOf(scores, thresholds) {
  const known = Float64Array.from(scores).map((score) => (Number.isNaN(score) ? -Infinity : score));
  const ranked = known.slice().sort().reverse();
  // As numpy.linspace(0, n − 1, K).astype(int): one step, multiplied, cut off; the last rank is exact.
  const step = (known.length - 1) / (thresholds - 1);
  const limits = Float64Array.from(
    { length: thresholds },
    (_, k) => ranked[k === thresholds - 1 ? known.length - 1 : Math.trunc(k * step)],
  );
  const levels = Uint32Array.from(known.map((score) => firstReached(limits, score)));
  return { levels, predicted: cumulated(countsOf(levels, thresholds)) };
}

/** The first of the falling `limits` that `score` reaches. */
function firstReached(limits, score) {
  let [low, high] = [0, limits.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (score >= limits[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}

function countsOf(levels, thresholds) {
  const counts = new Float64Array(thresholds);
  for (const level of levels) counts[level] += 1;
  return counts;
}

function cumulated(counts) {
  for (let k = 1; k < counts.length; k++) counts[k] += counts[k - 1];
  return counts;
}

function coreHits(segments, levels, thresholds) {
  const hits = new Float64Array(thresholds);
  for (const { from, to } of segments) for (let t = from; t <= to; t++) hits[levels[t]] += 1;
  return cumulated(hits);
}

/**
 * Makes the function that, called with w = 0, 1, 2 … in this order, gives what the extension by w adds at each threshold:
 * `weight[k]` = Σ extension · prediction, `found[k]` = extended segments that hold a prediction, of `count` extended segments.
 */
function extender({ segments, levels, predicted }) {
  const strangest = segments.map((segment) => lowestLevel(levels, segment));
  const weights = new Float64Array(levels.length);
  return (w) => {
    const reach = w >> 1;
    if (reach > 0) segments.forEach((segment, i) => widen(strangest, i, levels, segment, reach));
    addWeights(weights, segments, w);
    const found = new Float64Array(predicted.length);
    const count = countFound(found, segments, strangest, reach);
    const weight = takeWeights(weights, segments, levels, { reach, thresholds: predicted.length });
    return { weight: cumulated(weight), found: cumulated(found), count };
  };
}

function lowestLevel(levels, { from, to }) {
  let lowest = levels[from];
  for (let t = from + 1; t <= to; t++) lowest = Math.min(lowest, levels[t]);
  return lowest;
}

/** Lets segment i see the two samples at the ends of its extension. */
function widen(strangest, i, levels, { from, to }, reach) {
  if (from - reach >= 0) strangest[i] = Math.min(strangest[i], levels[from - reach]);
  if (to + reach < levels.length) strangest[i] = Math.min(strangest[i], levels[to + reach]);
}

/** Adds the extension of every segment to `weights`. What falls into another segment stays there and is never read. */
function addWeights(weights, segments, w) {
  const fading = Float64Array.from({ length: (w >> 1) + 1 }, (_, d) => Math.sqrt(1 - d / w));
  for (const { from, to } of segments) {
    for (let d = 1; d < fading.length && to + d < weights.length; d++) weights[to + d] += fading[d];
    for (let d = 1; d < fading.length && from - d >= 0; d++) weights[from - d] += fading[d];
  }
}

/** Sums the weights outside the segments by the level of their samples, and clears them. */
function takeWeights(weights, segments, levels, { reach, thresholds }) {
  const sums = new Float64Array(thresholds);
  let next = 0;
  const take = (from, to) => {
    for (let t = Math.max(from, next); t <= to; t++) {
      sums[levels[t]] += Math.min(weights[t], 1);
      weights[t] = 0;
    }
  };
  segments.forEach(({ from, to }, i) => {
    const end = (segments[i + 1]?.from ?? weights.length) - 1;
    take(from - reach, from - 1);
    next = to + 1;
    take(to + 1, Math.min(to + reach, end));
    next = Math.min(to + reach, end) + 1;
  });
  return sums;
}

/** Counts, by level, the extended segments that hold a prediction; extensions that overlap make one segment. */
function countFound(found, segments, strangest, reach) {
  let count = 0;
  let lowest = Infinity;
  segments.forEach(({ to }, i) => {
    lowest = Math.min(lowest, strangest[i]);
    const next = segments[i + 1];
    if (next && to + reach >= next.from - reach) return;
    found[lowest] += 1;
    count += 1;
    lowest = Infinity;
  });
  return count;
}

function averagePrecision({ core, predicted }, { weight, found, count }) {
  const positives = core[core.length - 1];
  let [sum, reached] = [0, 0];
  for (let k = 0; k < core.length; k++) {
    const hits = core[k] + weight[k];
    const recall = Math.min(hits / (positives + weight[k] / 2), 1) * (found[k] / count);
    sum += (recall - reached) * (hits / predicted[k]);
    reached = recall;
  }
  return sum;
}
