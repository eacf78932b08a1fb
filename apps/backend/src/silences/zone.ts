/** Local clocks: what the clock of a time zone shows at an instant, and the instant at which it first shows something. Pure. */

const HOUR_MS = 3_600_000;
/** Zones lie within 26 hours of each other, and Samoa once skipped a day: what concerns a local time happens within this. */
const MARGIN_MS = 36 * HOUR_MS;

/** Making one is dear; there are a few hundred zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const field = 'numeric' as const;
  const format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    ...{ year: field, month: field, day: field, hour: field, minute: field, second: field },
  });
  formats.set(timeZone, format);
  return format;
}

/** What the clock of the zone shows at this instant, as if it were UTC (ms). */
export function wallAt(timeZone: string, atMs: number): number {
  const shown = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of formatOf(timeZone).formatToParts(atMs))
    if (type in shown) shown[type as keyof typeof shown] = Number(value);
  const { year, month, day, hour, minute, second } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((atMs % 1_000) + 1_000) % 1_000);
}

/**
 * The instant (ms) at which the clock of the zone shows `wallMs` (as if UTC): the first of two where it is set back; where
 * it is set forward over it, the instant at which it is.
 */
export function instantOf(timeZone: string, wallMs: number): number {
  const [before, after] = [wallMs - MARGIN_MS, wallMs + MARGIN_MS];
  const shown = [before, after]
    .map((atMs) => wallMs - (wallAt(timeZone, atMs) - atMs))
    .filter((atMs) => wallAt(timeZone, atMs) === wallMs);
  return shown.length > 0 ? Math.min(...shown) : firstBeyond(timeZone, wallMs, before, after);
}

/** The first second in (low, high] at which the clock shows more than `wallMs`. */
function firstBeyond(timeZone: string, wallMs: number, low: number, high: number): number {
  let [below, beyond] = [Math.floor(low / 1_000), Math.ceil(high / 1_000)];
  while (beyond - below > 1) {
    const middle = Math.floor((below + beyond) / 2);
    if (wallAt(timeZone, middle * 1_000) > wallMs) beyond = middle;
    else below = middle;
  }
  return beyond * 1_000;
}
