/**
 * Student's t distribution of ν degrees of freedom: a Gaussian whose tails are as heavy as the data say.
 *
 *   log p(y) = log Γ((ν + 1)/2) − log Γ(ν/2) − ½ log(νπ) − (ν + 1)/2 · log(1 + y²/ν)
 *
 * Its cumulative distribution is integrated once for each ν (Simpson, over y = sinh s) and looked up afterwards, because a score
 * asks for it dozens of times.
 */
import * as tf from '@tensorflow/tfjs';
import type { Gaussian } from './gaussian';

/** A distribution with location 0 and scale 1. */
export interface Standard {
  logDensity(y: number): number;
  /** d log p(y) / dy */
  slope(y: number): number;
  /** P(Y ≤ y) */
  cumulative(y: number): number;
  /** The y with P(Y ≤ y) = p. */
  quantile(p: number): number;
}

/** Lanczos' approximation with g = 7, n = 9 (Godfrey's coefficients): within 1e-14 for x > 0.5. */
const LANCZOS = [
  ...[0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059],
  ...[12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7],
];

/** log Γ(x), x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const series = LANCZOS.reduce((sum, c, i) => (i === 0 ? c : sum + c / (x - 1 + i)), 0);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

const logNormaliser = (nu: number): number =>
  logGamma((nu + 1) / 2) - logGamma(nu / 2) - 0.5 * Math.log(nu * Math.PI);

const CELLS = 2048;
const FARTHEST = Math.asinh(1e7);
const CELL = FARTHEST / CELLS;
const KNOWN = new Map<number, Standard>();
const MAX_KNOWN = 64;

export function student(nu: number): Standard {
  const known = KNOWN.get(nu);
  if (known) return known;
  if (KNOWN.size >= MAX_KNOWN) KNOWN.clear();
  const made = tabled(nu);
  KNOWN.set(nu, made);
  return made;
}

function tabled(nu: number): Standard {
  const constant = logNormaliser(nu);
  const logDensity = (y: number) => constant - ((nu + 1) / 2) * Math.log1p((y * y) / nu);
  const density = (s: number) => Math.exp(logDensity(Math.sinh(s))) * Math.cosh(s);
  /** P(0 ≤ Y ≤ sinh(i · CELL)) */
  const above = new Float64Array(CELLS + 1);
  for (let i = 0; i < CELLS; i++) {
    const s = i * CELL;
    above[i + 1] = above[i]! + (CELL / 6) * (density(s) + 4 * density(s + CELL / 2) + density(s + CELL));
  }
  const half = (y: number) => {
    const position = Math.min(CELLS - 1e-9, Math.asinh(y) / CELL);
    const i = Math.floor(position);
    return above[i]! + (position - i) * (above[i + 1]! - above[i]!);
  };
  return {
    logDensity,
    slope: (y) => (-(nu + 1) * y) / (nu + y * y),
    cumulative: (y) => (y < 0 ? 0.5 - half(-y) : 0.5 + half(y)),
    quantile: (p) => (p < 0.5 ? -upperOf(above, 0.5 - p) : upperOf(above, p - 0.5)),
  };
}

/** The y > 0 with P(0 ≤ Y ≤ y) = share. */
function upperOf(above: Float64Array, share: number): number {
  let [low, high] = [0, CELLS];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (above[middle]! <= share) low = middle;
    else high = middle;
  }
  const inside = (share - above[low]!) / Math.max(above[high]! - above[low]!, Number.MIN_VALUE);
  return Math.sinh((low + Math.min(1, inside)) * CELL);
}

/** The normaliser of a tensor [1] of degrees of freedom; its gradient by central differences in double precision. */
const normaliser = tf.customGrad((nu, save) => {
  const given = nu as tf.Tensor;
  (save as tf.GradSaveFunc)([given]);
  const gradFunc = (dy: tf.Tensor, [saved]: tf.Tensor[]) => {
    const at = saved!.dataSync()[0]!;
    return [dy.mul((logNormaliser(at + 1e-4) - logNormaliser(at - 1e-4)) / 2e-4)];
  };
  return { value: tf.tensor1d([logNormaliser(given.dataSync()[0]!)]), gradFunc };
});

/** log density of every element of x under location `mean`, scale `std` and `nu` [1] degrees of freedom. */
export function logStudent({ mean, std }: Gaussian, x: tf.Tensor, nu: tf.Tensor): tf.Tensor {
  const tail = x.sub(mean).div(std).square().div(nu).log1p().mul(nu.add(1).mul(0.5));
  return normaliser(nu).sub(std.log()).sub(tail);
}
