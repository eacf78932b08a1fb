/** What samples a data point of OTLP becomes, and of which series. Pure. */
import { MAX_LABEL_LENGTH, MAX_LABELS, MAX_NAME_LENGTH } from '@bellwether/contracts';
import { RequestError } from '../../http/problem';
import { MAX_SAMPLES, type Collector } from '../ingest';
import { rank, type Attributes, type Metric, type Point, type Sink } from './point';
import { estimate, explainBuckets } from './quantile';

/** The flag of a point that says: there is no value, and that is known. */
const NO_RECORDED_VALUE = 1;

/**
 * Characters that the names and labels of a request's series may have together: a resource's labels belong to each of its
 * series, and a small body could ask for gigabytes.
 */
const MAX_IDENTITY_CHARS = 32 * 1024 * 1024;

/** One point that is being taken: how its samples are added. Returns whether the sample was taken. */
type Add = (suffix: string, value: number, isCounter?: boolean) => boolean;

export function takePoints(collector: Collector): Sink {
  const { batch } = collector.done();
  const find = finder(collector);
  let own: [string, string][] = [];
  let metric: Metric | undefined;
  let index = 0;
  let seen = 0;
  const at = () => `metric ${JSON.stringify(metric!.name.slice(0, 100))}, point ${index}`;

  return {
    resource(attributes) {
      own = rank(attributes);
      find.forget();
    },
    metric(next) {
      metric = next;
      index = 0;
    },
    point(point) {
      index++;
      if (++seen > MAX_SAMPLES)
        throw new RequestError(
          413,
          `The body holds more than ${MAX_SAMPLES} points: send it in smaller parts.`,
        );
      if (point.flags & NO_RECORDED_VALUE) return;
      const problem = explain(metric!, point);
      if (problem !== undefined) return collector.refuse('unparsable', at, problem);
      const noSeries = explainSize(metric!, point.attributes);
      if (noSeries !== undefined) return collector.refuse('bad_series', at, noSeries);
      const key = JSON.stringify([...point.attributes]);
      const add: Add = (suffix, value, isCounter = false) => {
        const before = batch.value.length;
        const place = find.place({ metric: metric!, suffix, isCounter, key }, point.attributes, own);
        collector.add(place, point.timeNs / 1e6, value, at);
        return batch.value.length > before;
      };
      take(metric!, point, add);
    },
  };
}

/** What is wrong with a point as a whole, if something is. */
function explain({ kind, temporality }: Metric, point: Point): string | undefined {
  const isNumber = kind === 'gauge' || kind === 'sum';
  if (isNumber && point.value === undefined) return 'the point has no value';
  if (kind !== 'gauge' && kind !== 'summary' && temporality === 'unspecified')
    return 'the metric says neither "delta" nor "cumulative" (aggregation temporality)';
  return explainBuckets(point);
}

/** What the collector would say: but a name of megabytes, and many points under it, must not be copied for each of them. */
function explainSize({ name }: Metric, attributes: Attributes): string | undefined {
  if (name.length > MAX_NAME_LENGTH) return `series: the name is longer than ${MAX_NAME_LENGTH} characters`;
  if (attributes.size > MAX_LABELS) return `labels: more than ${MAX_LABELS} labels`;
  for (const [key, text] of attributes)
    if (key.length > MAX_LABEL_LENGTH || text.length > MAX_LABEL_LENGTH)
      return `labels: the attribute ${JSON.stringify(key.slice(0, 40))} is longer than ${MAX_LABEL_LENGTH} characters`;
  return undefined;
}

function take(metric: Metric, point: Point, add: Add): void {
  const isDelta = metric.temporality === 'delta';
  const perSecond = isDelta ? rate(point) : (value: number) => value;
  if (metric.kind === 'gauge') add('', point.value!);
  else if (metric.kind === 'sum') add('', perSecond(point.value!), !isDelta && metric.isMonotonic);
  // Where the first sample of a point is refused, its others would be, for the same reason: it counts once.
  else if (!add('.count', perSecond(point.count!), !isDelta)) return;
  else {
    if (point.sum !== undefined) add('.sum', perSecond(point.sum), !isDelta);
    for (const [suffix, value] of quantiles(metric, point)) add(`.${suffix}`, value);
  }
}

/**
 * Of a delta histogram, those of its interval. A cumulative one holds what was observed since its process began: its quantiles
 * hardly move when the service slows down, so none are made of it. A summary's are its own.
 */
function quantiles({ kind, temporality }: Metric, point: Point): [string, number][] {
  if (kind !== 'summary')
    return temporality === 'delta' ? estimate(point, kind === 'exponentialHistogram') : [];
  // NaN: nothing was observed in the time that the quantile is of.
  return (point.quantiles ?? [])
    .filter(({ value }) => !Number.isNaN(value))
    .map(({ quantile, value }) => [`p${Number((quantile * 100).toPrecision(12))}`, value]);
}

const NS_PER_SECOND = 1e9;

/** What happened in an interval, per second of it; as it is where the point does not say when the interval began. */
function rate({ startNs, timeNs }: Point): (value: number) => number {
  const seconds = startNs > 0 && timeNs > startNs ? (timeNs - startNs) / NS_PER_SECOND : 1;
  return (value) => value / seconds;
}

interface Wanted {
  metric: Metric;
  suffix: string;
  isCounter: boolean;
  /** The attributes as one text. */
  key: string;
}

/** Finds the series of samples; cheap where it was seen before in the same resource. */
function finder(collector: Collector) {
  let known = new Map<string, number | string>();
  let chars = 0;
  return {
    forget() {
      known = new Map();
    },
    place({ metric, suffix, isCounter, key }: Wanted, attributes: Attributes, own: [string, string][]) {
      const name = `${metric.name}${suffix}`;
      const wanted = `${name}\n${key}`;
      const before = known.get(wanted);
      if (before !== undefined) return before;
      const labels = join(attributes, own);
      chars += name.length + labels.reduce((sum, [one, text]) => sum + one.length + text.length, 0);
      if (chars > MAX_IDENTITY_CHARS)
        throw new RequestError(
          413,
          `The names and attributes of the body's series are longer than ${MAX_IDENTITY_CHARS} characters: send it in smaller parts.`,
        );
      const place = collector.series(name, Object.fromEntries(labels), isCounter ? { isCounter } : undefined);
      known.set(wanted, place);
      return place;
    },
  };
}

/** The point's own attributes, and as many of the resource's as there is room for. */
function join(attributes: Attributes, own: [string, string][]): [string, string][] {
  const others = own.filter(([key]) => !attributes.has(key));
  return [...attributes, ...others.slice(0, MAX_LABELS - attributes.size)];
}
