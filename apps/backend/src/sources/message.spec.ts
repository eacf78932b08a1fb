import { Payload } from '@bellwether/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decoded } from '../ingest/ingest';
import { at, decodeMessage, decodeMessages, MAX_MESSAGE_BYTES } from './message';

const ACCEPT = { oldestMs: 0, newestMs: 1e14 };
const message = (payload: string | Buffer, topic = 'home/attic') => ({
  topic,
  payload: Buffer.from(payload),
  timeMs: 77,
});
const samples = ({ batch }: Decoded) =>
  batch.seriesAt.map((place, i) => [batch.series[place]!.key, batch.timeMs[i], batch.value[i]]);
const reasons = ({ refusals }: Decoded) => refusals.map(({ reason, count }) => [reason, count]);
const decode = (payload: string, format: object) =>
  decodeMessage(message(payload), Payload.parse(format), ACCEPT);

describe('samples', () => {
  const format = { format: 'samples' };
  test('come as one, several, or in lines', () => {
    const one = '{"series": "a", "time": 5, "value": 1}';
    for (const text of [one, `[${one}]`, `${one}\n`])
      expect(samples(decode(text, format))).toEqual([['a', 5, 1]]);
    expect(samples(decode(`${one}\n${one}`, format))).toHaveLength(2);
  });
  test.each(['', 'hello', '[1]', '{"series": "a"}', '{"series": "a", "time": 1, "value": "x"}'])(
    '%j is passed over, and the topic is told',
    (text) => {
      const decoded = decode(text, format);
      expect([samples(decoded), reasons(decoded)]).toEqual([[], [['unparsable', 1]]]);
      expect(decoded.refusals[0]!.first.at).toMatch(/^a message of home\/attic/);
    },
  );
});

describe('numbers', () => {
  test.each([
    ['21.5', 21.5],
    [' -3e2\n', -300],
    ['.5', 0.5],
    ['+7', 7],
  ])('%j is %d of the topic', (text, value) => {
    expect(samples(decode(text, { format: 'number' }))).toEqual([['home/attic', 77, value]]);
    const named = decode(text, { format: 'number', series: 'temperature' });
    expect(samples(named)).toEqual([['temperature\n[["topic","home/attic"]]', 77, value]]);
  });
  test.each([
    ['', 'unparsable'],
    ['on', 'unparsable'],
    ['0x10', 'unparsable'],
    ['1 2', 'unparsable'],
    ['NaN', 'non_finite'],
  ])('%j is passed over', (text, reason) =>
    expect(reasons(decode(text, { format: 'number' }))).toEqual([[reason, 1]]),
  );
});

describe('fields', () => {
  const body =
    '{"t": "2026-01-31T12:00:00Z", "a": {"b": [{"c": 4}]}, "a.b": "5", "on": true, "x": {}, "none": null}';
  const fields = (values: string[], rest: object = {}) => decode(body, { format: 'json', values, ...rest });

  test('are found by their paths', () => {
    expect(samples(fields(['a.b.0.c']))).toEqual([['home/attic', 77, 4]]);
    expect(samples(fields(['a.b']))).toEqual([['home/attic', 77, 5]]);
    expect(samples(fields(['on'], { time: 't' }))).toEqual([
      ['home/attic', Date.parse('2026-01-31T12:00:00Z'), 1],
    ]);
  });
  test('are told apart where there are several; one that is not there is not missed', () => {
    expect(samples(fields(['on', 'a.b', 'nowhere', 'none'])).map(([key]) => key)).toEqual([
      'home/attic\n[["field","on"]]',
      'home/attic\n[["field","a.b"]]',
    ]);
    expect(reasons(fields(['on', 'nowhere']))).toEqual([]);
  });
  test.each([
    ['none of them is there', ['nowhere', 'a.z']],
    ['it is no number', ['x']],
  ])('are refused where %s', (_, values) => expect(reasons(fields(values))).toEqual([['unparsable', 1]]));
  test('are refused without the time that was asked for', () => {
    expect(reasons(fields(['on'], { time: 'x' }))).toEqual([['unparsable', 1]]);
    expect(reasons(decode('nonsense', { format: 'json', values: ['a'] }))).toEqual([['unparsable', 1]]);
  });
  test('are not what every object has', () => {
    expect(
      ['constructor', '__proto__', 'a.length', 'toString.name'].map((path) => at(JSON.parse(body), path)),
    ).toEqual(Array(4).fill(undefined));
  });
});

test('bytes of any kind are decoded or passed over, and never stop the messages after them', () => {
  const payload = fc.constantFrom<Payload>(
    { format: 'samples' },
    { format: 'number', series: null },
    { format: 'json', series: 's', values: ['a', 'a.0'], time: null },
    { format: 'json', series: null, values: ['a'], time: 'a' },
  );
  const bytes = fc.oneof(
    fc.uint8Array().map((array) => Buffer.from(array)),
    fc.json().map((text) => Buffer.from(text)),
    fc.jsonValue().map((a) => Buffer.from(JSON.stringify({ a, series: a, time: a, value: a }))),
  );
  fc.assert(
    fc.property(fc.array(bytes), fc.string(), payload, (all, topic, format) => {
      const decoded = decodeMessages(
        all.map((one) => message(one, topic)),
        format,
        ACCEPT,
      );
      expect(decoded.batch.value.every(Number.isFinite)).toBe(true);
      expect(decoded.batch.timeMs.every((ms) => ms >= ACCEPT.oldestMs && ms < ACCEPT.newestMs)).toBe(true);
    }),
  );
});

test('a message that is too large is passed over', () => {
  const large = message(Buffer.alloc(MAX_MESSAGE_BYTES + 1, '1'));
  expect(decodeMessage(large, { format: 'number', series: null }, ACCEPT).refusals[0]!.first.detail).toMatch(
    /4 MiB/,
  );
});
