/**
 * Probabilistic principal component analysis (Tipping & Bishop 1999, JRSS B 61:611) of windows x of D numbers:
 *
 *   z ~ N(0, I),  x | z ~ N(W z + μ, σ² I)      so x ~ N(μ, W Wᵀ + σ² I)
 *   W = U (Λ − (σ² − s²) I)^½                    U, Λ: the leading eigenvectors and eigenvalues of the covariance
 *   σ² = s² + mean of the other eigenvalues      s² is a floor: no difference below it is worth a surprise
 *   z | x ~ N(M⁻¹ Wᵀ (x − μ), σ² M⁻¹),  M = WᵀW + σ² I, which is diagonal
 *
 * It is what a VAE with linear encoder and decoder converges to (Lucas et al. 2019, arXiv:1911.02469), so a VAE that starts
 * from it starts at that optimum, in closed form. It also fills in missing samples: their mean given the others.
 */
import * as tf from '@tensorflow/tfjs';
import { cholesky, orthonormal, solveCholesky, symmetricEigen } from './linear-algebra';
import type { Random } from './noise';

export interface Ppca {
  /** [D] */
  mean: Float32Array;
  /** W, [D, latent]; columns orthogonal, longest first. */
  loadings: Float32Array;
  /** σ² */
  noise: number;
}

const OVERSAMPLING = 8;
const ITERATIONS = 6;

/**
 * Fits windows [n, D] by subspace iteration (Halko et al. 2011, arXiv:0909.4061), which never forms the D × D covariance.
 * `floor` is s². Columns of W beyond the rank of the data are zero.
 */
export function fitPpca(
  windows: tf.Tensor2D,
  latent: number,
  { floor, random }: { floor: number; random: Random },
): Ppca {
  const [n, size] = windows.shape;
  const width = Math.min(latent + OVERSAMPLING, size);
  return tf.tidy(() => {
    const mean = windows.mean(0);
    const centred = windows.sub<tf.Tensor2D>(mean);
    const flipped = tf.transpose<tf.Tensor2D>(centred);
    const covarianceTimes = (q: Float32Array): Float32Array =>
      tf.tidy(() =>
        tf
          .matMul(flipped, tf.matMul(centred, tf.tensor2d(q, [size, width])))
          .div(n)
          .dataSync<'float32'>()
          .slice(),
      );
    let basis = orthonormal(random.normals(size * width), [size, width]);
    for (let i = 0; i < ITERATIONS; i++) basis = orthonormal(covarianceTimes(basis), [size, width]);
    const image = covarianceTimes(basis);
    const projected = new Float64Array(width * width);
    for (let d = 0; d < size; d++) {
      for (let i = 0; i < width; i++) {
        for (let j = 0; j < width; j++) {
          projected[i * width + j]! += basis[d * width + i]! * image[d * width + j]!;
        }
      }
    }
    const { values, vectors } = symmetricEigen(projected, width);
    const total = centred.square().sum().div(n).dataSync()[0]!;
    const kept = Math.min(latent, width);
    const explained = values.slice(0, kept).reduce((sum, value) => sum + Math.max(0, value), 0);
    const rest = size > kept ? Math.max(0, total - explained) / (size - kept) : 0;
    const noise = floor + rest;
    const loadings = new Float32Array(size * latent);
    for (let k = 0; k < kept; k++) {
      const length = Math.sqrt(Math.max(0, values[k]! - rest));
      for (let d = 0; d < size; d++) {
        let along = 0;
        for (let i = 0; i < width; i++) along += basis[d * width + i]! * vectors[i * width + k]!;
        loadings[d * latent + k] = length * along;
      }
    }
    return { mean: mean.dataSync<'float32'>().slice(), loadings, noise };
  });
}

export const latentOf = ({ mean, loadings }: Ppca): number => loadings.length / mean.length;

/** The exact posterior as a linear encoder: mean = x·kernel + bias ([D, latent], [latent]) and its std [latent]. */
export function posteriorOf(ppca: Ppca): { kernel: Float32Array; bias: Float32Array; std: Float32Array } {
  const { mean, loadings, noise } = ppca;
  const [size, latent] = [mean.length, latentOf(ppca)];
  const precision = new Float64Array(latent).fill(noise);
  for (let d = 0; d < size; d++) {
    for (let k = 0; k < latent; k++) precision[k]! += loadings[d * latent + k]! ** 2;
  }
  const kernel = loadings.map((w, i) => w / precision[i % latent]!);
  const bias = new Float32Array(latent);
  for (let d = 0; d < size; d++) {
    for (let k = 0; k < latent; k++) bias[k]! -= mean[d]! * kernel[d * latent + k]!;
  }
  return { kernel, bias, std: Float32Array.from(precision, (m) => Math.sqrt(noise / m)) };
}

/**
 * The mean of the last `count` numbers of a window given the others, as a linear map of the others' differences to their
 * mean: kernel [D − count, count].
 */
export function lastGivenOthers(ppca: Ppca, count: number): Float32Array {
  const { mean, loadings } = ppca;
  const [size, latent] = [mean.length, latentOf(ppca)];
  const known = size - count;
  const factor = cholesky(
    posteriorPrecision(ppca, (d) => d < known),
    latent,
  );
  const kernel = new Float32Array(known * count);
  for (let d = 0; d < known; d++) {
    const z = solveCholesky(factor, Float64Array.from(loadings.subarray(d * latent, (d + 1) * latent)));
    for (let c = 0; c < count; c++) {
      let sum = 0;
      for (let k = 0; k < latent; k++) sum += loadings[(known + c) * latent + k]! * z[k]!;
      kernel[d * count + c] = sum;
    }
  }
  return kernel;
}

/** Replaces the NaN of a window by their mean given the others (Donut's imputation, in closed form). */
export function impute(ppca: Ppca, window: Float32Array): void {
  const { mean, loadings } = ppca;
  const [size, latent] = [mean.length, latentOf(ppca)];
  const seen = (d: number): boolean => !Number.isNaN(window[d]!);
  const right = new Float64Array(latent);
  for (let d = 0; d < size; d++) {
    if (!seen(d)) continue;
    const difference = window[d]! - mean[d]!;
    for (let k = 0; k < latent; k++) right[k]! += loadings[d * latent + k]! * difference;
  }
  const z = solveCholesky(cholesky(posteriorPrecision(ppca, seen), latent), right);
  for (let d = 0; d < size; d++) {
    if (seen(d)) continue;
    let value = mean[d]!;
    for (let k = 0; k < latent; k++) value += loadings[d * latent + k]! * z[k]!;
    window[d] = value;
  }
}

/** W_oᵀW_o + σ² I over the numbers that are seen, row-major [latent, latent]. */
function posteriorPrecision(ppca: Ppca, seen: (d: number) => boolean): Float64Array {
  const { mean, loadings, noise } = ppca;
  const latent = latentOf(ppca);
  const precision = new Float64Array(latent * latent);
  for (let k = 0; k < latent; k++) precision[k * latent + k] = noise;
  for (let d = 0; d < mean.length; d++) {
    if (!seen(d)) continue;
    for (let i = 0; i < latent; i++) {
      const w = loadings[d * latent + i]!;
      for (let j = 0; j <= i; j++) precision[i * latent + j]! += w * loadings[d * latent + j]!;
    }
  }
  return precision;
}
