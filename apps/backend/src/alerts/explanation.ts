/** Explanations: why an alert fired, in a few words a person can act on, from what is stored of it. */
import type { Scored } from './alert';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What the tail of a calibration can still tell apart, in samples and in time: calibrations do not know years. */
const RAREST = 1_000_000;
const LONGEST_MS = 365 * DAY_MS;
/** Shares nearer to one half than this are called equal. */
const EVEN = 0.1;

export interface Explained {
  startsAt: Date;
  endsAt: Date | null;
  peak: Omit<Scored, 'threshold'>;
  unit: string | null;
  /** The usual distance of its samples; null: not known yet. */
  periodMs: number | null;
}

export function explain({ startsAt, endsAt, peak, unit, periodMs }: Explained): string {
  const rare = `${capital(rarity(peak.score, periodMs))}; ${sharesOf(peak.vrnnShare)}.`;
  const length = endsAt
    ? `It lasted ${duration(endsAt.getTime() - startsAt.getTime())}.`
    : `Firing since ${clockTime(startsAt)}.`;
  return `${surprise(peak, unit)} ${rare} ${length}`;
}

function surprise({ time, value, expected, lower, upper }: Explained['peak'], unit: string | null): string {
  const say = (number: number, width: number) => withUnit(format(number, width), unit);
  if (lower === null || upper === null) {
    const happened = `${say(value, 0)} at ${clockTime(time)}`;
    return expected === null ? `${happened}.` : `${happened}; about ${say(expected, 0)} was expected.`;
  }
  const width = upper - lower;
  const happened = `${say(value, width)} at ${clockTime(time)}`;
  const band = `${format(lower, width)} to ${say(upper, width)}`;
  return value < lower || value > upper
    ? `${happened}; ${band} was expected.`
    : `${happened} is within the expected ${band}, but the course around it is unusual.`;
}

/**
 * How often a sample as strange as this comes, in words: a score is −log10 of a tail probability, so such samples are 10^score
 * periods apart on average. Without a period it is said in samples.
 */
export function rarity(score: number, periodMs: number | null): string {
  const odds = 10 ** score;
  if (periodMs === null)
    return odds > RAREST
      ? `rarer than 1 in ${grouped(RAREST)} samples`
      : `about 1 in ${rounded(odds)} samples`;
  const known = Math.min(RAREST * periodMs, LONGEST_MS);
  const often = odds * periodMs > known ? `less than once in ${span(known)}` : onceIn(odds * periodMs);
  return `${often} for this series`;
}

const onceIn = (ms: number): string =>
  ms < MINUTE_MS ? 'more than once in a minute' : `about once in ${span(ms)}`;

/** `40 days`, `36 hours`, `a year`: in the largest unit of which there are two. */
function span(ms: number): string {
  if (ms >= LONGEST_MS) return 'a year';
  if (ms >= 2 * DAY_MS) return `${rounded(ms / DAY_MS)} days`;
  if (ms >= 2 * HOUR_MS) return `${rounded(ms / HOUR_MS)} hours`;
  return ms >= 2 * MINUTE_MS ? `${rounded(ms / MINUTE_MS)} minutes` : 'a minute';
}

/** As many digits as an estimate has: one, or two below a hundred. */
const rounded = (count: number): string =>
  grouped(Number(count.toPrecision(count >= 10 && count < 100 ? 2 : 1)));
const grouped = (count: number): string => count.toLocaleString('en-US');
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function sharesOf(vrnnShare: number): string {
  const forecaster = Math.round(vrnnShare * 100);
  const shares = (first: number) => `(${first} % / ${100 - first} %)`;
  if (Math.abs(vrnnShare - 0.5) < EVEN) return 'forecaster and reconstructor were equally surprised';
  return vrnnShare > 0.5
    ? `the forecaster was more surprised than the reconstructor ${shares(forecaster)}`
    : `the reconstructor was more surprised than the forecaster ${shares(100 - forecaster)}`;
}

export const withUnit = (number: string, unit: string | null): string =>
  unit ? `${number} ${unit}` : number;

/** A number with as many decimals as tell values apart that differ by a tenth of `width` (0: four digits). */
export function format(number: number, width: number): string {
  const size = Math.abs(number);
  if (size >= 1e9 || (size > 0 && size < 1e-6)) return number.toExponential(2);
  if (!(width > 0)) return number.toLocaleString('en-US', { maximumSignificantDigits: 4 });
  const maximumFractionDigits = Math.min(9, Math.max(0, Math.ceil(1 - Math.log10(width))));
  const rounded = Number(number.toFixed(maximumFractionDigits));
  return (rounded === 0 ? 0 : rounded).toLocaleString('en-US', { maximumFractionDigits });
}

/** `14:05 UTC`, with seconds where there are any. */
export function clockTime(time: Date): string {
  const text = time.toISOString().slice(11, 19);
  return `${text.endsWith(':00') ? text.slice(0, 5) : text} UTC`;
}

const UNITS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1_000 },
  { name: 'ms', ms: 1 },
];

/** The two largest units of a duration: `1 h 12 min`. */
export function duration(ms: number): string {
  const first = UNITS.findIndex((unit) => ms >= unit.ms);
  if (first < 0) return '0 s';
  const large = UNITS[first]!;
  const small = UNITS[first + 1];
  const count = Math.floor(ms / large.ms);
  const rest = small && small.name !== 'ms' ? Math.floor((ms % large.ms) / small.ms) : 0;
  return rest > 0 ? `${count} ${large.name} ${rest} ${small!.name}` : `${count} ${large.name}`;
}
