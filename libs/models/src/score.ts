/**
 * What all scorers share: the order of a call. One series after the other, its gap filled with missing samples, goes by, and
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

/** Goes along a run. */
export interface Follower {
  /** Scores the steps [from, to); all before have been scored. */
  score(from: number, to: number): void;
  /** What there is to remember after the last: the data of a state. */
  remember(): Float32Array;
}

/** Steps between two breaths. */
const STRETCH = 512;

/** Each series by a follower of its own. */
export async function scoreAll(
  inputs: ScoreInput[],
  { longestGap, follow }: { longestGap: number; follow: (run: Run) => Follower },
): Promise<Scored[]> {
  const runs = inputs.map((input) => begin(input, longestGap));
  let sinceBreath = 0;
  for (const run of runs) {
    const follower = follow(run);
    const steps = stepsIn(run);
    for (let from = 0; from < steps; from += STRETCH) {
      const to = Math.min(steps, from + STRETCH);
      if (sinceBreath >= STRETCH) {
        await breathe();
        sinceBreath = 0;
      }
      follower.score(from, to);
      sinceBreath += to - from;
    }
    run.scored.state.data = follower.remember();
  }
  return runs.map(({ scored }) => scored);
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
  for (let i = 0; i < values.length; i++) {
    scaled[filled * features + i] = toScaled(scalers[i % features]!, values[i]!);
  }
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

export const stepsIn = ({ values, features }: Run): number => values.length / features;

/** Whether any feature of step t has a sample. */
export function isHeard({ values, features }: Run, t: number): boolean {
  for (let f = 0; f < features; f++) if (!Number.isNaN(values[t * features + f]!)) return true;
  return false;
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
  for (let f = 0; f < features; f++) {
    const at = index * features + f;
    const [scaler, mixture] = [input.scalers[f]!, mixtures[f]!];
    const low = mixtureQuantile(mixture, 0.05);
    const middle = mixtureQuantile(mixture, 0.5);
    const high = mixtureQuantile(mixture, 0.95);
    scored.expected[at] = bounded(toRaw(scaler, middle));
    scored.lower[at] = bounded(toRaw(scaler, low));
    scored.upper[at] = bounded(toRaw(scaler, high));
    const x = run.values[t * features + f]!;
    if (Number.isNaN(x)) continue;
    scored.errors[at] = (x - middle) / Math.max((high - low) / WIDTH_90, 1e-6);
    const nats = -logDensity(mixture, x) * (weights?.[f] ?? 1);
    scored.contributions[at] = nats;
    raw += nats;
    seen++;
  }
  if (seen > 0) scored.raw[index] = raw;
}

/** q95 − q5 of a standard normal. */
const WIDTH_90 = 3.29;

const bounded = (value: number): number => Math.max(-MAX_FLOAT, Math.min(MAX_FLOAT, value));

export function blocks<T>(all: T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** Lets timers and sockets have their turn between two stretches of work. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const MAX_FLOAT = 3e38;
