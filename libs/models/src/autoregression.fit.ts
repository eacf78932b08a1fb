/**
 * Fits the linear path of all series of a network at once: generalised least squares over all series for what they share, then
 * each series' own coefficients, shrunk to the shared ones. With X_s the lags and the calendar of series s, r_s = u_s − X_s·(a⁰, 0)
 * what the prior a⁰ leaves, ω_s = 1/σ_s² weighted anew four times, N = Σ ω_s n_s and o = 1 on the lags (Σ a stays near 1):
 *
 *   (Σ_s ω_s X_sᵀX_s + N (λ I + ℓ o oᵀ)) d = Σ_s ω_s X_sᵀ r_s
 *   d_s = d + (G_s + k Ḡ + μ I + ℓ o oᵀ)⁻¹ (X_sᵀ(r_s − X_s d)/n_s − ℓ o oᵀ d)        G_s = X_sᵀX_s / n_s
 */
import { type Path, priorOf, reachOf } from './autoregression';
import { calendarFrom, calendarWidth } from './calendar';
import { SAMPLE_FLOOR } from './layers';
import { cholesky, solveCholesky } from './linear-algebra';
import type { ModelConfig } from './model';
import type { ScaledSeries } from './windows';

const RIDGE = 0.003;
const CALENDAR_RIDGE = 0.3 * RIDGE;
const LEVEL = 0.2;
const OWN = 0.05;
const OWN_RIDGE = 1e-3;
const ROUNDS = 4;
/** Series behind what is shared, and rows of all series. */
const MAX_POOLED = 256;
const MAX_ROWS = 400_000;
const MIN_ROWS = 512;

/** One feature of one series: values [time] up to where it is fitted, NaN = missing, and the same with gaps filled. */
export interface Column {
  start: number;
  values: Float32Array;
  filled: Float32Array;
}

export interface Fitted {
  pooled: { coefficients: Float64Array; std: number };
  /** Of each column. */
  paths: Path[];
}

/** X_sᵀX_s / n, X_sᵀr_s / n, r_sᵀr_s / n and n. */
interface Moments {
  gram: Float64Array;
  right: Float64Array;
  square: number;
  rows: number;
}

interface Shape {
  config: ModelConfig;
  size: number;
  prior: Float64Array;
  maxRows: number;
}

export function columnsOf(
  { start, features, values, filled }: ScaledSeries,
  to = values.length / features,
): Column[] {
  const one = (all: Float32Array, f: number) =>
    features === 1
      ? all.subarray(0, to)
      : Float32Array.from({ length: to }, (_, t) => all[t * features + f]!);
  return Array.from({ length: features }, (_, f) => ({
    start,
    values: one(values, f),
    filled: one(filled, f),
  }));
}

export function fitPaths(columns: Column[], config: ModelConfig): Fitted {
  const shape: Shape = {
    config,
    size: config.lags.length + calendarWidth(config.cycles),
    prior: priorOf(config),
    maxRows: Math.max(MIN_ROWS, Math.floor(MAX_ROWS / columns.length)),
  };
  const moments = columns.map((column) => momentsOf(column, shape));
  const stride = Math.max(1, columns.length / MAX_POOLED);
  const chosen = moments.filter((_, i) => Math.floor(i / stride) !== Math.floor((i - 1) / stride));
  const known = chosen.filter(({ rows }) => rows > 0);
  const shared = sharedOf(known, shape);
  const std = Math.sqrt(mean(known.map((moments) => varianceOf(moments, shared)))) || 1;
  const common = meanGram(known, shape.size);
  const paths = columns.map((column, i) =>
    ownPath(column, moments[i]!, { shape, shared, common, std, isAlone: columns.length === 1 }),
  );
  return { pooled: { coefficients: withPrior(shared, shape), std: Math.max(SAMPLE_FLOOR, std) }, paths };
}

/** Rows without a gap, or where they are too few with gaps filled; the newest where they are too many. */
function momentsOf(column: Column, shape: Shape): Moments {
  const whole = accumulated(column, column.values, shape);
  return whole.rows >= 2 * shape.size ? whole : accumulated(column, column.filled, shape);
}

function accumulated({ start, values }: Column, lagged: Float32Array, shape: Shape): Moments {
  const { config, size, prior, maxRows } = shape;
  const { lags } = config;
  const first = Math.max(reachOf(config), values.length - maxRows);
  const calendar = calendarFrom(start + first, Math.max(0, values.length - first), config);
  const width = size - lags.length;
  const gram = new Float64Array(size * size);
  const right = new Float64Array(size);
  const row = new Float64Array(size);
  let [square, rows] = [0, 0];
  for (let t = first; t < values.length; t++) {
    let rest = values[t]!;
    for (let i = 0; i < lags.length; i++) {
      row[i] = lagged[t - lags[i]!]!;
      rest -= prior[i]! * row[i]!;
    }
    if (Number.isNaN(rest)) continue;
    for (let i = 0; i < width; i++) row[lags.length + i] = calendar[(t - first) * width + i]!;
    for (let i = 0; i < size; i++) {
      const x = row[i]!;
      right[i]! += x * rest;
      for (let j = 0; j <= i; j++) gram[i * size + j]! += x * row[j]!;
    }
    square += rest * rest;
    rows++;
  }
  const n = Math.max(1, rows);
  for (let i = 0; i < size; i++) {
    right[i]! /= n;
    for (let j = 0; j <= i; j++) gram[j * size + i] = gram[i * size + j]! /= n;
  }
  return { gram, right, square: square / n, rows };
}

/** d, the deviation from the prior that all series share. */
function sharedOf(all: Moments[], { config: { lags }, size }: Shape): Float64Array {
  let shared = new Float64Array(size);
  let weights = all.map(({ rows }) => rows);
  for (let round = 0; round < ROUNDS && all.length > 0; round++) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const [gram, right] = [new Float64Array(size * size), new Float64Array(size)];
    all.forEach((moments, s) => {
      addTo(gram, moments.gram, weights[s]! / total);
      addTo(right, moments.right, weights[s]! / total);
    });
    for (let i = 0; i < size; i++) gram[i * size + i]! += (i < lags.length ? RIDGE : CALENDAR_RIDGE) + 1e-7;
    addLevel(gram, lags.length, size);
    shared = solveCholesky(cholesky(gram, size), right) as Float64Array<ArrayBuffer>;
    weights = all.map((moments) => moments.rows / Math.max(1e-4, varianceOf(moments, shared)));
  }
  return shared;
}

interface Shared {
  shape: Shape;
  shared: Float64Array;
  /** Ḡ */
  common: Float64Array;
  std: number;
  isAlone: boolean;
}

function ownPath(column: Column, moments: Moments, { shape, shared, common, std, isAlone }: Shared): Path {
  const { config, size } = shape;
  const own = isAlone || moments.rows === 0 ? shared : ownOf(moments, { shared, common, shape });
  const rest = varianceOf(moments, own) * moments.rows;
  const variance = rest / Math.max(moments.rows - config.lags.length, moments.rows / 3);
  const deviation = moments.rows === 0 ? std : Math.sqrt(variance);
  return {
    lags: config.lags,
    coefficients: size === 0 ? [] : withPrior(own, shape),
    std: Math.max(SAMPLE_FLOOR, deviation),
    range: rangeOf(column.values),
  };
}

function ownOf(
  { gram, right }: Moments,
  { shared, common, shape }: Pick<Shared, 'shared' | 'common' | 'shape'>,
): Float64Array {
  const { size, config } = shape;
  const lags = config.lags.length;
  const sum = gram.slice();
  addTo(sum, common, OWN);
  for (let i = 0; i < size; i++) sum[i * size + i]! += OWN_RIDGE;
  addLevel(sum, lags, size);
  const level = LEVEL * shared.subarray(0, lags).reduce((total, one) => total + one, 0);
  const rest = right.map((one, i) => {
    let left = one - (i < lags ? level : 0);
    for (let j = 0; j < size; j++) left -= gram[i * size + j]! * shared[j]!;
    return left;
  });
  return solveCholesky(cholesky(sum, size), rest).map((one, i) => one + shared[i]!);
}

/** Mean of (r − X d)². */
function varianceOf({ gram, right, square }: Moments, d: Float64Array): number {
  const size = d.length;
  let sum = square;
  for (let i = 0; i < size; i++) {
    let product = -2 * right[i]!;
    for (let j = 0; j < size; j++) product += gram[i * size + j]! * d[j]!;
    sum += d[i]! * product;
  }
  return Math.max(0, sum);
}

/** Adds ℓ o oᵀ. */
function addLevel(gram: Float64Array, lags: number, size: number): void {
  for (let i = 0; i < lags; i++) for (let j = 0; j < lags; j++) gram[i * size + j]! += LEVEL;
}

function addTo(sum: Float64Array, one: Float64Array, weight: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += weight * one[i]!;
}

function meanGram(all: Moments[], size: number): Float64Array {
  const sum = new Float64Array(size * size);
  for (const { gram } of all) addTo(sum, gram, 1 / all.length);
  return sum;
}

const withPrior = (d: Float64Array, { prior }: Shape): Float64Array =>
  d.map((one, i) => one + (prior[i] ?? 0));

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value / values.length, 0);

function rangeOf(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  return low <= high ? [low, high] : [0, 0];
}
