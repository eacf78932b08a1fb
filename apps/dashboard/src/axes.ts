/** Where the axes of a chart begin and end, and where their ticks are. Times are epoch ms, ticks on round local times. */
import type { SeriesView } from '@bellwether/contracts';
import type { Row } from './rows';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TICK_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 61, 91, 182, 365].map((n) => n * DAY),
];

/** Times for at most `count` ticks, on round local times; `offsetMs` is local time minus UTC at a time. */
export function timeTicks(
  [from, to]: [number, number],
  count: number,
  offsetMs: (time: number) => number = localOffset,
): number[] {
  if (!(to > from)) return [];
  const step = TICK_STEPS.find((size) => (to - from) / size <= count) ?? (to - from) / count;
  const shift = offsetMs(from);
  const ticks: number[] = [];
  for (let local = Math.ceil((from + shift) / step) * step; local - shift <= to; local += step) {
    const time = local - offsetMs(local - shift);
    if (time >= from && time <= to) ticks.push(time);
  }
  return ticks;
}

function localOffset(time: number): number {
  return -new Date(time).getTimezoneOffset() * MINUTE;
}

/** A tick as short as the stretch allows: a date where it spans days, seconds where it spans minutes. */
export function tickLabel(time: number, spanMs: number, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const at = new Date(time);
  const clock = { hour: '2-digit', minute: '2-digit' } as const;
  if (spanMs <= 5 * MINUTE) return at.toLocaleTimeString('en-GB', { ...clock, second: '2-digit', ...zone });
  const text = at.toLocaleTimeString('en-GB', { ...clock, ...zone });
  if (spanMs <= DAY * 1.5 && text !== '00:00') return text;
  const date = at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...zone });
  if (spanMs > 400 * DAY) return at.toLocaleDateString('en-GB', { month: 'short', year: 'numeric', ...zone });
  return spanMs <= 7 * DAY && text !== '00:00' ? `${date} ${text}` : date;
}

/** [from, to) of the x axis: the asked stretch and the forecast after it. */
export function timeDomain(view: SeriesView): [number, number] {
  const end = view.forecast?.time.at(-1) ?? -Infinity;
  return [Date.parse(view.from), Math.max(Date.parse(view.to), end)];
}

/**
 * Lowest and highest value of the y axis. Samples always fit; bands and forecasts may add at most the samples' own range
 * on either side, so that one wild band does not flatten the line. A limit of the series is shown if it is that near.
 */
export function valueDomain(rows: Row[], limits: number[] = []): [number, number] {
  const seen = rows.flatMap((row) => [row.value, ...(row.extent ?? [])]).filter(isNumber);
  const drawn = rows
    .flatMap((row) => [row.expected, ...(row.band ?? []), ...(row.wide ?? [])])
    .filter(isNumber)
    .concat(limits.filter((limit) => isNear(limit, seen)));
  if (seen.length === 0) return drawn.length === 0 ? [0, 1] : padded(lowest(drawn), highest(drawn));
  const [low, high] = [lowest(seen), highest(seen)];
  const range = high - low || Math.abs(high) || 1;
  return padded(
    Math.min(low, Math.max(lowest(drawn), low - range)),
    Math.max(high, Math.min(highest(drawn), high + range)),
  );
}

function isNear(limit: number, seen: number[]): boolean {
  const [low, high] = [lowest(seen), highest(seen)];
  const range = high - low || Math.abs(high) || 1;
  return limit >= low - range && limit <= high + range;
}

/** Round values inside the domain, about `count` steps of them, for the ticks of a value axis. */
export function valueTicks([low, high]: [number, number], count: number): number[] {
  const least = (high - low) / count;
  if (!(least > 0)) return [];
  const size = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * size).find((one) => one >= least) ?? least;
  const first = Math.ceil(low / step);
  const length = Math.max(0, Math.floor(high / step) - first + 1);
  // toPrecision takes off what binary fractions leave: 0.30000000000000004.
  return Array.from({ length }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** The score lane starts at 0 (as usual) and shows the threshold with room above. */
export function scoreDomain(rows: Row[], threshold: number | null): [number, number] {
  const scores = rows.map((row) => row.score).filter(isNumber);
  return [0, Math.max(3, (threshold ?? 0) * 1.25, highest(scores) * 1.1)];
}

function padded(low: number, high: number): [number, number] {
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  const floor = low >= 0 && low - room < 0 ? 0 : low - room;
  return [floor, high + room];
}

// Math.min(...values) would put a thousand arguments on the stack, so these fold.
export function lowest(values: number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Infinity);
}

export function highest(values: number[]): number {
  return values.reduce((most, value) => Math.max(most, value), -Infinity);
}

export function isNumber(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}
