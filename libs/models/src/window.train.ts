/** What has a closed form in the training of a network over windows: where it starts, and what is measured at its end. */
import * as tf from '@tensorflow/tfjs';
import { WINDOW_FLOOR, constant, numbersOf } from './layers';
import type { ModelConfig } from './model';
import type { Random } from './noise';
import { fitPpca } from './ppca';
import { quantile } from './scaler';
import { blocks } from './score';
import { excessOf } from './window.model';
import { type WindowNetwork, calendarOf } from './window.network';
import { type Place, type ScaledSeries, cut, splitAt, spreadPlaces } from './windows';

/** Numbers in the windows that probabilistic PCA sees, and windows that the measures at the end see. */
const MAX_NUMBERS = 6e6;
const MAX_MEASURED = 512;
const BLOCK = 64;

export function startWindows(
  network: WindowNetwork,
  all: ScaledSeries[],
  { config, random }: { config: ModelConfig; random: Random },
): void {
  const { window, features, latent } = config;
  const limit = Math.max(64, Math.floor(MAX_NUMBERS / (window * features)));
  const places = spreadPlaces(all, window, { limit, from: () => 0, to: splitAt, overlap: window });
  const { size, filled } = cut(places, window);
  const windows = tf.tensor2d(filled, [size, window * features]);
  network.start(fitPpca(windows, latent, { floor: WINDOW_FLOOR ** 2, random }));
  windows.dispose();
}

/** Sets how far the newest sample strays from its reconstruction, and how much each feature weighs. */
export function finishWindows(network: WindowNetwork, all: ScaledSeries[], config: ModelConfig): void {
  const { window } = config;
  const heldOut = spreadPlaces(all, window, { limit: MAX_MEASURED, from: splitAt, overlap: window });
  constant(network.weights['newest/std']!, strayOf(network, heldOut, config));
  const whole = spreadPlaces(all, window, { limit: MAX_MEASURED, from: () => 0, overlap: window });
  constant(network.weights['feature/weight']!, weightsOf(network, whole, config));
}

/** 1.645 standard deviations hold nine of ten: measured there, a few outliers do not widen the band of all. */
const Z90 = 1.645;

function strayOf(network: WindowNetwork, places: Place[], config: ModelConfig): Float32Array {
  const { window, features } = config;
  const off = Array.from({ length: features }, (): number[] => []);
  for (const block of blocks(places, BLOCK)) {
    const { size, filled, observed, starts } = cut(block, window);
    const newest = numbersOf(() => {
      const seen = network.withoutNewest(tf.tensor2d(filled, [size, window * features]));
      const { mean } = network.reconstruct(seen, calendarOf(starts, window, config));
      return mean.slice([0, (window - 1) * features], [-1, features]);
    });
    for (let row = 0; row < size; row++) {
      for (let f = 0; f < features; f++) {
        const at = ((row + 1) * window - 1) * features + f;
        if (observed[at] === 1) off[f]!.push(Math.abs(filled[at]! - newest[row * features + f]!));
      }
    }
  }
  return Float32Array.from(off, (one) => {
    const sorted = Float64Array.from(one).sort();
    return Math.max(NEWEST_FLOOR, sorted.length === 0 ? 1 : quantile(sorted, 0.9) / Z90);
  });
}

/** Below this (robust standard deviations of a series) no difference of one sample is worth a surprise. */
const NEWEST_FLOOR = 0.02;

/** 1 / (the worst excess of the feature in nats a sample + a tenth), scaled to a mean of 1. */
function weightsOf(network: WindowNetwork, places: Place[], config: ModelConfig): Float32Array {
  const { window, features } = config;
  const worst = new Float32Array(features);
  for (const block of blocks(places, BLOCK)) {
    const { x, filled, observed, size, starts } = cut(block, window);
    const values = x.map((value, i) => (observed[i] === 1 ? value : NaN));
    const rows = Array.from({ length: size }, (_, row) => ({
      at: row * window * features,
      step: starts[row]!,
    }));
    excessOf(rows, { values, filled }, { network, config }).forEach((one, i) => {
      worst[i % features] = Math.max(worst[i % features]!, one);
    });
  }
  const inverse = worst.map((one) => 1 / (one + 0.1));
  const mean = inverse.reduce((sum, one) => sum + one / features, 0);
  return inverse.map((one) => one / mean);
}
