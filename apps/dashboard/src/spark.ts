/** A sparkline is three SVG paths: small enough to draw dozens of them without a chart library. */
import type { Sparkline } from '@bellwether/contracts';
import { isNumber, valueDomain } from './axes';
import { EMPTY, interval } from './rows';

/** SVG paths of a sparkline in a `width` × `height` box, broken where samples are missing. */
export interface SparkPaths {
  line: string;
  band: string;
  /** Places of samples over the threshold. */
  marks: { x: number; y: number }[];
}

export function sparkPaths(
  spark: Sparkline,
  threshold: number | null,
  box: { width: number; height: number },
): SparkPaths {
  const values = spark.value.filter(isNumber);
  const first = spark.time[0];
  const last = spark.time.at(-1);
  if (values.length === 0 || first === undefined || last === undefined)
    return { line: '', band: '', marks: [] };
  const rows = spark.time.map((time, i) => ({
    ...EMPTY,
    time,
    value: spark.value[i] ?? null,
    band: interval(spark.lower[i], spark.upper[i]),
    score: spark.score[i] ?? null,
  }));
  const [low, high] = valueDomain(rows);
  const x = (time: number) => round(((time - first) / (last - first || 1)) * box.width);
  const y = (value: number) =>
    round(box.height - ((clamp(value, low, high) - low) / (high - low || 1)) * box.height);
  const seen = rows.map((row) => (row.value === null ? null : ([x(row.time), y(row.value)] as const)));
  return {
    line: runs(seen).map(polyline).join(''),
    band: runs(
      rows.map((row) =>
        row.band === null ? null : ([x(row.time), y(row.band[0]), y(row.band[1])] as const),
      ),
    )
      .map(ribbon)
      .join(''),
    marks: rows.flatMap((row) =>
      threshold !== null && row.value !== null && row.score !== null && row.score > threshold
        ? [{ x: x(row.time), y: y(row.value) }]
        : [],
    ),
  };
}

/** Unbroken stretches of what is there. */
function runs<T>(items: (T | null)[]): T[][] {
  const found: T[][] = [[]];
  for (const item of items) {
    if (item === null) found.push([]);
    else found.at(-1)?.push(item);
  }
  return found.filter((run) => run.length > 0);
}

function polyline(points: (readonly [number, number])[]): string {
  const [start, ...rest] = points.map(([x, y]) => `${x},${y}`);
  // A lone sample would draw nothing: a line to itself draws its round cap.
  return rest.length === 0 ? `M${start}L${start}` : `M${start}L${rest.join(' ')}`;
}

function ribbon(points: (readonly [number, number, number])[]): string {
  const upper = points.map(([x, , y]) => `${x},${y}`);
  const lower = points.map(([x, y]) => `${x},${y}`).reverse();
  return `M${[...upper, ...lower].join(' ')}Z`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
