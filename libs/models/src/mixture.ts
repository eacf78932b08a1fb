/**
 * Equally weighted mixtures of univariate Gaussians, p(x) = (1/K) Σ N(x; μ_k, σ_k²): what a latent variable model
 * expects of a sample, its z averaged out. Plain numbers in double precision: far out tails must not underflow.
 */
import { HALF_LOG_2PI, logMeanExp } from './gaussian';

export interface Mixture {
  means: Float32Array;
  stds: Float32Array;
}

/** log p(x) */
export function logDensity({ means, stds }: Mixture, x: number): number {
  const terms = new Float64Array(means.length);
  for (let k = 0; k < terms.length; k++) {
    terms[k] = -0.5 * ((x - means[k]!) / stds[k]!) ** 2 - Math.log(stds[k]!) - HALF_LOG_2PI;
  }
  return logMeanExp(terms);
}

/** P(X ≤ x) */
function cumulative({ means, stds }: Mixture, x: number): number {
  let sum = 0;
  for (let k = 0; k < means.length; k++) sum += normalCdf((x - means[k]!) / stds[k]!);
  return sum / means.length;
}

const ROUNDS = 40;
const PRECISION = 1e-4;

/** The x with P(X ≤ x) = level: regula falsi (Illinois) between the outermost quantiles of the parts. */
export function mixtureQuantile(mixture: Mixture, level: number): number {
  const z = normalQuantile(level);
  if (mixture.means.length === 1) return mixture.means[0]! + z * mixture.stds[0]!;
  let low = Infinity;
  let high = -Infinity;
  for (let k = 0; k < mixture.means.length; k++) {
    const own = mixture.means[k]! + z * mixture.stds[k]!;
    low = Math.min(low, own);
    high = Math.max(high, own);
  }
  let below = cumulative(mixture, low) - level;
  let above = cumulative(mixture, high) - level;
  const enough = PRECISION * Math.max(1e-6, mixture.stds[0]!);
  let kept = 0;
  for (let round = 0; round < ROUNDS && high - low > enough && above > below; round++) {
    const guess = Math.min(high, Math.max(low, low - (below * (high - low)) / (above - below)));
    const error = cumulative(mixture, guess) - level;
    if (Math.abs(error) < PRECISION) return guess;
    if (error < 0) {
      [low, below] = [guess, error];
      if (kept === 1) above /= 2;
      kept = 1;
    } else {
      [high, above] = [guess, error];
      if (kept === -1) below /= 2;
      kept = -1;
    }
  }
  return (low + high) / 2;
}

/** Φ(x), Abramowitz & Stegun 7.1.26: within 1.5e-7. */
export function normalCdf(x: number): number {
  const size = Math.abs(x) * Math.SQRT1_2;
  const t = 1 / (1 + 0.3275911 * size);
  const polynomial =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const upper = 0.5 * polynomial * Math.exp(-size * size);
  return x > 0 ? 1 - upper : upper;
}

const QUANTILES = new Map<number, number>();

/** Φ⁻¹(p) by bisection on `normalCdf`; asked for few levels again and again, so they are kept. */
export function normalQuantile(p: number): number {
  const known = QUANTILES.get(p) ?? bisected(p);
  if (QUANTILES.size < 64) QUANTILES.set(p, known);
  return known;
}

function bisected(p: number): number {
  let [low, high] = [-8, 8];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
