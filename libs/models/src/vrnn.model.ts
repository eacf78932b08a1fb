/**
 * A VRNN at work. It goes on from (h, x_{t−1}) in O(1) per sample, following the mean of z, so a replay says the same.
 *
 *   score     −log p(x_t | past),  p(x_t | past) ≈ (1/K) Σ_k p(x_t | z_k, h_{t−1}),  z_k ~ p(z_t | h_{t−1})
 *   forecast  quantiles of many paths: z ~ prior, x ~ decoder, h = GRU([x, z], h)
 *
 * z_k comes from the prior and not from the encoder: of a sample far from all it was trained on the encoder says
 * anything, the prior has not seen it. The noise of z_k is fixed by the model's seed. A wild sample is scored as it is,
 * but enters h and x_{t−1} as a missing one (`remembered`).
 */
import * as tf from '@tensorflow/tfjs';
import { unpack } from './artifact';
import { calendarWidth, writeCalendar } from './calendar';
import { predictiveLoss } from './evaluate';
import { disposeWeights, repeated, tiled } from './layers';
import type { ForecastInput, ForecastOptions, Model, ModelConfig, ScoreInput, State } from './model';
import { balancedNormals, seeded } from './noise';
import { reviewSteps } from './review';
import { quantile, toRaw } from './scaler';
import { type Run, begin, blocks, breathe, say } from './score';
import { type Vrnn, toSequence, vrnn } from './vrnn';
import { type Batch, INPUT_CLIP, longestWild, remembered } from './windows';

/** Series in one block, and [series · time] rows computed at once. */
const MAX_SERIES = 256;
const MAX_ROWS = 4096;
const MAX_STEPS = 128;
/** Samples before a cold state is trusted. */
const WARM_UP = 16;

export function openVrnn(config: ModelConfig, weights: Uint8Array): Model {
  const network = vrnn(config, seeded(config.seed));
  unpack(weights, network.weights);
  const epsilon = tf.tensor2d(balancedNormals(seeded(config.seed + 2), config.samples, config.latent), [
    config.samples,
    config.latent,
  ]);
  const score = async (inputs: ScoreInput[]) => {
    const runs = inputs.map((input) => begin(input, config.window >> 1));
    for (const block of blocks(runs, MAX_SERIES)) await scoreBlock(network, block, { config, epsilon });
    return runs.map(({ scored }) => scored);
  };
  return {
    kind: 'vrnn',
    config,
    score,
    review: (inputs) => reviewSteps(score, inputs, config),
    forecast: (inputs, options) => forecast(network, inputs, { config, ...options }),
    evaluate: (series, scalers, share) => predictiveLoss(score, { series, scalers, share }),
    dispose() {
      disposeWeights(network.weights);
      epsilon.dispose();
    },
  };
}

interface Working {
  config: ModelConfig;
  /** [K, latent] */
  epsilon: tf.Tensor2D;
}

/** What a state holds, opened. */
interface Memory {
  h: Float32Array;
  x: Float32Array;
  /** Samples seen since the cold start, up to the warm-up. */
  seen: number;
  /** Wild samples in a row up to now. */
  wild: number;
}

/** A run and its values as they enter h. */
interface Heard {
  run: Run;
  memory: Memory;
  entering: Float32Array;
}

const warmUp = ({ window }: ModelConfig): number => Math.min(WARM_UP, window >> 1);

function recall(state: State | null, { hidden, features }: ModelConfig): Memory {
  const data = state?.data ?? new Float32Array(hidden + features + 2);
  if (data.length !== hidden + features + 2) {
    throw new RangeError(`a state of ${data.length} numbers does not belong to this model`);
  }
  const [seen, wild] = data.slice(hidden + features) as unknown as [number, number];
  return { h: data.slice(0, hidden), x: data.slice(hidden, hidden + features), seen, wild };
}

const toData = ({ h, x, seen, wild }: Memory): Float32Array => Float32Array.from([...h, ...x, seen, wild]);

function listen(run: Run, config: ModelConfig): Heard {
  const memory = recall(run.state, config);
  const { values, wild } = remembered(run.values, { wild: memory.wild, longest: longestWild(config) });
  return { run, memory: { ...memory, wild }, entering: values };
}

async function scoreBlock(network: Vrnn, runs: Run[], working: Working): Promise<void> {
  const { config } = working;
  const heard = runs.map((run) => listen(run, config));
  const memories = heard.map(({ memory }) => memory);
  const longest = Math.max(...runs.map(({ values }) => values.length));
  const chunk = Math.max(1, Math.min(MAX_STEPS, Math.floor(MAX_ROWS / runs.length)));
  for (let from = 0; from < longest; from += chunk) {
    const batch = batchOf(heard, from, Math.min(chunk, longest - from));
    const said = passOver(network, batch, { memories, ...working });
    heard.forEach((one, row) => hear(one, { from, batch, row, said, config }));
    await breathe();
  }
  runs.forEach((run, row) => (run.scored.state.data = toData(memories[row]!)));
}

/** Values from `from` on of all runs; where one has ended its samples are missing. */
function batchOf(heard: Heard[], from: number, length: number): Batch {
  const size = heard.length;
  const x = new Float32Array(size * length);
  const observed = new Float32Array(size * length);
  heard.forEach(({ entering }, row) => {
    for (let t = 0; t < Math.min(length, entering.length - from); t++) {
      const value = entering[from + t]!;
      if (Number.isNaN(value)) continue;
      x[row * length + t] = value;
      observed[row * length + t] = 1;
    }
  });
  const starts = Float64Array.from(heard, ({ run }) => run.start + from);
  return { size, length, features: 1, x, filled: x, observed, visible: observed, starts };
}

/** Time-major: K means and stds per step and series, then h and x after each step. */
type Said = Record<'means' | 'stds' | 'h' | 'x', Float32Array>;

function passOver(
  network: Vrnn,
  batch: Batch,
  { memories, config, epsilon }: Working & { memories: Memory[] },
): Said {
  return tf.tidy(() => {
    const carry = {
      h: stacked(memories.map(({ h }) => h)),
      x: stacked(memories.map(({ x }) => x)),
    };
    const run = network.run(toSequence(batch, config), carry, null);
    const mixture = network.predict(run, epsilon);
    const after = [...run.visited.slice(1).map(({ before }) => before), run.carry];
    return {
      means: read(mixture.mean),
      stds: read(mixture.std),
      h: read(tf.concat(after.map(({ h }) => h))),
      x: read(tf.concat(after.map(({ x }) => x))),
    };
  });
}

const read = (tensor: tf.Tensor): Float32Array => tensor.dataSync<'float32'>();

const stacked = (rows: Float32Array[]): tf.Tensor2D =>
  tf.tensor2d(Float32Array.from(rows.flatMap((row) => [...row])), [rows.length, rows[0]!.length]);

/** Takes from `said` what concerns one run: its scores, and its memory after its last step. */
function hear(
  { run, memory }: Heard,
  at: { from: number; batch: Batch; row: number; said: Said; config: ModelConfig },
): void {
  const { from, batch, row, said, config } = at;
  const count = Math.min(batch.length, run.values.length - from);
  if (count <= 0) return;
  const part = (all: Float32Array, t: number, width: number) =>
    all.slice((t * batch.size + row) * width, (t * batch.size + row + 1) * width);
  for (let t = 0; t < count; t++) {
    if (memory.seen >= warmUp(config)) {
      const [means, stds] = [part(said.means, t, config.samples), part(said.stds, t, config.samples)];
      say(run, from + t, [{ means, stds }]);
    }
    if (!Number.isNaN(run.values[from + t]!)) memory.seen = Math.min(WARM_UP, memory.seen + 1);
  }
  memory.h = part(said.h, count - 1, config.hidden);
  memory.x = part(said.x, count - 1, config.features);
}

async function forecast(
  network: Vrnn,
  inputs: ForecastInput[],
  options: ForecastOptions & { config: ModelConfig },
): Promise<number[][][]> {
  const size = Math.max(1, Math.floor(MAX_ROWS / options.samples));
  const all: number[][][] = [];
  for (const block of blocks(inputs, size)) all.push(...(await forecastBlock(network, block, options)));
  return all;
}

/** Every series gets the same noise: what is forecast for one does not depend on the others. */
async function forecastBlock(
  network: Vrnn,
  inputs: ForecastInput[],
  { config, horizon, levels, samples, seed }: ForecastOptions & { config: ModelConfig },
): Promise<number[][][]> {
  const { latent, features } = config;
  const random = seeded(seed);
  const memories = inputs.map(({ state }) => recall(state, config));
  const quantiles = inputs.map(() => levels.map(() => new Array<number>(horizon)));
  let carry = tf.tidy(() => ({
    h: repeated(stacked(memories.map(({ h }) => h)), samples),
    x: repeated(stacked(memories.map(({ x }) => x)), samples),
  }));
  try {
    for (let t = 0; t < horizon; t++) {
      const before = carry;
      const noise = (width: number) =>
        tiled(tf.tensor2d(random.normals(samples * width), [samples, width]), inputs.length);
      carry = tf.tidy(() =>
        network.imagine(before, repeated(calendarAt(inputs, t, config), samples), {
          z: noise(latent),
          x: noise(features),
          clip: INPUT_CLIP,
        }),
      );
      tf.dispose(before);
      writeQuantiles(quantiles, carry.x.dataSync<'float32'>(), { t, inputs, levels, samples });
      if (t % 8 === 7) await breathe();
    }
  } finally {
    tf.dispose(carry);
  }
  return quantiles;
}

function calendarAt(inputs: ForecastInput[], t: number, { cycles, periodMs }: ModelConfig): tf.Tensor2D {
  const width = calendarWidth(cycles);
  const calendar = new Float32Array(inputs.length * width);
  inputs.forEach(({ state }, row) =>
    writeCalendar(calendar, row * width, { cycles, step: state.step + t, periodMs }),
  );
  return tf.tensor2d(calendar, [inputs.length, width]);
}

function writeQuantiles(
  into: number[][][],
  x: Float32Array,
  at: { t: number; inputs: ForecastInput[]; levels: number[]; samples: number },
): void {
  at.inputs.forEach(({ scalers: [scaler] }, row) => {
    const paths = x.slice(row * at.samples, (row + 1) * at.samples).sort();
    at.levels.forEach((level, i) => (into[row]![i]![at.t] = toRaw(scaler!, quantile(paths, level))));
  });
}
