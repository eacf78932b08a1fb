/** Diagonal Gaussians: the densities and divergences of which every ELBO here is made. */
import type * as tf from '@tensorflow/tfjs';

/** `mean` and `std` share one shape, dimensions on the last axis. */
export interface Gaussian {
  mean: tf.Tensor;
  std: tf.Tensor;
}

/** z = μ + σ·ε with ε ~ N(0, I), so that gradients reach μ and σ. */
export const sample = ({ mean, std }: Gaussian, epsilon: tf.Tensor): tf.Tensor => mean.add(std.mul(epsilon));

/** log N(x; μ, σ²) of every element. */
export const logProb = ({ mean, std }: Gaussian, x: tf.Tensor): tf.Tensor =>
  x.sub(mean).div(std).square().mul(0.5).add(std.log()).add(HALF_LOG_2PI).neg();

/** KL(q ‖ p) in closed form, summed over the last axis. */
export const kl = (q: Gaussian, p: Gaussian): tf.Tensor => {
  const variance = q.std.div(p.std).square();
  const shift = q.mean.sub(p.mean).div(p.std).square();
  return variance.add(shift).sub(1).sub(variance.log()).mul(0.5).sum(-1);
};

/** KL(q ‖ N(0, I)) in closed form, summed over the last axis. */
export const klToStandard = ({ mean, std }: Gaussian): tf.Tensor =>
  std.square().add(mean.square()).sub(1).sub(std.log().mul(2)).mul(0.5).sum(-1);

export const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** Two of them are mixed in proportion to how likely they are: log((1/K) Σ exp a_k), without overflow. */
export function logMeanExp(values: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let k = 0; k < values.length; k++) largest = Math.max(largest, values[k]!);
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += Math.exp(values[k]! - largest);
  return largest + Math.log(sum / values.length);
}
