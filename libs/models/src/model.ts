/**
 * What a model is to everybody else: a kind, a config, packed weights; and four verbs: score, forecast, evaluate,
 * dispose. Grids are univariate today; tensors inside are [batch, time, feature] with features ≥ 1.
 */
import type { Cycle } from './calendar';
import type { Grid } from './grid';
import type { Scaler } from './scaler';

export type ModelKind = 'vae' | 'vrnn';

/** All that is needed, besides weights, to make a model again. JSON-serialisable. */
export interface ModelConfig {
  kind: ModelKind;
  periodMs: number;
  features: number;
  /** Samples of a window: what a VAE sees, and what a VRNN is trained on at once. */
  window: number;
  /** Width of the layers; of a VRNN also of its hidden state h. */
  hidden: number;
  /** Dimensions of z. */
  latent: number;
  /** Calendar inputs; training keeps those that the history shows often enough. */
  cycles: Cycle[];
  batch: number;
  epochs: number;
  stepsPerEpoch: number;
  /** Epochs without a better held-out loss before training stops. */
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

/** What a model has to remember of one series: at most 1 KB. */
export interface State {
  /** The step expected next. */
  step: number;
  /** VRNN: h, the last sample, samples seen (capped). VAE: the last window − 1 scaled values, NaN = missing. */
  data: Float32Array;
}

export interface ScoreInput {
  /** null starts cold; a gap between `state.step` and `start` counts as missing samples. */
  state: State | null;
  /** The step of values[0]; before `state.step` it is a RangeError. */
  start: number;
  /** Raw units, NaN = missing. */
  values: Float32Array | Float64Array;
  periodMs: number;
  scaler: Scaler;
}

export interface Scored {
  /** Surprise in nats, larger = stranger; NaN where the sample is missing or the context is too short yet. */
  raw: Float32Array;
  /** Median, 5 % and 95 % quantile of what was expected before the sample was seen, raw units; NaN = cannot say. */
  expected: Float32Array;
  lower: Float32Array;
  upper: Float32Array;
  /** After the last value. */
  state: State;
}

export interface ForecastInput {
  state: State;
  periodMs: number;
  scaler: Scaler;
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
  /** Scores all series in one batch; what comes out for one does not depend on the others. */
  score(inputs: ScoreInput[]): Promise<Scored[]>;
  /** Quantiles [series][level][horizon] in raw units, never crossing. Only a VRNN forecasts. */
  forecast?(inputs: ForecastInput[], options: ForecastOptions): Promise<number[][][]>;
  /**
   * −ELBO of the series in nats per observed sample, as a density of *raw* values, so that models with different
   * scalers compare: the smaller the better. NaN when nothing was observed.
   */
  evaluate(series: Grid[], scalers: Scaler[]): Promise<number>;
  dispose(): void;
}
