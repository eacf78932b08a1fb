/**
 * The Numenta Anomaly Benchmark, standard profile (Lavin & Ahmad, "Evaluating real-time anomaly detection algorithms",
 * ICMLA 2015; equations as in NAB's `Sweeper`).
 *
 *   reward(y) = 2 σ(−5 y) − 1
 *   first hit in a window      + reward(y) / reward(−1),   y = −(right − t + 1) / width ∈ [−1, 0)
 *   a window without a hit     − 1
 *   a hit outside of windows   + 0.11 · reward(y),         y = (t − right of the last window) / (width − 1);
 *                                                          −0.11 from y = 3 on and before the first window
 *   a hit in the probationary period counts nothing
 *
 * One threshold for all files: every score is tried, from the highest down, and the one with the largest sum S is taken.
 * NAB score = 100 · (S − null) / (perfect − null), where null raises nothing (−1 per window) and perfect hits the first sample
 * of each window and nothing else (+1 per window).
 */
import { segmentsOf } from './vus.mjs';

const FALSE_POSITIVE = 0.11;
const FAR_PAST = 3;

/**
 * @typedef {object} NabFile
 * @property {ArrayLike<number>} labels [time], above 0 inside a window
 * @property {ArrayLike<number>} scores [time], larger = stranger; a sample without a score (NaN) raises nothing
 * @property {number} trainEnd end of the probationary period, in samples
 */

/**
 * @param {NabFile[]} files
 * @returns {{score: number, raw: number, threshold: number, windows: number}} `score` is normalised (NaN without a window),
 *   `raw` the sum S at `threshold`; the threshold is Infinity where it is best to raise nothing
 */
export function nabScore(files) {
  const judged = files.map((file) => gainsOf(file.labels, file.trainEnd));
  const hits = files.flatMap((file, i) => hitsOf(file, judged[i]));
  hits.sort((a, b) => b.score - a.score);
  const windows = judged.reduce((sum, { windows }) => sum + windows, 0);
  const { raw, threshold } = bestOf(hits, windows);
  return { score: normalised(raw, windows), raw, threshold, windows };
}

/**
 * What one file scores at a threshold.
 * @param {NabFile} file
 * @returns {{raw: number, windows: number, tp: number, tn: number, fp: number, fn: number}} counts are of samples
 */
export function rawScore(file, threshold) {
  const judged = gainsOf(file.labels, file.trainEnd);
  const hits = hitsOf(file, judged).filter(({ score }) => score >= threshold);
  const tp = hits.filter(({ window }) => window).length;
  const fp = hits.length - tp;
  return {
    raw: hits.reduce((raw, hit) => raw + gained(hit), -judged.windows),
    windows: judged.windows,
    tp,
    fp,
    fn: judged.inside - tp,
    tn: file.labels.length - file.trainEnd - judged.inside - fp,
  };
}

/** 100 for the perfect detector, 0 for the one that raises nothing. */
export const normalised = (raw, windows) => (windows > 0 ? (100 * (raw + windows)) / (2 * windows) : NaN);

const reward = (y) => (y >= FAR_PAST ? -1 : 2 / (1 + Math.exp(5 * y)) - 1);

/**
 * What a hit at each sample is worth, and in which window it lies. Windows that end in the probationary period cannot be found
 * and do not count.
 */
function gainsOf(labels, trainEnd) {
  const segments = segmentsOf(labels);
  const gains = new Float64Array(labels.length).fill(-FALSE_POSITIVE);
  const windowAt = new Int32Array(labels.length).fill(-1);
  segments.forEach(({ from, to }, i) => {
    const width = to - from + 1;
    const next = segments[i + 1]?.from ?? labels.length;
    for (let t = from; t <= to; t++) {
      gains[t] = reward(-(to - t + 1) / width) / reward(-1);
      windowAt[t] = i;
    }
    for (let t = to + 1; t < next; t++) gains[t] = FALSE_POSITIVE * reward((t - to) / (width - 1));
  });
  const findable = segments.filter(({ to }) => to >= trainEnd);
  const inside = findable.reduce((sum, { from, to }) => sum + to - Math.max(from, trainEnd) + 1, 0);
  return { gains, windowAt, windows: findable.length, inside };
}

/** The samples that could raise something; those of one window share an object that holds what the window has earned. */
function hitsOf({ scores, trainEnd }, { gains, windowAt }) {
  if (scores.length !== gains.length)
    throw new Error(`${gains.length} labels do not match ${scores.length} scores`);
  const windows = new Map();
  const windowOf = (at) => windows.get(at) ?? windows.set(at, { earned: -1 }).get(at);
  const hits = [];
  for (let t = trainEnd; t < scores.length; t++) {
    if (Number.isNaN(scores[t])) continue;
    hits.push({
      score: scores[t],
      gain: gains[t],
      window: windowAt[t] < 0 ? undefined : windowOf(windowAt[t]),
    });
  }
  return hits;
}

/** By how much a hit changes the sum. The first hit of a window is worth the most, so the largest gain stands for it. */
function gained({ gain, window }) {
  if (!window) return gain;
  const more = Math.max(gain - window.earned, 0);
  window.earned += more;
  return more;
}

/** Lowers the threshold over all hits (highest score first); of equal sums the highest threshold stays. */
function bestOf(hits, windows) {
  let best = { raw: -windows, threshold: Infinity };
  let raw = -windows;
  hits.forEach((hit, i) => {
    raw += gained(hit);
    const isLastOfItsScore = hits[i + 1]?.score !== hit.score;
    if (isLastOfItsScore && raw > best.raw) best = { raw, threshold: hit.score };
  });
  return best;
}
