/**
 * Linear PCA reconstruction of windows: x̂ = μ + U Uᵀ (x − μ), the floor that every other reconstructor has to beat. Nothing
 * is trained by gradient.
 */
import * as tf from '@tensorflow/tfjs';
import { valuesOf } from './artifact';
import { WINDOW_FLOOR, type Weights } from './layers';
import type { ModelConfig } from './model';
import { pcaKernel } from './pca.kernel';
import { type WindowNetwork, likelihoodLoss, windowBase } from './window.network';

export function pca(config: ModelConfig): WindowNetwork {
  const { features, window } = config;
  const size = window * features;
  const weights: Weights = {};
  const base = windowBase(weights, config);

  function reconstruct(x: tf.Tensor) {
    const mean = weights['ppca/mean']!;
    const loadings = weights['ppca/loadings']! as unknown as tf.Tensor2D;
    const lengths = loadings.square().sum(0).add(1e-12).sqrt();
    const directions = loadings.div<tf.Tensor2D>(lengths);
    const along = tf.matMul(x.sub<tf.Tensor2D>(mean), directions);
    const std = weights['ppca/noise']!.sqrt().maximum(WINDOW_FLOOR).tile([size]);
    const back = tf.matMul(along, tf.transpose(directions));
    return { mean: back.add(mean), std, kl: tf.zeros([x.shape[0]]) };
  }

  return {
    ...base,
    weights,
    reconstruct,
    loss: (batch) => likelihoodLoss(batch, config, { ...base, reconstruct }),
    kernel: () => pcaKernel(valuesOf(weights), config),
  };
}
