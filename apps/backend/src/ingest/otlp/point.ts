/** What OTLP says of metrics, as both of its encodings are read: https://github.com/open-telemetry/opentelemetry-proto. Pure. */
import { MAX_LABEL_LENGTH } from '@bellwether/contracts';
import { cut } from './attribute';

/** Attributes as text, the first `MAX_ATTRIBUTES` of them. */
export type Attributes = ReadonlyMap<string, string>;

/** More than a series may have labels, so that too many are seen, and not so many that a body could fill the memory. */
export const MAX_ATTRIBUTES = 100;

export type Temporality = 'delta' | 'cumulative' | 'unspecified';

export interface Metric {
  name: string;
  kind: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  temporality: Temporality;
  isMonotonic: boolean;
}

/** A data point of any kind; what it does not say is undefined. */
export interface Point {
  attributes: Attributes;
  /** Epoch nanoseconds, which a double holds to a quarter of a microsecond; 0: unknown. */
  startNs: number;
  timeNs: number;
  flags: number;
  value?: number;
  count?: number;
  sum?: number;
  min?: number;
  max?: number;
  /** Upper bounds of all buckets but the last, which has none. */
  bounds?: number[];
  buckets?: number[];
  scale?: number;
  zeroCount?: number;
  positive?: Exponential;
  negative?: Exponential;
  quantiles?: { quantile: number; value: number }[];
}

/** Counts of the buckets `offset`, `offset + 1`, … of an exponential histogram. */
export interface Exponential {
  offset: number;
  counts: number[];
}

/** Buckets that a point may have; a reader keeps one more, so that too many are seen. */
export const MAX_BUCKETS = 10_000;

/** Takes what a reader finds, in the order of the body: points are of the last metric, metrics of the last resource. */
export interface Sink {
  resource(attributes: Attributes): void;
  metric(metric: Metric): void;
  point(point: Point): void;
}

/** Resource attributes that tell one sender from another: those become labels, in this order, and all of k8s after them. */
const IDENTIFYING = ['service.name', 'service.namespace', 'service.instance.id', 'host.name'];

export const isIdentifying = (key: string): boolean =>
  IDENTIFYING.includes(key) || (key.startsWith('k8s.') && key.length <= MAX_LABEL_LENGTH);

/** Labels of a resource, those first that must not be missed. */
export function rank(attributes: Attributes): [string, string][] {
  const place = (key: string) => IDENTIFYING.indexOf(key) + 1 || IDENTIFYING.length + 1;
  return [...attributes]
    .map(([key, text]): [string, string] => [key, cut(text)])
    .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1));
}
