/**
 * The seasonal naive at work: its score is −log N(u_t; u_{t−m}, σ²). A wild sample is scored as it is, but the next season
 * expects what was expected in its place. The state is the last season.
 */
import { unpack } from './artifact';
import { disposeWeights } from './layers';
import { normalQuantile } from './mixture';
import type { ForecastInput, ForecastOptions, Model, ModelConfig, State } from './model';
import { type Scaler, toRaw } from './scaler';
import { type Follower, type Run, isHeard, say } from './score';
import { seasonOf, seasonalNaive } from './seasonal-naive';
import { stepModel, warmUp } from './step.model';
import { withoutWild } from './windows';

export function openSeasonalNaive(config: ModelConfig, weights: Uint8Array): Model {
  const network = seasonalNaive(config);
  unpack(weights, network);
  const shared = network['season/std']!.dataSync<'float32'>().slice();
  const working = { config, shared, season: seasonOf(config) };
  return stepModel(config, {
    longestGap: Math.max(config.window >> 1, working.season),
    follow: () => (run) => follow(run, working),
    forecast: (inputs, options) => Promise.resolve(inputs.map((input) => forecast(input, working, options))),
    dispose: () => disposeWeights(network),
  });
}

interface Working {
  config: ModelConfig;
  /** [feature], σ of a series that has none of its own. */
  shared: Float32Array;
  season: number;
}

/** The last season [time, feature], NaN = not heard; wild samples in a row of each feature; steps heard (capped). */
function recall(state: State | null, { config: { features }, season }: Working) {
  const past = season * features;
  const data = state?.data ?? new Float32Array(past + features + 1).fill(NaN, 0, past);
  if (data.length !== past + features + 1) {
    throw new RangeError(`a state of ${data.length} numbers does not belong to this model`);
  }
  return { past: data.subarray(0, past), wild: data.slice(past, -1), seen: data.at(-1)! };
}

function follow(run: Run, working: Working): Follower {
  const { config, season } = working;
  const { features, values } = run;
  const { past, wild, seen } = recall(run.state, working);
  const line = new Float32Array(past.length + values.length);
  line.set(past);
  const entering = withoutWild(values, wild, config);
  let heard = seen;
  return {
    score(from, to) {
      for (let t = from; t < to; t++) {
        const at = (season + t) * features;
        const before = Array.from({ length: features }, (_, f) => expected(line, at + f, working));
        if (heard >= warmUp(config)) say(run, t, mixturesOf(run, before, working));
        before.forEach(({ mean }, f) => {
          const value = entering[t * features + f]!;
          line[at + f] = Number.isNaN(value) ? mean : value;
        });
        if (isHeard(run, t)) heard = Math.min(warmUp(config), heard + 1);
      }
    },
    remember: () => Float32Array.from([...line.subarray(values.length), ...wild, heard]),
  };
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
