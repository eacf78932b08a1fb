/** A chart of a series around an alert, as SVG: observed, expected and its band, the alert's stretch, axes with the unit. Pure. */
import type { Alert } from '@bellwether/contracts';
import { seriesOf, shortened } from './channels/message';

export interface ChartRow {
  /** Epoch, ms. */
  time: number;
  value: number;
  expected: number | null;
  lower: number | null;
  upper: number | null;
}

/** What is drawn: [from, to) in ms, in buckets. */
export interface Stretch {
  from: number;
  to: number;
  bucketMs: number;
}

export const WIDTH = 720;
export const HEIGHT = 300;
const PLOT = { left: 62, right: 704, top: 52, bottom: 262 };
/** Those of the light dashboard. */
export const COLORS = {
  ...{ surface: '#ffffff', ink: '#14181f', muted: '#525a68', line: '#dde1e7' },
  ...{ observed: '#16243a', expected: '#2460c8', band: '#d5e2fa', alert: '#f7c6c1' },
};

const MOST_POINTS = 600;
/** What is shown before an alert, at least. */
const STEPS_BEFORE = 60;
const MOST_STEPS = 3_000;
const TITLE = 70;
const DAY_MS = 86_400_000;

/** From well before the alert until shortly after it, or, while it fires, until the newest sample; of a very long one, its newest part. */
export function stretchOf(
  { startsAt, endsAt, peak }: Pick<Alert, 'startsAt' | 'endsAt' | 'peak'>,
  { periodMs, newestMs }: { periodMs: number; newestMs: number },
): Stretch {
  const start = Date.parse(startsAt);
  const end = endsAt ? Date.parse(endsAt) : Math.max(newestMs, Date.parse(peak.time));
  const before = Math.max(STEPS_BEFORE * periodMs, end - start);
  const to = endsAt ? Math.min(end + before / 4, Math.max(newestMs, end)) + periodMs : end + periodMs;
  const from = Math.max(start - before, to - MOST_STEPS * periodMs);
  return { from, to, bucketMs: Math.max(periodMs, Math.ceil((to - from) / MOST_POINTS)) };
}

type Place = (number: number) => number;

export function chart(alert: Alert, rows: readonly ChartRow[], { from, to, bucketMs }: Stretch): string {
  const [low, high] = extentOf(rows);
  const x = scale([from, to], [PLOT.left, PLOT.right]);
  const y = scale([low, high], [PLOT.bottom, PLOT.top]);
  const runs = runsOf(rows, bucketMs);
  const { unit } = alert.series;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="DejaVu Sans" font-size="11">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="${COLORS.surface}"/>`,
    text(14, 20, shortened(seriesOf(alert), TITLE), { size: 13, fill: COLORS.ink }),
    legend(from),
    `<clipPath id="plot"><rect x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.right - PLOT.left}" height="${PLOT.bottom - PLOT.top}"/></clipPath>`,
    '<g clip-path="url(#plot)">',
    stretch(alert, x, to),
    ...runs.map((run) => band(run, x, y)),
    '</g>',
    ...ticks(low, high).map((tick, _, all) => row(tick, y, (all[1] ?? tick) - all[0]!)),
    ...timeTicks(from, to).map((tick) => column(tick, x, to - from)),
    '<g clip-path="url(#plot)">',
    ...runs.map((run) => line(run, 'expected', x, y)),
    ...runs.map((run) => line(run, 'value', x, y)),
    '</g>',
    text(14, 42, unit ?? 'no unit', {}),
    '</svg>',
  ].join('\n');
}

function scale([low, high]: [number, number], [start, end]: [number, number]): Place {
  return (number) => start + ((number - low) / (high - low || 1)) * (end - start);
}

/** What has to fit, with a little room; a flat line stands in the middle. */
function extentOf(rows: readonly ChartRow[]): [number, number] {
  const all = rows
    .flatMap(({ value, expected, lower, upper }) => [value, expected, lower, upper])
    .filter((number): number is number => number !== null && Number.isFinite(number));
  if (all.length === 0) return [0, 1];
  const low = all.reduce((a, b) => Math.min(a, b));
  const high = all.reduce((a, b) => Math.max(a, b));
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

/** Parts between which samples are missing. */
function runsOf(rows: readonly ChartRow[], bucketMs: number): ChartRow[][] {
  const runs: ChartRow[][] = [];
  for (const one of rows) {
    const before = runs.at(-1)?.at(-1);
    if (before && one.time - before.time < 1.9 * bucketMs) runs.at(-1)!.push(one);
    else runs.push([one]);
  }
  return runs;
}

function stretch({ startsAt, endsAt }: Alert, x: Place, to: number): string {
  const left = x(Date.parse(startsAt));
  const right = x(endsAt ? Date.parse(endsAt) : to);
  return `<rect x="${fixed(left)}" y="${PLOT.top}" width="${fixed(Math.max(2, right - left))}" height="${PLOT.bottom - PLOT.top}" fill="${COLORS.alert}"/>`;
}

function band(run: readonly ChartRow[], x: Place, y: Place): string {
  const known = run.filter(({ lower, upper }) => lower !== null && upper !== null);
  if (known.length < 2) return '';
  const points = [
    ...known.map(({ time, upper }) => at(x(time), y(upper!))),
    ...known.toReversed().map(({ time, lower }) => at(x(time), y(lower!))),
  ];
  return `<polygon points="${points.join(' ')}" fill="${COLORS.band}" fill-opacity="0.85"/>`;
}

function line(run: readonly ChartRow[], of: 'value' | 'expected', x: Place, y: Place): string {
  const points = run.flatMap((one) => (one[of] === null ? [] : [at(x(one.time), y(one[of]))]));
  const [look, dot] =
    of === 'value'
      ? [`stroke="${COLORS.observed}" stroke-width="1.6"`, COLORS.observed]
      : [`stroke="${COLORS.expected}" stroke-width="1.2" stroke-dasharray="4 3"`, COLORS.expected];
  // A sample by itself has no line.
  if (points.length === 1) {
    const [cx, cy] = points[0]!.split(',');
    return `<circle cx="${cx}" cy="${cy}" r="1.8" fill="${dot}"/>`;
  }
  return `<polyline points="${points.join(' ')}" fill="none" ${look}/>`;
}

const fixed = (number: number): string => number.toFixed(1);
const at = (x: number, y: number): string => `${fixed(x)},${fixed(y)}`;

// Axes

/** Round numbers, about four of them, from `low` to `high`. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, i) =>
    Number(((first + i) * step).toPrecision(15)),
  );
}

const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 7, 14, 30, 90, 180, 365].map((days) => days * DAY_MS),
];

/** Times of a clock, six at most. */
export function timeTicks(from: number, to: number): number[] {
  const step = TIME_STEPS.find((one) => (to - from) / one <= 6) ?? to - from;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(0, Math.ceil((to - first) / step)) }, (_, i) => first + i * step);
}

function row(tick: number, y: Place, step: number): string {
  const height = fixed(y(tick));
  return [
    `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${height}" y2="${height}" stroke="${COLORS.line}"/>`,
    text(PLOT.left - 6, y(tick) + 4, figure(tick, step), { anchor: 'end' }),
  ].join('');
}

function column(tick: number, x: Place, span: number): string {
  const left = fixed(x(tick));
  return [
    `<line x1="${left}" x2="${left}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 4}" stroke="${COLORS.muted}"/>`,
    text(x(tick), PLOT.bottom + 17, clock(tick, span), { anchor: 'middle' }),
  ].join('');
}

/** As many decimals as tell ticks apart that are `step` from each other. */
function figure(number: number, step: number): string {
  if (Math.abs(number) >= 1e9 || (step > 0 && step < 1e-6)) return number.toExponential(2).replace('e+', 'e');
  const maximumFractionDigits = step > 0 ? Math.max(0, Math.ceil(1 - Math.log10(step))) : 3;
  return number.toLocaleString('en-US', { maximumFractionDigits });
}

/** The date at midnight and on long stretches, else the time of day; seconds where they tell ticks apart. */
function clock(tick: number, span: number): string {
  const instant = new Date(tick).toISOString();
  if (tick % DAY_MS === 0 || span > 6 * DAY_MS) return instant.slice(0, 10);
  return span < 6 * 60_000 ? instant.slice(11, 19) : instant.slice(11, 16);
}

function legend(from: number): string {
  const box = (left: number, fill: string, words: string) =>
    `<rect x="${left}" y="282" width="12" height="9" fill="${fill}"/>${text(left + 17, 290, words, {})}`;
  const stroke = (left: number, look: string, words: string) =>
    `<line x1="${left}" x2="${left + 16}" y1="286.5" y2="286.5" ${look}/>${text(left + 21, 290, words, {})}`;
  return [
    stroke(62, `stroke="${COLORS.observed}" stroke-width="1.6"`, 'observed'),
    stroke(160, `stroke="${COLORS.expected}" stroke-width="1.2" stroke-dasharray="4 3"`, 'expected'),
    box(258, COLORS.band, 'expected band'),
    box(378, COLORS.alert, 'alert'),
    text(PLOT.right, 290, `UTC, from ${new Date(from).toISOString().slice(0, 10)}`, { anchor: 'end' }),
  ].join('');
}

function text(
  x: number,
  y: number,
  words: string,
  { size = 11, fill = COLORS.muted, anchor = 'start' }: { size?: number; fill?: string; anchor?: string },
): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

/** XML holds no control characters, however they are written. */
const escaped = (words: string): string =>
  words
    .replace(/\p{Cc}/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
