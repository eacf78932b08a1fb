/**
 * The scaler of one series: raw value v → scaled value x, in robust standard deviations.
 *
 *   y = v, or log(v + offset)       of a series that is never negative and varies in proportion to its level; below
 *                                   v + offset = φ = exp(median) / 50 on along the tangent
 *   u = (y − median) / scale        scale from the interquartile range: a few spikes do not move it
 *   x = u                           for |u| ≤ tame
 *   x = ±(tame + asinh(|u| − tame)) beyond: strictly monotone with a continuous slope, so that a giant spike
 *                                   neither dominates the training nor ties with a bigger one
 */
export interface Scaler {
  median: number;
  scale: number;
  /** Of a logarithmic one. */
  offset?: number;
  /** Where taming begins; 4 when left out. */
  tame?: number;
  /** What a model that goes step by step knows of this series alone, in scaled units: its own linear path … */
  coefficients?: number[];
  /** … the standard deviation of what that leaves … */
  std?: number;
  /** … and the least and the greatest value it was trained on. */
  range?: [number, number];
}

const TAME = 4;
/** Nothing that a model foretells step by step lies farther out, so its values keep their proportions. */
const FAR = 100;
/** Standard normal: q75 − q25 and q95 − q5, in σ. */
const IQR = 1.349;
const MIDDLE_90 = 3.29;

/** Robust location and scale of the finite ones among `values`; never a scale of zero. */
export function fitScaler(values: ArrayLike<number>): Scaler {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return { median: 0, scale: 1 };
  const at = (q: number) => quantile(sorted, q);
  const median = at(0.5);
  const candidates = [
    Math.max((at(0.75) - at(0.25)) / IQR, (0.3 * (at(0.95) - at(0.05))) / MIDDLE_90),
    (at(0.99) - at(0.01)) / 4.65,
    (sorted.at(-1)! - sorted[0]!) / 10,
  ];
  const tiny = 1e-9 * Math.max(Math.abs(median), 1e-3);
  const scale = candidates.find((candidate) => candidate > tiny && Number.isFinite(candidate));
  return { median, scale: scale ?? Math.max(Math.abs(median) * 0.01, 1e-6) };
}

/** One scaler per feature of values [time, feature]. */
export function fitScalers(values: ArrayLike<number>, features = 1): Scaler[] {
  return Array.from({ length: features }, (_, f) =>
    fitScaler(Float64Array.from({ length: values.length / features }, (_, t) => values[t * features + f]!)),
  );
}

/**
 * Scalers for a model that goes step by step: their values are not tamed, and they are logarithmic where that is asked for and
 * the series allows it.
 */
export function fitStepScalers(
  values: ArrayLike<number>,
  features: number,
  { isLogarithmic }: { isLogarithmic: boolean },
): Scaler[] {
  return Array.from({ length: features }, (_, f) => {
    const own = Float64Array.from({ length: values.length / features }, (_, t) => values[t * features + f]!);
    if (!isLogarithmic || !allowsLogarithm(own)) return { ...fitScaler(own), tame: FAR };
    const offset = offsetOf(own);
    return { ...fitScaler(own.map((value) => Math.log(value + offset))), offset, tame: FAR };
  });
}

/** Never negative, not constant, and mostly not zero. */
export function allowsLogarithm(values: ArrayLike<number>): boolean {
  let [least, greatest, count, zeros] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
    count++;
    if (value === 0) zeros++;
  }
  return least >= 0 && greatest > least * (1 + 1e-6) && zeros < count / 2;
}

/** What is well above zero needs none; else an eighth of the mean keeps small values from becoming deep troughs. */
function offsetOf(values: Float64Array): number {
  const sorted = values.filter(Number.isFinite).sort();
  if (sorted[0]! > 0.05 * quantile(sorted, 0.5)) return 0;
  return sorted.reduce((sum, value) => sum + value / sorted.length, 0) / 8;
}

/** φ, where the logarithm gives way to its tangent. */
const footOf = (median: number): number => Math.exp(median) / 50;

function shaped({ median, offset }: Scaler, value: number): number {
  if (offset === undefined) return value;
  const [sum, foot] = [value + offset, footOf(median)];
  return sum >= foot ? Math.log(sum) : Math.log(foot) + sum / foot - 1;
}

/** Raw → scaled; NaN stays NaN, infinities become missing. */
export function toScaled(scaler: Scaler, value: number): number {
  if (!Number.isFinite(value)) return NaN;
  const { median, scale, tame = TAME } = scaler;
  const u = Math.max(-HUGE, Math.min(HUGE, (shaped(scaler, value) - median) / scale));
  const size = Math.abs(u);
  return size <= tame ? u : Math.sign(u) * (tame + Math.asinh(size - tame));
}

/** Scaled → raw: the inverse of `toScaled`; of what was never negative, never below zero. */
export function toRaw({ median, scale, offset, tame = TAME }: Scaler, x: number): number {
  const size = Math.abs(x);
  const u = size <= tame ? x : Math.sign(x) * (tame + Math.sinh(Math.min(size - tame, 80)));
  const y = median + scale * u;
  return offset === undefined ? y : Math.max(0, Math.exp(Math.min(y, MAX_EXPONENT)) - offset);
}

/** log |dx/dv|: what turns a log density of scaled values into one of raw values. */
export function logSlope(scaler: Scaler, value: number): number {
  const { median, scale, offset, tame = TAME } = scaler;
  const beyond = Math.max(0, Math.abs((shaped(scaler, value) - median) / scale) - tame);
  const bend = offset === undefined ? 0 : Math.log(Math.max(value + offset, footOf(median)));
  return -Math.log(scale) - bend - 0.5 * Math.log1p(Math.min(beyond, HUGE) ** 2);
}

/** Linear interpolation between order statistics of an ascending array. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (position - below) * (high - low);
}

const HUGE = 1e30;
const MAX_EXPONENT = 700;
