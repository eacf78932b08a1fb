/** What a model is to everybody else: a kind, a config, packed weights; and five verbs. Features ≥ 1 everywhere. */
import type { Cycle } from './calendar';
import type { Grid } from './grid';
import type { Scaler } from './scaler';

/** The variational models, their twins without a latent variable, and the floor of each. */
export type ModelKind = 'vae' | 'vrnn' | 'autoencoder' | 'rnn' | 'pca' | 'seasonal-naive';

/** All that is needed, besides weights, to make a model again. JSON-serialisable. */
export interface ModelConfig {
  kind: ModelKind;
  periodMs: number;
  features: number;
  /** Steps after which the series repeat themselves; null: training looks for it, and may find none. */
  season: number | null;
  /** Samples of a window: what a VAE sees (at most; training narrows it to three seasons), and what a VRNN or RNN is trained on at once. */
  window: number;
  /** Width of the layers; of a VRNN also of its hidden state h. */
  hidden: number;
  /** Dimensions of z. */
  latent: number;
  /** Of a model that goes step by step, set by training: how many steps back its linear path looks. */
  lags: number[];
  /** Of a model that goes step by step, set by training: whether its series are scaled by their logarithm. */
  isLogarithmic: boolean;
  /** Calendar inputs; training keeps those that the history shows often enough. */
  cycles: Cycle[];
  batch: number;
  epochs: number;
  stepsPerEpoch: number;
  /** Epochs without a better held-out loss before training stops and the best weights are kept; 0: never, the last are. */
  patience: number;
  learningRate: number;
  /** Weight of the KL term once warm-up is over; 1 is the ELBO. */
  beta: number;
  /** Epochs over which the weight of the KL term rises from 0 to beta. */
  klWarmUp: number;
  /** Share of the samples hidden from the encoder while training, so that gaps are nothing new later. */
  missing: number;
  /** Samples of z per score. */
  samples: number;
  /** Of the noise: initial weights, batches, and the fixed z noise of scores. */
  seed: number;
}

/** What a model has to remember of one series: at most 1 KB a feature. */
export interface State {
  /** The step expected next. */
  step: number;
  /** Step by step: h, and the last scaled values as far back as lags reach. Over windows: the last window − 1 of them. */
  data: Float32Array;
}

export interface ScoreInput {
  /** null starts cold; a gap between `state.step` and `start` counts as missing samples. */
  state: State | null;
  /** The step of values[0]; before `state.step` it is a RangeError. */
  start: number;
  /** [time, feature] in raw units, NaN = missing. */
  values: Float32Array | Float64Array;
  periodMs: number;
  /** One per feature. */
  scalers: Scaler[];
}

/** Arrays [time] or [time, feature]. */
export interface Scored {
  /** [time], surprise in nats, larger = stranger; NaN where the sample is missing or the context is too short yet. */
  raw: Float32Array;
  /** [time, feature], what each feature adds to `raw`. */
  contributions: Float32Array;
  /** [time, feature], the difference to the expected median in standard deviations of the scaled prediction, signed. */
  errors: Float32Array;
  /** [time, feature]; median, 5 % and 95 % quantile of what was expected before the sample was seen, raw units; NaN = cannot say. */
  expected: Float32Array;
  lower: Float32Array;
  upper: Float32Array;
  /** After the last value. */
  state: State;
}

export type ReviewInput = Omit<ScoreInput, 'state'>;

/** As `Scored`, but every sample judged with what came after it as well. */
export type Reviewed = Pick<Scored, 'raw' | 'contributions'>;

export interface ForecastInput {
  state: State;
  periodMs: number;
  scalers: Scaler[];
}

export interface ForecastOptions {
  horizon: number;
  levels: number[];
  samples: number;
  seed: number;
}

export interface Model {
  readonly kind: ModelKind;
  readonly config: ModelConfig;
  /** One scaler per feature of a series [time, feature] that the model was not trained on. */
  fitScalers(values: ArrayLike<number>): Scaler[];
  /** Scores all series, each sample from its past only; what comes out for one does not depend on the others. */
  score(inputs: ScoreInput[]): Promise<Scored[]>;
  /** Scores samples from all around them: what a review of the past can use, and no alert. */
  review(inputs: ReviewInput[]): Promise<Reviewed[]>;
  /** Quantiles [series][level][horizon · feature] in raw units, never crossing. */
  forecast?(inputs: ForecastInput[], options: ForecastOptions): Promise<number[][][]>;
  /**
   * −log p(sample | its past) in nats per observed sample, as a density of *raw* values, so that models of all kinds and with
   * different scalers compare: the smaller the better. Only the newest `share` of each series is judged, from what lies
   * before it. NaN when nothing could be scored.
   */
  evaluate(series: Grid[], scalers: Scaler[][], share?: number): Promise<number>;
  dispose(): void;
}
