/** Samples out of messages of a broker. A message that holds none is counted, with the reason, and passed over. Pure. */
import type { Payload } from '@bellwether/contracts';
import { BadInput, RequestError } from '../http/problem';
import { collect, type Acceptance, type Collector, type Decoded } from '../ingest/ingest';
import { decodeJson } from '../ingest/json';
import { combine, printable } from './source';

export interface Message {
  topic: string;
  payload: Buffer;
  /** When it was sent, or came: the time of numbers that bring none. */
  timeMs: number;
}

/** Larger ones are passed over: nothing that measures sends them. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export const decodeMessages = (messages: readonly Message[], payload: Payload, accept: Acceptance): Decoded =>
  combine(messages.map((message) => decodeMessage(message, payload, accept)));

export function decodeMessage(message: Message, payload: Payload, accept: Acceptance): Decoded {
  if (message.payload.length > MAX_MESSAGE_BYTES)
    return refused(message, accept, `the message is larger than ${MAX_MESSAGE_BYTES / 1024 / 1024} MiB`);
  const text = message.payload.toString('utf8');
  if (payload.format === 'samples') return decodeSamples(message, text, accept);
  if (payload.format === 'number') return decodeNumber(message, { text, series: payload.series }, accept);
  return decodeFields(message, { text, ...payload }, accept);
}

const refused = (message: Message, accept: Acceptance, detail: string): Decoded => {
  const collector = collect(accept);
  collector.refuse('unparsable', placeOf(message), detail);
  return collector.done();
};

const placeOf =
  ({ topic }: Message) =>
  () =>
    `a message of ${printable(topic)}`;

/** As POST /api/v1/samples takes them; where a request would be refused, the message is. */
function decodeSamples(message: Message, text: string, accept: Acceptance): Decoded {
  try {
    const { batch, refusals } = decodeJson(text, '', accept);
    const where = placeOf(message)();
    return {
      batch,
      refusals: refusals.map(({ first, ...refusal }) => ({
        ...refusal,
        first: { at: `${where}, ${first.at}`, detail: first.detail },
      })),
    };
  } catch (error) {
    if (error instanceof BadInput || error instanceof RequestError)
      return refused(message, accept, error.message);
    throw error;
  }
}

interface Named {
  text: string;
  series: string | null;
}

function decodeNumber(message: Message, { text, series }: Named, accept: Acceptance): Decoded {
  const collector = collect(accept);
  const value = readNumber(text.trim());
  if (value === undefined)
    collector.refuse('unparsable', placeOf(message), `not a number: ${printable(text.slice(0, 60))}`);
  else collector.add(place(collector, message, series), message.timeMs, value, placeOf(message));
  return collector.done();
}

/** The series is the topic, or has it as a label. */
const place = (
  collector: Collector,
  { topic }: Message,
  series: string | null,
  field?: string,
): number | string => {
  const labels = { ...(series !== null && { topic }), ...(field !== undefined && { field }) };
  return collector.series(series ?? topic, labels);
};

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** Written by things that mean "no value". */
const MEANT_MISSING = /^[+-]?(nan|inf(inity)?)$/i;

/** Number() alone would take "" for 0 and "0x10" for 16. */
function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string' || value.length > 400) return undefined;
  if (NUMBER.test(value)) return Number(value);
  return MEANT_MISSING.test(value) ? Number.NaN : undefined;
}

function decodeFields(
  message: Message,
  { text, series, values, time }: Named & { values: string[]; time: string | null },
  accept: Acceptance,
): Decoded {
  const body = parse(text);
  if (body === undefined) return refused(message, accept, `not JSON: ${printable(text.slice(0, 60))}`);
  const timeMs = time === null ? message.timeMs : readTime(at(body, time));
  if (timeMs === undefined)
    return refused(message, accept, `${time} is neither ISO 8601 nor epoch milliseconds`);
  const collector = collect(accept);
  for (const path of values) {
    const found = at(body, path);
    // Not every message of a topic has every field; one that has none of them is told of below.
    if (found === undefined || found === null) continue;
    const value = readNumber(found);
    const where = () => `${placeOf(message)()}, ${path}`;
    if (value === undefined) collector.refuse('unparsable', where, 'not a number');
    else
      collector.add(
        place(collector, message, series, values.length > 1 ? path : undefined),
        timeMs,
        value,
        where,
      );
  }
  if (values.every((path) => at(body, path) === undefined))
    collector.refuse('unparsable', placeOf(message), `it has no ${values.join(', ')}`);
  return collector.done();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The message is passed over, and how it begins is told.
    return undefined;
  }
}

/** What stands at `a.0.b`; a key that holds dots itself is found whole first. */
export function at(body: unknown, path: string): unknown {
  if (typeof body !== 'object' || body === null) return undefined;
  if (Object.hasOwn(body, path)) return (body as Record<string, unknown>)[path];
  const dot = path.indexOf('.');
  if (dot < 0) return undefined;
  const key = path.slice(0, dot);
  return Object.hasOwn(body, key)
    ? at((body as Record<string, unknown>)[key], path.slice(dot + 1))
    : undefined;
}

const HAS_OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/i;
const LOOKS_ISO = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/** Epoch milliseconds; a time without an offset is UTC. */
function readTime(time: unknown): number | undefined {
  if (typeof time === 'number') return time;
  if (typeof time !== 'string' || time.length > 64 || !LOOKS_ISO.test(time)) return undefined;
  const timeMs = Date.parse(HAS_OFFSET.test(time) || time.length === 10 ? time : `${time}Z`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
