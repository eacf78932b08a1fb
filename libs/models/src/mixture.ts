/**
 * Equally weighted mixtures of univariate Gaussians or Student's t, p(x) = (1/K) Σ p((x − μ_k)/σ_k)/σ_k: what a latent
 * variable model expects of a sample, its z averaged out. Plain numbers in double precision: far out tails must not underflow.
 */
import { HALF_LOG_2PI, logMeanExp } from './gaussian';
import { type Standard, student } from './student';

export interface Mixture {
  means: Float32Array;
  stds: Float32Array;
  /** Degrees of freedom of Student's t; Gaussian when left out. */
  freedom?: number;
}

const standardOf = ({ freedom }: Mixture): Standard => (freedom === undefined ? NORMAL : student(freedom));

/** log p(x) */
export function logDensity(mixture: Mixture, x: number): number {
  const { means, stds } = mixture;
  const standard = standardOf(mixture);
  const terms = new Float64Array(means.length);
  for (let k = 0; k < terms.length; k++) {
    terms[k] = standard.logDensity((x - means[k]!) / stds[k]!) - Math.log(stds[k]!);
  }
  return logMeanExp(terms);
}

/** P(X ≤ x) */
function cumulative({ means, stds }: Mixture, x: number, standard: Standard): number {
  let sum = 0;
  for (let k = 0; k < means.length; k++) sum += standard.cumulative((x - means[k]!) / stds[k]!);
  return sum / means.length;
}

const ROUNDS = 40;
const PRECISION = 1e-4;
/** No bracket is narrowed further, in standard deviations. */
const NARROW = 1e-3;
/** Parts whose own quantiles lie this close together, in standard deviations, are mixed in closed form. */
const CLOSE = 0.4;

/** The x with P(X ≤ x) = level: in closed form, or regula falsi (Illinois) between the outermost quantiles of the parts. */
export function mixtureQuantile(mixture: Mixture, level: number): number {
  const standard = standardOf(mixture);
  const z = standard.quantile(level);
  const { means, stds } = mixture;
  if (means.length === 1) return means[0]! + z * stds[0]!;
  let low = Infinity;
  let high = -Infinity;
  let narrowest = Infinity;
  for (let k = 0; k < means.length; k++) {
    const own = means[k]! + z * stds[k]!;
    low = Math.min(low, own);
    high = Math.max(high, own);
    narrowest = Math.min(narrowest, stds[k]!);
  }
  if (high - low <= CLOSE * narrowest) return closeQuantile(mixture, z, standard);
  const enough = NARROW * Math.max(1e-6, narrowest);
  let below = cumulative(mixture, low, standard) - level;
  let above = cumulative(mixture, high, standard) - level;
  let kept = 0;
  for (let round = 0; round < ROUNDS && high - low > enough && above > below; round++) {
    const guess = Math.min(high, Math.max(low, low - (below * (high - low)) / (above - below)));
    const error = cumulative(mixture, guess, standard) - level;
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

/**
 * The quantile to second order in how far apart the parts' own quantiles x_k lie: Σ F((x − μ_k)/σ_k) around z is
 * Σ F(z) + f(z)(x − x_k)/σ_k + ½ f'(z)(x − x_k)²/σ_k².
 */
function closeQuantile({ means, stds }: Mixture, z: number, standard: Standard): number {
  let [sum, weights, squares] = [0, 0, 0];
  for (let k = 0; k < means.length; k++) {
    sum += means[k]! / stds[k]! + z;
    weights += 1 / stds[k]!;
  }
  const x = sum / weights;
  for (let k = 0; k < means.length; k++) squares += ((x - means[k]!) / stds[k]! - z) ** 2;
  return x - (0.5 * standard.slope(z) * squares) / weights;
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

const NORMAL: Standard = {
  logDensity: (y) => -0.5 * y * y - HALF_LOG_2PI,
  slope: (y) => -y,
  cumulative: normalCdf,
  quantile: normalQuantile,
};

function bisected(p: number): number {
  let [low, high] = [-8, 8];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
