/**
 * Training: Adam (Kingma & Ba 2015) on −ELBO over random windows of all series, one network for all, a scaler each.
 * The last tenth of every series is held out. The work
 * is epochs · stepsPerEpoch · batch windows however much data there is, and equal seeds give equal weights.
 */
import * as tf from '@tensorflow/tfjs';
import { type Values, assign, pack, valuesOf } from './artifact';
import { autoencoder } from './autoencoder';
import { fitted, isOverWindows } from './config';
import type { Grid } from './grid';
import { type Weights, disposeWeights } from './layers';
import type { ModelConfig, ModelKind } from './model';
import { type Random, seeded } from './noise';
import { pca } from './pca';
import { type Scaler, fitScalers } from './scaler';
import { vae } from './vae';
import { vrnn } from './vrnn';
import type { WindowNetwork } from './window.network';
import { finishWindows, startWindows } from './window.train';
import { type Batch, cut, drawPlaces, scaled, splitAt, spreadPlaces } from './windows';

/** Losses are −ELBO in nats per observed sample, of scaled values. */
export interface TrainProgress<Kind extends ModelKind = ModelKind> {
  kind: Kind;
  epoch: number;
  epochs: number;
  loss: number;
  heldOutLoss: number | null;
}

export interface TrainedModel<Kind extends ModelKind = ModelKind> {
  kind: Kind;
  /** As trained: narrowed to what the data can teach, and with its seed. */
  config: ModelConfig;
  /** Packed, self-describing. */
  weights: Uint8Array;
  /** [series][feature] */
  scalers: Scaler[][];
  losses: { epoch: number; loss: number; heldOutLoss: number }[];
  /** The best of `losses`, that of `weights`. */
  heldOutLoss: number;
}

export interface TrainOptions<Kind extends ModelKind = ModelKind> {
  seed: number;
  onProgress?: (progress: TrainProgress<Kind>) => void;
  signal?: AbortSignal;
}

/** Training came to nothing: the loss was not a number, or the data has nothing to learn from. */
export class TrainingDiverged extends Error {
  override name = 'TrainingDiverged';
}

/** What training asks of a network: −ELBO in nats per observed sample. */
export interface Network {
  weights: Weights;
  loss(batch: Batch, random: Random, beta: number): tf.Scalar;
}

/** Trains a network for all of these series; the caller has run `selectBackend`. */
export async function trainModel<Kind extends ModelKind>(
  kind: Kind,
  series: Grid[],
  config: ModelConfig,
  { seed, onProgress, signal }: TrainOptions<Kind>,
): Promise<TrainedModel<Kind>> {
  const scalers = series.map(({ values, features }) => fitScalers(values, features));
  const all = series.map((grid, i) => scaled(grid, scalers[i]!));
  if (!all.some(({ values }) => values.some((value) => !Number.isNaN(value)))) {
    throw new TrainingDiverged('there is not a single sample to learn from');
  }
  const narrowed = { ...fitted({ ...config, kind }, all), kind, seed };
  const random = seeded(seed);
  const network = buildNetwork(narrowed, random);
  try {
    if (isWindowNetwork(network)) startWindows(network, all, { config: narrowed, random });
    const tell = onProgress && ((progress: TrainProgress) => onProgress({ ...progress, kind }));
    const losses = await descend(network, all, { config: narrowed, random, onProgress: tell, signal });
    if (isWindowNetwork(network)) finishWindows(network, all, narrowed);
    const heldOutLoss = Math.min(...losses.map((epoch) => epoch.heldOutLoss));
    return { kind, config: narrowed, weights: pack(network.weights), scalers, losses, heldOutLoss };
  } finally {
    disposeWeights(network.weights);
  }
}

export function buildNetwork(config: ModelConfig, random: Random): Network | WindowNetwork {
  switch (config.kind) {
    case 'vae':
      return vae(config, random);
    case 'autoencoder':
      return autoencoder(config, random);
    case 'pca':
      return pca(config);
    default:
      return vrnn(config, random);
  }
}

const isWindowNetwork = (network: Network | WindowNetwork): network is WindowNetwork => 'start' in network;

interface Descent extends Omit<TrainOptions, 'seed'> {
  config: ModelConfig;
  random: Random;
}

/** Leaves the best weights in the network and returns the loss curve. */
async function descend(
  network: Network,
  all: ReturnType<typeof scaled>[],
  { config, random, onProgress, signal }: Descent,
): Promise<TrainedModel['losses']> {
  const { kind, epochs, stepsPerEpoch, patience } = config;
  const isTrainable = trainable(network).length > 0;
  const heldOut = cut(spreadPlaces(all, config.window, { limit: 96, from: splitAt }), config.window);
  const optimizer = tf.train.adam(config.learningRate);
  const losses: TrainedModel['losses'] = [];
  let best: { heldOutLoss: number; epoch: number; values: Values } | undefined;
  try {
    for (let epoch = 1; epoch <= (isTrainable ? epochs : 1); epoch++) {
      let sum = 0;
      for (let i = 0; i < (isTrainable ? stepsPerEpoch : 0); i++) {
        setLearningRate(optimizer, config, (epoch - 1) * stepsPerEpoch + i);
        const batch = hide(cut(drawPlaces(all, config, random), config.window), config, random);
        const beta = config.beta * Math.min(1, epoch / Math.max(1, config.klWarmUp));
        sum += trainStep(network, optimizer, () => network.loss(batch, random, beta));
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
      }
      const loss = isTrainable ? sum / stepsPerEpoch : meanLoss(network, heldOut, config);
      const heldOutLoss = meanLoss(network, heldOut, config);
      if (!Number.isFinite(loss) || !Number.isFinite(heldOutLoss)) {
        throw new TrainingDiverged(`${kind}: the loss became ${loss} in epoch ${epoch} of ${epochs}`);
      }
      losses.push({ epoch, loss, heldOutLoss });
      onProgress?.({ kind, epoch, epochs, loss, heldOutLoss });
      signal?.throwIfAborted();
      if (best === undefined || patience === 0 || heldOutLoss < best.heldOutLoss) {
        best = { heldOutLoss, epoch, values: valuesOf(network.weights) };
      }
      if (patience > 0 && epoch - best.epoch >= patience) break;
    }
    assign(network.weights, best!.values);
    return losses;
  } finally {
    optimizer.dispose();
  }
}

/** −ELBO with the full KL term and noise of its own, the same in every epoch. */
export function meanLoss(network: Network, batch: Batch, config: ModelConfig): number {
  return tf.tidy(() => network.loss(batch, seeded(config.seed + 1), 1).dataSync()[0]!);
}

/** Cosine from the configured rate to a twentieth of it. */
function setLearningRate(optimizer: tf.AdamOptimizer, config: ModelConfig, step: number): void {
  const share = step / (config.epochs * config.stepsPerEpoch);
  const rate = config.learningRate * (0.05 + 0.475 * (1 + Math.cos(Math.PI * share)));
  (optimizer as unknown as { learningRate: number }).learningRate = rate;
}

const trainable = ({ weights }: Network): tf.Variable[] =>
  Object.values(weights).filter((variable) => variable.trainable);

const MAX_GRADIENT_NORM = 1;

/** One step down the gradient, its norm clipped (Pascanu et al. 2013), and the loss before it. */
function trainStep(network: Network, optimizer: tf.Optimizer, loss: () => tf.Scalar): number {
  const variables = trainable(network);
  return tf.tidy(() => {
    const { value, grads } = tf.variableGrads(loss, variables);
    const squares = Object.values(grads).map((gradient) => gradient.square().sum());
    const norm = Math.sqrt(tf.addN(squares).dataSync()[0]!);
    const cost = value.dataSync()[0]!;
    if (!Number.isFinite(norm) || !Number.isFinite(cost)) return NaN;
    const scale = Math.min(1, MAX_GRADIENT_NORM / Math.max(norm, 1e-12));
    const clipped = Object.entries(grads).map(([name, gradient]) => ({ name, tensor: gradient.mul(scale) }));
    optimizer.applyGradients(clipped);
    return cost;
  });
}

/** Hides samples from the encoder: of a window its newest step, as when it is scored; of a sequence any. */
function hide(batch: Batch, config: ModelConfig, random: Random): Batch {
  const { size, length, features, visible } = batch;
  if (!isOverWindows(config.kind)) return hideSteps(batch, config, random);
  for (let row = 0; row < size; row++) {
    if (random.uniform() < config.missing)
      visible.fill(0, ((row + 1) * length - 1) * features, (row + 1) * length * features);
  }
  return batch;
}

/** A VRNN trains several times slower on sequences with a missing sample: only one batch in this many has any. */
const HIDING_BATCHES = 4;

/** Of a VRNN whole steps of half of the batch: a step that anybody misses is a slow one. */
function hideSteps(batch: Batch, config: ModelConfig, random: Random): Batch {
  const { size, length, features, visible } = batch;
  if (random.below(HIDING_BATCHES) > 0) return batch;
  for (let t = 1; t < length; t++) {
    if (random.uniform() >= HIDING_BATCHES * config.missing) continue;
    for (let row = 0; row < size; row++) {
      if (random.uniform() < 0.5)
        visible.fill(0, (row * length + t) * features, (row * length + t + 1) * features);
    }
  }
  return batch;
}
