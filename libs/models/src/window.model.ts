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
import { calendarWidth, calendars } from './calendar';
import { predictiveLoss } from './evaluate';
import { disposeWeights, numbersOf } from './layers';
import type { Mixture } from './mixture';
import type { Model, ModelConfig, ReviewInput, Reviewed, ScoreInput, Scored, State } from './model';
import { type Ppca, impute } from './ppca';
import { fitScalers } from './scaler';
import { type Follower, type Run, begin, blocks, breathe, say, scoreAll, stepsIn } from './score';
import { type WindowKernel, type WindowNetwork, calendarOf } from './window.network';
import { clipped, interpolated, withoutWild } from './windows';

/** Numbers in the windows computed at once. */
const MAX_NUMBERS = 1 << 18;

export function openWindowModel(network: WindowNetwork, config: ModelConfig, weights: Uint8Array): Model {
  unpack(weights, network.weights);
  const read = (name: string) => network.weights[name]!.dataSync<'float32'>().slice();
  const working: Working = {
    network,
    kernel: network.kernel(),
    config,
    ppca: network.ppca(),
    mixtures: Array.from(read('newest/std'), (std) => ({
      means: new Float32Array(1),
      stds: Float32Array.of(std),
    })),
  };
  const featureWeights = read('feature/weight');
  const score = (inputs: ScoreInput[], weights?: Float32Array): Promise<Scored[]> => {
    const call = { weights, calendarFrom: calendars(config) };
    return scoreAll(inputs, { longestGap: config.window >> 1, follow: (run) => follow(run, working, call) });
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
  kernel: WindowKernel;
  config: ModelConfig;
  ppca: Ppca;
  /** Of each feature, its mean written anew for every sample; its std is of the difference between sample and reconstruction. */
  mixtures: Mixture[];
}

/** What the runs of one call share: weights of the features, and the calendar from a step on. */
interface Call {
  weights: ArrayLike<number> | undefined;
  calendarFrom: ReturnType<typeof calendars>;
}

const rowsAtOnce = ({ window, features }: ModelConfig): number =>
  Math.max(16, Math.floor(MAX_NUMBERS / (window * features)));

/**
 * What is missing or wild is remembered as its mean given the window before it; a cold start waits for a quarter of a window and
 * takes the mean of the rest given that.
 */
function follow(run: Run, working: Working, { weights, calendarFrom }: Call): Follower {
  const { config, ppca, kernel } = working;
  const { window, features } = config;
  const past = (window - 1) * features;
  const { before, wild } = recall(run.state, config);
  /** From index t · features on it is the window of step t: without a gap, once it is primed. */
  const context = new Float32Array(before.length + run.values.length);
  context.set(before);
  context.set(withoutWild(run.values, wild, config), past);
  const calendar = calendarFrom(run.start, stepsIn(run));
  let seen = seenIn(before);
  let isPrimed = seen === past;
  return {
    score(from, to) {
      for (let at = from * features; at < to * features; at += features) {
        if (!isPrimed && seen >= enough(config)) {
          prime(context.subarray(at, at + past), ppca);
          isPrimed = true;
        }
        if (isPrimed) judge(run, { context, at, calendar, weights }, working);
        const newest = context.subarray(at + past, at + past + features);
        const here = seenIn(newest);
        if (isPrimed && here < features) guess(newest, kernel.given(context, at));
        seen += here;
      }
    },
    remember() {
      // Of a single step the context itself has the size of a state, and is not asked again.
      const data = context.length === past + features ? context : new Float32Array(past + features);
      data.set(context.subarray(context.length - past));
      data.set(wild, past);
      return data;
    },
  };
}

function seenIn(values: Float32Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i]!)) count++;
  return count;
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
function guess(newest: Float32Array, given: Float32Array): void {
  newest.forEach((value, f) => {
    if (Number.isNaN(value)) newest[f] = clipped(given[f]!);
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

interface Place extends Pick<Call, 'weights'> {
  context: Float32Array;
  at: number;
  calendar: Float32Array;
}

/** Scores the newest sample of the window that begins at index `at` of `context`. */
function judge(
  run: Run,
  { context, at, calendar, weights }: Place,
  { kernel, config, mixtures }: Working,
): void {
  const t = at / config.features;
  if (t < run.gap) return;
  const width = calendarWidth(config.cycles);
  const means = kernel.newest(context, at, calendar.subarray(t * width, (t + 1) * width));
  mixtures.forEach((mixture, f) => (mixture.means[0] = means[f]!));
  say(run, t, mixtures, weights);
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
