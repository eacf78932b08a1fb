/**
 * What both scorers share: the order of a call. Inputs are laid on one grid per block, gaps filled with missing
 * samples, and what a model says of a sample (a mixture per window, in scaled units) becomes score and band.
 */
import { type Mixture, logDensity, mixtureQuantile } from './mixture';
import type { ScoreInput, Scored, State } from './model';
import { type Scaler, toRaw, toScaled } from './scaler';

/** A series that is being scored: its values after the gap, and what has been said of them so far. */
export interface Run {
  input: ScoreInput;
  /** null: cold. */
  state: State | null;
  /** Step of values[0], gap included. */
  start: number;
  /** Scaled, not clipped; NaN = missing. */
  values: Float32Array;
  /** Number of leading values that only fill the gap. */
  gap: number;
  scored: Scored;
}

/** A gap longer than this many steps makes a state worthless: the series starts cold again. */
export function begin(input: ScoreInput, longestGap: number): Run {
  const { state, start, values, scaler } = input;
  const gap = state === null ? 0 : start - state.step;
  if (gap < 0) {
    throw new RangeError(`values start at step ${start}, but the state already expects step ${state!.step}`);
  }
  const kept = gap > longestGap ? null : state;
  const filled = kept === null ? 0 : gap;
  const scaled = new Float32Array(filled + values.length).fill(NaN);
  values.forEach((value, i) => (scaled[filled + i] = toScaled(scaler, value)));
  const blank = () => new Float32Array(values.length).fill(NaN);
  const scored = { raw: blank(), expected: blank(), lower: blank(), upper: blank() };
  const next = { step: start + values.length, data: kept?.data ?? new Float32Array(0) };
  return {
    input,
    state: kept,
    start: start - filled,
    values: scaled,
    gap: filled,
    scored: { ...scored, state: next },
  };
}

/** Writes score and band of value t of a run. The score is the mean over the mixtures given. */
export function say(run: Run, t: number, mixtures: Mixture[]): void {
  const index = t - run.gap;
  if (index < 0) return;
  const { scored, input } = run;
  const all = mixtures.length === 1 ? mixtures[0]! : pooled(mixtures);
  scored.expected[index] = rawQuantile(all, 0.5, input.scaler);
  scored.lower[index] = rawQuantile(all, 0.05, input.scaler);
  scored.upper[index] = rawQuantile(all, 0.95, input.scaler);
  const x = run.values[t]!;
  if (Number.isNaN(x)) return;
  scored.raw[index] = mixtures.reduce((sum, mixture) => sum - logDensity(mixture, x) / mixtures.length, 0);
}

const rawQuantile = (mixture: Mixture, level: number, scaler: Scaler): number =>
  Math.max(-MAX_FLOAT, Math.min(MAX_FLOAT, toRaw(scaler, mixtureQuantile(mixture, level))));

function pooled(mixtures: Mixture[]): Mixture {
  const join = (parts: Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));
  return { means: join(mixtures.map(({ means }) => means)), stds: join(mixtures.map(({ stds }) => stds)) };
}

export function blocks<T>(all: T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** Lets timers and sockets have their turn between two blocks of work. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const MAX_FLOAT = 3e38;
