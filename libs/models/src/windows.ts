/**
 * Windows: what is cut from scaled series to train and to evaluate, as arrays [batch, time, feature]. A window may reach
 * beyond its series; there its samples are missing.
 */
import type { Grid } from './grid';
import type { ModelConfig } from './model';
import type { Random } from './noise';
import { type Scaler, toScaled } from './scaler';

/** A series in scaled units, [time, feature], clipped to ±INPUT_CLIP. */
export interface ScaledSeries {
  start: number;
  features: number;
  /** NaN = missing */
  values: Float32Array;
  /** The same with its gaps filled: on the line between their neighbours. */
  filled: Float32Array;
}

/** What enters a network is clipped here, so that one outlier does not wreck a hidden state or a batch. */
export const INPUT_CLIP = 6;

export const clipped = (x: number): number => Math.max(-INPUT_CLIP, Math.min(INPUT_CLIP, x));

/** A quarter of a window of wild samples in a row is no longer an outlier but where the series now is. */
export const longestWild = ({ window }: ModelConfig): number => window >> 2;

/**
 * What a scorer remembers of the scaled values of one feature: clipped, and missing (NaN) where they are wild, so that a
 * spike is not expected to go on, nor its end a surprise. Wild samples in a row are remembered once there are more than
 * `longest`; `wild` counts those in a row before the first value, and comes back counted on.
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

/** The values of one feature of [time, feature]. */
export const columnOf = (values: Float32Array, features: number, feature: number): Float32Array =>
  features === 1 ? values : values.filter((_, i) => i % features === feature);

/** `remembered` of each feature of values [time, feature]; `wild` is counted on in place. */
export function withoutWild(values: Float32Array, wild: Float32Array, config: ModelConfig): Float32Array {
  const features = wild.length;
  const longest = longestWild(config);
  const kept = new Float32Array(values.length);
  for (let f = 0; f < features; f++) {
    const entering = remembered(columnOf(values, features, f), { wild: wild[f]!, longest });
    entering.values.forEach((value, t) => (kept[t * features + f] = value));
    wild[f] = entering.wild;
  }
  return kept;
}

/** A grid through one scaler per feature, held within ±clip. */
export function scaled(grid: Grid, scalers: Scaler[], clip = INPUT_CLIP): ScaledSeries {
  const { start, features = 1 } = grid;
  const values = Float32Array.from(grid.values, (value, i) =>
    Math.max(-clip, Math.min(clip, toScaled(scalers[i % features]!, value))),
  );
  return { start, features, values, filled: interpolated(values, features) };
}

/** Gaps on the line between their neighbours, at the ends at the level of the one there is; 0 where there is none. */
export function interpolated(values: Float32Array, features: number): Float32Array {
  const filled = values.slice();
  const length = values.length / features;
  for (let f = 0; f < features; f++) {
    let before = -1;
    for (let t = 0; t <= length; t++) {
      if (t < length && Number.isNaN(values[t * features + f]!)) continue;
      const left = before < 0 ? NaN : values[before * features + f]!;
      const right = t === length ? NaN : values[t * features + f]!;
      for (let gap = before + 1; gap < t; gap++) {
        const share = (gap - before) / (t - before);
        const line = Number.isNaN(left) ? right : Number.isNaN(right) ? left : left + share * (right - left);
        filled[gap * features + f] = Number.isNaN(line) ? 0 : line;
      }
      before = t;
    }
  }
  return filled;
}

/** Arrays [size, length, features]. */
export interface Batch {
  size: number;
  length: number;
  features: number;
  /** 0 where missing. */
  x: Float32Array;
  /** Gaps filled; 0 beyond the series. */
  filled: Float32Array;
  /** 1 where there is a sample. */
  observed: Float32Array;
  /** 1 where the encoder may look: observed, and not hidden from it for training. */
  visible: Float32Array;
  /** [size]; the step of each window's first sample. */
  starts: Float64Array;
}

/** Where a window begins: step `at` of `series`, counted from its start. */
export interface Place {
  series: ScaledSeries;
  at: number;
}

export const lengthOf = ({ values, features }: ScaledSeries): number => values.length / features;

export function cut(places: Place[], length: number): Batch {
  const size = places.length;
  const features = places[0]?.series.features ?? 1;
  const width = length * features;
  const [x, filled, observed] = [0, 0, 0].map(() => new Float32Array(size * width)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  places.forEach(({ series, at }, row) => {
    for (let i = 0; i < width; i++) {
      const from = at * features + i;
      const value = series.values[from] ?? NaN;
      filled[row * width + i] = series.filled[from] ?? 0;
      if (Number.isNaN(value)) continue;
      x[row * width + i] = value;
      observed[row * width + i] = 1;
    }
  });
  const starts = Float64Array.from(places, ({ series, at }) => series.start + at);
  return { size, length, features, x, filled, observed, visible: observed.slice(), starts };
}

export const HELD_OUT = 0.1;

/** Step from which on a series is held out. */
export const splitAt = (length: number): number => Math.ceil(length * (1 - HELD_OUT));

/** Draws training windows: every window of the training parts equally likely, mostly missing ones drawn again. */
export function drawPlaces(all: ScaledSeries[], config: ModelConfig, random: Random): Place[] {
  const counts = all.map((series) => Math.max(1, splitAt(lengthOf(series)) - config.window + 1));
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
  const first = Math.min(0, splitAt(lengthOf(series)) - window);
  return { series, at: first + ticket };
}

function observedShare({ series, at }: Place, window: number): number {
  const { values, features } = series;
  let count = 0;
  for (let i = at * features; i < (at + window) * features; i++) if (!Number.isNaN(values[i] ?? NaN)) count++;
  return count / (window * features);
}

/** At most `limit` windows spread evenly over what lies in [from(length), to(length)) of each series. */
export function spreadPlaces(
  all: ScaledSeries[],
  window: number,
  {
    limit,
    from,
    to = (length) => length,
    overlap = 1,
  }: {
    limit: number;
    from: (length: number) => number;
    to?: (length: number) => number;
    /** How many windows may hold the same sample. */
    overlap?: number;
  },
): Place[] {
  const each = Math.max(1, Math.floor(limit / Math.max(1, all.length)));
  const places = all.flatMap((series) => {
    const length = lengthOf(series);
    const last = to(length) - window;
    const first = Math.min(from(length), last);
    const count = Math.min(each, 1 + Math.ceil(((last - first) * overlap) / window));
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
