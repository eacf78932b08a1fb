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
  const matrix = variable(w, name, [inputs, outputs], values);
  return (x) => product(x, matrix);
}

/**
 * x·W whose gradient transposes first and multiplies then: the wasm backend has a fast product only of matrices that
 * lie as they are, and a slow one of transposed ones (ten times, measured).
 */
const product = tf.customGrad((x, w, save) => {
  const [a, b] = [x as tf.Tensor2D, w as tf.Tensor2D];
  (save as tf.GradSaveFunc)([a, b]);
  const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
    const [a, b] = saved as [tf.Tensor2D, tf.Tensor2D];
    const d = dy as tf.Tensor2D;
    return [tf.matMul(d, tf.transpose(b)), tf.matMul(tf.transpose(a), d)];
  };
  return { value: tf.matMul(a, b), gradFunc };
});

/** A kernel and a bias that starts at `bias`. */
export function dense(
  w: Weights,
  name: string,
  [inputs, outputs]: [number, number],
  random: Random,
  { gain = 1 }: { gain?: number } = {},
): Layer {
  const times = kernel(w, `${name}/kernel`, [inputs, outputs], random, gain);
  const offset = variable(w, `${name}/bias`, [outputs], new Float32Array(outputs));
  return (x) => times(x).add(offset);
}

/** A trainable variable of its own. */
export function variable(w: Weights, name: string, shape: number[], values: Float32Array): tf.Variable {
  return (w[name] = tf.tidy(() => tf.variable(tf.tensor(values, shape))));
}

/** A variable that is no business of the optimizer, zero until it is set. */
export function fixed(w: Weights, name: string, shape: number[]): tf.Variable {
  return (w[name] = tf.tidy(() => tf.variable(tf.zeros(shape), false)));
}

/** Sets a variable to these numbers. */
export function constant(variable: tf.Variable, values: Float32Array): void {
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
}

/** A layer whose output is a distribution: its standard deviation stays above `floor`. */
export function gaussian(
  w: Weights,
  name: string,
  size: [number, number],
  random: Random,
  { floor, gain = 1 }: { floor: number; gain?: number },
): (x: tf.Tensor) => Gaussian {
  const mean = dense(w, `${name}/mean`, size, random, { gain });
  const std = dense(w, `${name}/std`, size, random, { gain });
  return (x) => ({ mean: mean(x), std: std(x).softplus().add(floor) });
}

/** Below this no latent dimension is certain: KL terms stay finite. */
export const LATENT_FLOOR = 1e-3;
/** Below this (robust standard deviations of a series) no difference is worth a surprise. */
export const SAMPLE_FLOOR = 0.01;
/** The same for a whole window, √0.03: below it a reconstruction is as good as any. */
export const WINDOW_FLOOR = 0.173;

/** The numbers of a tensor that is made inside; handed out of tf.tidy as they are, tidy would look at every one of them. */
export function numbersOf(make: () => tf.Tensor): Float32Array {
  const tensor = tf.tidy(make);
  const numbers = tensor.dataSync<'float32'>();
  tensor.dispose();
  return numbers;
}

export function disposeWeights(weights: Weights): void {
  for (const variable of Object.values(weights)) variable.dispose();
}
