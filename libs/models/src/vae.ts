/**
 * Variational autoencoder over windows (Kingma & Welling 2014, arXiv:1312.6114), conditioned on the calendar c of the
 * window's last step, with missing samples as in Donut (Xu et al. 2018, arXiv:1802.03903).
 *
 *   prior    p(z) = N(0, I)
 *   encoder  q(z | x ⊙ m, m, c)          m = 1 where the encoder may look
 *   decoder  p(x_i | z, c) = N(μ_i, σ_i²)
 *   ELBO     E_q Σ_i observed_i · log p(x_i | z, c) − KL(q ‖ p)
 *
 * While training, samples are hidden from the encoder but kept in the reconstruction term: E over corruptions of this
 * is still a lower bound of log p(x) (Im et al. 2017, arXiv:1511.06406), and the decoder learns to fill in what the
 * encoder did not see, which is how the newest samples are scored.
 */
import * as tf from '@tensorflow/tfjs';
import { calendarWidth, writeCalendar } from './calendar';
import { type Gaussian, klToStandard, logProb, sample } from './gaussian';
import { LATENT_FLOOR, SAMPLE_FLOOR, type Weights, dense, gaussian } from './layers';
import type { ModelConfig } from './model';
import type { Random } from './noise';
import type { Batch } from './windows';

export type Vae = ReturnType<typeof vae>;

export function vae(config: ModelConfig, random: Random) {
  const { window, features, hidden, latent, cycles } = config;
  const calendar = calendarWidth(cycles);
  const size = window * features;
  const weights: Weights = {};
  const relu = Math.SQRT2;
  const encode = dense(weights, 'encode', [2 * size + calendar, hidden], random, { gain: relu });
  const deepen = dense(weights, 'encode/deep', [hidden, hidden], random, { gain: relu });
  const posterior = gaussian(weights, 'encoder', [hidden, latent], random, { floor: LATENT_FLOOR });
  const decode = dense(weights, 'decode', [latent + calendar, hidden], random, { gain: relu });
  const unfold = dense(weights, 'decode/deep', [hidden, hidden], random, { gain: relu });
  const toWindow = gaussian(weights, 'decoder', [hidden, size], random, { floor: SAMPLE_FLOOR, gain: 0.5 });

  /** x (0 where not visible) and visible are [batch, time · feature], calendar [batch, width]. */
  function encoder(x: tf.Tensor, visible: tf.Tensor, calendar: tf.Tensor): Gaussian {
    const seen = encode(tf.concat([x, visible, calendar], 1)).relu();
    return posterior(deepen(seen).relu());
  }

  const beforeWindow = (z: tf.Tensor, calendar: tf.Tensor): tf.Tensor =>
    unfold(decode(tf.concat([z, calendar], 1)).relu()).relu();

  /** The window given z: mean and std are [batch, time · feature]. */
  const decoder = (z: tf.Tensor, calendar: tf.Tensor): Gaussian => toWindow(beforeWindow(z, calendar));

  /** Only the newest sample given z, [batch, feature]: the same numbers as the end of `decoder`, for less work. */
  function newest(z: tf.Tensor, calendar: tf.Tensor): Gaussian {
    const width = beforeWindow(z, calendar) as tf.Tensor2D;
    const column = (name: string): tf.Tensor => {
      const kernel = weights[`decoder/${name}/kernel`]!.slice([0, size - features], [hidden, features]);
      const bias = weights[`decoder/${name}/bias`]!.slice([size - features], [features]);
      return tf.matMul(width, kernel as tf.Tensor2D).add(bias);
    };
    return { mean: column('mean'), std: column('std').softplus().add(SAMPLE_FLOOR) };
  }

  /** Both terms of the ELBO: per sample [batch, time · feature], 0 where x is missing, and per window [batch]. */
  function elbo(batch: WindowBatch, epsilon: tf.Tensor) {
    const q = encoder(batch.x.mul(batch.visible), batch.visible, batch.calendar);
    const window = decoder(sample(q, epsilon), batch.calendar);
    return { reconstruction: logProb(window, batch.x).mul(batch.observed), kl: klToStandard(q) };
  }

  /** −ELBO in nats per observed sample, the KL term weighted by beta. */
  function loss(batch: Batch, random: Random, beta: number): tf.Scalar {
    const count = Math.max(
      1,
      batch.observed.reduce((sum, one) => sum + one, 0),
    );
    const epsilon = tf.tensor2d(random.normals(batch.size * latent), [batch.size, latent]);
    const terms = elbo(toWindowBatch(batch, config), epsilon);
    return terms.kl.sum().mul(beta).sub(terms.reconstruction.sum()).div<tf.Scalar>(count);
  }

  return { weights, encoder, decoder, newest, elbo, loss };
}

/** The tensors of a batch; [batch, time · feature] each, calendar [batch, width]. */
export interface WindowBatch {
  x: tf.Tensor;
  observed: tf.Tensor;
  visible: tf.Tensor;
  calendar: tf.Tensor;
}

export function toWindowBatch(batch: Batch, { cycles, periodMs }: ModelConfig): WindowBatch {
  const { size, length, starts } = batch;
  const width = calendarWidth(cycles);
  const calendar = new Float32Array(size * width);
  starts.forEach((start, row) =>
    writeCalendar(calendar, row * width, { cycles, step: start + length - 1, periodMs }),
  );
  const flat = (values: Float32Array) => tf.tensor2d(values, [size, values.length / size]);
  return {
    x: flat(batch.x),
    observed: flat(batch.observed),
    visible: flat(batch.visible),
    calendar: tf.tensor2d(calendar, [size, width]),
  };
}
