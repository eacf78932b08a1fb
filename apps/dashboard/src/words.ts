/** Numbers, times and scores as a person reads them: every number leaves with its unit. */
import type { Refusal, RefusalReason } from '@bellwether/contracts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Parts of a duration, long to short. */
const DURATION_PARTS: [number, string][] = [
  [DAY, 'd'],
  [HOUR, 'h'],
  [MINUTE, 'min'],
  [SECOND, 's'],
  [1, 'ms'],
];

/** Names of bucket widths, as in `1-hour means`. */
const WIDTH_NAMES: [number, string][] = [
  [7 * DAY, 'week'],
  [DAY, 'day'],
  [HOUR, 'hour'],
  [MINUTE, 'minute'],
  [SECOND, 'second'],
  [1, 'millisecond'],
];

/** Units that take an SI prefix, and the symbol it is put before. */
const PREFIXED_UNITS: Record<string, string> = {
  W: 'W',
  watt: 'W',
  watts: 'W',
  Hz: 'Hz',
  hertz: 'Hz',
  B: 'B',
  byte: 'B',
  bytes: 'B',
  'B/s': 'B/s',
  'bytes/s': 'B/s',
  'bit/s': 'bit/s',
  bps: 'bit/s',
  V: 'V',
  A: 'A',
  J: 'J',
  Wh: 'Wh',
  m: 'm',
  g: 'g',
  Pa: 'Pa',
};

const SECOND_UNITS = new Set(['s', 'sec', 'second', 'seconds']);

const SI_PREFIXES: [number, string][] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

export const MISSING = '–';

/** At most four significant digits, thousands separated: 1,234 · 12.3 · −0.00456. */
export function figure(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return MISSING;
  const magnitude = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e15)) {
    return `${sign}${magnitude.toExponential(2).replace('-', '−')}`;
  }
  if (magnitude >= 10 ** (digits - 1)) return `${sign}${Math.round(magnitude).toLocaleString('en-GB')}`;
  return `${sign}${Number(magnitude.toPrecision(digits))}`;
}

/** A value with its unit: `41.2 %`, `1.2 kW`, `350 ms`; large bare numbers are shortened to `1.2 M`. */
export function quantity(value: number | null | undefined, unit: string | null, digits = 4): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  if (unit !== null && SECOND_UNITS.has(unit)) return secondsAsText(value, digits);
  const symbol = unit === null ? null : (PREFIXED_UNITS[unit] ?? null);
  if (symbol !== null) return withPrefix(value, symbol, 1e3, digits);
  if (unit === null || unit === '') return withPrefix(value, '', 1e6, digits);
  return `${withPrefix(value, '', 1e6, digits)} ${unit === 'percent' ? '%' : unit}`;
}

function secondsAsText(value: number, digits: number): string {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || magnitude >= 1) {
    return magnitude < 120
      ? `${figure(value, digits)} s`
      : `${value < 0 ? '−' : ''}${duration(magnitude * SECOND)}`;
  }
  return magnitude >= 1e-3 ? `${figure(value * 1e3, digits)} ms` : `${figure(value * 1e6, digits)} µs`;
}

function withPrefix(value: number, symbol: string, from: number, digits: number): string {
  const magnitude = Math.abs(value);
  const prefix = magnitude >= from ? SI_PREFIXES.find(([size]) => magnitude >= size) : undefined;
  if (prefix === undefined) return `${figure(value, digits)} ${symbol}`.trim();
  return `${figure(value / prefix[0], Math.min(digits, 3))} ${prefix[1]}${symbol}`;
}

/** A unit this short stands beside each tick of an axis; a longer one is said once, above it. */
const SHORT_UNIT = 3;

/** A tick of a value axis and what stands above the axis: `[75 %, '']`, or `[9.5 k, 'passengers']`. */
export function axisWords(unit: string | null): { tick: (value: number) => string; title: string } {
  const name = unit === 'percent' ? '%' : (unit ?? '');
  const isBeside = name.length <= SHORT_UNIT || name in PREFIXED_UNITS || SECOND_UNITS.has(name);
  const tick = (value: number) => (isBeside ? quantity(value, unit, 3) : withPrefix(value, '', 1e4, 3));
  // No-break spaces: the chart would put the unit on a line of its own.
  return { tick: (value) => tick(value).replaceAll(' ', '\u00a0'), title: isBeside ? '' : name };
}

/** `12 s`, `3 h 20 min`, `2 d 4 h`: the two largest parts. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return MISSING;
  const whole = Math.round(Math.abs(ms));
  const first = DURATION_PARTS.findIndex(([size]) => whole >= size);
  if (first < 0) return '0 s';
  const [size, name] = DURATION_PARTS[first] as [number, string];
  const count = Math.floor(whole / size);
  const next = DURATION_PARTS[first + 1];
  if (next === undefined || name === 's' || count >= 100) return `${count.toLocaleString('en-GB')} ${name}`;
  const rest = Math.floor((whole - count * size) / next[0]);
  return rest === 0 ? `${count} ${name}` : `${count} ${name} ${rest} ${next[1]}`;
}

/** How long before `now`: `just now`, `12 s ago`; in one part, since nobody needs more. */
export function ago(time: number, now: number): string {
  const ms = now - time;
  if (ms < -2 * MINUTE) return `in ${coarse(-ms)}`;
  return ms < 2 * SECOND ? 'just now' : `${coarse(ms)} ago`;
}

function coarse(ms: number): string {
  const part = DURATION_PARTS.find(([size]) => ms >= size) ?? [1, 'ms'];
  return `${Math.floor(ms / part[0]).toLocaleString('en-GB')} ${part[1]}`;
}

/** A score is −log10 of a tail probability: 3.6 is `about 1 in 4,000`. */
export function scoreInWords(score: number | null | undefined): string {
  if (score === null || score === undefined || !Number.isFinite(score)) return 'not scored yet';
  if (score < 0.5) return 'as usual';
  if (score >= 12) return 'rarer than 1 in a trillion';
  return `about 1 in ${roundedCount(10 ** score)}`;
}

/** One or two significant digits, since a tail probability is an estimate. */
function roundedCount(count: number): string {
  const rounded = Number(count.toPrecision(count >= 10 && count < 1000 ? 2 : 1));
  if (rounded >= 1e9) return `${rounded / 1e9} billion`;
  if (rounded >= 1e6) return `${rounded / 1e6} million`;
  return rounded.toLocaleString('en-GB');
}

/** `1-hour means, from sample_hour`, or `raw samples`. */
export function resolutionInWords(resolution: { bucketMs: number; source: string }): string {
  if (resolution.bucketMs <= 0) return 'raw samples';
  const [size, name] = WIDTH_NAMES.find(([width]) => resolution.bucketMs >= width) ?? [1, 'millisecond'];
  return `${figure(resolution.bucketMs / size, 3)}-${name} means, from ${resolution.source}`;
}

/** `1 alert`, `12 alerts`; pass both forms for words like series. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-GB')} ${count === 1 ? one : many}`;
}

/** Sizes in bytes, powers of 1,000. */
export function bytes(count: number): string {
  return quantity(count, 'B', 3);
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** `{host=a, region=eu}` without the braces. */
export function labelsInWords(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}

/** Date and time where the reader is; with seconds, since samples may be that close. */
export function localTime(time: number, timeZone?: string): string {
  return new Date(time).toLocaleString('en-GB', {
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    ...(timeZone === undefined ? {} : { timeZone }),
  });
}

/** The same instant for people elsewhere: `2024-05-01 12:00:00 UTC`. */
export function utcTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const REFUSALS: Record<RefusalReason, string> = {
  unparsable: 'could not be read',
  non_finite: 'not a finite number',
  too_old: 'too old',
  in_the_future: 'in the future',
  bad_series: 'name or labels not allowed',
  not_a_number: 'not a number',
  native_histogram: 'native histograms',
  series_limit: 'too many series',
};

/** `2 samples refused, too old. The first: line 7, …`. */
export function refusalInWords({ reason, count, first }: Refusal): string {
  return `${counted(count, 'sample')} refused, ${REFUSALS[reason]}. The first: ${first.at}, ${first.detail}`;
}
