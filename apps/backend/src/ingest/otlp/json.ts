/** OTLP's JSON encoding: protobuf's own mapping, with names in camelCase: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Pure. */
import { BadInput } from '../../http/problem';
import { findSyntaxError } from '../json-syntax';
import { budget, MAX_DEPTH, toText, type Budget, type Plain } from './attribute';
import {
  isIdentifying,
  MAX_ATTRIBUTES,
  MAX_BUCKETS,
  type Attributes,
  type Exponential,
  type Metric,
  type Point,
  type Sink,
} from './point';

type Fields = Record<string, unknown>;
/** Where something stands in the body; only asked for what is wrong. */
type Where = () => string;

/** Hands over what an ExportMetricsServiceRequest holds; throws BadInput where it is none. */
export function readJson(body: Buffer, sink: Sink): void {
  const root = fieldsOf(parse(body.toString('utf8')), () => 'body');
  for (const [resourceMetrics, where] of items(root, 'resourceMetrics', () => '')) {
    const resource = fieldsOf(resourceMetrics['resource'] ?? {}, () => `${where()}.resource`);
    sink.resource(readAttributes(resource, () => `${where()}.resource`, isIdentifying));
    for (const [scope, inScope] of items(resourceMetrics, 'scopeMetrics', where))
      for (const [metric, inMetric] of items(scope, 'metrics', inScope)) readMetric(metric, inMetric, sink);
  }
}

function parse(body: string): unknown {
  const text = body.startsWith('\uFEFF') ? body.slice(1) : body;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message has no position in some cases: `findSyntaxError` says where and what.
    const { line, column, what } = findSyntaxError(text);
    const at = `line ${line}, column ${column}`;
    throw new BadInput(`The body is not valid JSON: ${at}: ${what}.`, [{ at, detail: what }]);
  }
}

type ReadPoint = (point: Fields, where: Where) => Omit<Point, 'attributes' | 'startNs' | 'timeNs' | 'flags'>;

const KINDS: readonly (readonly [Metric['kind'], ReadPoint])[] = [
  ['gauge', readNumber],
  ['sum', readNumber],
  ['histogram', readHistogram],
  ['exponentialHistogram', readExponential],
  ['summary', readSummary],
];

function readMetric(metric: Fields, where: Where, sink: Sink): void {
  const [kind, read] = KINDS.find(([name]) => isThere(metric[name])) ?? [];
  if (kind === undefined || read === undefined) return;
  const inKind = () => `${where()}.${kind}`;
  const data = fieldsOf(metric[kind], inKind);
  const name = textOf(metric['name'] ?? '', () => `${where()}.name`);
  const { aggregationTemporality, isMonotonic } = data;
  sink.metric({
    name,
    kind,
    temporality: readTemporality(aggregationTemporality),
    isMonotonic: isMonotonic === true,
  });
  for (const [point, inPoint] of items(data, 'dataPoints', inKind))
    sink.point({
      attributes: readAttributes(point, inPoint),
      startNs: numberIn(point, 'startTimeUnixNano', inPoint) ?? 0,
      timeNs: numberIn(point, 'timeUnixNano', inPoint) ?? 0,
      flags: numberIn(point, 'flags', inPoint) ?? 0,
      ...read(point, inPoint),
    });
}

/** The number of the enumeration, as the specification asks for, or its name, as protobuf's mapping allows. */
function readTemporality(value: unknown): Metric['temporality'] {
  if (value === 1 || value === 'AGGREGATION_TEMPORALITY_DELTA') return 'delta';
  return value === 2 || value === 'AGGREGATION_TEMPORALITY_CUMULATIVE' ? 'cumulative' : 'unspecified';
}

function readNumber(point: Fields, where: Where) {
  return { value: numberIn(point, 'asDouble', where) ?? numberIn(point, 'asInt', where) };
}

function readHistogram(point: Fields, where: Where) {
  return {
    ...readTotals(point, where),
    bounds: numbersIn(point, 'explicitBounds', where),
    buckets: numbersIn(point, 'bucketCounts', where),
  };
}

function readExponential(point: Fields, where: Where) {
  return {
    ...readTotals(point, where),
    scale: numberIn(point, 'scale', where),
    zeroCount: numberIn(point, 'zeroCount', where),
    positive: readBuckets(point, 'positive', where),
    negative: readBuckets(point, 'negative', where),
  };
}

function readBuckets(point: Fields, key: string, where: Where): Exponential | undefined {
  if (!isThere(point[key])) return undefined;
  const inside = () => `${where()}.${key}`;
  const buckets = fieldsOf(point[key], inside);
  return {
    offset: numberIn(buckets, 'offset', inside) ?? 0,
    counts: numbersIn(buckets, 'bucketCounts', inside),
  };
}

function readSummary(point: Fields, where: Where) {
  const quantiles: { quantile: number; value: number }[] = [];
  for (const [one, inside] of items(point, 'quantileValues', where))
    if (quantiles.length < MAX_ATTRIBUTES)
      quantiles.push({
        quantile: numberIn(one, 'quantile', inside) ?? 0,
        value: numberIn(one, 'value', inside) ?? 0,
      });
  return { ...readTotals(point, where), quantiles };
}

const readTotals = (point: Fields, where: Where) => ({
  count: numberIn(point, 'count', where) ?? 0,
  sum: numberIn(point, 'sum', where),
  min: numberIn(point, 'min', where),
  max: numberIn(point, 'max', where),
});

function readAttributes(
  of: Fields,
  where: Where,
  isWanted: (key: string) => boolean = () => true,
): Attributes {
  const attributes = new Map<string, string>();
  for (const [pair, inside] of items(of, 'attributes', where)) {
    const key = textOf(pair['key'] ?? '', () => `${inside()}.key`);
    if (isWanted(key) && attributes.size < MAX_ATTRIBUTES)
      attributes.set(key, toText(readAny(pair['value'], 0, budget())));
  }
  return attributes;
}

/** An AnyValue; what is nested too deep or comes after very many others is passed over. */
function readAny(value: unknown, depth: number, left: Budget): Plain {
  if (depth > MAX_DEPTH || --left.left < 0 || typeof value !== 'object' || value === null) return null;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } =
    value as Fields;
  for (const scalar of [stringValue, boolValue, doubleValue, bytesValue]) if (isScalar(scalar)) return scalar;
  if (isScalar(intValue)) return readInteger(intValue);
  if (isThere(arrayValue)) return listIn(arrayValue, left).map((one) => readAny(one, depth + 1, left));
  if (!isThere(kvlistValue)) return null;
  const pairs = listIn(kvlistValue, left).filter((one) => typeof one === 'object' && one !== null);
  return Object.fromEntries(
    (pairs as Fields[]).map((pair) => [
      typeof pair['key'] === 'string' ? pair['key'] : '',
      readAny(pair['value'], depth + 1, left),
    ]),
  );
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** Digits, in the same form as those of the other encoding. */
const readInteger = (value: string | number | boolean): Plain =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value;

/** The values of a list, as many as will be read. */
function listIn(value: unknown, { left }: Budget): unknown[] {
  const { values } = value as Fields;
  return Array.isArray(values) ? values.slice(0, Math.max(0, left)) : [];
}

/** A field that is null is not there, as protobuf's mapping has it. */
const isThere = (value: unknown): boolean => value !== undefined && value !== null;

function fieldsOf(value: unknown, where: Where): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(where, 'not an object');
}

function* items(of: Fields, key: string, where: Where): Generator<[Fields, Where]> {
  const list = of[key] ?? [];
  const inside = () => `${where()}.${key}`.replace(/^\./, '');
  if (!Array.isArray(list)) throw wrong(inside, 'not an array');
  for (let i = 0; i < list.length; i++) {
    const at = () => `${inside()}[${i}]`;
    yield [fieldsOf(list[i], at), at];
  }
}

function textOf(value: unknown, where: Where): string {
  if (typeof value === 'string') return value;
  throw wrong(where, 'not a string');
}

function numbersIn(of: Fields, key: string, where: Where): number[] {
  const list = of[key] ?? [];
  if (!Array.isArray(list)) throw wrong(() => `${where()}.${key}`, 'not an array');
  return list.slice(0, MAX_BUCKETS + 1).map((value, i) => toNumber(value, () => `${where()}.${key}[${i}]`));
}

const numberIn = (of: Fields, key: string, where: Where): number | undefined =>
  isThere(of[key]) ? toNumber(of[key], () => `${where()}.${key}`) : undefined;

const NUMBER = /^-?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|Infinity)$|^NaN$/i;
/** Longer than any number that a double needs. */
const MAX_DIGITS = 1_100;

/** 64-bit integers come as text, and doubles that are not finite too. */
function toNumber(value: unknown, where: Where): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && value.length <= MAX_DIGITS && NUMBER.test(value)) return Number(value);
  throw wrong(where, 'not a number');
}

function wrong(where: Where, what: string): BadInput {
  return new BadInput(`The body is not OTLP metrics: ${where()}: ${what}.`, [{ at: where(), detail: what }]);
}
