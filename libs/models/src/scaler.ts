/**
 * The scaler of one series: raw value v → scaled value x, in robust standard deviations.
 *
 *   u = (v − median) / scale        scale from the interquartile range: a few spikes do not move it
 *   x = u                           for |u| ≤ TAME
 *   x = ±(TAME + asinh(|u| − TAME)) beyond: strictly monotone with a continuous slope, so that a giant spike
 *                                   neither dominates the training nor ties with a bigger one
 */
export interface Scaler {
  median: number;
  scale: number;
}

const TAME = 4;
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

/** Raw → scaled; NaN stays NaN, infinities become missing. */
export function toScaled({ median, scale }: Scaler, value: number): number {
  if (!Number.isFinite(value)) return NaN;
  const u = Math.max(-HUGE, Math.min(HUGE, (value - median) / scale));
  const size = Math.abs(u);
  return size <= TAME ? u : Math.sign(u) * (TAME + Math.asinh(size - TAME));
}

/** Scaled → raw: the inverse of `toScaled`. */
export function toRaw({ median, scale }: Scaler, x: number): number {
  const size = Math.abs(x);
  const u = size <= TAME ? x : Math.sign(x) * (TAME + Math.sinh(Math.min(size - TAME, 80)));
  return median + scale * u;
}

/** log |dx/dv|: what turns a log density of scaled values into one of raw values. */
export function logSlope({ median, scale }: Scaler, value: number): number {
  const beyond = Math.max(0, Math.abs((value - median) / scale) - TAME);
  return -Math.log(scale) - 0.5 * Math.log1p(Math.min(beyond, HUGE) ** 2);
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
