/**
 * Windows: what is cut from scaled series to train and to evaluate, as arrays [batch, time, feature] of a
 * univariate series (feature = 1). A window may reach beyond its series; there its samples are missing.
 */
import type { ModelConfig } from './model';
import type { Grid } from './grid';
import type { Random } from './noise';
import { type Scaler, toScaled } from './scaler';

/** A series in scaled units, NaN = missing, clipped to ±INPUT_CLIP. */
export interface ScaledSeries {
  start: number;
  values: Float32Array;
}

/** What enters a network is clipped here, so that one outlier does not wreck a hidden state or a batch. */
export const INPUT_CLIP = 6;

export const clipped = (x: number): number => Math.max(-INPUT_CLIP, Math.min(INPUT_CLIP, x));

/** A quarter of a window of wild samples in a row is no longer an outlier but where the series now is. */
export const longestWild = ({ window }: ModelConfig): number => window >> 2;

/**
 * What a scorer remembers of scaled values: clipped, and missing (NaN) where they are wild, so that a spike is not
 * expected to go on, nor its end a surprise. Wild samples in a row are remembered once there are more than `longest`;
 * `wild` counts those in a row before the first value, and comes back counted on.
 */
export function remembered(
  values: Float32Array,
  { wild, longest }: { wild: number; longest: number },
): { values: Float32Array; wild: number } {
  const kept = values.map((value) => {
    if (Number.isNaN(value)) return NaN;
    wild = Math.abs(value) < INPUT_CLIP ? 0 : wild + 1;
    return wild > 0 && wild <= longest ? NaN : clipped(value);
  });
  return { values: kept, wild: Math.min(wild, longest + 1) };
}

export function scaled(grid: Grid, scaler: Scaler): ScaledSeries {
  const values = Float32Array.from(grid.values, (value) => clipped(toScaled(scaler, value)));
  return { start: grid.start, values };
}

export interface Batch {
  size: number;
  length: number;
  /** [size, length, 1]; 0 where missing. */
  x: Float32Array;
  /** [size, length, 1]; 1 where there is a sample. */
  observed: Float32Array;
  /** [size, length, 1]; 1 where the encoder may look: observed, and not hidden from it for training. */
  visible: Float32Array;
  /** [size]; the step of each window's first sample. */
  starts: Float64Array;
}

/** Where a window begins: index `at` of `series`. */
export interface Place {
  series: ScaledSeries;
  at: number;
}

export function cut(places: Place[], length: number): Batch {
  const size = places.length;
  const x = new Float32Array(size * length);
  const observed = new Float32Array(size * length);
  places.forEach(({ series, at }, row) => {
    for (let t = 0; t < length; t++) {
      const value = series.values[at + t] ?? NaN;
      if (Number.isNaN(value)) continue;
      x[row * length + t] = value;
      observed[row * length + t] = 1;
    }
  });
  const starts = Float64Array.from(places, ({ series, at }) => series.start + at);
  return { size, length, x, observed, visible: observed.slice(), starts };
}

export const HELD_OUT = 0.2;

/** Index from which on a series is held out. */
export const splitAt = (length: number): number => Math.ceil(length * (1 - HELD_OUT));

/** Draws training windows: every window of the training parts equally likely, mostly missing ones drawn again. */
export function drawPlaces(all: ScaledSeries[], config: ModelConfig, random: Random): Place[] {
  const counts = all.map(({ values }) => Math.max(1, splitAt(values.length) - config.window + 1));
  const total = counts.reduce((sum, count) => sum + count, 0);
  return Array.from({ length: config.batch }, () => {
    for (let attempt = 0; ; attempt++) {
      const place = placeOf(all, counts, { ticket: random.below(total), window: config.window });
      if (attempt === 8 || observedShare(place, config.window) >= 0.5) return place;
    }
  });
}

function placeOf(
  all: ScaledSeries[],
  counts: number[],
  { ticket, window }: { ticket: number; window: number },
) {
  let which = 0;
  while (ticket >= counts[which]!) ticket -= counts[which++]!;
  const series = all[which]!;
  const first = Math.min(0, splitAt(series.values.length) - window);
  return { series, at: first + ticket };
}

function observedShare({ series, at }: Place, window: number): number {
  let count = 0;
  for (let t = at; t < at + window; t++) if (!Number.isNaN(series.values[t] ?? NaN)) count++;
  return count / window;
}

/** At most `limit` windows spread evenly over what lies from `from(length)` on in each series. */
export function spreadPlaces(
  all: ScaledSeries[],
  window: number,
  { limit, from }: { limit: number; from: (length: number) => number },
): Place[] {
  const each = Math.max(1, Math.floor(limit / Math.max(1, all.length)));
  const places = all.flatMap((series) => {
    const last = series.values.length - window;
    const first = Math.min(from(series.values.length), last);
    const count = Math.min(each, 1 + Math.ceil((last - first) / window));
    return Array.from({ length: count }, (_, i) => ({
      series,
      at: Math.round(last - (i * (last - first)) / Math.max(1, count - 1)),
    }));
  });
  const stride = Math.max(1, places.length / limit);
  return Array.from(
    { length: Math.floor(places.length / stride) },
    (_, i) => places[Math.floor(i * stride)]!,
  );
}
