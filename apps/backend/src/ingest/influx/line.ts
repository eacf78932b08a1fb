/**
 * The syntax of InfluxDB line protocol, `measurement,tag=value field=value,field=value time`, read in one pass. Pure.
 * https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
 */

/** A line as it was written; positions count characters of the whole text. */
export interface Line {
  at: number;
  /** Measurement and tags, still escaped: equal heads need to be taken apart once only. */
  head: string;
  fields: Field[];
  /** Empty: the line says none. */
  time: string;
  timeAt: number;
  end: number;
}

export interface Field {
  at: number;
  name: string;
  /** Undefined: a string. NaN or infinite where it is meant so. */
  value: number | undefined;
  end: number;
}

/** Why a line cannot be read, and where. */
export interface Mistake {
  at: number;
  what: string;
}

export interface Head {
  measurement: string;
  tags: [name: string, value: string][];
}

const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;

const stops = (...codes: number[]): Uint8Array =>
  Uint8Array.from({ length: 128 }, (_, code) => (codes.includes(code) ? 1 : 0));
const BLANK = stops(SPACE, NEWLINE);
const AFTER_VALUE = stops(SPACE, NEWLINE, COMMA);
const AFTER_NAME = stops(SPACE, NEWLINE, COMMA, EQUALS);

export const isMistake = (read: object): read is Mistake => 'what' in read;

/** The lines that hold something, or what is wrong with them. After a mistake it goes on with the line below. */
export function* readLines(text: string): Generator<Line | Mistake> {
  for (let at = skipEmpty(text, 0); at < text.length;) {
    const line = readLine(text, at);
    yield line;
    at = skipEmpty(text, isMistake(line) ? endOfLine(text, at) : line.end);
  }
}

/** Where a position is, in words. */
export function locate(text: string, at: number): string {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return `line ${line}, column ${at - start + 1}`;
}

function readLine(text: string, at: number): Line | Mistake {
  const headEnd = scan(text, at, BLANK);
  const head = text.slice(at, headEnd);
  let next = skipSpaces(text, headEnd);
  if (isEnd(text, next)) return { at: next, what: 'there are no fields after the measurement' };
  const fields: Field[] = [];
  let end: number;
  do {
    const field = readField(text, next);
    if (isMistake(field)) return field;
    fields.push(field);
    end = field.end;
    next = end + 1;
  } while (text.charCodeAt(end) === COMMA);
  const timeAt = skipSpaces(text, end);
  const timeEnd = scan(text, timeAt, BLANK);
  end = skipSpaces(text, timeEnd);
  if (!isEnd(text, end)) return { at: end, what: 'there is something after the time' };
  return { at, head, fields, time: text.slice(timeAt, timeEnd), timeAt, end };
}

function readField(text: string, at: number): Field | Mistake {
  const nameEnd = scan(text, at, AFTER_NAME);
  if (nameEnd === at) return { at, what: 'a field has no name' };
  if (text.charCodeAt(nameEnd) !== EQUALS)
    return { at: nameEnd, what: `there is no = after the field ${quote(text.slice(at, nameEnd))}` };
  const name = unescape(text.slice(at, nameEnd));
  const valueAt = nameEnd + 1;
  if (text.charCodeAt(valueAt) === QUOTE) return readString(text, { at, name, valueAt });
  const end = scan(text, valueAt, AFTER_VALUE);
  const value = readValue(text.slice(valueAt, end));
  if (value !== undefined) return { at, name, value, end };
  if (end === valueAt) return { at: valueAt, what: `the field ${quote(name)} has no value` };
  return {
    at: valueAt,
    what: `${quote(text.slice(valueAt, end))} is neither a number nor a boolean, and a string needs quotes`,
  };
}

function readString(
  text: string,
  { at, name, valueAt }: { at: number; name: string; valueAt: number },
): Field | Mistake {
  const end = closingQuote(text, valueAt + 1) + 1;
  if (end === 0) return { at: valueAt, what: 'the quote is not closed' };
  if (!isEnd(text, end) && AFTER_VALUE[text.charCodeAt(end)] !== 1)
    return { at: end, what: 'there is something after the closing quote' };
  return { at, name, value: undefined, end };
}

/** The measurement and the first tags of a head, one more than `most`, or what is wrong with them, at a position within the head. */
export function readHead(head: string, most: number): Head | Mistake {
  const measurementEnd = scan(head, 0, AFTER_VALUE);
  if (measurementEnd === 0) return { at: 0, what: 'the measurement is missing' };
  const tags: Head['tags'] = [];
  const seen = new Set<string>();
  for (let at = measurementEnd + 1; at <= head.length && tags.length <= most;) {
    const nameEnd = scan(head, at, AFTER_NAME);
    if (nameEnd === at) return { at, what: 'a tag has no name' };
    const name = unescape(head.slice(at, nameEnd));
    const end = scan(head, nameEnd + 1, AFTER_VALUE);
    if (head.charCodeAt(nameEnd) !== EQUALS || end <= nameEnd + 1)
      return { at: nameEnd, what: `the tag ${quote(name)} has no value` };
    if (seen.has(name)) return { at, what: `the tag ${quote(name)} is there twice` };
    seen.add(name);
    tags.push([name, unescape(head.slice(nameEnd + 1, end))]);
    at = end + 1;
  }
  return { measurement: unescape(head.slice(0, measurementEnd)), tags };
}

const INTEGER = /^(?:[+-]?\d+i|\d+u)$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const NON_FINITE = /^[+-]?(?:nan|inf(?:inity)?)$/i;
const TRUE = /^(?:t|T|true|True|TRUE)$/;
const FALSE = /^(?:f|F|false|False|FALSE)$/;

/** The number that a value stands for; undefined: it is none. */
function readValue(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text);
  if (INTEGER.test(text)) return Number(text.slice(0, -1));
  if (TRUE.test(text)) return 1;
  if (FALSE.test(text)) return 0;
  return NON_FINITE.test(text) ? NaN : undefined;
}

/** The next position of one of these that no backslash stands before, or the end; a newline needs none. */
function scan(text: string, from: number, stop: Uint8Array): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > EQUALS || stop[code] !== 1) continue;
    if (code === NEWLINE || at === from || text.charCodeAt(at - 1) !== BACKSLASH) return at;
  }
  return text.length;
}

/** The quote that ends a string; within one, a backslash stands for itself where another stands before it. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (at - slashes > from && text.charCodeAt(at - slashes - 1) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

/** Past spaces, blank lines and comments. */
function skipEmpty(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === HASH) at = endOfLine(text, at);
    else if (code === SPACE || code === NEWLINE || code === TAB) at++;
    else return at;
  }
  return at;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === SPACE) at++;
  return at;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

const isEnd = (text: string, at: number): boolean => at >= text.length || text.charCodeAt(at) === NEWLINE;

/** A backslash before anything but these is a backslash. */
const unescape = (text: string): string => (text.includes('\\') ? text.replaceAll(/\\([, =])/g, '$1') : text);

const quote = (text: string): string => JSON.stringify(text.slice(0, 40));
