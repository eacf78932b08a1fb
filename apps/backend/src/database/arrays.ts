/**
 * Columns of numbers as PostgreSQL's binary arrays, which the driver sends as they are: neither side writes or reads digits.
 * Format: `array_send` and the types' own `*_send` functions in PostgreSQL, https://github.com/postgres/postgres.
 */

const INT4 = 23;
const FLOAT8 = 701;
const TIMESTAMPTZ = 1184;
/** PostgreSQL counts microseconds from 2000-01-01. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const TWO_32 = 2 ** 32;

/** `int[]` of integers in [−2³¹, 2³¹). */
export function intArray(column: readonly number[]): Buffer {
  const { buffer, start } = begin(INT4, column.length, 4);
  let at = start;
  for (const value of column) at = buffer.writeInt32BE(value, buffer.writeInt32BE(4, at));
  return buffer;
}

/** `float8[]`. */
export function floatArray(column: readonly number[]): Buffer {
  const { buffer, start } = begin(FLOAT8, column.length, 8);
  let at = start;
  for (const value of column) at = buffer.writeDoubleBE(value, buffer.writeInt32BE(8, at));
  return buffer;
}

/** `timestamptz[]` of times in epoch ms, exact to the microsecond. */
export function timeArray(column: readonly number[]): Buffer {
  const { buffer, start } = begin(TIMESTAMPTZ, column.length, 8);
  let at = start;
  for (const ms of column) {
    const micros = Math.round((ms - EPOCH_MS) * 1000);
    const high = Math.floor(micros / TWO_32);
    at = buffer.writeInt32BE(high, buffer.writeInt32BE(8, at));
    at = buffer.writeUInt32BE(micros - high * TWO_32, at);
  }
  return buffer;
}

/** One dimension, no NULL, counted from 1; an empty array has no dimension. */
function begin(type: number, count: number, bytes: number): { buffer: Buffer; start: number } {
  const isEmpty = count === 0;
  const buffer = Buffer.allocUnsafe(isEmpty ? 12 : 20 + count * (4 + bytes));
  buffer.writeInt32BE(isEmpty ? 0 : 1, 0);
  buffer.writeInt32BE(0, 4);
  buffer.writeInt32BE(type, 8);
  if (isEmpty) return { buffer, start: 12 };
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16);
  return { buffer, start: 20 };
}
