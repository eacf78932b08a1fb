/** Evaluation: how well a network explains given data, comparable between models with different scalers. */
import * as tf from '@tensorflow/tfjs';
import type { Grid } from './grid';
import type { ModelConfig } from './model';
import { seeded } from './noise';
import { type Scaler, logSlope } from './scaler';
import { blocks, breathe } from './score';
import type { Network } from './train';
import { cut, scaled, spreadPlaces } from './windows';

const MAX_WINDOWS = 512;
const BATCH = 64;

/**
 * −ELBO in nats per observed sample over windows spread evenly over the series, as a density of raw values:
 * −log p(v) = −log p(x) − log |dx/dv|. What lies beyond the input clip counts as lying on it.
 */
export async function evaluateNetwork(
  network: Network,
  config: ModelConfig,
  { series, scalers }: { series: Grid[]; scalers: Scaler[] },
): Promise<number> {
  const all = series.map((grid, i) => ({ ...scaled(grid, scalers[i]!), grid, scaler: scalers[i]! }));
  const places = spreadPlaces(all, config.window, { limit: MAX_WINDOWS, from: () => 0 });
  const random = seeded(config.seed + 1);
  let [nats, count] = [0, 0];
  for (const block of blocks(places, BATCH)) {
    const batch = cut(block, config.window);
    const observed = batch.observed.reduce((sum, one) => sum + one, 0);
    nats += observed * tf.tidy(() => network.loss(batch, random, 1).dataSync()[0]!);
    count += observed;
    for (const { series, at } of block) {
      const { grid, scaler } = series as (typeof all)[number];
      for (let t = Math.max(0, at); t < Math.min(at + config.window, grid.values.length); t++) {
        if (Number.isFinite(grid.values[t]!)) nats -= logSlope(scaler, grid.values[t]!);
      }
    }
    await breathe();
  }
  return count === 0 ? NaN : nats / count;
}
