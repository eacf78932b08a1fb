/**
 * Training: Adam (Kingma & Ba 2015) on −ELBO over random windows of all series, one network for all, a scaler each.
 * The last tenth of every series is held out. The work is epochs · stepsPerEpoch · batch windows however much data there is, and
 * equal seeds give equal weights.
 */
import * as tf from '@tensorflow/tfjs';
import { type Values, assign, pack, valuesOf } from './artifact';
import { autoencoder } from './autoencoder';
import { fitted, isOverWindows } from './config';
import { HALF_LOG_2PI } from './gaussian';
import type { Grid } from './grid';
import { type Weights, disposeWeights } from './layers';
import type { ModelConfig, ModelKind } from './model';
import { type Random, seeded } from './noise';
import { pca } from './pca';
import { type Scaler, fitScalers } from './scaler';
import { measure, seasonalNaive } from './seasonal-naive';
import { vae } from './vae';
import { stepNetwork } from './vrnn.model';
import type { StepNetwork } from './vrnn.network';
import { finishSteps, scaledSteps, scalersOf, startSteps } from './vrnn.train';
import type { WindowNetwork } from './window.network';
import { finishWindows, startWindows } from './window.train';
import { type Batch, type ScaledSeries, cut, drawPlaces, scaled, splitAt, spreadPlaces } from './windows';

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
  /** That of `weights`. */
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
  /** Where it is there, by it the best weights are told: in nats per observed sample. */
  heldOutLoss?(batch: Batch): tf.Scalar;
}

/** Trains a network for all of these series; the caller has run `selectBackend`. */
export async function trainModel<Kind extends ModelKind>(
  kind: Kind,
  series: Grid[],
  config: ModelConfig,
  { seed, onProgress, signal }: TrainOptions<Kind>,
): Promise<TrainedModel<Kind>> {
  const { scalers, all, isLogarithmic } = isOverWindows(kind)
    ? windowScaled(series)
    : stepScaled(series, kind);
  if (!all.some(({ values }) => values.some((value) => !Number.isNaN(value)))) {
    throw new TrainingDiverged('there is not a single sample to learn from');
  }
  const narrowed = { ...fitted({ ...config, kind }, all), kind, isLogarithmic, seed };
  const random = seeded(seed);
  const tell = onProgress && ((progress: TrainProgress) => onProgress({ ...progress, kind }));
  const task: Task = { scalers, all, descent: { config: narrowed, random, onProgress: tell, signal } };
  return { ...(await trainAny(task)), kind };
}

interface Task {
  scalers: Scaler[][];
  all: ScaledSeries[];
  descent: Descent;
}

const windowScaled = (series: Grid[]) => {
  const scalers = series.map(({ values, features }) => fitScalers(values, features));
  return { scalers, all: series.map((grid, i) => scaled(grid, scalers[i]!)), isLogarithmic: false };
};

/** The seasonal naive stays in the units of its series. */
function stepScaled(series: Grid[], kind: ModelKind) {
  const { scalers, isLogarithmic } = scalersOf(series, { isLinear: kind === 'seasonal-naive' });
  return { scalers, all: series.map((grid, i) => scaledSteps(grid, scalers[i]!)), isLogarithmic };
}

async function trainAny(task: Task): Promise<TrainedModel> {
  const { config, random } = task.descent;
  if (config.kind === 'seasonal-naive') return trainSeasonalNaive(task);
  const network = buildNetwork(config, random);
  try {
    return isWindowNetwork(network) ? await trainWindows(network, task) : await trainSteps(network, task);
  } finally {
    disposeWeights(network.weights);
  }
}

async function trainWindows(network: WindowNetwork, { scalers, all, descent }: Task): Promise<TrainedModel> {
  const { config, random } = descent;
  startWindows(network, all, { config, random });
  const { losses, heldOutLoss } = await descend(network, all, descent);
  finishWindows(network, all, config);
  return { kind: config.kind, config, weights: pack(network.weights), scalers, losses, heldOutLoss };
}

async function trainSteps(network: StepNetwork, { scalers, all, descent }: Task): Promise<TrainedModel> {
  const { config } = descent;
  const residuals = startSteps(all, network.weights, config);
  const { losses, heldOutLoss } = await descend(network, residuals, descent);
  const known = finishSteps(all, scalers, { weights: network.weights, config });
  return { kind: config.kind, config, weights: pack(network.weights), scalers: known, losses, heldOutLoss };
}

/** Its loss is −log density of the changes over a season, in scaled units as everywhere. */
function trainSeasonalNaive({ scalers, all, descent }: Task): TrainedModel {
  const { config } = descent;
  const weights = seasonalNaive(config);
  try {
    const known = measure(all, scalers, { weights, config });
    const stds = known.flatMap((own) => own.map(({ std }) => std!));
    const loss = stds.reduce((sum, std) => sum + Math.log(std) + 0.5 + HALF_LOG_2PI, 0) / stds.length;
    return {
      kind: config.kind,
      config,
      weights: pack(weights),
      scalers: known,
      ...inOneEpoch(loss, descent),
    };
  } finally {
    disposeWeights(weights);
  }
}

export function buildNetwork(config: ModelConfig, random: Random): StepNetwork | WindowNetwork {
  switch (config.kind) {
    case 'vae':
      return vae(config, random);
    case 'autoencoder':
      return autoencoder(config, random);
    case 'pca':
      return pca(config);
    default:
      return stepNetwork(config, random);
  }
}

const isWindowNetwork = (network: StepNetwork | WindowNetwork): network is WindowNetwork =>
  'start' in network;

interface Descent extends Omit<TrainOptions, 'seed'> {
  config: ModelConfig;
  random: Random;
}

interface Best {
  heldOutLoss: number;
  epoch: number;
  values: Values;
}

type Descended = Pick<TrainedModel, 'losses' | 'heldOutLoss'>;

/** What has a closed form tells of one epoch. */
function inOneEpoch(loss: number, { config: { kind }, onProgress, signal }: Descent): Descended {
  if (!Number.isFinite(loss)) throw new TrainingDiverged(`${kind}: the loss became ${loss}`);
  onProgress?.({ kind, epoch: 1, epochs: 1, loss, heldOutLoss: loss });
  signal?.throwIfAborted();
  return { losses: [{ epoch: 1, loss, heldOutLoss: loss }], heldOutLoss: loss };
}

/** Leaves the best weights in the network, of those it had at first too where that can be told; returns the loss curve. */
async function descend(network: Network, all: ScaledSeries[], descent: Descent): Promise<Descended> {
  const { config, random, onProgress, signal } = descent;
  const { kind, epochs, stepsPerEpoch, patience } = config;
  const heldOut = cut(spreadPlaces(all, config.window, { limit: 96, from: splitAt }), config.window);
  if (trainable(network).length === 0) return inOneEpoch(meanLoss(network, heldOut, config), descent);
  const optimizer = tf.train.adam(config.learningRate);
  const losses: TrainedModel['losses'] = [];
  let best: Best | undefined;
  if (network.heldOutLoss) {
    best = { heldOutLoss: meanLoss(network, heldOut, config), epoch: 0, values: valuesOf(network.weights) };
  }
  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      let sum = 0;
      for (let i = 0; i < stepsPerEpoch; i++) {
        setLearningRate(optimizer, config, (epoch - 1) * stepsPerEpoch + i);
        const batch = hide(cut(drawPlaces(all, config, random), config.window), config, random);
        const beta = config.beta * Math.min(1, epoch / Math.max(1, config.klWarmUp));
        sum += trainStep(network, optimizer, () => network.loss(batch, random, beta));
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
      }
      const loss = sum / stepsPerEpoch;
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
    return { losses, heldOutLoss: best!.heldOutLoss };
  } finally {
    optimizer.dispose();
  }
}

/** The predictive loss, or −ELBO with the full KL term and noise of its own, the same in every epoch. */
export function meanLoss(network: Network, batch: Batch, config: ModelConfig): number {
  const loss = () => network.heldOutLoss?.(batch) ?? network.loss(batch, seeded(config.seed + 1), 1);
  return tf.tidy(() => loss().dataSync()[0]!);
}

/** Steps in which a recurrent network comes up to the configured rate. */
const WARM_UP = 20;

/** Cosine from the configured rate to a twentieth of it. */
function setLearningRate(optimizer: tf.AdamOptimizer, config: ModelConfig, step: number): void {
  const share = step / (config.epochs * config.stepsPerEpoch);
  const warmUp = isOverWindows(config.kind) ? 1 : Math.min(1, (step + 1) / WARM_UP);
  const rate = warmUp * config.learningRate * (0.05 + 0.475 * (1 + Math.cos(Math.PI * share)));
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
  const steps = isOverWindows(config.kind) ? [length - 1] : Array.from({ length }, (_, t) => t);
  for (let row = 0; row < size; row++) {
    for (const t of steps) {
      if (random.uniform() >= config.missing) continue;
      visible.fill(0, (row * length + t) * features, (row * length + t + 1) * features);
    }
  }
  return batch;
}
