/** Layers: a model is a record of named variables and functions that read them. */
import * as tf from '@tensorflow/tfjs';
import type { Gaussian } from './gaussian';
import type { Random } from './noise';

/** Named trainable weights: the only state a network has. */
export type Weights = Record<string, tf.Variable>;

/** [batch, inputs] → [batch, outputs] */
export type Layer = (x: tf.Tensor) => tf.Tensor;

/** A kernel [inputs, outputs] drawn from N(0, gain²/inputs). */
export function kernel(
  w: Weights,
  name: string,
  [inputs, outputs]: [number, number],
  random: Random,
  gain = 1,
): Layer {
  const std = gain / Math.sqrt(inputs);
  const values = random.normals(inputs * outputs).map((value) => value * std);
  const variable = variableOf(w, name, [inputs, outputs], values);
  return (x) => tf.matMul(x as tf.Tensor2D, variable as unknown as tf.Tensor2D);
}

/** A kernel and a bias that starts at `bias`. */
export function dense(
  w: Weights,
  name: string,
  [inputs, outputs]: [number, number],
  random: Random,
  { gain = 1, bias = 0 }: { gain?: number; bias?: number | Float32Array } = {},
): Layer {
  const product = kernel(w, `${name}/kernel`, [inputs, outputs], random, gain);
  const start = typeof bias === 'number' ? new Float32Array(outputs).fill(bias) : bias;
  const offset = variableOf(w, `${name}/bias`, [outputs], start);
  return (x) => product(x).add(offset);
}

function variableOf(w: Weights, name: string, shape: number[], values: Float32Array): tf.Variable {
  return (w[name] = tf.tidy(() => tf.variable(tf.tensor(values, shape))));
}

/** Reads [batch, 2·dim] as a Gaussian whose standard deviation stays above `floor`. */
export function toGaussian(parameters: tf.Tensor, floor: number): Gaussian {
  const [mean, std] = tf.split(parameters, 2, 1) as [tf.Tensor, tf.Tensor];
  return { mean, std: std.softplus().add(floor) };
}

/** Below this no latent dimension is certain: KL terms stay finite. */
export const LATENT_FLOOR = 1e-3;
/** Below this (robust standard deviations of a series) no difference is worth a surprise. */
export const SAMPLE_FLOOR = 0.01;

export function disposeWeights(weights: Weights): void {
  for (const variable of Object.values(weights)) variable.dispose();
}
