/**
 * What the hand-written kernels of VAE, autoencoder and PCA share: the window that enters, its newest step hidden
 * (window.network.ts).
 *
 *   x_new = μ_new + (x − μ)·W
 */
import type { Values } from './artifact';
import type { ModelConfig } from './model';
import type { Rows, Simd } from './simd';

/** Writes the known steps, those of `context` from index `at` on, and the newest step's mean given them, into x. */
export type Enter = (x: Rows, newest: Rows, from: { context: Float32Array; at: number }) => void;

export function entering(w: Values, { window, features }: ModelConfig, simd: Simd): Enter {
  const known = (window - 1) * features;
  const [mean, kernel] = [w['ppca/mean']!, w['newest/kernel']!];
  const bias = Float64Array.from(mean.subarray(known));
  for (let i = 0; i < kernel.length; i++) {
    bias[i % features]! -= mean[Math.floor(i / features)]! * kernel[i]!;
  }
  const given = simd.product(kernel, [known, features], bias);
  return (x, newest, { context, at }) => {
    x.set(context.subarray(at, at + known));
    given(x, newest);
    x.set(newest, known);
  };
}

/** The columns of the newest step of a matrix [inputs, time · feature]. */
export function newestOf(matrix: Float32Array, { window, features }: ModelConfig): Float32Array {
  const size = window * features;
  return matrix.filter((_, i) => i % size >= size - features);
}
