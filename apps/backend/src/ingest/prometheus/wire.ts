/**
 * Reading of protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) with the reader of protobufjs, which
 * says where bytes end too early; here are the pieces that it lacks, or has slower. Pure.
 */
import { isUtf8 } from 'node:buffer';
import type { Reader } from 'protobufjs/minimal';

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;

/** What stands before a field: its number and how its value is written. */
export const tagOf = (number: number, wireType: number): number => (number << 3) | wireType;

/** Goes into a message or a packed field: nothing is read beyond its end. Returns the end of what holds it, for `leave`. */
export function enter(reader: Reader): number {
  const outer = reader.len;
  const size = reader.uint32();
  if (size > outer - reader.pos) throw new RangeError('a length is larger than what is left');
  reader.len = reader.pos + size;
  return outer;
}

export function leave(reader: Reader, outer: number): void {
  reader.pos = reader.len;
  reader.len = outer;
}

/** Reads the fields up to the end: `take` gets the tag of each, and says whether it has read it; if not, it is read over. */
export function eachField(reader: Reader, take: (tag: number) => boolean): void {
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    if (!take(tag)) skip(reader, tag);
  }
}

export function skip(reader: Reader, tag: number): void {
  reader.skipType(tag & 7, 0, tag >>> 3);
}

/** A signed varint of 64 bits, exact up to 2^53: protobufjs would make an object of each. */
export function readInt64(reader: Reader): number {
  const { buf, len } = reader;
  let low = 0;
  let high = 0;
  for (let i = 0; i < 10; i++) {
    if (reader.pos >= len) throw new RangeError('it ends within a number');
    const byte = buf[reader.pos++]!;
    if (i < 4) low |= (byte & 0x7f) << (7 * i);
    else high += (byte & 0x7f) * 2 ** (7 * (i - 4));
    if (byte < 0x80) return (high < 2 ** 35 ? high : high - 2 ** 36) * 2 ** 28 + low;
  }
  throw new RangeError('a number has more than ten bytes');
}

/** More bytes than any name or label may have: what is longer is refused by its beginning, and not carried along. */
const MOST_TEXT = 1_024;
/** Half a surrogate pair stands for bytes that are no UTF-8; the collector refuses it by that name. */
const NO_UNICODE = '\ud800';

export function readText(reader: Reader): string {
  const outer = enter(reader);
  const bytes = reader.buf as Buffer;
  const from = reader.pos;
  const isWhole = reader.len - from <= MOST_TEXT;
  const to = isWhole ? reader.len : from + MOST_TEXT;
  leave(reader, outer);
  const text = bytes.toString('utf8', from, to);
  const isBroken = isWhole && text.includes('\ufffd') && !isUtf8(bytes.subarray(from, to));
  return isBroken ? NO_UNICODE : text;
}
