/**
 * Autoencoder over windows (Hinton & Salakhutdinov 2006, Science 313:504): the VAE's twin without a latent variable. The same
 * layers from the same start, but z is a number and not a distribution:
 *
 *   z = x·B + b + f(x, c)      x̂ = z·A + a + g(z, c)      loss = −Σ_i observed_i · log N(x_i; x̂_i, σ²)
 */
import * as tf from '@tensorflow/tfjs';
import type { ModelConfig } from './model';
import type { Random } from './noise';
import { vae } from './vae';
import { type WindowNetwork, likelihoodLoss } from './window.network';

export function autoencoder(config: ModelConfig, random: Random): WindowNetwork {
  const twin = vae(config, random);
  twin.weights['encoder/logStd/kernel']!.trainable = false;
  twin.weights['encoder/logStd/bias']!.trainable = false;

  function reconstruct(x: tf.Tensor, calendar: tf.Tensor) {
    const z = twin.encoder(x, calendar).mean;
    return { ...twin.decoder(z, calendar), kl: tf.zeros([x.shape[0]]) };
  }

  return {
    ...twin,
    reconstruct,
    loss: (batch) => likelihoodLoss(batch, config, { ...twin, reconstruct }),
  };
}
