/** Review by a model that goes step by step: the mean surprise around a sample, over half a season on either side. */
import type { ModelConfig, ReviewInput, Reviewed, ScoreInput, Scored } from './model';

/** Steps on either side where there is no season. */
const DEFAULT_REACH = 16;

export async function reviewSteps(
  score: (inputs: ScoreInput[]) => Promise<Scored[]>,
  inputs: ReviewInput[],
  { season }: ModelConfig,
): Promise<Reviewed[]> {
  const scored = await score(inputs.map((input) => ({ ...input, state: null })));
  const reach = Math.max(1, Math.round((season ?? 2 * DEFAULT_REACH) / 2));
  return scored.map(({ raw, contributions }) => {
    const features = contributions.length / Math.max(1, raw.length);
    return { raw: centredMean(raw, 1, reach), contributions: centredMean(contributions, features, reach) };
  });
}

/** The mean of what there is within `reach` steps of each; NaN where the step itself is NaN. */
export function centredMean(values: Float32Array, features: number, reach: number): Float32Array {
  const steps = values.length / features;
  const out = new Float32Array(values.length).fill(NaN);
  for (let f = 0; f < features; f++) {
    const sums = new Float64Array(steps + 1);
    const counts = new Int32Array(steps + 1);
    for (let t = 0; t < steps; t++) {
      const value = values[t * features + f]!;
      sums[t + 1] = sums[t]! + (Number.isNaN(value) ? 0 : value);
      counts[t + 1] = counts[t]! + (Number.isNaN(value) ? 0 : 1);
    }
    for (let t = 0; t < steps; t++) {
      if (Number.isNaN(values[t * features + f]!)) continue;
      const [from, to] = [Math.max(0, t - reach), Math.min(steps, t + reach + 1)];
      out[t * features + f] = (sums[to]! - sums[from]!) / (counts[to]! - counts[from]!);
    }
  }
  return out;
}
