import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, type Type } from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { RequestError } from '../../http/problem';
import { identify } from '../../series/series';
import { acceptance, MAX_SAMPLES, type Decoded } from '../ingest';
import { isCounter } from './head';
import { decodeRemoteWrite, explainRefusals, messageOf, V1, V2, type Message } from './remote-write';

/** It has no types of its own. */
const { compress } = createRequire(__filename)('snappyjs') as { compress(bytes: Uint8Array): Uint8Array };

/** Prometheus' definitions (prompb/types.proto, prompb/remote.proto and prompb/io/prometheus/write/v2/types.proto), the parts sent here. */
const TYPES = parse(
  `
  syntax = "proto3";
  message Sample { double value = 1; int64 timestamp = 2; }
  message Histogram { uint64 count_int = 1; double sum = 3; int64 timestamp = 15; }
  message Label { string name = 1; string value = 2; }
  message TimeSeries {
    repeated Label labels = 1; repeated Sample samples = 2; repeated Histogram histograms = 4;
  }
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
  message TimeSeriesV2 {
    repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram histograms = 3; Metadata metadata = 5;
  }
  message Request { repeated string symbols = 4; repeated TimeSeriesV2 timeseries = 5; }
`,
  { keepCase: true },
).root;
const encode = (type: Type, message: object): Uint8Array => type.encode(type.fromObject(message)).finish();
const packed = (bytes: Uint8Array): Buffer => Buffer.from(compress(bytes));

const NOW = Date.UTC(2026, 10, 23, 12);
const accept = acceptance(NOW, 0);
const maxBytes = 32 * 1024 * 1024;
const decode = (body: Buffer, message: Message) => decodeRemoteWrite(body, message, { accept, maxBytes });

interface Sample {
  value: number;
  timestamp: number;
}
interface Sent {
  labels: [string, string][];
  samples: Sample[];
}

const writeRequest = (series: Sent[]): Uint8Array =>
  encode(TYPES.lookupType('WriteRequest'), {
    timeseries: series.map(({ labels, samples }) => ({
      labels: labels.map(([name, value]) => ({ name, value })),
      samples,
    })),
  });

const requestOf = (message: object) => encode(TYPES.lookupType('Request'), message);
function request(series: Sent[]): Uint8Array {
  const symbols = [...new Set(['', ...series.flatMap(({ labels }) => labels.flat())])];
  const refs = ({ labels }: Sent) => labels.flat().map((text) => symbols.indexOf(text));
  const timeseries = series.map((one) => ({ labels_refs: refs(one), samples: one.samples }));
  return requestOf({ symbols, timeseries });
}
const encoders: [Message, (series: Sent[]) => Uint8Array][] = [
  [V1, writeRequest],
  [V2, request],
];

/** `name{label=value} value` of each sample, a counter with a + behind. */
const drawn = ({ batch: { series, seriesAt, value } }: Decoded) =>
  seriesAt.map((place, i) => {
    const { name, labels, isCounter } = series[place]!;
    const pairs = Object.entries(labels).filter(([label]) => label !== 'instance' && label !== 'job');
    return `${name}{${pairs.map((pair) => pair.join('=')).join()}} ${value[i]}${isCounter ? ' +' : ''}`;
  });

describe('what Prometheus itself sends', () => {
  const fixture = (name: string): [Buffer, Message] => {
    const file = join(__dirname, '../../../../../test/fixtures/prometheus', `${name}.json`);
    const { body, contentType } = JSON.parse(readFileSync(file, 'utf8')) as {
      body: string[];
      contentType: string;
    };
    return [Buffer.from(body.join(''), 'base64'), messageOf(contentType)];
  };
  const ofTheScrape = (name: string) => name.startsWith('scrape_') || name.startsWith('up{');

  test.each([
    // 1.0 has no metadata with the samples: names decide.
    ['v1', 1795395813815, ['shop_visitors{} 5', 'shop_doors_total{} 2 +']],
    ['v2', 1795396024609, ['shop_visitors{} 5 +', 'shop_doors_total{} 2']],
  ])('is read (%s)', (name, timeMs, byMetadata) => {
    const decoded = decode(...fixture(name));
    expect(drawn(decoded).filter((one) => !ofTheScrape(one))).toEqual([
      'shop_orders_total{kind=a"b\\c,region=Zürich} 42 +',
      ...byMetadata,
      'shop_queue{} 3.25',
      'shop_oven_celsius{oven=cold} -12.5',
      'shop_wait_seconds_bucket{le=0.5} 7 +',
      'shop_wait_seconds_bucket{le=+Inf} 9 +',
      'shop_wait_seconds_sum{} 4.5 +',
      'shop_wait_seconds_count{} 9 +',
      'shop_bake_seconds_sum{} 0 +',
      'shop_bake_seconds_count{} 0 +',
    ]);
    expect(drawn(decoded).filter(ofTheScrape)).toHaveLength(5);
    expect(decoded.batch.series[0]!.labels).toMatchObject({ instance: 'shop-1', job: 'shop' });
    expect(new Set(decoded.batch.timeMs)).toEqual(new Set([timeMs]));
    expect(decoded.refusals).toEqual([
      {
        reason: 'non_finite',
        count: 1,
        first: {
          at: 'timeseries[5].samples[0] of "shop_oven_celsius"',
          detail: 'the value is not a finite number',
        },
      },
    ]);
  });

  test.each(['v1-stale', 'v2-stale'])('leaves out what has gone stale (%s)', (name) => {
    const decoded = decode(...fixture(name));
    expect(drawn(decoded).every(ofTheScrape)).toBe(true);
    expect(decoded.batch.value).toHaveLength(5);
    expect(decoded.refusals).toEqual([]);
  });

  test.each(['v1-native', 'v2-native'])('is refused where it is a native histogram (%s)', (name) => {
    const decoded = decode(...fixture(name));
    expect(drawn(decoded)).toEqual(['orders_total{} 7 +']);
    expect(decoded.refusals).toEqual([
      {
        reason: 'native_histogram',
        count: 2,
        first: {
          at: 'timeseries[0].histograms[0] of "oven_seconds"',
          detail: expect.stringContaining('always_scrape_classic_histograms'),
        },
      },
    ]);
  });
});

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((one) => /^[^\p{Cc}\p{Cs}]{1,150}$/u.test(one) && one.trim() === one)
  // Not a label, or none that an object can have.
  .filter((one) => one !== '__name__' && one !== '__proto__');
const sample = fc.record({
  value: fc.double({ noNaN: true, noDefaultInfinity: true }),
  timestamp: fc.integer({ min: accept.oldestMs, max: accept.newestMs - 1 }),
});
const sent = fc
  .record({
    name: text,
    labels: fc.dictionary(text, fc.oneof(text, fc.constant('')), { maxKeys: 5 }),
    samples: fc.array(sample),
  })
  .map(({ name, labels, samples }): Sent => ({
    labels: [['__name__', name], ...Object.entries(labels)],
    samples,
  }));

describe.each(encoders)('%s', (message, encoder) => {
  const read = (series: Sent[]) => decode(packed(encoder(series)), message);
  const one = (labels: Sent['labels'], ...samples: Sample[]) => read([{ labels, samples }]);
  const up: Sent['labels'] = [['__name__', 'up']];

  test('what is decoded is what was sent', () => {
    fc.assert(
      fc.property(fc.array(sent), (series) => {
        const { batch, refusals } = read(series);
        expect(refusals).toEqual([]);
        const expected = series.flatMap(({ labels: [name, ...labels], samples }) =>
          samples.map(({ value, timestamp }) => [
            identify(name![1], Object.fromEntries(labels)).key,
            timestamp,
            value,
          ]),
        );
        expect(
          batch.value.map((value, i) => [batch.series[batch.seriesAt[i]!]!.key, batch.timeMs[i], value]),
        ).toEqual(expected);
      }),
    );
  });

  test('nothing is nothing', () => {
    for (const series of [[], [{ labels: up, samples: [] }], [{ labels: [], samples: [] }] as Sent[]])
      expect(read(series)).toEqual({
        batch: { series: [], seriesAt: [], timeMs: [], value: [] },
        refusals: [],
      });
  });

  const value = { value: 1, timestamp: NOW };
  const label = (name: string, value = 'x'): Sent['labels'] => [...up, [name, value]];
  test.each<[string, Sent['labels'], Sample, string, RegExp]>([
    ['no name', [['job', 'a']], value, 'bad_series', /series: the name is empty/],
    ['an empty name', [['__name__', '']], value, 'bad_series', /series: the name is empty/],
    ['a name too long', [['__name__', 'x'.repeat(2_000_000)]], value, 'bad_series', /longer than 200/],
    ['two names', [...up, ...up], value, 'bad_series', /"__name__" stands twice/],
    ['a label twice', [...label('a'), ['a', 'y']], value, 'bad_series', /labels: "a" stands twice/],
    ['a label of megabytes', label('a', 'ü'.repeat(1_000_000)), value, 'bad_series', /longer than 200/],
    ['an empty label', label(''), value, 'bad_series', /labels/],
    ['a control character', label('a', '\n'), value, 'bad_series', /control/],
    ['too many labels', Array.from({ length: 5_000 }, (_, i) => [`l${i}`, 'x']), value, 'bad_series', /./],
    ['+Inf', up, { value: Infinity, timestamp: NOW }, 'non_finite', /finite/],
    ['no time', up, { value: 1, timestamp: 0 }, 'too_old', /1970-01-01T00:00:00.000Z/],
    ['a time before 1970', up, { value: 1, timestamp: -1 }, 'too_old', /1969-12-31T23:59:59.999Z/],
    [
      'the least time there is',
      up,
      { value: 1, timestamp: -(2 ** 63) },
      'too_old',
      /-9223372036854776000 ms/,
    ],
    ['a time in seconds', up, { value: 1, timestamp: NOW / 1000 }, 'too_old', /1970-/],
    ['nanoseconds', up, { value: 1, timestamp: NOW * 1e6 }, 'in_the_future', /1795435200000000000 ms/],
  ])('refuses %s', (_, labels, refused, reason, detail) => {
    const { batch, refusals } = read([
      { labels, samples: [refused] },
      { labels: [['__name__', 'good']], samples: [value] },
    ]);
    expect(batch.value).toEqual([1]);
    expect(refusals).toEqual([
      {
        reason,
        count: 1,
        first: {
          at: expect.stringContaining('timeseries[0].samples[0] of "'),
          detail: expect.stringMatching(detail),
        },
      },
    ]);
    expect(JSON.stringify(refusals).length).toBeLessThan(500);
  });

  test('text that is no UTF-8 is not guessed at', () => {
    const bytes = Buffer.from(encoder([{ labels: label('a', 'QQQ'), samples: [value] }]));
    bytes.write('\xff', bytes.indexOf('QQQ') + 1, 'latin1');
    expect(decode(packed(bytes), message).refusals).toMatchObject([
      { reason: 'bad_series', first: { detail: 'labels: not valid Unicode' } },
    ]);
    expect(drawn(one(label('a', 'a\ufffdb'), value))).toEqual(['up{a=a\ufffdb} 1']);
  });

  test('more samples than a request may hold are a 413', () => {
    const samples = Array.from({ length: 1_000 }, () => value);
    const thousand = encoder([{ labels: up, samples }]);
    const body = packed(Buffer.concat(Array.from({ length: MAX_SAMPLES / 1_000 + 1 }, () => thousand)));
    expect(() => decode(body, message)).toThrow(expect.objectContaining({ status: 413 }));
  });

  const survives = (body: Buffer) => {
    try {
      const { batch, refusals } = decode(body, message);
      expect(batch.value.every(Number.isFinite)).toBe(true);
      expect(refusals.every(({ count, first }) => count > 0 && first.at !== '')).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(RequestError);
      expect((error as RequestError).status).toBeLessThan(500);
    }
  };
  const change = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 8 }),
    add: fc.uint8Array({ maxLength: 8 }),
  });
  const changed = (
    bytes: Uint8Array,
    { at, remove, add }: { at: number; remove: number; add: Uint8Array },
  ) => {
    const from = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, from), add, bytes.subarray(from + remove)]);
  };

  test('any bytes are an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        survives(Buffer.from(bytes));
        survives(packed(bytes));
      }),
      { numRuns: 1_000 },
    );
  });

  test('so are messages with bytes changed, left out, put in, or cut off, and those of the other version', () => {
    fc.assert(
      fc.property(
        fc.array(sent, { minLength: 1 }),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (series, changes, cut) => {
          for (const [, encoderOfAny] of encoders) {
            const bytes = encoderOfAny(series);
            survives(packed(changes.reduce<Uint8Array>(changed, bytes)));
            survives(changes.reduce<Buffer>(changed, packed(bytes)));
            survives(packed(bytes.subarray(0, cut % bytes.length)));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a length of 4 GiB', [0x2a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['a length beyond that', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a field without number', [0x00, 0x01]],
    ['a wire type that is none', [0x0f]],
    ['the end of a group that never began', [0x0c]],
    ['a group in a group, for ever', Array.from({ length: 100_000 }, () => 0x1b)],
    ['a number without end', [0x18, ...Array.from({ length: 11 }, () => 0xff)]],
  ])('says where %s stands', (_, bytes) => {
    expect(() => decode(packed(Uint8Array.from(bytes)), message)).toThrow(
      expect.objectContaining({
        status: 400,
        message: expect.stringMatching(/^The body is not a valid .*: byte \d+: /),
      }),
    );
  });
});

describe('the symbols of 2.0', () => {
  const samples = [{ value: 1, timestamp: NOW }];
  const of = (symbols: string[], ...refs: number[]) =>
    decode(packed(requestOf({ symbols, timeseries: [{ labels_refs: refs, samples }] })), V2);

  test('name the labels, wherever the table stands', () => {
    const table = requestOf({ symbols: ['', '__name__', 'up'] });
    const series = requestOf({ timeseries: [{ labels_refs: [1, 2], samples }] });
    for (const order of [
      [table, series],
      [series, table],
    ])
      expect(drawn(decode(packed(Buffer.concat(order)), V2))).toEqual(['up{} 1']);
  });

  test('may be referred to one by one', () => {
    const series = Buffer.from([0x2a, 6, 0x08, 1, 0x08, 2, 0x12, 0]);
    const table = requestOf({ symbols: ['', '__name__', 'up'] });
    expect(decode(packed(Buffer.concat([table, series])), V2).refusals).toMatchObject([
      { reason: 'too_old' },
    ]);
  });

  test.each<[string, string[], number[], RegExp]>([
    [
      'an odd number of references',
      ['', 'a'],
      [1, 1, 1],
      /timeseries\[0\].labels_refs: the label "a" has no value/,
    ],
    ['a reference beyond them', ['', 'a'], [1, 2], /there is no symbol 2, the table has 2/],
    ['a first one that is not empty', ['a', 'b'], [0, 1], /symbols\[0\] is not empty/],
    ['none of them', [], [0, 0], /there is no symbol 0, the table has 0/],
  ])('make %s a 400', (_, symbols, refs, message) => {
    expect(() => of(symbols, ...refs)).toThrow(
      expect.objectContaining({ status: 400, message: expect.stringMatching(message) }),
    );
  });

  test('do not make a small body the work of a huge one', () => {
    const refs = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 1 : 2));
    const timeseries = Array.from({ length: 20_000 }, () => ({ labels_refs: refs, samples }));
    const body = packed(requestOf({ symbols: ['', 'a', 'x'.repeat(1_000)], timeseries }));
    expect(() => decode(body, V2)).toThrow(expect.objectContaining({ status: 413 }));
  });

  test('are not without end', () => {
    const body = packed(Buffer.alloc(2_500_000, Buffer.from([0x22, 0])));
    expect(() => decode(body, V2)).toThrow(expect.objectContaining({ status: 413 }));
  });
});

const [NONE, COUNTER, GAUGE, HISTOGRAM, GAUGEHISTOGRAM, SUMMARY, INFO] = [0, 1, 2, 3, 4, 5, 6];
test.each<[string, number, boolean]>([
  ['a', COUNTER, true],
  ['a_total', GAUGE, false],
  ['a_count', GAUGE, false],
  ['a_total', INFO, false],
  ['a_count', GAUGEHISTOGRAM, false],
  ...[HISTOGRAM, SUMMARY].flatMap((type): [string, number, boolean][] => [
    ['a_bucket', type, true],
    ['a_sum', type, true],
    ['a_count', type, true],
    ['a', type, false],
    ['a_total', type, false],
  ]),
  ['a_total', NONE, true],
  ['a_count', NONE, true],
  ['a_sum', NONE, true],
  ['a_bucket', NONE, true],
  ['a', NONE, false],
  ['a_total_seconds', NONE, false],
])('%s of the metric type %i: that it counts is %s', (name, type, expected) => {
  expect(isCounter(name, type)).toBe(expected);
});

describe('the content type', () => {
  test.each([
    ['application/x-protobuf', V1],
    ['Application/X-Protobuf', V1],
    ['application/x-protobuf;proto=prometheus.WriteRequest', V1],
    ['application/x-protobuf;proto=io.prometheus.write.v2.Request', V2],
    ['application/x-protobuf; charset=x; proto="io.prometheus.write.v2.Request"', V2],
  ])('%s says which message it is', (type, message) => expect(messageOf(type)).toBe(message));

  test.each([
    ['none', undefined],
    ['an empty one', ''],
    ['that of JSON', 'application/json'],
    ['that of a version to come', 'application/x-protobuf;proto=io.prometheus.write.v3.Request'],
    ['one of kilobytes', 'x'.repeat(9_999)],
  ])('is a 415 that says what is taken: %s', (_, type) => {
    expect(() => messageOf(type)).toThrow(
      expect.objectContaining({
        status: 415,
        message: expect.stringMatching(new RegExp(`^.{0,300}${V1}.*${V2}`)),
      }),
    );
  });
});

test('what was refused is told in one line, with what was written', () => {
  const first = { at: 'timeseries[0]', detail: 'not so' };
  expect(explainRefusals({ written: 3, refused: [] })).toBeUndefined();
  expect(
    explainRefusals({
      written: 3,
      refused: [
        { reason: 'non_finite', count: 2, first },
        { reason: 'too_old', count: 1, first },
      ],
    }),
  ).toBe('Written: 3; refused: 2 non_finite, 1 too_old. The first, timeseries[0]: not so.');
});
