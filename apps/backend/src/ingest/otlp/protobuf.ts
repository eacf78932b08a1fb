/**
 * OTLP's protobuf encoding, read field by field: a message library would make objects of the whole body first, and of two bytes
 * one each. Fields as in opentelemetry/proto/metrics/v1/metrics.proto; fields of a message may come in any order. Pure.
 */
import protobuf from 'protobufjs/minimal';
import { BadInput, RequestError } from '../../http/problem';
import { budget, fromBytes, MAX_DEPTH, toText, type Budget, type Plain } from './attribute';
import {
  isIdentifying,
  MAX_ATTRIBUTES,
  MAX_BUCKETS,
  type Exponential,
  type Metric,
  type Point,
  type Sink,
} from './point';

type Reader = protobuf.Reader;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const tag = (field: number, wire: number): number => (field << 3) | wire;

/** Hands over what an ExportMetricsServiceRequest holds; throws BadInput where it is none. */
export function readProtobuf(body: Buffer, sink: Sink): void {
  const reader = protobuf.Reader.create(body);
  try {
    each(reader, body.length, tag(1, BYTES), (end) => readResource(reader, end, sink));
  } catch (error) {
    // The library throws plain errors for bytes that are no message; a TypeError is a mistake of ours.
    if (error instanceof RequestError || error instanceof TypeError) throw error;
    const detail = `not a message of protobuf, at byte ${reader.pos}`;
    throw new BadInput(`The body is not OTLP metrics: ${detail}.`, [{ at: `byte ${reader.pos}`, detail }]);
  }
}

function readResource(reader: Reader, end: number, sink: Sink): void {
  const start = reader.pos;
  const attributes = new Map<string, string>();
  each(reader, end, tag(1, BYTES), (resourceEnd) =>
    each(reader, resourceEnd, tag(1, BYTES), (one) => readAttribute(reader, one, attributes, isIdentifying)),
  );
  sink.resource(attributes);
  reader.pos = start;
  each(reader, end, tag(2, BYTES), (scopeEnd) =>
    each(reader, scopeEnd, tag(2, BYTES), (one) => readMetric(reader, one, sink)),
  );
}

type ReadPoint = (reader: Reader, end: number) => Point;

const KINDS: ReadonlyMap<number, readonly [Metric['kind'], ReadPoint]> = new Map([
  [tag(5, BYTES), ['gauge', readNumber]],
  [tag(7, BYTES), ['sum', readNumber]],
  [tag(9, BYTES), ['histogram', readHistogram]],
  [tag(10, BYTES), ['exponentialHistogram', readExponential]],
  [tag(11, BYTES), ['summary', readSummary]],
]);

function readMetric(reader: Reader, end: number, sink: Sink): void {
  let name = '';
  let found: { kind: Metric['kind']; read: ReadPoint; from: number; to: number } | undefined;
  fields(reader, end, (seen) => {
    const known = KINDS.get(seen);
    if (known) {
      const to = enter(reader, end);
      found = { kind: known[0], read: known[1], from: reader.pos, to };
      reader.pos = to;
    } else if (seen === tag(1, BYTES)) name = readText(reader, end);
    else return false;
    return true;
  });
  if (!found) return;
  const { kind, read, from, to } = found;
  reader.pos = from;
  sink.metric({ name, kind, ...readAggregation(reader, to) });
  reader.pos = from;
  each(reader, to, tag(1, BYTES), (pointEnd) => sink.point(read(reader, pointEnd)));
  reader.pos = end;
}

function readAggregation(reader: Reader, end: number): Pick<Metric, 'temporality' | 'isMonotonic'> {
  let temporality: Metric['temporality'] = 'unspecified';
  let isMonotonic = false;
  fields(reader, end, (seen) => {
    if (seen === tag(2, VARINT))
      temporality = (['unspecified', 'delta', 'cumulative'] as const)[reader.uint32()] ?? 'unspecified';
    else if (seen === tag(3, VARINT)) isMonotonic = reader.bool();
    else return false;
    return true;
  });
  return { temporality, isMonotonic };
}

/** Reads a field of a point, if it is one that it knows. */
type Take = (seen: number, point: Point) => boolean;

function readPoint(
  reader: Reader,
  end: number,
  numbers: { attributes: number; flags: number },
  take: Take,
): Point {
  const attributes = new Map<string, string>();
  const point: Point = { attributes, startNs: 0, timeNs: 0, flags: 0 };
  fields(reader, end, (seen) => {
    if (seen === tag(numbers.attributes, BYTES)) readAttribute(reader, enter(reader, end), attributes);
    else if (seen === tag(2, FIXED64)) point.startNs = readFixed64(reader);
    else if (seen === tag(3, FIXED64)) point.timeNs = readFixed64(reader);
    else if (seen === tag(numbers.flags, VARINT)) point.flags = reader.uint32();
    else return take(seen, point);
    return true;
  });
  return point;
}

function readNumber(reader: Reader, end: number): Point {
  return readPoint(reader, end, { attributes: 7, flags: 8 }, (seen, point) => {
    if (seen === tag(4, FIXED64)) point.value = reader.double();
    else if (seen === tag(6, FIXED64)) point.value = readSigned64(reader);
    else return false;
    return true;
  });
}

function readHistogram(reader: Reader, end: number): Point {
  const buckets: number[] = [];
  const bounds: number[] = [];
  const point = readPoint(reader, end, { attributes: 9, flags: 10 }, (seen, one) => {
    if (seen === tag(6, BYTES)) readPacked(reader, enter(reader, end), buckets, readFixed64);
    else if (seen === tag(6, FIXED64)) keep(buckets, readFixed64(reader));
    else if (seen === tag(7, BYTES)) readPacked(reader, enter(reader, end), bounds, readDouble);
    else if (seen === tag(7, FIXED64)) keep(bounds, reader.double());
    else if (seen === tag(11, FIXED64)) one.min = reader.double();
    else if (seen === tag(12, FIXED64)) one.max = reader.double();
    else return readTotals(reader, seen, one);
    return true;
  });
  return { ...point, count: point.count ?? 0, buckets, bounds };
}

function readExponential(reader: Reader, end: number): Point {
  const point = readPoint(reader, end, { attributes: 1, flags: 10 }, (seen, one) => {
    if (seen === tag(6, VARINT)) one.scale = reader.sint32();
    else if (seen === tag(7, FIXED64)) one.zeroCount = readFixed64(reader);
    else if (seen === tag(8, BYTES)) one.positive = readBuckets(reader, enter(reader, end));
    else if (seen === tag(9, BYTES)) one.negative = readBuckets(reader, enter(reader, end));
    else if (seen === tag(12, FIXED64)) one.min = reader.double();
    else if (seen === tag(13, FIXED64)) one.max = reader.double();
    else return readTotals(reader, seen, one);
    return true;
  });
  return { ...point, count: point.count ?? 0 };
}

function readBuckets(reader: Reader, end: number): Exponential {
  const buckets: Exponential = { offset: 0, counts: [] };
  fields(reader, end, (seen) => {
    if (seen === tag(1, VARINT)) buckets.offset = reader.sint32();
    else if (seen === tag(2, BYTES)) readPacked(reader, enter(reader, end), buckets.counts, readVarint);
    else if (seen === tag(2, VARINT)) keep(buckets.counts, readVarint(reader));
    else return false;
    return true;
  });
  return buckets;
}

function readSummary(reader: Reader, end: number): Point {
  const quantiles: { quantile: number; value: number }[] = [];
  const point = readPoint(reader, end, { attributes: 7, flags: 8 }, (seen, one) => {
    if (seen !== tag(6, BYTES)) return readTotals(reader, seen, one);
    const read = readQuantile(reader, enter(reader, end));
    if (quantiles.length < MAX_ATTRIBUTES) quantiles.push(read);
    return true;
  });
  return { ...point, count: point.count ?? 0, quantiles };
}

function readQuantile(reader: Reader, end: number): { quantile: number; value: number } {
  const read = { quantile: 0, value: 0 };
  fields(reader, end, (seen) => {
    if (seen === tag(1, FIXED64)) read.quantile = reader.double();
    else if (seen === tag(2, FIXED64)) read.value = reader.double();
    else return false;
    return true;
  });
  return read;
}

function readTotals(reader: Reader, seen: number, point: Point): boolean {
  if (seen === tag(4, FIXED64)) point.count = readFixed64(reader);
  else if (seen === tag(5, FIXED64)) point.sum = reader.double();
  else return false;
  return true;
}

function readAttribute(
  reader: Reader,
  end: number,
  attributes: Map<string, string>,
  isWanted: (key: string) => boolean = () => true,
): void {
  const [key, value] = readPair(reader, end, 0, budget());
  if (isWanted(key) && attributes.size < MAX_ATTRIBUTES) attributes.set(key, toText(value));
}

function readPair(reader: Reader, end: number, depth: number, left: Budget): [string, Plain] {
  let key = '';
  let value: Plain = null;
  fields(reader, end, (seen) => {
    if (seen === tag(1, BYTES)) key = readText(reader, end);
    else if (seen === tag(2, BYTES)) value = readAny(reader, enter(reader, end), depth, left);
    else return false;
    return true;
  });
  return [key, value];
}

/** An AnyValue; what is nested too deep or comes after very many others is passed over. */
function readAny(reader: Reader, end: number, depth: number, left: Budget): Plain {
  let value: Plain = null;
  if (depth > MAX_DEPTH || --left.left < 0) {
    reader.pos = end;
    return null;
  }
  fields(reader, end, (seen) => {
    if (seen === tag(1, BYTES)) value = readText(reader, end);
    else if (seen === tag(2, VARINT)) value = reader.bool();
    else if (seen === tag(3, VARINT)) value = readInteger(reader);
    else if (seen === tag(4, FIXED64)) value = reader.double();
    else if (seen === tag(5, BYTES)) value = readList(reader, enter(reader, end), depth, left);
    else if (seen === tag(6, BYTES)) value = readPairs(reader, enter(reader, end), depth, left);
    else if (seen === tag(7, BYTES)) value = fromBytes(readBytes(reader, end));
    else return false;
    return true;
  });
  return value;
}

function readList(reader: Reader, end: number, depth: number, left: Budget): Plain {
  const list: Plain[] = [];
  each(reader, end, tag(1, BYTES), (one) => {
    const value = readAny(reader, one, depth + 1, left);
    if (left.left >= 0) list.push(value);
  });
  return list;
}

function readPairs(reader: Reader, end: number, depth: number, left: Budget): Plain {
  const pairs: [string, Plain][] = [];
  each(reader, end, tag(1, BYTES), (one) => {
    const pair = readPair(reader, one, depth + 1, left);
    if (left.left >= 0) pairs.push(pair);
  });
  return Object.fromEntries(pairs);
}

/** Hands over the tag of every field; one that is not read is skipped. */
function fields(reader: Reader, end: number, read: (seen: number) => boolean): void {
  while (reader.pos < end) {
    const seen = reader.tag();
    if (!read(seen)) reader.skipType(seen & 7, 0, seen >>> 3);
  }
  if (reader.pos !== end) throw new RangeError('a field is longer than its message');
}

/** Hands over the end of every message under this tag. */
function each(reader: Reader, end: number, wanted: number, read: (end: number) => void): void {
  fields(reader, end, (seen) => {
    if (seen !== wanted) return false;
    const messageEnd = enter(reader, end);
    read(messageEnd);
    reader.pos = messageEnd;
    return true;
  });
}

/** Where the message ends that begins here. */
function enter(reader: Reader, end: number): number {
  const length = reader.uint32();
  if (length > end - reader.pos) throw new RangeError('a message is longer than the one around it');
  return reader.pos + length;
}

function readBytes(reader: Reader, end: number): Uint8Array {
  const from = reader.pos;
  const to = enter(reader, end);
  const start = reader.pos;
  reader.pos = to;
  return from < to ? reader.buf.subarray(start, to) : new Uint8Array();
}

const readText = (reader: Reader, end: number): string =>
  Buffer.from(readBytes(reader, end)).toString('utf8');

function readPacked(reader: Reader, end: number, into: number[], read: (reader: Reader) => number): void {
  while (reader.pos < end && into.length <= MAX_BUCKETS) keep(into, read(reader));
  if (reader.pos > end) throw new RangeError('a number is longer than its list');
  reader.pos = end;
}

function keep(list: number[], value: number): void {
  if (list.length <= MAX_BUCKETS) list.push(value);
}

const TWO_32 = 2 ** 32;

const readDouble = (reader: Reader): number => reader.double();

function readFixed64(reader: Reader): number {
  const low = reader.fixed32();
  return low + reader.fixed32() * TWO_32;
}

function readSigned64(reader: Reader): number {
  const low = reader.fixed32();
  return low + reader.sfixed32() * TWO_32;
}

/** Of 64 bits, unsigned. */
function readVarint(reader: Reader): number {
  const { low, high } = reader.uint64();
  return (low >>> 0) + (high >>> 0) * TWO_32;
}

/** All of its digits: two ids must not become one. */
function readInteger(reader: Reader): number | string {
  const { low, high } = reader.int64();
  const value = (low >>> 0) + high * TWO_32;
  return Number.isSafeInteger(value) ? value : String((BigInt(high) << 32n) | BigInt(low >>> 0));
}
