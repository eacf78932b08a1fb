/**
 * A network over windows (VAE, autoencoder, PCA) at work.
 *
 *   score     −log N(x_t; x̂_t, s²), x̂ the reconstruction of the window that ends with t, x_t itself hidden from it; s is
 *             measured on windows that were held out
 *   review    every window that holds t says how ill it is reconstructed, ½ Σ ((x − x̂)/σ)² + KL a sample; their mean
 *
 * Of several features each weighs the less the worse it was ever reconstructed while all was well: one that is always
 * noisy would drown the others. A wild sample is scored as it is, but later windows hold its mean given those before it, as they
 * do of a missing one. The state is the last window − 1 scaled values.
 */
import * as tf from '@tensorflow/tfjs';
import { unpack } from './artifact';
import { predictiveLoss } from './evaluate';
import { disposeWeights, numbersOf } from './layers';
import type { Model, ModelConfig, ReviewInput, Reviewed, ScoreInput, Scored, State } from './model';
import { type Ppca, impute } from './ppca';
import { fitScalers } from './scaler';
import { type Run, begin, blocks, breathe, say } from './score';
import { type WindowNetwork, calendarOf } from './window.network';
import { clipped, interpolated, withoutWild } from './windows';

/** Numbers in the windows computed at once. */
const MAX_NUMBERS = 1 << 18;

export function openWindowModel(network: WindowNetwork, config: ModelConfig, weights: Uint8Array): Model {
  unpack(weights, network.weights);
  const read = (name: string) => network.weights[name]!.dataSync<'float32'>().slice();
  const working: Working = {
    network,
    config,
    ppca: network.ppca(),
    newestKernel: read('newest/kernel'),
    std: read('newest/std'),
  };
  const featureWeights = read('feature/weight');
  const score = async (inputs: ScoreInput[], weights?: Float32Array): Promise<Scored[]> => {
    const runs = inputs.map((input) => begin(input, config.window >> 1));
    const targets = runs.flatMap((run) => targetsOf(run, working));
    for (const block of blocks(targets, rowsAtOnce(config))) {
      scoreBlock(block, working, weights);
      await breathe();
    }
    return runs.map(({ scored }) => scored);
  };
  return {
    kind: config.kind,
    config,
    fitScalers: (values) => fitScalers(values, config.features),
    score: (inputs) => score(inputs, featureWeights),
    async review(inputs) {
      const reviewed: Reviewed[] = [];
      for (const input of inputs) reviewed.push(await review(input, working, featureWeights));
      return reviewed;
    },
    evaluate: (series, scalers, share) => predictiveLoss(score, { series, scalers, share }),
    dispose: () => disposeWeights(network.weights),
  };
}

interface Working {
  network: WindowNetwork;
  config: ModelConfig;
  ppca: Ppca;
  /** [time · feature, feature]: the newest step's mean given the others. */
  newestKernel: Float32Array;
  /** [feature], of the difference between the newest sample and its reconstruction. */
  std: Float32Array;
}

const rowsAtOnce = ({ window, features }: ModelConfig): number =>
  Math.max(16, Math.floor(MAX_NUMBERS / (window * features)));

/** Step t of a run; `context` from step t on is its window, without a gap. */
interface Target {
  run: Run;
  t: number;
  context: Float32Array;
}

/**
 * The steps of a run that can be scored, and the state after it. What is missing or wild is remembered as its mean given the
 * window before it; a cold start waits for a quarter of a window and takes the mean of the rest given that.
 */
function targetsOf(run: Run, { config, ppca, newestKernel }: Working): Target[] {
  const { window, features } = config;
  const past = (window - 1) * features;
  const { before, wild } = recall(run.state, config);
  const context = new Float32Array(before.length + run.values.length);
  context.set(before);
  const entering = withoutWild(run.values, wild, config);
  const targets: Target[] = [];
  let seen = before.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0);
  let isPrimed = seen === past;
  for (let t = 0; t * features < run.values.length; t++) {
    const at = t * features;
    if (!isPrimed && seen >= enough(config)) {
      prime(context.subarray(at, at + past), ppca);
      isPrimed = true;
    }
    if (isPrimed && t >= run.gap) targets.push({ run, t, context });
    const newest = entering.subarray(at, at + features);
    if (isPrimed && newest.some(Number.isNaN))
      guess(context.subarray(at, at + past), newest, { ppca, newestKernel });
    context.set(newest, at + past);
    seen += newest.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0);
  }
  const data = new Float32Array(past + features);
  data.set(context.subarray(context.length - past));
  data.set(wild, past);
  run.scored.state.data = data;
  return targets;
}

/** Samples that a window must hold before its newest one is judged. */
const enough = ({ window, features }: ModelConfig): number => (window >> 2) * features;

/** Fills the gaps of all of a window but its newest step. */
function prime(past: Float32Array, ppca: Ppca): void {
  const whole = new Float32Array(ppca.mean.length).fill(NaN);
  whole.set(past);
  impute(ppca, whole);
  past.set(whole.subarray(0, past.length));
}

/** Replaces the NaN of the newest step by their mean given the steps before. */
function guess(
  past: Float32Array,
  newest: Float32Array,
  { ppca: { mean }, newestKernel }: Pick<Working, 'ppca' | 'newestKernel'>,
): void {
  const features = newest.length;
  newest.forEach((value, f) => {
    if (!Number.isNaN(value)) return;
    let sum = mean[past.length + f]!;
    for (let i = 0; i < past.length; i++) sum += newestKernel[i * features + f]! * (past[i]! - mean[i]!);
    newest[f] = clipped(sum);
  });
}

/** The last window − 1 steps, NaN while not enough has been seen, and how many wild samples in a row each feature had last. */
function recall(state: State | null, { window, features }: ModelConfig) {
  const past = (window - 1) * features;
  const data = state?.data ?? new Float32Array(past + features).fill(NaN, 0, past);
  if (data.length !== past + features) {
    throw new RangeError(`a state of ${data.length} numbers does not belong to this model`);
  }
  return { before: data.subarray(0, past), wild: data.slice(past) };
}

function scoreBlock(targets: Target[], working: Working, weights?: Float32Array): void {
  const { network, config, std } = working;
  const { window, features } = config;
  const size = window * features;
  const x = new Float32Array(targets.length * size);
  targets.forEach(({ t, context }, row) =>
    x.set(context.subarray(t * features, (t + window - 1) * features), row * size),
  );
  const starts = targets.map(({ run, t }) => run.start + t - (window - 1));
  const means = numbersOf(() => {
    const windows = network.withoutNewest(tf.tensor2d(x, [targets.length, size]));
    return network.newest(windows, calendarOf(starts, window, config));
  });
  targets.forEach(({ run, t }, row) => {
    const mixtures = Array.from(std, (one, f) => ({
      means: means.subarray(row * features + f, row * features + f + 1),
      stds: Float32Array.of(one),
    }));
    say(run, t, mixtures, weights);
  });
}

/** How many windows lie between two that are reviewed: many numbers a window make fewer windows do. */
const strideOf = ({ window, features }: ModelConfig): number =>
  Math.max(1, Math.round((window * features) / 1000));

async function review(input: ReviewInput, working: Working, weights: ArrayLike<number>): Promise<Reviewed> {
  const { config } = working;
  const { window, features } = config;
  const { values } = begin({ ...input, state: null }, window);
  const steps = values.length / features;
  const pad = Math.max(0, window - steps);
  const all = new Float32Array(values.length + pad * features).fill(NaN);
  values.forEach((value, i) => (all[pad * features + i] = clipped(value)));
  const filled = interpolated(all, features);
  const stride = strideOf(config);
  const last = steps + pad - window;
  const starts = Array.from({ length: Math.ceil(last / stride) + 1 }, (_, i) => Math.min(last, i * stride));
  const sums = new Float64Array((steps + pad + 1) * features);
  const counts = new Int32Array(steps + pad + 1);
  for (const block of blocks(starts, rowsAtOnce(config))) {
    const excess = excessOf(
      block.map((at) => ({ at: at * features, step: input.start - pad + at })),
      { values: all, filled },
      working,
    );
    block.forEach((at, row) => {
      counts[at]!++;
      counts[at + window]!--;
      for (let f = 0; f < features; f++) {
        const one = excess[row * features + f]!;
        sums[at * features + f]! += one;
        sums[(at + window) * features + f]! -= one;
      }
    });
    await breathe();
  }
  return gathered({ sums, counts, pad, values, weights });
}

/** Running sums of what begins and ends at each step become means over the windows that hold it. */
function gathered({
  sums,
  counts,
  pad,
  values,
  weights,
}: {
  sums: Float64Array;
  counts: Int32Array;
  pad: number;
  values: Float32Array;
  weights: ArrayLike<number>;
}): Reviewed {
  const features = weights.length;
  const steps = values.length / features;
  const raw = new Float32Array(steps).fill(NaN);
  const contributions = new Float32Array(values.length).fill(NaN);
  const running = new Float64Array(features);
  let count = 0;
  for (let at = 0; at < steps + pad; at++) {
    count += counts[at]!;
    for (let f = 0; f < features; f++) running[f]! += sums[at * features + f]!;
    const t = at - pad;
    if (t < 0) continue;
    let sum = NaN;
    for (let f = 0; f < features; f++) {
      if (Number.isNaN(values[t * features + f]!)) continue;
      const one = (running[f]! / count) * weights[f]!;
      contributions[t * features + f] = one;
      sum = (Number.isNaN(sum) ? 0 : sum) + one;
    }
    raw[t] = sum;
  }
  return { raw, contributions };
}

/**
 * ½ Σ_t ((x − x̂)/σ)² + KL/features, a sample, of the windows of `values` (NaN = missing; `filled` has no gap) at the indices `at`: [window, feature] in nats. It is
 * the negative ELBO but for what is the same for all windows, so 0 is the best there can be.
 */
export function excessOf(
  places: { at: number; step: number }[],
  { values, filled }: { values: Float32Array; filled: Float32Array },
  { network, config }: Pick<Working, 'network' | 'config'>,
): Float32Array {
  const { window, features } = config;
  const size = window * features;
  const x = new Float32Array(places.length * size);
  const observed = new Float32Array(x.length);
  places.forEach(({ at }, row) => {
    x.set(filled.subarray(at, at + size), row * size);
    for (let i = 0; i < size; i++) observed[row * size + i] = Number.isNaN(values[at + i]!) ? 0 : 1;
  });
  return numbersOf(() => {
    const windows = tf.tensor2d(x, [places.length, size]);
    const steps = places.map(({ step }) => step);
    const { mean, std, kl } = network.reconstruct(windows, calendarOf(steps, window, config));
    const off = windows
      .sub(mean)
      .div(std)
      .square()
      .mul(tf.tensor2d(observed, [places.length, size]));
    const each = features === 1 ? off.sum(1, true) : off.reshape([-1, window, features]).sum(1);
    return each.mul(0.5 / window).add(kl.reshape([-1, 1]).div(size));
  });
}
