import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adaptSteps,
  decodeRange,
  explainStatus,
  MAX_STEPS,
  nextStretch,
  TooMuch,
  untilNext,
} from './prometheus';
import { SourceError } from './source';

const ACCEPT = { oldestMs: 0, newestMs: 1e15 };

describe('the next stretch', () => {
  const timing = { stepMs: 10, offsetMs: 5, backfillMs: 50 };
  const at = { cursorMs: undefined, nowMs: 107, oldestMs: 0, steps: 100 };
  test.each([
    ['begins as far back as is asked', at, { fromMs: 50, toMs: 100, isLast: true }],
    ['goes on after the newest step', { ...at, cursorMs: 80 }, { fromMs: 90, toMs: 100, isLast: true }],
    [
      'has no more steps than may be',
      { ...at, cursorMs: 60, steps: 2 },
      { fromMs: 70, toMs: 80, isLast: false },
    ],
    [
      'begins no earlier than samples are taken',
      { ...at, oldestMs: 81 },
      { fromMs: 90, toMs: 100, isLast: true },
    ],
    ['is none before the next step is over', { ...at, cursorMs: 100 }, undefined],
    ['is none after the clock was put back', { ...at, cursorMs: 500 }, undefined],
  ])('%s', (_, when, expected) => expect(nextStretch(timing, when)).toEqual(expected));

  test('one after the other, they cover every step once, whatever their size', () => {
    const given = fc.record({
      stepMs: fc.integer({ min: 1, max: 500 }),
      offsetMs: fc.nat(1_000),
      backfillMs: fc.nat(5_000),
      nowMs: fc.integer({ min: 10_000, max: 20_000 }),
    });
    fc.assert(
      fc.property(
        given,
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        ({ nowMs, ...timing }, sizes) => {
          const whole = nextStretch(timing, { cursorMs: undefined, nowMs, oldestMs: 0, steps: 1e9 });
          const steps: number[] = [];
          let cursorMs: number | undefined;
          for (let i = 0; ; i++) {
            const next = nextStretch(timing, {
              cursorMs,
              nowMs,
              oldestMs: 0,
              steps: sizes[i % sizes.length]!,
            });
            if (!next) break;
            expect(next.isLast).toBe(next.toMs === whole!.toMs);
            for (let ms = next.fromMs; ms <= next.toMs; ms += timing.stepMs) steps.push(ms);
            cursorMs = next.toMs;
          }
          const expected: number[] = [];
          for (let ms = whole!.fromMs; ms <= whole!.toMs; ms += timing.stepMs) expected.push(ms);
          expect(steps).toEqual(expected);
        },
      ),
    );
  });

  test('can be asked for when it is waited for as long as is said, and not before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.nat(1_000),
        fc.integer({ min: 2_000, max: 100_000 }),
        (stepMs, offsetMs, nowMs) => {
          const timing = { stepMs, offsetMs, backfillMs: 0 };
          const cursorMs = Math.floor((nowMs - offsetMs) / stepMs) * stepMs;
          const waitMs = untilNext(timing, nowMs);
          const then = (ms: number) =>
            nextStretch(timing, { cursorMs, nowMs: nowMs + ms, oldestMs: -1e9, steps: 9 });
          expect(then(waitMs)).toMatchObject({ fromMs: cursorMs + stepMs });
          expect(then(waitMs - 1)).toBeUndefined();
        },
      ),
    );
  });
});

test('steps become more where little comes, fewer where too much does, and stay within what Prometheus answers', () => {
  expect(adaptSteps(1_000, 10)).toBe(2_000);
  expect(adaptSteps(10_000, 10)).toBe(MAX_STEPS);
  expect(adaptSteps(1_000, 100_000)).toBe(1_000);
  expect(adaptSteps(1_000, 'too much')).toBe(500);
  expect(adaptSteps(1, 'too much')).toBe(0);
});

const matrix = (...result: unknown[]): string =>
  JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } });

describe('an answer', () => {
  const decode = (text: string, series: string | null = null) => decodeRange(text, { series }, ACCEPT);

  test('as Prometheus 2.42 gave it: a name, its labels, and values as text', () => {
    const text =
      '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","instance":"127.0.0.1:9090","job":"self"},"values":[[1700000000,"1"],[1700000000.5,"1.5e-3"],[1700000001,"NaN"]]}]}}';
    expect(decode(text).batch).toMatchObject({
      series: [{ name: 'up', labels: { instance: '127.0.0.1:9090', job: 'self' } }],
      timeMs: [1_700_000_000_000, 1_700_000_000_500],
      value: [1, 0.0015],
    });
    expect(decode(text).refusals).toEqual([]);
  });

  test('without a name has the one that was given; its own goes before', () => {
    const named = matrix(
      { metric: { job: 'a' }, values: [[1, '2']] },
      { metric: { __name__: 'own' }, values: [[1, '3']] },
    );
    expect(decode(named, 'given').batch.series.map(({ name }) => name)).toEqual(['given', 'own']);
    expect(() => decode(named)).toThrow(/has no name/);
  });

  test('of infinities, histograms and what is none counts them', () => {
    const values = [[1, '+Inf'], [2, '-Inf'], [3, ''], [4, 5], 'x', [6, '6']];
    const { batch, refusals } = decode(matrix({ metric: { __name__: 'a' }, values, histograms: [[1, {}]] }));
    expect(batch.value).toEqual([6]);
    expect(refusals.map(({ reason, count }) => [reason, count])).toEqual([
      ['native_histogram', 1],
      ['non_finite', 3],
      ['unparsable', 2],
    ]);
  });

  test('that is too large is too much', () => {
    const values = Array.from({ length: 200_001 }, (_, i) => [i, '1']);
    expect(() => decode(matrix({ metric: { __name__: 'a' }, values }))).toThrow(TooMuch);
  });

  test.each([
    ['a page', '<html>', /not JSON/],
    ['nothing', '', /not JSON/],
    ['null', 'null', /not JSON/],
    ['an error', '{"status":"error","error":"boom"}', /Prometheus says: boom/],
    ['a vector', '{"status":"success","data":{"resultType":"vector","result":[]}}', /not one of query_range/],
  ])('that is %s is told of', (_, text, expected) => expect(() => decode(text)).toThrow(expected));

  test('of any JSON at all is decoded or told of, never more', () => {
    const anything = fc.oneof(
      fc.json().map((text) => text),
      fc.jsonValue().map((value) => matrix(value)),
      fc.jsonValue().map((values) => matrix({ metric: { __name__: 'a' }, values })),
      fc
        .array(fc.tuple(fc.jsonValue(), fc.jsonValue()))
        .map((values) => matrix({ metric: { b: 'c' }, values })),
      fc.jsonValue().map((metric) => matrix({ metric, values: [[1, '1']] })),
    );
    fc.assert(
      fc.property(anything, (text) => {
        try {
          const { batch } = decode(text, 'given');
          expect(batch.value.every(Number.isFinite)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError);
        }
      }),
    );
  });
});

test.each([
  [401, '', /wants credentials/],
  [403, '', /does not allow/],
  [404, '', /no \/api\/v1\/query_range/],
  [302, '', /redirects are not followed/],
  [400, '{"error":"parse error"}', /refuses the query: parse error/],
  [500, '<html>', /HTTP 500: see its log/],
])('HTTP %i is explained', (status, text, expected) =>
  expect(explainStatus(status, text, 'host').message).toMatch(expected),
);

test.each([
  '{"error":"query processing would load too many samples into memory in query execution"}',
  '{"error":"exceeded maximum resolution of 11,000 points per timeseries."}',
])('%s is asked for again in smaller stretches', (text) =>
  expect(explainStatus(422, text, 'host')).toBeInstanceOf(TooMuch),
);
