/** One cell of a person's CSV as a number or a time. Pure. */

/** Cells that mean: not measured. */
const MISSING = /^(?:|-+|na|n\/a|#n\/a|null|nil|none)$/i;
const NON_FINITE = /^[+-]?(?:nan|inf(?:inity)?)$/i;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const DECIMAL_COMMA = /^[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+(?:e[+-]?\d+)?$/i;

/** Longer than any number or time that a person writes. */
const MAX_LENGTH = 64;

export const isMissing = (cell: string): boolean => cell.length <= MAX_LENGTH && MISSING.test(cell.trim());

/** A number, perhaps not finite; undefined: something else. A decimal comma only where commas do not divide cells. */
export function readNumber(cell: string, hasDecimalComma: boolean): number | undefined {
  if (cell.length > MAX_LENGTH) return undefined;
  const text = cell.trim();
  if (NUMBER.test(text)) return Number(text);
  if (hasDecimalComma && DECIMAL_COMMA.test(text)) return Number(text.replaceAll('.', '').replace(',', '.'));
  return NON_FINITE.test(text) ? NaN : undefined;
}

/** Which number of 03/04/2026 is the day. */
export type DateOrder = 'day first' | 'month first';

const OFFSET = String.raw`\s*(z|utc|gmt|[+-]\d{2}:?\d{2})?`;
const CLOCK = String.raw`(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?${OFFSET}`;
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})${CLOCK}$`, 'i');
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4})${CLOCK}$`, 'i');
const EPOCH = /^\d{9,19}(?:\.\d+)?$/;

/** Epoch milliseconds; undefined: not a time, or one that could be two. Times without an offset are UTC. */
export function readTime(cell: string, order?: DateOrder): number | undefined {
  if (cell.length > MAX_LENGTH) return undefined;
  const text = cell.trim();
  if (EPOCH.test(text)) return readEpoch(Number(text));
  const [, year, month, day, ...clock] = YEAR_FIRST.exec(text) ?? [];
  if (year) return toTime(Number(year), Number(month), Number(day), clock);
  const [, first, separator, second, lastYear, ...lastClock] = YEAR_LAST.exec(text) ?? [];
  if (!first) return undefined;
  const known = separator === '.' ? 'day first' : order;
  if (known === undefined) return undefined;
  const [dayOf, monthOf] = known === 'day first' ? [first, second] : [second, first];
  return toTime(Number(lastYear), Number(monthOf), Number(dayOf), lastClock);
}

/** Seconds, milliseconds, microseconds or nanoseconds: each reads as a time of this age in one of them only. */
function readEpoch(epoch: number): number {
  if (epoch < 1e11) return epoch * 1e3;
  if (epoch < 1e14) return epoch;
  return epoch < 1e17 ? epoch / 1e3 : epoch / 1e6;
}

function toTime(
  year: number,
  month: number,
  day: number,
  [hour = '0', minute = '0', second = '0', fraction = '0', offset]: (string | undefined)[],
): number | undefined {
  const dayMs = Date.UTC(year, month - 1, day);
  if (new Date(dayMs).getUTCMonth() !== month - 1) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second) + Number(`0.${fraction}`);
  return dayMs + Math.round(seconds * 1e3) - readOffset(offset);
}

function readOffset(offset: string | undefined): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(offset ?? '') ?? [];
  return sign ? Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000 : 0;
}

/** Whether a cell is a date with the year last that reads two ways, and which way it cannot be read. */
export function dateOrders(cell: string): DateOrder[] | undefined {
  const [, first, separator, second] = YEAR_LAST.exec(cell.trim().slice(0, MAX_LENGTH)) ?? [];
  if (!first || separator === '.') return undefined;
  const orders: DateOrder[] = [];
  if (Number(second) <= 12) orders.push('day first');
  if (Number(first) <= 12) orders.push('month first');
  return orders;
}
