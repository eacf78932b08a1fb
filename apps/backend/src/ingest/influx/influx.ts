/** InfluxDB line protocol to samples: every field that is a number is a series `measurement.field`, its tags are the labels. Pure. */
import { type Labels, MAX_LABEL_LENGTH, MAX_LABELS, MAX_NAME_LENGTH } from '@bellwether/contracts';
import { BadInput, RequestError } from '../../http/problem';
import { collect, type Acceptance, type Collector, type Decoded } from '../ingest';
import { isMistake, locate, readHead, readLines, type Head, type Line, type Mistake } from './line';

/** What the times of a request count: `digits` of them are below a millisecond, or each stands for so many of them. */
export type Precision = { digits: number } | { ms: number };

const NS = { digits: 6 };
const US = { digits: 3 };
const V2: ReadonlyMap<string, Precision> = new Map<string, Precision>([
  ['ns', NS],
  ['us', US],
  ['ms', { ms: 1 }],
  ['s', { ms: 1_000 }],
]);
const V1: ReadonlyMap<string, Precision> = new Map<string, Precision>([
  ...V2,
  ['n', NS],
  ['u', US],
  // Both letters that look like it: the micro sign and the Greek one.
  ['\u00b5', US],
  ['\u03bc', US],
  ['m', { ms: 60_000 }],
  ['h', { ms: 3_600_000 }],
]);

/** Of the parameter `precision`; nanoseconds where there is none. Throws BadInput for what the version does not know. */
export function readPrecision(precision: unknown, version: 1 | 2): Precision {
  if (precision === undefined || precision === '') return NS;
  const known = version === 1 ? V1 : V2;
  const found = typeof precision === 'string' ? known.get(precision) : undefined;
  if (found) return found;
  const names = [...known.keys()].filter((name) => name !== '\u03bc').join(', ');
  throw new BadInput(`precision: not one of ${names}.`);
}

export interface LineSettings {
  precision: Precision;
  /** The time of lines that say none, epoch ms. */
  nowMs: number;
}

/**
 * Characters that the names and labels of a request's series may have together: a line's tags belong to each of its fields,
 * and a small body could ask for gigabytes.
 */
const MAX_IDENTITY_CHARS = 32 * 1024 * 1024;

/** A head that was seen, and the places of its series by field. */
interface Known {
  measurement: string;
  labels: Labels;
  /** Characters of measurement and tags. */
  size: number;
  /** Why none of its fields can be a series. */
  problem: string | undefined;
  places: Map<string, number | string>;
}

/** Counts every line that cannot be read once, every field that is no number once; throws where there are far too many. */
export function decodeLines(body: Buffer, settings: LineSettings, accept: Acceptance): Decoded {
  const text = body
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n');
  const collector = collect(accept);
  const heads = new Map<string, Known | Mistake>();
  const place = places(collector);
  let position = 0;
  const at = () => locate(text, position);
  const refuse = (mistake: Mistake, from = 0) => {
    position = from + mistake.at;
    collector.refuse('unparsable', at, mistake.what);
  };

  for (const line of readLines(text)) {
    if (isMistake(line)) {
      refuse(line);
      continue;
    }
    let head = heads.get(line.head);
    if (!head) heads.set(line.head, (head = know(readHead(line.head, MAX_LABELS))));
    const timeMs = readTime(line, settings);
    if (isMistake(head)) refuse(head, line.at);
    else if (timeMs === undefined) refuse({ at: line.timeAt, what: NO_TIME });
    else
      for (const { name, value, at: fieldAt } of line.fields) {
        position = fieldAt;
        if (value === undefined) collector.refuse('not_a_number', at, 'the field is a string');
        else collector.add(place(head, name), timeMs, value, at);
      }
  }
  return collector.done();
}

const NO_TIME = 'the time is not a whole number of at most 19 digits';

function know(head: Head | Mistake): Known | Mistake {
  if (isMistake(head)) return head;
  const { measurement, tags } = head;
  const size = tags.reduce((sum, [name, value]) => sum + name.length + value.length, measurement.length);
  return {
    measurement,
    labels: Object.fromEntries(tags),
    size,
    problem: explainSize(head),
    places: new Map(),
  };
}

/** What the collector would say of each field of such a line, after another look at all of its tags. */
function explainSize({ measurement, tags }: Head): string | undefined {
  if (measurement.length > MAX_NAME_LENGTH)
    return `series: the name is longer than ${MAX_NAME_LENGTH} characters`;
  if (tags.length > MAX_LABELS) return `labels: more than ${MAX_LABELS} labels`;
  if (tags.some((tag) => tag.some((text) => text.length > MAX_LABEL_LENGTH)))
    return `labels: a label is longer than ${MAX_LABEL_LENGTH} characters`;
  return undefined;
}

/** Finds the series of a field; cheap where it was seen before. */
function places(collector: Collector): (head: Known, field: string) => number | string {
  let chars = 0;
  return ({ measurement, labels, size, problem, places }, field) => {
    const known = problem ?? places.get(field);
    if (known !== undefined) return known;
    chars += size + field.length;
    if (chars > MAX_IDENTITY_CHARS)
      throw new RequestError(
        413,
        `The names and tags of the body's series are longer than ${MAX_IDENTITY_CHARS} characters: send it in smaller parts.`,
      );
    const place = collector.series(`${measurement}.${field}`, labels);
    places.set(field, place);
    return place;
  };
}

/** A double holds this many digits, and a time of nanoseconds has more. */
const EXACT_DIGITS = 15;

/** Whole epoch milliseconds, rounded; undefined: not a time. */
function readTime({ time }: Line, { precision, nowMs }: LineSettings): number | undefined {
  if (time === '') return nowMs;
  if (!/^-?\d{1,19}$/.test(time)) return undefined;
  if ('ms' in precision) return Number(time) * precision.ms;
  const { digits } = precision;
  if (time.length <= EXACT_DIGITS) return Math.round(Number(time) / 10 ** digits);
  const below = Number(time.slice(-digits));
  return Number(time.slice(0, -digits)) + (below >= 10 ** digits / 2 ? 1 : 0);
}
