/**
 * The seasonal naive at work: its score is −log N(u_t; u_{t−m}, σ²). A wild sample is scored as it is, but the next season
 * expects what was expected in its place. The state is the last season.
 */
import * as tf from '@tensorflow/tfjs';
import { unpack } from './artifact';
import { predictiveLoss } from './evaluate';
import { disposeWeights } from './layers';
import { normalQuantile } from './mixture';
import type { ForecastInput, ForecastOptions, Model, ModelConfig, ScoreInput, State } from './model';
import { reviewSteps } from './review';
import { type Scaler, fitStepScalers, toRaw } from './scaler';
import { type Run, begin, breathe, say } from './score';
import { seasonOf, seasonalNaive } from './seasonal-naive';
import { withoutWild } from './windows';

export function openSeasonalNaive(config: ModelConfig, weights: Uint8Array): Model {
  const network = seasonalNaive(config);
  unpack(weights, network);
  const shared = tf.tidy(() => network['season/std']!.dataSync<'float32'>().slice());
  const working = { config, shared, season: seasonOf(config) };
  const score = async (inputs: ScoreInput[]) => {
    const runs = inputs.map((input) => begin(input, Math.max(config.window >> 1, working.season)));
    for (const run of runs) {
      follow(run, working);
      await breathe();
    }
    return runs.map(({ scored }) => scored);
  };
  return {
    kind: config.kind,
    config,
    fitScalers: (values) => fitStepScalers(values, config.features, config),
    score,
    review: (inputs) => reviewSteps(score, inputs, config),
    forecast: (inputs, options) => Promise.resolve(inputs.map((input) => forecast(input, working, options))),
    evaluate: (series, scalers, share) => predictiveLoss(score, { series, scalers, share }),
    dispose: () => disposeWeights(network),
  };
}

interface Working {
  config: ModelConfig;
  /** [feature], σ of a series that has none of its own. */
  shared: Float32Array;
  season: number;
}

/** Samples that a cold start hears before it says anything: half of a window at most. */
const WARM_UP = 16;

/** The last season [time, feature], NaN = not heard; wild samples in a row of each feature; steps heard (capped). */
function recall(state: State | null, { config: { features }, season }: Working) {
  const past = season * features;
  const data = state?.data ?? new Float32Array(past + features + 1).fill(NaN, 0, past);
  if (data.length !== past + features + 1) {
    throw new RangeError(`a state of ${data.length} numbers does not belong to this model`);
  }
  return { past: data.subarray(0, past), wild: data.slice(past, -1), seen: data.at(-1)! };
}

function follow(run: Run, working: Working): void {
  const { config, season } = working;
  const { features, values } = run;
  const { past, wild, seen } = recall(run.state, working);
  const line = new Float32Array(past.length + values.length);
  line.set(past);
  const entering = withoutWild(values, wild, config);
  let heard = seen;
  for (let t = 0; t * features < values.length; t++) {
    const at = (season + t) * features;
    const before = Array.from({ length: features }, (_, f) => expected(line, at + f, working));
    if (heard >= Math.min(WARM_UP, config.window >> 1)) say(run, t, mixturesOf(run, before, working));
    before.forEach(({ mean }, f) => {
      const value = entering[t * features + f]!;
      line[at + f] = Number.isNaN(value) ? mean : value;
    });
    if (before.some((_, f) => !Number.isNaN(values[t * features + f]!))) heard = Math.min(WARM_UP, heard + 1);
  }
  run.scored.state.data = Float32Array.from([...line.subarray(values.length), ...wild, heard]);
}

/** The sample a season before, or, while that was not heard, the newest of the feature with the variance of a whole series. */
function expected(
  line: Float32Array,
  at: number,
  { season, config }: Working,
): { mean: number; extra: number } {
  const { features } = config;
  const same = line[at - season * features]!;
  if (!Number.isNaN(same)) return { mean: same, extra: 0 };
  return { mean: line[at - features] ?? NaN, extra: 1 };
}

const stdOf = ({ std }: Scaler, f: number, { shared }: Working): number => std ?? shared[f]!;

function mixturesOf(run: Run, before: { mean: number; extra: number }[], working: Working) {
  return before.map(({ mean, extra }, f) => ({
    means: Float32Array.of(Number.isNaN(mean) ? 0 : mean),
    stds: Float32Array.of(Math.sqrt(stdOf(run.input.scalers[f]!, f, working) ** 2 + extra)),
  }));
}

/** [level][horizon · feature], raw. */
function forecast(
  { state, scalers }: ForecastInput,
  working: Working,
  { horizon, levels }: ForecastOptions,
): number[][] {
  const { season, config } = working;
  const { past } = recall(state, working);
  return levels.map((level) =>
    Array.from({ length: horizon * config.features }, (_, i) => {
      const [t, f] = [Math.floor(i / config.features), i % config.features];
      const centre = past[(t % season) * config.features + f]!;
      const spread = stdOf(scalers[f]!, f, working) * Math.sqrt(Math.floor(t / season) + 1);
      return toRaw(scalers[f]!, (Number.isNaN(centre) ? 0 : centre) + normalQuantile(level) * spread);
    }),
  );
}
