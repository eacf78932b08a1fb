/**
 * A VRNN or RNN at work, upon the linear path of each series. It goes on from (h, the last samples) in O(1) per sample, following
 * the mean of z, so a replay says the same.
 *
 *   score     −log p(u_t | past),  u_t = centre_t + spread_t · e_t,
 *             p(e_t | past) ≈ (1/K) Σ_k p(e_t | z_k, h_{t−1}),  z_k ~ p(z_t | h_{t−1})
 *
 * z_k comes from the prior and not from the encoder: of a sample far from all it was trained on the encoder says
 * anything, the prior has not seen it. The noise of z_k is fixed by the model's seed. A wild sample is scored as it is,
 * but enters h and the lags as a missing one (`walk`).
 */
import * as tf from '@tensorflow/tfjs';
import { unpack } from './artifact';
import { type Walked, reachOf, walk, within } from './autoregression';
import { calendarFrom, calendarWidth } from './calendar';
import { predictiveLoss } from './evaluate';
import { type Weights, disposeWeights, fixed } from './layers';
import type { Model, ModelConfig, ScoreInput } from './model';
import { type Random, seeded } from './noise';
import { reviewSteps } from './review';
import { rnn } from './rnn';
import { fitStepScalers } from './scaler';
import { type Run, begin, blocks, breathe, say } from './score';
import { forecast } from './vrnn.forecast';
import { type Memory, type Working, pathsOf, recall, stacked, toData } from './vrnn.memory';
import { type StepNetwork, toSequence } from './vrnn.network';
import { vrnn } from './vrnn';
import { type Batch, columnOf, longestWild } from './windows';

/** Series in one block, and [series · time] rows computed at once. */
const MAX_SERIES = 256;
const MAX_ROWS = 4096;
const MAX_STEPS = 128;
/** Samples before a cold state is trusted. */
const WARM_UP = 16;

/** The network of a kind, and room among its weights for the linear path that its series share. */
export function stepNetwork(config: ModelConfig, random: Random): StepNetwork {
  const network = config.kind === 'rnn' ? rnn(config, random) : vrnn(config, random);
  fixed(network.weights, 'path/coefficients', [config.lags.length + calendarWidth(config.cycles)]);
  fixed(network.weights, 'path/std', [1]);
  return network;
}

export function openVrnn(config: ModelConfig, weights: Uint8Array): Model {
  const network = stepNetwork(config, seeded(config.seed));
  unpack(weights, network.weights);
  const pooled = pooledOf(network.weights);
  const working = { network, config, pooled, freedom: network.freedom() };
  const score = async (inputs: ScoreInput[]) => {
    const runs = inputs.map((input) => begin(input, Math.max(config.window >> 1, reachOf(config))));
    for (const block of blocks(runs, MAX_SERIES)) await scoreBlock(block, working);
    return runs.map(({ scored }) => scored);
  };
  return {
    kind: config.kind,
    config,
    fitScalers: (values) => fitStepScalers(values, config.features, config),
    score,
    review: (inputs) => reviewSteps(score, inputs, config),
    forecast: (inputs, options) => {
      const states = inputs.map((input) => ({ ...input, memory: recall(input.state, config) }));
      return forecast(states, { ...working, ...options });
    },
    evaluate: (series, scalers, share) => predictiveLoss(score, { series, scalers, share }),
    dispose: () => disposeWeights(network.weights),
  };
}

const pooledOf = (weights: Weights) => ({
  coefficients: weights['path/coefficients']!.dataSync<'float32'>().slice(),
  std: weights['path/std']!.dataSync()[0]!,
});

/** A run, and what its linear paths say. */
interface Heard {
  run: Run;
  memory: Memory;
  walked: Walked[];
  calendar: Float32Array;
}

const warmUp = ({ window }: ModelConfig): number => Math.min(WARM_UP, window >> 1);

function listen(run: Run, working: Working, calendar: Float32Array): Heard {
  const { config } = working;
  const { features, values } = run;
  const memory = recall(run.state, config);
  const longest = longestWild(config);
  const walked = pathsOf(run.input.scalers, working).map((path, f) => {
    return walk(columnOf(values, features, f), path, {
      past: memory.past[f]!,
      calendar,
      wild: memory.wild[f]!,
      longest,
    });
  });
  const past = walked.map((one) => one.past);
  const wild = Float32Array.from(walked, (one) => one.wild);
  return { run, memory: { ...memory, past, wild }, walked, calendar };
}

const stepsIn = ({ values, features }: Run): number => values.length / features;

/** Calendars [time, width], one for all runs that begin together. */
function calendarsOf(config: ModelConfig): (run: Run) => Float32Array {
  const known = new Map<number, Float32Array>();
  const width = calendarWidth(config.cycles);
  return (run) => {
    const steps = stepsIn(run);
    let calendar = known.get(run.start);
    if (!calendar || calendar.length < steps * width) {
      calendar = calendarFrom(run.start, steps, config);
      known.set(run.start, calendar);
    }
    return calendar;
  };
}

async function scoreBlock(runs: Run[], working: Working): Promise<void> {
  const calendarOf = calendarsOf(working.config);
  const heard = runs.map((run) => listen(run, working, calendarOf(run)));
  const longest = Math.max(...runs.map(stepsIn));
  const chunk = Math.max(1, Math.min(MAX_STEPS, Math.floor(MAX_ROWS / runs.length)));
  for (let from = 0; from < longest; from += chunk) {
    const batch = batchOf(heard, from, Math.min(chunk, longest - from));
    const said = passOver(batch, { heard, from }, working);
    heard.forEach((one, row) => hear(one, { from, batch, row, said, working }));
    await breathe();
  }
  heard.forEach(({ run, memory }) => (run.scored.state.data = toData(memory)));
}

/** Residuals from `from` on of all runs; where one has ended they are missing. */
function batchOf(heard: Heard[], from: number, length: number): Batch {
  const size = heard.length;
  const features = heard[0]!.walked.length;
  const x = new Float32Array(size * length * features);
  const observed = new Float32Array(x.length);
  heard.forEach(({ walked }, row) =>
    walked.forEach(({ residual }, f) => {
      for (let t = 0; t < Math.min(length, residual.length - from); t++) {
        const value = residual[from + t]!;
        if (Number.isNaN(value)) continue;
        x[(row * length + t) * features + f] = value;
        observed[(row * length + t) * features + f] = 1;
      }
    }),
  );
  const starts = Float64Array.from(heard, ({ run }) => run.start + from);
  return { size, length, features, x, filled: x, observed, visible: observed, starts };
}

/** Of each step and series, time-major, K means and stds [.., K, feature] of its residual; of each series h after its last. */
type Said = Record<'means' | 'stds' | 'h', Float32Array>;

/** The numbers leave through a variable: a tidy looks for tensors in whatever it returns, number by number. */
function passOver(
  batch: Batch,
  { heard, from }: { heard: Heard[]; from: number },
  { network, config }: Working,
): Said {
  let said: Said;
  tf.tidy(() => {
    const s = toSequence(batch, config);
    const h = stacked(heard.map(({ memory }) => memory.h));
    const { before, after } = network.follow(s, h);
    const { mean, std } = network.predict(before, s.calendar);
    const last = heard.map(
      ({ run }, row) => within(stepsIn(run) - from, [0, batch.length]) * batch.size + row,
    );
    const ends = tf.concat([before, after]).gather(tf.tensor1d(last, 'int32'));
    said = { means: read(mean), stds: read(std), h: read(ends) };
  });
  return said!;
}

const read = (tensor: tf.Tensor): Float32Array => tensor.dataSync<'float32'>();

/** Takes from `said` what concerns one run: its scores, and its memory after its last step. */
function hear(
  { run, memory, walked }: Heard,
  at: { from: number; batch: Batch; row: number; said: Said; working: Working },
): void {
  const { from, batch, row, said, working } = at;
  const { config, freedom } = working;
  const { features } = run;
  const count = Math.min(batch.length, stepsIn(run) - from);
  if (count <= 0) return;
  const each = said.means.length / (batch.size * batch.length * features);
  for (let t = from; t < from + count; t++) {
    const first = ((t - from) * batch.size + row) * each * features;
    if (memory.seen >= warmUp(config)) {
      const mixtures = walked.map(({ centre, spread }, f) => {
        const part = (all: Float32Array, shift: number) =>
          Float32Array.from({ length: each }, (_, k) => shift + spread[t]! * all[first + k * features + f]!);
        return { means: part(said.means, centre[t]!), stds: part(said.stds, 0), freedom };
      });
      say(run, t, mixtures);
    }
    const isHere = walked.some((_, f) => !Number.isNaN(run.values[t * features + f]!));
    if (isHere) memory.seen = Math.min(WARM_UP, memory.seen + 1);
  }
  memory.h = said.h.slice(row * config.hidden, (row + 1) * config.hidden);
}
