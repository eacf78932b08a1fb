/**
 * A VAE at work: it scores the newest sample of a window while hidden from the encoder, alone and with some samples
 * before it, so that no anomaly can be copied into its own reconstruction:
 *
 *   score   mean over n ∈ TAILS of −log p(x_t | window without its newest n samples),
 *           p ≈ (1/K) Σ_k p(x_t | z_k),  z_k ~ q(z | what the encoder may see)
 *
 * The shortest tail is sharp, the longer ones keep a level shift surprising while it is new. The noise of z_k is fixed
 * by the model's seed. A wild sample is scored as it is, but hidden from later windows (`remembered`). Its state is the
 * last window − 1 scaled and clipped values.
 */
import * as tf from '@tensorflow/tfjs';
import { unpack } from './artifact';
import { evaluateNetwork } from './evaluate';
import { disposeWeights, repeated, tiled } from './layers';
import type { Mixture } from './mixture';
import type { Model, ModelConfig, ScoreInput, State } from './model';
import { balancedNormals, seeded } from './noise';
import { type Run, begin, blocks, breathe, say } from './score';
import { type Vae, toWindowBatch, vae } from './vae';
import { clipped, longestWild, remembered } from './windows';

/** Windows computed at once, before tails and samples multiply them. */
const MAX_WINDOWS = 1024;

/** How many of the newest samples are hidden, as a share of the window. */
const TAILS = [0, 1 / 8, 1 / 4];

export function openVae(config: ModelConfig, weights: Uint8Array): Model {
  const network = vae(config, seeded(config.seed));
  unpack(weights, network.weights);
  const epsilon = tf.tensor2d(balancedNormals(seeded(config.seed + 2), config.samples, config.latent), [
    config.samples,
    config.latent,
  ]);
  return {
    kind: 'vae',
    config,
    async score(inputs: ScoreInput[]) {
      const runs = inputs.map((input) => begin(input, config.window));
      const work = runs.flatMap((run) => unfold(run, config));
      for (const block of blocks(work, MAX_WINDOWS)) {
        scoreWindows(network, block, { config, epsilon });
        await breathe();
      }
      return runs.map(({ scored }) => scored);
    },
    evaluate: (series, scalers) => evaluateNetwork(network, config, { series, scalers }),
    dispose() {
      disposeWeights(network.weights);
      epsilon.dispose();
    },
  };
}

/** A run's value t and the `context` that, from index t on, is its window, as the encoder may see it. */
interface Target {
  run: Run;
  t: number;
  context: Float32Array;
}

/** The windows of a run that can be scored; leaves its state behind. */
function unfold(run: Run, config: ModelConfig): Target[] {
  const { window } = config;
  const all = Float32Array.from([...recall(run.state, window), ...run.values.map(clipped)]);
  run.scored.state.data = all.slice(all.length - (window - 1));
  const { values: context } = remembered(all, { wild: 0, longest: longestWild(config) });
  const targets: Target[] = [];
  let seen = 0;
  context.forEach((value, i) => {
    const t = i - (window - 1);
    if (t >= 0 && seen >= window >> 1 && t >= run.gap) targets.push({ run, t, context });
    if (!Number.isNaN(value)) seen++;
    if (t >= 0 && !Number.isNaN(context[t]!)) seen--;
  });
  return targets;
}

function recall(state: State | null, window: number): Float32Array {
  const data = state?.data ?? new Float32Array(window - 1).fill(NaN);
  if (data.length !== window - 1) {
    throw new RangeError(`a state of ${data.length} numbers does not belong to this model`);
  }
  return data;
}

function scoreWindows(
  network: Vae,
  targets: Target[],
  { config, epsilon }: { config: ModelConfig; epsilon: tf.Tensor2D },
): void {
  const tails = TAILS.map((share) => Math.max(1, Math.round(share * config.window)));
  const K = config.samples;
  const [means, stds] = tf.tidy(() => {
    const batch = toWindowBatch(batchOf(targets, tails, config), config);
    const q = network.encoder(batch.x, batch.visible, batch.calendar);
    const noise = tiled(epsilon, targets.length * tails.length);
    const z = repeated(q.mean, K).add(repeated(q.std, K).mul(noise));
    const newest = network.newest(z, repeated(batch.calendar, K));
    return [newest.mean.dataSync<'float32'>(), newest.std.dataSync<'float32'>()];
  });
  targets.forEach(({ run, t }, row) => {
    const mixtures = tails.map((_, i): Mixture => {
      const from = (row * tails.length + i) * K;
      return { means: means.slice(from, from + K), stds: stds.slice(from, from + K) };
    });
    say(run, t, mixtures);
  });
}

/** One row per target and tail: the window that ends with the target, its newest samples hidden. */
function batchOf(targets: Target[], tails: number[], { window }: ModelConfig) {
  const size = targets.length * tails.length;
  const x = new Float32Array(size * window);
  const visible = new Float32Array(size * window);
  targets.forEach(({ t, context }, index) =>
    tails.forEach((tail, i) => {
      const offset = (index * tails.length + i) * window;
      for (let j = 0; j < window - tail; j++) {
        const value = context[t + j]!;
        if (Number.isNaN(value)) continue;
        x[offset + j] = value;
        visible[offset + j] = 1;
      }
    }),
  );
  const starts = Float64Array.from(
    { length: size },
    (_, row) => startOf(targets[Math.floor(row / tails.length)]!) - (window - 1),
  );
  return { size, length: window, x, observed: visible, visible, starts };
}

const startOf = ({ run, t }: Target): number => run.start + t;
