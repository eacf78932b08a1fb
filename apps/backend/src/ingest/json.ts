/** JSON samples: an array, a single object, or NDJSON with one object per line. Pure. */
import { Sample } from '@bellwether/contracts';
import { BadInput } from '../http/problem';
import { collect, type Acceptance, type Collector, type Decoded } from './ingest';
import { findSyntaxError } from './json-syntax';

const TIME_UNKNOWN = 'the time is neither ISO 8601 nor epoch milliseconds';
const LOOKS_LIKE = '{"series": "cpu", "time": "2026-01-31T12:00:00Z", "value": 0.5}';

/** Throws BadInput where the body as a whole cannot be read; single bad samples are counted. */
export function decodeJson(body: string, contentType: string, accept: Acceptance): Decoded {
  const text = body.startsWith('\uFEFF') ? body.slice(1) : body;
  const start = text.search(/\S/);
  if (start < 0)
    throw new BadInput(`The body is empty: send a JSON array of ${LOOKS_LIKE}, or one such object per line.`);
  if (/ndjson|jsonl|json-seq|x-json-stream/i.test(contentType)) return decodeLines(text, accept);

  const whole = parse(text);
  if (whole === undefined) {
    if (text[start] === '{' && hasObjectLine(text)) return decodeLines(text, accept);
    throw malformed(text);
  }
  const collector = collect(accept);
  if (Array.isArray(whole)) whole.forEach((item, i) => take(collector, item, (path) => `[${i}]${path}`));
  else take(collector, whole, (path) => path.slice(1) || 'body');
  return collector.done();
}

function decodeLines(text: string, accept: Acceptance): Decoded {
  const collector = collect(accept);
  for (const [line, number] of lines(text)) {
    const item = parse(line);
    if (item === undefined) {
      const { column, what } = findSyntaxError(line);
      collector.refuse('unparsable', () => `line ${number}, column ${column}`, `not valid JSON: ${what}`);
    } else take(collector, item, (path) => `line ${number}${path && `, ${path.slice(1)}`}`);
  }
  return collector.done();
}

/** The lines that hold something, with their numbers from 1. */
function* lines(text: string): Generator<[string, number]> {
  for (let from = 0, number = 1; from < text.length; number++) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end).trim();
    if (line !== '') yield [line, number];
    if (end < 0) return;
    from = end + 1;
  }
}

/** Whether a body that is not JSON is NDJSON with a bad line, rather than one broken object. */
function hasObjectLine(text: string): boolean {
  for (const [line] of lines(text)) if (line.startsWith('{') && parse(line) !== undefined) return true;
  return false;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message has no position in some cases: `findSyntaxError` says where and what.
    return undefined;
  }
}

function malformed(text: string): BadInput {
  const { line, column, what } = findSyntaxError(text);
  return new BadInput(`The body is not valid JSON: line ${line}, column ${column}: ${what}.`, [
    { at: `line ${line}, column ${column}`, detail: what },
  ]);
}

/** Checks the fields by hand, as fast as they come, and asks the contract what is wrong where something is. */
function take(collector: Collector, item: unknown, at: (path: string) => string): void {
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    return collector.refuse('unparsable', () => at(''), `not an object like ${LOOKS_LIKE}`);
  const { series, labels, time, value } = item as Record<string, unknown>;
  const place = collector.series(series, labels);
  if (typeof place === 'string')
    return collector.refuse('bad_series', () => at(`.${place.split(':')[0]}`), place);
  const timeMs = readTime(time);
  if (timeMs === undefined) return collector.refuse('unparsable', () => at('.time'), TIME_UNKNOWN);
  if (typeof value === 'number')
    return collector.add(place, timeMs, value, () => at(Number.isFinite(value) ? '.time' : '.value'));
  if (isMeantNonFinite(value))
    return collector.refuse('non_finite', () => at('.value'), 'the value is not a finite number');
  collector.refuse('unparsable', () => at('.value'), 'the value is not a number');
}

const isMeantNonFinite = (value: unknown): boolean =>
  value === null || (typeof value === 'string' && /^[+-]?(nan|inf(inity)?)$/i.test(value.trim()));

/** Longer than any time in ISO 8601. */
const MAX_TIME_LENGTH = 64;
const HAS_OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/i;

/** Epoch milliseconds; a time without an offset is UTC. */
function readTime(time: unknown): number | undefined {
  if (typeof time === 'number') return time;
  if (typeof time !== 'string' || time.length > MAX_TIME_LENGTH) return undefined;
  if (!Sample.shape.time.safeParse(time).success) return undefined;
  const timeMs = Date.parse(HAS_OFFSET.test(time) ? time : `${time}Z`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
