/** Quantiles estimated from the buckets of a histogram. Pure. */
import { MAX_BUCKETS, type Exponential, type Point } from './point';

export interface Bucket {
  lower: number;
  upper: number;
  count: number;
}

/**
 * The value below which the share `q` of the observations lie, if they are spread evenly within each bucket: over its width, or
 * over its logarithm where the buckets are `geometric`. Undefined: there are no observations.
 */
export function quantile(q: number, buckets: readonly Bucket[], isGeometric: boolean): number | undefined {
  let rank = q * buckets.reduce((sum, { count }) => sum + count, 0);
  const filled = buckets.filter(({ count }) => count > 0);
  for (const [i, { lower, upper, count }] of filled.entries()) {
    if (rank > count && i < filled.length - 1) {
      rank -= count;
      continue;
    }
    const share = Math.min(1, rank / count);
    return isGeometric && lower !== 0 && upper !== 0
      ? lower * (upper / lower) ** share
      : lower + (upper - lower) * share;
  }
  return undefined;
}

/** Of an explicit histogram: the outermost buckets end at min and max, or else where Prometheus ends them. */
export function explicitBuckets({ bounds = [], buckets = [], min, max }: Point): Bucket[] {
  if (bounds.length === 0 && (min === undefined || max === undefined)) return [];
  const first = min ?? Math.min(0, bounds[0]!);
  const last = max ?? bounds.at(-1)!;
  return buckets.map((count, i) => ({ lower: bounds[i - 1] ?? first, upper: bounds[i] ?? last, count }));
}

/** Of an exponential histogram, from the smallest: bucket i holds (base^i, base^(i+1)] with base = 2^(2^−scale). */
export function exponentialBuckets({ scale = 0, zeroCount = 0, positive, negative }: Point): Bucket[] {
  const edge = (i: number) => 2 ** (i * 2 ** -scale);
  const side = ({ offset, counts }: Exponential) =>
    counts.map((count, i) => ({ lower: edge(offset + i), upper: edge(offset + i + 1), count }));
  const below = negative ? side(negative).reverse() : [];
  return [
    ...below.map(({ lower, upper, count }) => ({ lower: -upper, upper: -lower, count })),
    { lower: 0, upper: 0, count: zeroCount },
    ...(positive ? side(positive) : []),
  ];
}

const QUANTILES: readonly (readonly [suffix: string, q: number])[] = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
];

/** What is estimated of a histogram, within its min and max; nothing where it observed nothing. */
export function estimate(point: Point, isExponential: boolean): [suffix: string, value: number][] {
  const buckets = isExponential ? exponentialBuckets(point) : explicitBuckets(point);
  const { min = -Infinity, max = Infinity } = point;
  return QUANTILES.flatMap(([suffix, q]) => {
    const value = quantile(q, buckets, isExponential);
    return value === undefined ? [] : [[suffix, Math.max(min, Math.min(max, value))] as [string, number]];
  });
}

/** What is wrong with the buckets of a point, if something is. */
export function explainBuckets({ bounds = [], buckets = [], positive, negative }: Point): string | undefined {
  const most = Math.max(
    bounds.length,
    buckets.length,
    positive?.counts.length ?? 0,
    negative?.counts.length ?? 0,
  );
  if (most > MAX_BUCKETS) return `more than ${MAX_BUCKETS} buckets`;
  if (buckets.length > 0 && buckets.length !== bounds.length + 1)
    return `${buckets.length} buckets and ${bounds.length} bounds: there must be one bucket more`;
  if (bounds.some((bound, i) => Number.isNaN(bound) || bound <= bounds[i - 1]!))
    return 'the bounds of the buckets do not grow';
  return undefined;
}
