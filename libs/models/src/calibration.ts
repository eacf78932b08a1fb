/**
 * Calibration: the raw score of one series → the probability that an ordinary sample scores at least as much.
 *
 *   body   P(S ≥ s) by linear interpolation between empirical quantiles, up to u = the 90 % quantile
 *   tail   P(S ≥ s) = 0.1 · (1 + ξ(s − u)/β)^(−1/ξ), a generalized Pareto distribution (Pickands 1975) fitted by
 *          probability-weighted moments (Hosking & Wallis 1987), 0 ≤ ξ ≤ 0.5, so that no score is impossible
 *
 * A history holds anomalies of its own: exceedances that the fit of the others calls impossible are left out and the fit is
 * repeated. What came again and again is no anomaly, though, however wild: a score reached in k episodes of a history of
 * m samples has a probability of k/m at least (the wildest episode is left out: it may be the anomaly). Two models are fused by the Cauchy combination (Liu & Xie 2020), which stays a tail probability however
 * the two depend on each other; so what is fused needs no calibration of its own.
 */
import { quantile } from './scaler';

/** JSON-serialisable, 200 to 500 bytes. */
export interface Calibration {
  /** Scores behind it, those left out not among them. */
  n: number;
  /** Quantiles of the raw score at `LEVELS`; empty when nothing has been scored yet. */
  quantiles: number[];
  shape: number;
  scale: number;
  /** Peaks of the wild episodes of the history, falling, without the wildest; and the samples of the history. */
  recurrent?: { peaks: number[]; samples: number };
}

const LEVELS = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9];
const TAIL = 0.1;
const MAX_SHAPE = 0.5;
/** A prior worth this many exceedances: a nearly exponential tail, one nat long. */
const PRIOR_COUNT = 8;
const PRIOR_SHAPE = 0.1;
const PRIOR_MEAN = 1;
/** Two scores closer than this (nats) are the same. */
const MIN_SCALE = 0.02;

/**
 * Fits the finite ones among these raw scores, which are in the order of time. Few of them give a wide tail, none a
 * calibration that says 1. `history` are the scores in which to look for what recurs: it may be longer than what is fitted.
 */
export function calibrate(raw: ArrayLike<number>, history: ArrayLike<number> = raw): Calibration {
  const fitted = fit(raw);
  return fitted.n === 0 ? fitted : { ...fitted, recurrent: recurrences(history, fitted) };
}

/** From this probability on a score is wild; wild scores this close to each other (samples) are one episode. */
const WILD = 1e-3;
const EPISODE = 32;
const MAX_PEAKS = 24;

function recurrences(history: ArrayLike<number>, fitted: Calibration): Calibration['recurrent'] {
  const peaks: number[] = [];
  let last = -Infinity;
  for (let i = 0; i < history.length; i++) {
    const score = history[i]!;
    if (!Number.isFinite(score) || tailProbability(fitted, score) > WILD) continue;
    if (i - last < EPISODE) peaks.push(Math.max(peaks.pop()!, score));
    else peaks.push(score);
    last = i;
  }
  peaks.sort((a, b) => b - a);
  return { peaks: peaks.slice(1, 1 + MAX_PEAKS).map(short), samples: history.length };
}

function fit(raw: ArrayLike<number>): Calibration {
  const all = Float64Array.from(raw).filter(Number.isFinite).sort();
  if (all.length === 0) return { n: 0, quantiles: [], shape: PRIOR_SHAPE, scale: PRIOR_MEAN };
  // The first cut trusts only the median of the exceedances, which anomalies hardly move; the next ones put back what it cut
  // of an honest heavy tail.
  let kept = all.subarray(0, countOrdinary(all, all, medianFit(exceedances(all))));
  for (let round = 0; round < 3; round++) {
    const ordinary = countOrdinary(all, kept, momentFit(exceedances(kept)));
    if (ordinary === kept.length) break;
    kept = all.subarray(0, ordinary);
  }
  const { shape, scale } = momentFit(exceedances(kept));
  const quantiles = LEVELS.map((level) => short(quantile(kept, level)));
  return { n: kept.length, quantiles, shape: short(shape), scale: short(scale) };
}

/** P(S ≥ raw) in (0, 1], falling as `raw` grows; 1 for NaN and while nothing is known. */
export function tailProbability(calibration: Calibration, raw: number): number {
  const { recurrent } = calibration;
  if (!recurrent || !(raw > calibration.quantiles.at(-1)!)) return fittedProbability(calibration, raw);
  const episodes = recurrent.peaks.filter((peak) => peak >= raw).length;
  return Math.max(fittedProbability(calibration, raw), Math.min(TAIL, episodes / recurrent.samples));
}

function fittedProbability({ quantiles, shape, scale }: Calibration, raw: number): number {
  if (quantiles.length === 0 || Number.isNaN(raw)) return 1;
  const threshold = quantiles.at(-1)!;
  if (raw > threshold) return Math.max(Number.MIN_VALUE, TAIL * survival({ shape, scale }, raw - threshold));
  const above = quantiles.findIndex((value) => value >= raw);
  if (above === 0) return 1;
  const [low, high] = [quantiles[above - 1]!, quantiles[above]!];
  const share = (raw - low) / (high - low);
  // Rounding must not take the last of these below the first of the tail.
  return Math.max(TAIL, 1 - (LEVELS[above - 1]! + share * (LEVELS[above]! - LEVELS[above - 1]!)));
}

const MAX_SURPRISE = 15;

/** −log10 p: 3 is one ordinary sample in a thousand. At most 15, beyond which no history can tell. */
export const surprise = (p: number): number => Math.min(MAX_SURPRISE, Math.max(0, -Math.log10(p)));

export interface Fused {
  surprise: number;
  /** Whose surprise it is; the shares sum to 1, or to 0 when neither model says anything. */
  vrnnShare: number;
  vaeShare: number;
}

/** Fuses the tail probabilities of both models (null = says nothing): p⁻¹ is about the mean of both p⁻¹. */
export function fuse(vrnn: number | null, vae: number | null): Fused {
  const said = [vrnn, vae].filter((p) => p !== null);
  if (said.length === 0) return { surprise: 0, vrnnShare: 0, vaeShare: 0 };
  const fused = surprise(said.length === 1 ? said[0]! : cauchyCombination(said));
  const [a, b] = [vrnn, vae].map((p) => (p === null ? 0 : surprise(p) + 1e-9)) as [number, number];
  return { surprise: fused, vrnnShare: a / (a + b), vaeShare: b / (a + b) };
}

/** p = P(C ≥ mean of cot(πp_i)) for C standard Cauchy. A p near 1 says "ordinary", not "minus infinity". */
function cauchyCombination(ps: number[]): number {
  const clamped = ps.map((p) => Math.min(0.99, Math.max(1e-300, p)));
  const statistic = clamped.reduce((sum, p) => sum + 1 / Math.tan(Math.PI * p), 0) / ps.length;
  return Math.atan2(1, statistic) / Math.PI;
}

interface Tail {
  shape: number;
  scale: number;
}

const survival = ({ shape, scale }: Tail, excess: number): number =>
  shape < 1e-6 ? Math.exp(-excess / scale) : (1 + (shape * excess) / scale) ** (-1 / shape);

/** How many of these ascending scores one would expect to see in a history ten times as long, by the tail of `kept`. */
function countOrdinary(sorted: Float64Array, kept: Float64Array, tail: Tail): number {
  const threshold = quantile(kept, 1 - TAIL);
  const unlikely = 0.1 / sorted.length;
  let count = sorted.length;
  while (count > 1 && TAIL * survival(tail, sorted[count - 1]! - threshold) < unlikely) count--;
  return count;
}

function exceedances(sorted: Float64Array): Float64Array {
  const threshold = quantile(sorted, 1 - TAIL);
  return sorted.filter((score) => score > threshold).map((score) => score - threshold);
}

function medianFit(excess: Float64Array): Tail {
  const shape = 0.2;
  if (excess.length < 5) return { shape, scale: Math.max(PRIOR_MEAN, momentFit(excess).scale) };
  return { shape, scale: Math.max(MIN_SCALE, (quantile(excess, 0.5) * shape) / (2 ** shape - 1)) };
}

function momentFit(excess: Float64Array): Tail {
  const n = excess.length;
  let mean = 0;
  let weighted = 0;
  excess.forEach((y, i) => {
    mean += y / n;
    weighted += (y * (1 - (i + 0.65) / n)) / n;
  });
  const moments = n < 5 ? PRIOR_SHAPE : 2 - mean / (mean - 2 * weighted);
  const fitted = Number.isFinite(moments) ? Math.min(MAX_SHAPE, Math.max(0, moments)) : PRIOR_SHAPE;
  const shape = (n * fitted + PRIOR_COUNT * PRIOR_SHAPE) / (n + PRIOR_COUNT);
  const typical = n < 30 ? (n * mean + PRIOR_COUNT * PRIOR_MEAN) / (n + PRIOR_COUNT) : mean;
  return { shape, scale: Math.max(MIN_SCALE, typical * (1 - shape)) };
}

const short = (value: number): number => Number(value.toPrecision(6));
