/**
 * What all scorers share: the order of a call. Inputs are laid on one grid per block, gaps filled with missing samples, and
 * what a model says of a sample (a mixture per feature, in scaled units) becomes score and band.
 */
import { type Mixture, logDensity, mixtureQuantile } from './mixture';
import type { ScoreInput, Scored, State } from './model';
import { toRaw, toScaled } from './scaler';

/** A series that is being scored: its values after the gap, and what has been said of them so far. */
export interface Run {
  input: ScoreInput;
  features: number;
  /** null: cold. */
  state: State | null;
  /** Step of the first of values, gap included. */
  start: number;
  /** [time, feature], scaled, not clipped; NaN = missing. */
  values: Float32Array;
  /** Number of leading steps that only fill the gap. */
  gap: number;
  scored: Scored;
}

/** A gap longer than this many steps makes a state worthless: the series starts cold again. */
export function begin(input: ScoreInput, longestGap: number): Run {
  const { state, start, values, scalers } = input;
  const features = scalers.length;
  const gap = state === null ? 0 : start - state.step;
  if (gap < 0) {
    throw new RangeError(`values start at step ${start}, but the state already expects step ${state!.step}`);
  }
  const length = values.length / features;
  if (!Number.isInteger(length)) {
    throw new RangeError(`${values.length} values are not whole steps of ${features} features`);
  }
  const kept = gap > longestGap ? null : state;
  const filled = kept === null ? 0 : gap;
  const scaled = new Float32Array(filled * features + values.length).fill(NaN);
  values.forEach((value, i) => (scaled[filled * features + i] = toScaled(scalers[i % features]!, value)));
  const blank = () => new Float32Array(values.length).fill(NaN);
  const raw = new Float32Array(length).fill(NaN);
  const scored = {
    raw,
    contributions: blank(),
    errors: blank(),
    expected: blank(),
    lower: blank(),
    upper: blank(),
  };
  const next = { step: start + length, data: kept?.data ?? new Float32Array(0) };
  return {
    input,
    features,
    state: kept,
    start: start - filled,
    values: scaled,
    gap: filled,
    scored: { ...scored, state: next },
  };
}

/**
 * Writes score and bands of step t of a run: −log p of its observed features, each a mixture, weighted by `weights` (what is
 * one nat to a feature that is always surprising may be the world to another).
 */
export function say(run: Run, t: number, mixtures: Mixture[], weights?: ArrayLike<number>): void {
  const index = t - run.gap;
  if (index < 0) return;
  const { scored, input, features } = run;
  let [raw, seen] = [0, 0];
  mixtures.forEach((mixture, f) => {
    const at = index * features + f;
    const scaler = input.scalers[f]!;
    const [low, middle, high] = [0.05, 0.5, 0.95].map((level) => mixtureQuantile(mixture, level)) as Three;
    scored.expected[at] = bounded(toRaw(scaler, middle));
    scored.lower[at] = bounded(toRaw(scaler, low));
    scored.upper[at] = bounded(toRaw(scaler, high));
    const x = run.values[t * features + f]!;
    if (Number.isNaN(x)) return;
    scored.errors[at] = (x - middle) / Math.max((high - low) / WIDTH_90, 1e-6);
    const nats = -logDensity(mixture, x) * (weights?.[f] ?? 1);
    scored.contributions[at] = nats;
    raw += nats;
    seen++;
  });
  if (seen > 0) scored.raw[index] = raw;
}

type Three = [number, number, number];

/** q95 − q5 of a standard normal. */
const WIDTH_90 = 3.29;

const bounded = (value: number): number => Math.max(-MAX_FLOAT, Math.min(MAX_FLOAT, value));

export function blocks<T>(all: T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** Lets timers and sockets have their turn between two blocks of work. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const MAX_FLOAT = 3e38;
