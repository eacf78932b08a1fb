/**
 * The linear path of one series, on which the networks that go step by step stand: an autoregression over recent and seasonal
 * lags with the calendar c_t beside it (Box & Jenkins), in scaled units.
 *
 *   centre_t = Σ_l a_l u_{t−l} + b·c_t        residual e_t = (u_t − centre_t) / spread
 *
 * A missing sample enters the lags as its centre, and so does a wild one. A lag from before a cold start is taken to be the last
 * sample heard, and widens the spread by what it might have been.
 */
import { stepsOf } from './calendar';
import type { ModelConfig } from './model';
import type { Scaler } from './scaler';

/** The longest lag: with h and it a state of one feature stays within 1 KB. */
export const LONGEST_LAG = 199;
const LONGEST_SEASON = 168;
const SHORTEST_CYCLE = 6;
const RECENT = 4;
const REPEATS = 3;
const AROUND = 2;

/** Seasons that the lags reach back to: the one of the series first, then day and week. */
function seasonsOf({ season, periodMs }: Pick<ModelConfig, 'season' | 'periodMs'>): number[] {
  const own = season !== null && season > 1 ? [season] : [];
  const cycles = [stepsOf('day', periodMs), stepsOf('week', periodMs)];
  const all = [...own, ...cycles.filter((steps) => steps >= SHORTEST_CYCLE)];
  return [...new Set(all)].filter((steps) => steps <= LONGEST_SEASON);
}

/** Ascending: 1 … 4, and within 2 of one, two and three seasons; at most half of the steps of a history. */
export function lagsOf(config: Pick<ModelConfig, 'season' | 'periodMs'>, steps: number): number[] {
  const lags = Array.from({ length: RECENT }, (_, i) => i + 1);
  for (const season of seasonsOf(config)) {
    for (let repeat = 1; repeat <= REPEATS; repeat++) {
      for (let off = -AROUND; off <= AROUND; off++) lags.push(repeat * season + off);
    }
  }
  const longest = Math.max(1, Math.min(LONGEST_LAG, Math.floor(steps / 2)));
  return [...new Set(lags)].filter((lag) => lag >= 1 && lag <= longest).sort((a, b) => a - b);
}

/** What is expected before anything is learnt: the mean of the same phase of up to three seasons. */
export function priorOf(config: Pick<ModelConfig, 'season' | 'periodMs' | 'lags'>): Float64Array {
  const season = seasonsOf(config).find((steps) => config.lags.includes(steps)) ?? 1;
  const repeats = [1, 2, 3].map((repeat) => repeat * season).filter((lag) => config.lags.includes(lag));
  return Float64Array.from(config.lags, (lag) => (repeats.includes(lag) ? 1 / repeats.length : 0));
}

/** How many samples back the lags reach. */
export const reachOf = ({ lags }: Pick<ModelConfig, 'lags'>): number => lags.at(-1) ?? 0;

/** One series' linear path. */
export interface Path {
  lags: number[];
  /** Of the lags, then of the calendar. */
  coefficients: ArrayLike<number>;
  std: number;
  /** Least and greatest value of the training. */
  range: [number, number];
}

/** Of a series that has none of its own. */
const USUAL_RANGE: [number, number] = [-6, 6];

export function pathOf(
  { coefficients, std, range }: Scaler,
  lags: number[],
  pooled: { coefficients: ArrayLike<number>; std: number },
): Path {
  const own = coefficients ?? pooled.coefficients;
  return { lags, coefficients: own, std: std ?? pooled.std, range: range ?? USUAL_RANGE };
}

/** Beyond this many standard deviations a sample is wild if it is nothing that the series does. */
const WILD = 6;
const WILD_RESIDUAL = 6;
/** Imagined values keep within so much of what has been. */
const MARGIN = 2;
const CLIP = 100;

export interface Walked {
  /** [time]; what was expected before each sample. */
  centre: Float32Array;
  spread: Float32Array;
  /** [time]; NaN where the sample is missing or not remembered. */
  residual: Float32Array;
  /** The last samples as they entered, oldest first; NaN = before the cold start. */
  past: Float32Array;
  /** Wild samples in a row up to now. */
  wild: number;
}

/**
 * Goes over scaled values [time], NaN = missing. Wild samples in a row are remembered once there are more than `longest`.
 * `calendar` is [time, width]; `past` is as long as the longest lag.
 */
export function walk(
  values: Float32Array,
  path: Path,
  from: { past: Float32Array; calendar: Float32Array; wild: number; longest: number },
): Walked {
  const { length } = values;
  const reach = from.past.length;
  const line = new Float32Array(reach + length);
  line.set(from.past);
  const [centre, spread, residual] = [0, 0, 0].map(() => new Float32Array(length)) as Three;
  let first = line.findIndex((value, i) => i >= reach || !Number.isNaN(value));
  let { wild } = from;
  for (let t = 0; t < length; t++) {
    const { mean, std } = expectedAt(reach + t, line, { path, first, calendar: from.calendar, t });
    centre[t] = mean;
    spread[t] = std;
    const e = (values[t]! - mean) / std;
    if (!Number.isNaN(e)) wild = isWild(values[t]!, e) ? wild + 1 : 0;
    const isRemembered = !Number.isNaN(e) && (wild === 0 || wild > from.longest);
    residual[t] = isRemembered ? e : NaN;
    line[reach + t] = isRemembered ? within(values[t]!, [-CLIP, CLIP]) : within(mean, widened(path.range));
    if (first === reach + t && !isRemembered) line[first++] = NaN;
  }
  return { centre, spread, residual, past: line.slice(length), wild: Math.min(wild, from.longest + 1) };
}

type Three = [Float32Array, Float32Array, Float32Array];

const isWild = (value: number, e: number): boolean => Math.abs(value) >= WILD && Math.abs(e) >= WILD_RESIDUAL;

export const within = (x: number, [low, high]: readonly [number, number]): number =>
  Math.max(low, Math.min(high, x));

export const widened = ([low, high]: [number, number]): [number, number] => [low - MARGIN, high + MARGIN];

function expectedAt(
  at: number,
  line: Float32Array,
  { path, first, calendar, t }: { path: Path; first: number; calendar: Float32Array; t: number },
): { mean: number; std: number } {
  const { lags, coefficients, std } = path;
  const width = coefficients.length - lags.length;
  let mean = 0;
  let unheard = 0;
  for (let i = 0; i < width; i++) mean += coefficients[lags.length + i]! * calendar[t * width + i]!;
  const last = first < at ? line[at - 1]! : 0;
  for (let i = 0; i < lags.length; i++) {
    const a = coefficients[i]!;
    const from = at - lags[i]!;
    if (from >= first) mean += a * line[from]!;
    else {
      mean += a * last;
      unheard += a * a;
    }
  }
  return { mean, std: unheard > 0 ? Math.sqrt(std * std + unheard) : std };
}

/** Values that go on from `past` with residuals e [horizon]; they keep within a margin of the range and of `past`. */
export function unfolded(
  path: Path,
  { past, calendar, residuals }: { past: Float32Array; calendar: Float32Array; residuals: Float32Array },
): Float32Array {
  const reach = past.length;
  const line = new Float32Array(reach + residuals.length);
  line.set(past);
  const found = past.findIndex((value) => !Number.isNaN(value));
  const first = found < 0 ? reach : found;
  let [low, high] = path.range;
  for (let i = first; i < reach; i++) [low, high] = [Math.min(low, past[i]!), Math.max(high, past[i]!)];
  const bounds = widened([low, high]);
  for (let t = 0; t < residuals.length; t++) {
    const { mean, std } = expectedAt(reach + t, line, { path, first, calendar, t });
    line[reach + t] = within(mean + std * residuals[t]!, bounds);
  }
  return line.subarray(reach);
}
