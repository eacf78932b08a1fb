import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadInput } from '../http/problem';
import { acceptance, MAX_SAMPLES, type Decoded } from './ingest';
import { decodeJson } from './json';

const NOW = Date.UTC(2026, 0, 31, 12);
const accept = acceptance(NOW, 0);
const decode = (body: string, type = 'application/json') => decodeJson(body, type, accept);

const rows = ({ batch: { series, seriesAt, timeMs, value } }: Decoded) =>
  value.map((one, i) => ({ ...series[seriesAt[i]!]!, timeMs: timeMs[i], value: one }));

const text = fc
  .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 })
  .filter((one) => one.trim() === one);
const sample = fc.record(
  {
    series: text,
    labels: fc.dictionary(text, text, { maxKeys: 3 }),
    time: fc.integer({ min: accept.oldestMs, max: accept.newestMs - 1 }),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
  },
  { requiredKeys: ['series', 'time', 'value'] },
);

describe('what is decoded is what was sent', () => {
  const expected = (samples: { time: number; value: number; series: string }[]) =>
    samples.map(({ series, time, value }) => ({
      name: series,
      timeMs: time,
      value: value === 0 ? 0 : value,
    }));

  test('as an array', () => {
    fc.assert(
      fc.property(fc.array(sample), fc.boolean(), (samples, isPretty) => {
        const decoded = decode(JSON.stringify(samples, null, isPretty ? 2 : 0));
        expect(decoded.refusals).toEqual([]);
        expect(rows(decoded)).toMatchObject(expected(samples));
      }),
    );
  });

  test('as NDJSON, with either line end, blank lines, and whatever type it says it has', () => {
    const end = fc.constantFrom('\n', '\r\n', '\n\n');
    const type = fc.constantFrom('application/x-ndjson', 'application/json', '');
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1 }), end, type, (samples, lineEnd, contentType) => {
        const body = samples.map((one) => JSON.stringify(one)).join(lineEnd);
        expect(rows(decode(body, contentType))).toMatchObject(expected(samples));
      }),
    );
  });
});

describe('garbage', () => {
  const survives = (body: string, type: string) => {
    try {
      const { batch, refusals } = decode(body, type);
      expect(batch.value.every(Number.isFinite)).toBe(true);
      expect(refusals.every(({ count, first }) => count > 0 && first.at !== '')).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(BadInput);
    }
  };
  const type = fc.constantFrom('application/x-ndjson', 'application/json');

  test('of any kind is an answer, never a failure', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), type, survives));
  });

  test('that is JSON of another shape is refused one by one', () => {
    const anything = fc.jsonValue();
    const shaped = fc.record(
      { series: anything, labels: anything, time: anything, value: anything },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(anything, shaped, sample)), type, (items, contentType) => {
        survives(JSON.stringify(items), contentType);
        survives(items.map((item) => JSON.stringify(item)).join('\n'), contentType);
      }),
    );
  });

  test('in place of some characters is an answer', () => {
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1 }),
        fc.nat(),
        fc.string(),
        type,
        (samples, seed, noise, contentType) => {
          const body = JSON.stringify(samples);
          const at = seed % body.length;
          survives(body.slice(0, at) + noise + body.slice(at + noise.length), contentType);
        },
      ),
    );
  });

  test.each(['{"toString":1}', '{"valueOf":null}'])('that cannot be text: a series of %s', (series) => {
    survives(`[{"series":${series},"time":${NOW},"value":1}]`, 'application/json');
  });
});

test('every sample is written or counted', () => {
  const kinds = fc.constantFrom(
    { series: 'a', time: NOW, value: 1 },
    { series: 'a', time: NOW, value: null },
    { series: '', time: NOW, value: 1 },
    { series: 'a', time: 0, value: 1 },
    { series: 'a', time: NOW * 2, value: 1 },
    'x',
  );
  fc.assert(
    fc.property(fc.array(kinds), (items) => {
      const { batch, refusals } = decode(JSON.stringify(items));
      expect(batch.value.length + refusals.reduce((sum, { count }) => sum + count, 0)).toBe(items.length);
    }),
  );
});

test.each([
  ['2026-01-31T12:00:00Z', NOW],
  ['2026-01-31T12:00:00.5Z', NOW + 500],
  ['2026-01-31T12:00:00.123456Z', NOW + 123],
  ['2026-01-31T14:00:00+02:00', NOW],
  ['2026-01-31T12:00:00', NOW],
  ['2026-01-31T12:00', NOW],
  [NOW + 0.6, NOW + 1],
])('reads the time %s', (time, timeMs) => {
  expect(rows(decode(JSON.stringify([{ series: 'a', time, value: 1 }])))[0]?.timeMs).toBe(timeMs);
});

test('series of equal name and labels are one, whatever the order of their labels', () => {
  const one = (labels: object) => ({ series: 'a', labels, time: NOW, value: 1 });
  const { batch } = decode(
    JSON.stringify([one({ x: '1', y: '2' }), one({ y: '2', x: '1' }), one({ x: '12' })]),
  );
  expect(batch.seriesAt).toEqual([0, 0, 1]);
});

test('more samples than a request may hold are refused as a whole', () => {
  const body = `[${'0,'.repeat(MAX_SAMPLES)}0]`;
  expect(() => decode(body)).toThrow(/more than 500000 samples/);
});
