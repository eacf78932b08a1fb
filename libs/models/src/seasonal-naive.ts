/**
 * The Gaussian seasonal naive (Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", 5.2 and 5.5): a sample is as it was
 * a season ago. With season m, or 1 where there is none, in scaled units:
 *
 *   u_{t+h} | past ~ N(u_{t+h−km}, k σ²)      k = ⌊(h − 1)/m⌋ + 1, σ² = mean (u_t − u_{t−m})²
 *
 * It has nothing to descend to: σ of each series is measured.
 */
import { SAMPLE_FLOOR, type Weights, constant, fixed } from './layers';
import type { ModelConfig } from './model';
import type { Scaler } from './scaler';
import type { ScaledSeries } from './windows';

/** With a season of more steps a state would take more than 1 KB. */
const LONGEST_SEASON = 250;

export const seasonOf = ({ season }: Pick<ModelConfig, 'season'>): number =>
  season !== null && season >= 1 && season <= LONGEST_SEASON ? season : 1;

/** Room for σ of a series that the model was not trained on, [feature]. */
export function seasonalNaive({ features }: ModelConfig): Weights {
  const weights: Weights = {};
  fixed(weights, 'season/std', [features]);
  return weights;
}

/** Sets the shared σ, and returns the scalers with that of each series. */
export function measure(
  all: ScaledSeries[],
  scalers: Scaler[][],
  { weights, config }: { weights: Weights; config: ModelConfig },
): Scaler[][] {
  const { features } = config;
  const changes = all.map((series) =>
    Array.from({ length: features }, (_, f) => changeOf(series, f, seasonOf(config))),
  );
  const shared = Array.from({ length: features }, (_, f) => {
    const known = changes.map((one) => one[f]!).filter(Number.isFinite);
    return known.length === 0 ? 1 : Math.sqrt(known.reduce((sum, one) => sum + one * one, 0) / known.length);
  });
  constant(weights['season/std']!, Float32Array.from(shared));
  return scalers.map((own, i) =>
    own.map((scaler, f) => ({
      ...scaler,
      std: Number.isFinite(changes[i]![f]!) ? changes[i]![f]! : shared[f]!,
    })),
  );
}

/** √ mean (u_t − u_{t−m})², NaN where no two samples lie a season apart. */
function changeOf({ values, features }: ScaledSeries, feature: number, season: number): number {
  let [sum, count] = [0, 0];
  for (let at = season * features + feature; at < values.length; at += features) {
    const change = values[at]! - values[at - season * features]!;
    if (Number.isNaN(change)) continue;
    sum += change * change;
    count++;
  }
  return count === 0 ? NaN : Math.max(SAMPLE_FLOOR, Math.sqrt(sum / count));
}
