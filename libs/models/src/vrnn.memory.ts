/** What a model that goes step by step remembers of one series, and what it has at hand while it works. */
import * as tf from '@tensorflow/tfjs';
import { type Path, type Walked, pathOf, reachOf } from './autoregression';
import type { ModelConfig, State } from './model';
import type { Scaler } from './scaler';
import type { StepNetwork } from './vrnn.network';

export interface Working {
  network: StepNetwork;
  config: ModelConfig;
  pooled: { coefficients: Float32Array; std: number };
  /** ν */
  freedom: number;
}

/** What a state holds, opened: a copy, and its parts in place. */
export interface Memory {
  data: Float32Array;
  h: Float32Array;
  /** Of each feature the last samples, oldest first; NaN = before the cold start. */
  past: Float32Array[];
  /** Wild samples in a row up to now, of each feature. */
  wild: Float32Array;
  /** Samples seen since the cold start, up to the warm-up. */
  seen: number;
}

/** A state opened; null starts cold. */
export function recall(state: State | null, config: ModelConfig): Memory {
  const { hidden, features } = config;
  const reach = reachOf(config);
  const size = hidden + features * (reach + 1) + 1;
  const data = state?.data.slice() ?? new Float32Array(size).fill(NaN, hidden, hidden + features * reach);
  if (data.length !== size) {
    throw new RangeError(`a state of ${data.length} numbers does not belong to this model`);
  }
  const past = Array.from({ length: features }, (_, f) =>
    data.subarray(hidden + f * reach, hidden + (f + 1) * reach),
  );
  const wild = data.subarray(hidden + features * reach, size - 1);
  return { data, h: data.subarray(0, hidden), past, wild, seen: data[size - 1]! };
}

/** The data of the state after `walked`; h and `seen` have been kept up to date. */
export function toData({ data, past, wild, seen }: Memory, walked: Walked[]): Float32Array {
  walked.forEach((one, f) => {
    past[f]!.set(one.past);
    wild[f] = one.wild;
  });
  data[data.length - 1] = seen;
  return data;
}

export const pathsOf = (scalers: Scaler[], { config, pooled }: Pick<Working, 'config' | 'pooled'>): Path[] =>
  scalers.map((scaler) => pathOf(scaler, config.lags, pooled));

/** Rows of equal length as one tensor. */
export function stacked(rows: Float32Array[]): tf.Tensor2D {
  const width = rows[0]!.length;
  const all = new Float32Array(rows.length * width);
  rows.forEach((row, i) => all.set(row, i * width));
  return tf.tensor2d(all, [rows.length, width]);
}
