/** Default configs: small enough for wasm on a laptop, and the same total work however much data there is. */
import { cyclesOf, cyclesWithin } from './calendar';
import type { Grid } from './grid';
import type { ModelConfig, ModelKind } from './model';

const COMMON = { features: 1, beta: 1, missing: 0.1, seed: 1 };

const DEFAULTS: Record<ModelKind, Omit<ModelConfig, 'kind' | 'periodMs' | 'cycles' | keyof typeof COMMON>> = {
  vae: {
    window: 48,
    hidden: 96,
    latent: 8,
    batch: 128,
    epochs: 24,
    stepsPerEpoch: 40,
    patience: 6,
    learningRate: 2e-3,
    klWarmUp: 4,
    samples: 8,
  },
  vrnn: {
    window: 40,
    hidden: 32,
    latent: 4,
    batch: 64,
    epochs: 14,
    stepsPerEpoch: 10,
    patience: 5,
    learningRate: 6e-3,
    klWarmUp: 3,
    samples: 16,
  },
};

export function defaultConfig(kind: ModelKind, periodMs: number): ModelConfig {
  return { kind, periodMs, ...COMMON, ...DEFAULTS[kind], cycles: cyclesOf(periodMs) };
}

const MIN_WINDOW = 8;
/** A history holds this many windows at least, so that its held-out part holds one. */
const MIN_WINDOWS = 6;

/** The config narrowed to what these series can teach: a short history gets a shorter window and half of the steps. */
export function fitted(config: ModelConfig, series: Grid[]): ModelConfig {
  const lengths = series.map(({ values }) => values.length);
  const longest = Math.max(0, ...lengths);
  const window = Math.max(MIN_WINDOW, Math.min(config.window, Math.floor(longest / MIN_WINDOWS)));
  const samples = lengths.reduce((sum, length) => sum + length, 0);
  const worthwhile = Math.max(Math.ceil(config.stepsPerEpoch / 2), Math.ceil(samples / (2 * window)));
  return {
    ...config,
    window,
    stepsPerEpoch: Math.min(config.stepsPerEpoch, worthwhile),
    cycles: cyclesWithin(config.cycles, config.periodMs, longest),
  };
}
