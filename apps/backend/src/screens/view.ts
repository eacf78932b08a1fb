/** How a stretch of a series is drawn: which resolution, from which table, and where the line breaks. Pure. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Bucket widths in ms that divide each other's tables evenly; below a minute the buckets are made from samples. */
const WIDTHS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];

export type Source = 'sample' | 'sample_1m' | 'sample_1h' | 'sample_1d';

export interface Resolution {
  /** 0: raw samples. */
  bucketMs: number;
  source: Source;
}

/**
 * Buckets over fewer steps than this are made from the samples themselves: quick enough, and exact at once, where an aggregate
 * learns of late samples (an import of last year, say) only when its policy runs.
 */
const EXACT_STEPS = 20_000;

/** The finest resolution that draws [from, to) ms with at most about `points` points; samples lie in `heldMs` of it, or anywhere. */
export function resolve({
  from,
  to,
  points,
  periodMs,
  heldMs = to - from,
}: {
  from: number;
  to: number;
  points: number;
  periodMs: number | null;
  heldMs?: number;
}): Resolution {
  const span = to - from;
  if (periodMs !== null && span / periodMs <= points) return RAW;
  const resolution = bucketed(span / points);
  return periodMs !== null && heldMs / periodMs <= EXACT_STEPS
    ? { ...resolution, source: 'sample' }
    : resolution;
}

export const RAW: Resolution = { bucketMs: 0, source: 'sample' };

export function bucketed(leastMs: number): Resolution {
  const bucketMs = WIDTHS.find((width) => width >= leastMs) ?? WIDTHS.at(-1)!;
  if (bucketMs < MINUTE) return { bucketMs, source: 'sample' };
  if (bucketMs < HOUR) return { bucketMs, source: 'sample_1m' };
  return { bucketMs, source: bucketMs < DAY ? 'sample_1h' : 'sample_1d' };
}

export interface ViewRow {
  time: number;
  value: number | null;
  min: number | null;
  max: number | null;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  score: number | null;
}

/** The step of rows whose series has no period yet: the median of their distances, in ms. */
export function usualStep(rows: ViewRow[]): number {
  const steps = rows.slice(1).map(({ time }, i) => time - rows[i]!.time);
  return steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
}

/** Puts one empty row into each gap, so that a line breaks where samples are missing; `stepMs` is their usual distance. */
export function breakAtGaps(rows: ViewRow[], stepMs: number): ViewRow[] {
  if (stepMs <= 0) return rows;
  return rows.flatMap((row, i) => {
    const next = rows[i + 1];
    return next && next.time - row.time > 1.9 * stepMs ? [row, empty(row.time + stepMs)] : [row];
  });
}

const empty = (time: number): ViewRow => ({
  time,
  value: null,
  min: null,
  max: null,
  expected: null,
  lower: null,
  upper: null,
  score: null,
});

/** Rows as the columns the screen draws. */
export const toColumns = (rows: ViewRow[]) => ({
  time: rows.map(({ time }) => time),
  samples: {
    value: rows.map(({ value }) => value),
    min: rows.map(({ min }) => min),
    max: rows.map(({ max }) => max),
  },
  expected: rows.map(({ expected }) => expected),
  band: { lower: rows.map(({ lower }) => lower), upper: rows.map(({ upper }) => upper) },
  scores: rows.map(({ score }) => score),
});

/** Steps shown when nobody says which. */
const DEFAULT_STEPS = 300;

/** The stretch [from, to) in ms: what was asked for, else the newest samples. */
export function stretch(
  asked: { from: number | undefined; to: number | undefined },
  { firstAt, lastAt, periodMs }: { firstAt: number; lastAt: number; periodMs: number | null },
): { from: number; to: number } {
  const to = asked.to ?? Math.max(lastAt, asked.from ?? lastAt) + 1;
  const from =
    asked.from ??
    Math.max(firstAt, to - DEFAULT_STEPS * (periodMs ?? Math.max(1, (lastAt - firstAt) / DEFAULT_STEPS)));
  return { from: asked.from ?? Math.min(from, to - 1), to };
}
