/** Evaluation: how well a model foretells given data, comparable between models of all kinds and with different scalers. */
import type { Grid } from './grid';
import type { ScoreInput, Scored } from './model';
import { type Scaler, logSlope } from './scaler';

/** Steps of a series, and series, that are judged: the newest, and evenly spread ones. */
const MAX_STEPS = 2048;
const MAX_SERIES = 64;
/** Steps heard before the first that is judged. */
const WARM_UP = 256;

interface Evaluated {
  series: Grid[];
  scalers: Scaler[][];
  /** Of each series, the newest. */
  share?: number;
}

/**
 * The prequential log loss (Dawid 1984): −log p(sample | its past) as a density of raw values,
 * −log p(v) = −log p(x) − log |dx/dv|, in nats per observed sample.
 */
export async function predictiveLoss(
  score: (inputs: ScoreInput[]) => Promise<Scored[]>,
  { series, scalers, share = 1 }: Evaluated,
): Promise<number> {
  const stride = Math.max(1, series.length / MAX_SERIES);
  const chosen = Array.from({ length: Math.floor(series.length / stride) }, (_, i) => Math.floor(i * stride));
  const parts = chosen.map((i) => partOf(series[i]!, scalers[i]!, share));
  const scored = await score(parts.map(({ input }) => input));
  let [nats, count] = [0, 0];
  scored.forEach(({ contributions }, i) => {
    const { input, judgedFrom } = parts[i]!;
    for (let at = judgedFrom; at < contributions.length; at++) {
      if (Number.isNaN(contributions[at]!)) continue;
      nats += contributions[at]! - logSlope(input.scalers[at % input.scalers.length]!, input.values[at]!);
      count++;
    }
  });
  return count === 0 ? NaN : nats / count;
}

function partOf({ start, values, periodMs, features = 1 }: Grid, scalers: Scaler[], share: number) {
  const length = values.length / features;
  const judged = Math.min(MAX_STEPS, Math.ceil(length * share));
  const heard = Math.min(WARM_UP, length - judged);
  const skipped = length - judged - heard;
  const kept = values.slice(skipped * features);
  const input: ScoreInput = { state: null, start: start + skipped, values: kept, periodMs, scalers };
  return { input, judgedFrom: heard * features };
}
