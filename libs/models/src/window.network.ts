/**
 * What the networks over windows (VAE, autoencoder, PCA) share: their inputs as tensors, and the probabilistic PCA from which
 * they start and that fills in what is missing.
 */
import * as tf from '@tensorflow/tfjs';
import { calendarWidth, writeCalendar } from './calendar';
import { type Gaussian, logProb } from './gaussian';
import { type Weights, constant, fixed } from './layers';
import type { ModelConfig } from './model';
import type { Random } from './noise';
import { type Ppca, lastGivenOthers } from './ppca';
import type { Batch } from './windows';

export interface WindowNetwork {
  weights: Weights;
  /** Sets all weights that have a closed form. */
  start(ppca: Ppca): void;
  ppca(): Ppca;
  /** −ELBO (or −log likelihood) in nats per observed sample. */
  loss(batch: Batch, random: Random, beta: number): tf.Scalar;
  /** Of complete windows x [batch, time · feature]: mean like x, std [time · feature], kl [batch] in nats. */
  reconstruct(x: tf.Tensor, calendar: tf.Tensor): Gaussian & { kl: tf.Tensor };
  /** Complete windows, those whose newest sample is hidden with its mean given the others in its place. */
  entering(batch: WindowBatch): tf.Tensor;
  /** Windows whose newest sample is not looked at. */
  withoutNewest(x: tf.Tensor): tf.Tensor;
  /** What scores ask for, by hand, with the weights as they are now. */
  kernel(): WindowKernel;
}

/** Of one complete window, but for its newest step, that begins at index `at` of `context`. What it returns is good until the next call. */
export interface WindowKernel {
  /** The newest step's mean given the others, [feature]. */
  given(context: Float32Array, at: number): Float32Array;
  /** The newest step of the mean of `reconstruct`, [feature], `given` in its place. */
  newest(context: Float32Array, at: number, calendar: Float32Array): Float32Array;
}

/** The tensors of a batch; [batch, time · feature] each, calendar [batch, width]. */
export interface WindowBatch {
  /** 0 where missing. */
  x: tf.Tensor;
  observed: tf.Tensor;
  /** What enters the encoder where all is seen: x with its gaps filled. */
  filled: tf.Tensor;
  /** [batch, feature], 1 where the encoder may see the newest sample. */
  newestVisible: tf.Tensor;
  calendar: tf.Tensor;
}

export function toWindowBatch(batch: Batch, config: ModelConfig): WindowBatch {
  const { size, length, features } = batch;
  const flat = (values: Float32Array) => tf.tensor2d(values, [size, length * features]);
  const last = (length - 1) * features;
  const newestVisible = Float32Array.from(
    { length: size * features },
    (_, i) => batch.visible[Math.floor(i / features) * length * features + last + (i % features)]!,
  );
  return {
    x: flat(batch.x),
    observed: flat(batch.observed),
    filled: flat(batch.filled),
    newestVisible: tf.tensor2d(newestVisible, [size, features]),
    calendar: calendarOf(batch.starts, length, config),
  };
}

/** How many samples of a batch were observed, at least 1. */
export const observedIn = ({ observed }: Batch): number =>
  Math.max(
    1,
    observed.reduce((sum, one) => sum + one, 0),
  );

/** −log p(x | x̂) in nats per observed sample: the loss of what reconstructs without a latent distribution. */
export function likelihoodLoss(
  batch: Batch,
  config: ModelConfig,
  { entering, reconstruct }: Pick<WindowNetwork, 'entering' | 'reconstruct'>,
): tf.Scalar {
  const windows = toWindowBatch(batch, config);
  const window = reconstruct(entering(windows), windows.calendar);
  return logProb(window, windows.x).mul(windows.observed).sum().div<tf.Scalar>(-observedIn(batch));
}

/** [batch, width]: where the last steps of windows that begin at `starts` lie in the calendar. */
export function calendarOf(
  starts: ArrayLike<number>,
  length: number,
  { cycles, periodMs }: ModelConfig,
): tf.Tensor2D {
  const width = calendarWidth(cycles);
  const calendar = new Float32Array(starts.length * width);
  for (let row = 0; row < starts.length; row++) {
    writeCalendar(calendar, row * width, { cycles, step: starts[row]! + length - 1, periodMs });
  }
  return tf.tensor2d(calendar, [starts.length, width]);
}

export function windowBase(weights: Weights, { features, latent, window }: ModelConfig) {
  const size = window * features;
  const known = size - features;
  fixed(weights, 'ppca/mean', [size]);
  fixed(weights, 'ppca/loadings', [size, latent]);
  fixed(weights, 'ppca/noise', [1]);
  fixed(weights, 'newest/kernel', [known, features]);
  fixed(weights, 'newest/std', [features]);
  fixed(weights, 'feature/weight', [features]);

  /** The newest sample's mean given the others, [batch, feature]. */
  function guessed(x: tf.Tensor): tf.Tensor {
    const mean = weights['ppca/mean']!;
    const others = x.slice([0, 0], [-1, known]).sub(mean.slice([0], [known]));
    const product = tf.matMul(others, weights['newest/kernel'] as unknown as tf.Tensor2D);
    return product.add(mean.slice([known], [features]));
  }

  const replaced = (x: tf.Tensor, newest: tf.Tensor) => tf.concat([x.slice([0, 0], [-1, known]), newest], 1);

  return {
    start(ppca: Ppca): void {
      constant(weights['ppca/mean']!, ppca.mean);
      constant(weights['ppca/loadings']!, ppca.loadings);
      constant(weights['ppca/noise']!, Float32Array.of(ppca.noise));
      constant(weights['newest/kernel']!, lastGivenOthers(ppca, features));
    },
    ppca: (): Ppca => ({
      mean: weights['ppca/mean']!.dataSync<'float32'>().slice(),
      loadings: weights['ppca/loadings']!.dataSync<'float32'>().slice(),
      noise: weights['ppca/noise']!.dataSync()[0]!,
    }),
    entering({ filled, newestVisible }: WindowBatch): tf.Tensor {
      const newest = filled.slice([0, known], [-1, features]);
      const unseen = guessed(filled);
      return replaced(filled, unseen.add(newestVisible.mul(newest.sub(unseen))));
    },
    withoutNewest: (x: tf.Tensor): tf.Tensor => replaced(x, guessed(x)),
  };
}
