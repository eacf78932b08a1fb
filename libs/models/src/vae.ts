/**
 * Variational autoencoder over windows (Kingma & Welling 2014, arXiv:1312.6114), conditioned on the calendar c of the
 * window's last step.
 *
 *   prior    p(z) = N(0, I)
 *   encoder  q(z | x, c) = N(x·B + b + f(x, c), diag s(x, c)²)        f, g: two hidden layers, zero at the start
 *   decoder  p(x | z, c) = N(z·A + a + g(z, c), σ²)                   one σ per feature, above a floor
 *   ELBO     E_q Σ_i observed_i · log p(x_i | z, c) − KL(q ‖ p)
 *
 * A, a, B, b, s and σ start as probabilistic PCA (`ppca.ts`), where the ELBO is tight; training bends what is linear. A
 * missing sample enters the encoder as its mean given the others (Donut's imputation, Xu et al. 2018, arXiv:1802.03903)
 * and adds nothing to the ELBO; while training the newest sample is hidden now and then, as it is when it is scored.
 */
import * as tf from '@tensorflow/tfjs';
import { valuesOf } from './artifact';
import { calendarWidth } from './calendar';
import { type Gaussian, klToStandard, logProb, sample } from './gaussian';
import { WINDOW_FLOOR, type Weights, constant, dense, variable } from './layers';
import type { ModelConfig } from './model';
import type { Random } from './noise';
import { type Ppca, posteriorOf } from './ppca';
import { vaeKernel } from './vae.kernel';
import {
  type WindowBatch,
  type WindowNetwork,
  observedIn,
  toWindowBatch,
  windowBase,
} from './window.network';
import type { Batch } from './windows';

export type Vae = ReturnType<typeof vae>;

export function vae(config: ModelConfig, random: Random) {
  const { features, hidden, latent, cycles, window } = config;
  const size = window * features;
  const calendar = calendarWidth(cycles);
  const weights: Weights = {};
  const base = windowBase(weights, config);
  const relu = { gain: Math.SQRT2 };
  const encodeLinear = dense(weights, 'encoder/linear', [size, latent], random);
  const encode = dense(weights, 'encoder/hidden', [size + calendar, hidden], random, relu);
  const deepen = dense(weights, 'encoder/deep', [hidden, hidden], random, relu);
  const bend = dense(weights, 'encoder/mean', [hidden, latent], random, { gain: 0 });
  const widen = dense(weights, 'encoder/logStd', [hidden, latent], random, { gain: 0 });
  const decodeLinear = dense(weights, 'decoder/linear', [latent, size], random);
  const decode = dense(weights, 'decoder/hidden', [latent + calendar, hidden], random, relu);
  const unfold = dense(weights, 'decoder/deep', [hidden, hidden], random, relu);
  const toWindow = dense(weights, 'decoder/mean', [hidden, size], random, { gain: 0 });
  const logStd = variable(weights, 'decoder/logStd', [features], new Float32Array(features));

  /** x is [batch, time · feature], calendar [batch, width]. */
  function encoder(x: tf.Tensor, calendar: tf.Tensor): Gaussian {
    const layer = deepen(encode(tf.concat([x, calendar], 1)).relu()).relu();
    return { mean: encodeLinear(x).add(bend(layer)), std: widen(layer).clipByValue(-7, 3).exp() };
  }

  const beforeWindow = (z: tf.Tensor, calendar: tf.Tensor): tf.Tensor =>
    unfold(decode(tf.concat([z, calendar], 1)).relu()).relu();

  const std = (): tf.Tensor =>
    logStd
      .exp()
      .square()
      .add(WINDOW_FLOOR ** 2)
      .sqrt();

  /** The window given z: mean is [batch, time · feature], std [time · feature]. */
  const decoder = (z: tf.Tensor, calendar: tf.Tensor): Gaussian => ({
    mean: decodeLinear(z).add(toWindow(beforeWindow(z, calendar))),
    std: std().tile([window]),
  });

  /** Both terms of the ELBO: per sample [batch, time · feature], 0 where x is missing, and per window [batch]. */
  function elbo(batch: WindowBatch, epsilon: tf.Tensor) {
    const q = encoder(base.entering(batch), batch.calendar);
    const window = decoder(sample(q, epsilon), batch.calendar);
    return { reconstruction: logProb(window, batch.x).mul(batch.observed), kl: klToStandard(q) };
  }

  /**
   * log (1/K) Σ_k p(x, z_k | c) / q(z_k | x, c) with z_k ~ q, [batch] in nats: between the ELBO and log p(x | c) in the mean,
   * and closer to it the larger K (Burda et al. 2016, arXiv:1509.00519). Each epsilon is [batch, latent].
   */
  function importanceBound(batch: WindowBatch, epsilons: tf.Tensor[]): tf.Tensor {
    const q = encoder(base.entering(batch), batch.calendar);
    const logRatios = epsilons.map((epsilon) => {
      const z = sample(q, epsilon);
      const likelihood = logProb(decoder(z, batch.calendar), batch.x).mul(batch.observed).sum(1);
      // log p(z) − log q(z)
      const rarity = epsilon.square().sub(z.square()).mul(0.5).add(q.std.log()).sum(1);
      return likelihood.add(rarity);
    });
    return tf.logSumExp(tf.stack(logRatios), 0).sub(Math.log(epsilons.length));
  }

  return {
    weights,
    ...base,
    encoder,
    decoder,
    elbo,
    importanceBound,
    start(ppca: Ppca): void {
      base.start(ppca);
      const { kernel, bias, std } = posteriorOf(ppca);
      constant(weights['encoder/linear/kernel']!, kernel);
      constant(weights['encoder/linear/bias']!, bias);
      constant(weights['encoder/logStd/bias']!, std.map(Math.log));
      tf.tidy(() => weights['decoder/linear/kernel']!.assign(tf.transpose(weights['ppca/loadings']!)));
      constant(weights['decoder/linear/bias']!, ppca.mean);
      const excess = Math.max(ppca.noise - WINDOW_FLOOR ** 2, 1e-4);
      constant(logStd, new Float32Array(features).fill(0.5 * Math.log(excess)));
    },
    /** −ELBO in nats per observed sample, the KL term weighted by beta. */
    loss(batch: Batch, random: Random, beta: number): tf.Scalar {
      const epsilon = tf.tensor2d(random.normals(batch.size * latent), [batch.size, latent]);
      const terms = elbo(toWindowBatch(batch, config), epsilon);
      return terms.kl.sum().mul(beta).sub(terms.reconstruction.sum()).div<tf.Scalar>(observedIn(batch));
    },
    reconstruct(x: tf.Tensor, calendar: tf.Tensor) {
      const q = encoder(x, calendar);
      return { ...decoder(q.mean, calendar), kl: klToStandard(q) };
    },
    kernel: () => vaeKernel(valuesOf(weights), config),
  } satisfies WindowNetwork & Record<string, unknown>;
}
