/** Default configs: small enough for wasm on a laptop, and the same total work however much data there is. */
import { lagsOf, reachOf } from './autoregression';
import { cyclesOf, cyclesWithin } from './calendar';
import type { ModelConfig, ModelKind } from './model';
import { findSeason } from './season';
import { type ScaledSeries, lengthOf } from './windows';

const COMMON = { features: 1, season: null, lags: [], isLogarithmic: false, beta: 1, seed: 1 };

type Sizes = Omit<ModelConfig, 'kind' | 'periodMs' | 'cycles' | keyof typeof COMMON>;

const WINDOWS: Sizes = {
  window: 200,
  hidden: 96,
  latent: 32,
  batch: 128,
  epochs: 15,
  stepsPerEpoch: 40,
  patience: 0,
  learningRate: 1e-3,
  klWarmUp: 0,
  missing: 0.5,
  samples: 1,
};

/** Of several features: what they say together takes a shorter window and fewer, dearer steps. */
const WIDE_WINDOWS: Partial<Sizes> = { window: 100, latent: 64, batch: 64, epochs: 10, stepsPerEpoch: 30 };

const STEPS: Sizes = {
  window: 40,
  hidden: 32,
  latent: 4,
  batch: 64,
  epochs: 10,
  stepsPerEpoch: 20,
  patience: 10,
  learningRate: 4e-3,
  klWarmUp: 3,
  missing: 0.02,
  samples: 8,
};

const DEFAULTS: Record<ModelKind, Sizes> = {
  vae: WINDOWS,
  autoencoder: WINDOWS,
  pca: WINDOWS,
  vrnn: STEPS,
  rnn: { ...STEPS, latent: 0, samples: 1 },
  'seasonal-naive': STEPS,
};

export const isOverWindows = (kind: ModelKind): boolean => DEFAULTS[kind] === WINDOWS;

export function defaultConfig(kind: ModelKind, periodMs: number, features = 1): ModelConfig {
  const wide = features > 1 && isOverWindows(kind) ? WIDE_WINDOWS : {};
  return { ...COMMON, ...DEFAULTS[kind], ...wide, kind, periodMs, features, cycles: cyclesOf(periodMs) };
}

const MIN_WINDOW = 8;
/** A history holds this many windows at least, so that its held-out part can be judged. */
const MIN_WINDOWS = 3;
/** A window over a season holds so many of them: measured, docs/quality.md. */
const SEASONS = 3;

/** The config narrowed to what these series can teach: a short history gets a shorter window and half of the steps. */
export function fitted(config: ModelConfig, series: ScaledSeries[]): ModelConfig {
  const lengths = series.map(lengthOf);
  const longest = Math.max(0, ...lengths);
  const season = config.season ?? findSeason(series);
  const widest = isOverWindows(config.kind) && season !== null ? SEASONS * season : Infinity;
  const window = Math.max(MIN_WINDOW, Math.min(config.window, widest, Math.floor(longest / MIN_WINDOWS)));
  const samples = lengths.reduce((sum, length) => sum + length, 0);
  const worthwhile = Math.max(Math.ceil(config.stepsPerEpoch / 2), Math.ceil(samples / (2 * window)));
  const whole = {
    ...config,
    season,
    window,
    stepsPerEpoch: Math.min(config.stepsPerEpoch, worthwhile),
    cycles: cyclesWithin(config.cycles, config.periodMs, longest),
  };
  return isOverWindows(config.kind) ? whole : withLags(whole, lengths);
}

/** Lags that half of the series are twice as long as, and sequences that the rows behind them hold several of. */
function withLags(config: ModelConfig, lengths: number[]): ModelConfig {
  const usual = lengths.slice().sort((a, b) => a - b)[lengths.length >> 1]!;
  const lags = lagsOf(config, usual);
  const rows = usual - reachOf({ lags });
  return { ...config, lags, window: Math.max(MIN_WINDOW, Math.min(config.window, Math.floor(0.4 * rows))) };
}
