import fc from 'fast-check';
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { describe, expect, test } from 'vitest';
import { RequestError } from '../../http/problem';
import { acceptance, type Decoded } from '../ingest';
import { decodeOtlp, encodingOf, type Encoding } from './otlp';

const NOW = Date.UTC(2026, 0, 31, 12);
const accept = acceptance(NOW, 0);
const ENCODINGS = ['json', 'protobuf'] as const;

/** What the collector of a metric gathered, as the SDK hands it to an exporter. */
type Export = Parameters<typeof JsonMetricsSerializer.serializeRequest>[0];
const GAUGE = 2;
const SUM = 3;
const HISTOGRAM = 0;
const EXPONENTIAL = 1;
const DELTA = 0;
const CUMULATIVE = 1;

const hr = (ms: number): [number, number] => [Math.floor(ms / 1000), (ms % 1000) * 1e6];
interface Told {
  name?: string;
  type?: number;
  temporality?: number;
  isMonotonic?: boolean;
  attributes?: Record<string, unknown>;
  value: unknown;
  startMs?: number;
  endMs?: number;
}
const metric = (told: Told) => ({
  descriptor: { name: told.name ?? 'm', description: '', unit: '', type: 'GAUGE', valueType: 1, advice: {} },
  aggregationTemporality: told.temporality ?? CUMULATIVE,
  dataPointType: told.type ?? GAUGE,
  isMonotonic: told.isMonotonic,
  dataPoints: [
    {
      startTime: hr(told.startMs ?? NOW - 10_000),
      endTime: hr(told.endMs ?? NOW),
      attributes: told.attributes ?? {},
      value: told.value,
    },
  ],
});
const request = (metrics: Told[], resource: Record<string, unknown> = {}): Export =>
  ({
    resource: { attributes: resource, asyncAttributesPending: false, merge: undefined },
    scopeMetrics: [{ scope: { name: 'test' }, metrics: metrics.map(metric) }],
  }) as unknown as Export;

const serialize = (sent: Export, encoding: Encoding): Buffer =>
  Buffer.from(
    (encoding === 'json' ? JsonMetricsSerializer : ProtobufMetricsSerializer).serializeRequest(sent)!,
  );
const decode = (sent: Export, encoding: Encoding) => decodeOtlp(serialize(sent, encoding), encoding, accept);
const decodeJson = (sent: unknown) => decodeOtlp(Buffer.from(JSON.stringify(sent)), 'json', accept);

/** What was taken, as `name{labels} = value`, with its time where it is not now, and + after the value of a counter. */
const rows = ({ batch: { series, seriesAt, timeMs, value } }: Decoded) =>
  value.map((one, i) => {
    const { name, labels, isCounter } = series[seriesAt[i]!]!;
    const of = Object.entries(labels).map(([key, text]) => `${key}=${text}`);
    const at = timeMs[i] === NOW ? '' : ` ${timeMs[i]! - NOW}`;
    return `${name}${of.length > 0 ? `{${of.join()}}` : ''}${at} = ${Number(one.toFixed(6))}${isCounter ? '+' : ''}`;
  });
const refused = ({ refusals }: Decoded) =>
  refusals.map(({ reason, count, first }) => `${count} ${reason}: ${first.at}: ${first.detail}`);

const histogram = {
  count: 10,
  sum: 55,
  min: 1,
  max: 40,
  buckets: { boundaries: [10, 20], counts: [5, 4, 1] },
};
const exponential = {
  count: 10,
  sum: 50,
  min: -4,
  max: 16,
  scale: 0,
  zeroCount: 2,
  positive: { offset: 1, bucketCounts: [2, 0, 4] },
  negative: { offset: 1, bucketCounts: [2] },
};

describe.each(ENCODINGS)('as the SDK writes it in %s', (encoding) => {
  test.each<[string, Told, string[]]>([
    ['a gauge', { value: 1.5 }, ['m = 1.5']],
    ['a negative gauge, in the past', { value: -3, endMs: NOW - 1_234 }, ['m -1234 = -3']],
    ['a counter', { type: SUM, isMonotonic: true, value: 7 }, ['m = 7+']],
    ['an up-down counter', { type: SUM, isMonotonic: false, value: 7 }, ['m = 7']],
    ['a counter of deltas', { type: SUM, isMonotonic: true, temporality: DELTA, value: 7 }, ['m = 0.7']],
    ['deltas since nobody knows', { type: SUM, temporality: DELTA, value: 7, startMs: 0 }, ['m = 7']],
    ['a cumulative histogram', { type: HISTOGRAM, value: histogram }, ['m.count = 10+', 'm.sum = 55+']],
    [
      'a histogram of an interval',
      { type: HISTOGRAM, temporality: DELTA, value: histogram },
      ['m.count = 1', 'm.sum = 5.5', 'm.p50 = 10', 'm.p90 = 20', 'm.p99 = 38'],
    ],
    [
      'a histogram that observed nothing',
      {
        type: HISTOGRAM,
        temporality: DELTA,
        value: { ...histogram, count: 0, sum: 0, buckets: { boundaries: [1], counts: [0, 0] } },
      },
      ['m.count = 0', 'm.sum = 0'],
    ],
    [
      'a cumulative exponential histogram',
      { type: EXPONENTIAL, value: exponential },
      ['m.count = 10+', 'm.sum = 50+'],
    ],
    [
      'an exponential histogram of an interval',
      { type: EXPONENTIAL, temporality: DELTA, value: exponential },
      // Two of -4 to -2, two of 0, two of 2 to 4, four of 8 to 16: the fifth, the ninth, and 99 % of the way.
      [
        'm.count = 1',
        'm.sum = 5',
        `m.p50 = ${(2 * Math.SQRT2).toFixed(6)}`,
        `m.p90 = ${(8 * 2 ** 0.75).toFixed(6)}`,
        `m.p99 = ${(8 * 2 ** 0.975).toFixed(5)}`,
      ],
    ],
  ])('%s is read', (_, told, expected) => {
    const decoded = decode(request([told]), encoding);
    expect(refused(decoded)).toEqual([]);
    expect(rows(decoded)).toEqual(expected);
  });

  test('attributes of all types and of the resource become labels; the point’s own come first', () => {
    const attributes = { s: 'ü', i: 5, f: 0.5, b: false, list: ['a', 1], 'host.name': 'own' };
    const resource = {
      'service.name': 'shop',
      'host.name': 'a',
      'k8s.pod.name': 'p-1',
      'telemetry.sdk.name': 'x',
    };
    const decoded = decode(request([{ attributes, value: 1 }], resource), encoding);
    expect(rows(decoded)).toEqual([
      'm{b=false,f=0.5,host.name=own,i=5,k8s.pod.name=p-1,list=["a",1],s=ü,service.name=shop} = 1',
    ]);
  });

  test('many attributes leave room for the most telling of the resource, and too many are refused', () => {
    const named = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, i]));
    const resource = { 'k8s.pod.name': 'p', 'host.name': 'a', 'service.name': 'shop' };
    const labels = (count: number) =>
      decode(request([{ attributes: named(count), value: 1 }], resource), encoding).batch.series[0]?.labels;
    expect(labels(18)).toMatchObject({ 'service.name': 'shop', 'host.name': 'a' });
    expect(Object.keys(labels(18)!)).toHaveLength(20);
    expect(Object.keys(labels(20)!)).not.toContain('service.name');
    expect(
      refused(decode(request([{ attributes: named(21), type: HISTOGRAM, value: histogram }]), encoding)),
    ).toEqual(['1 bad_series: metric "m", point 1: labels: more than 20 labels']);
  });

  test('what is no number is refused, a point at a time', () => {
    const told = [
      { value: NaN },
      { value: Infinity },
      { value: 1, endMs: 5 },
      { value: 1, name: '' },
      { value: 1, attributes: { a: 'x'.repeat(201) } },
      { type: HISTOGRAM, value: histogram, endMs: 5 },
      { value: 2 },
    ];
    const decoded = decode(request(told), encoding);
    expect(rows(decoded)).toEqual(['m = 2']);
    expect(decoded.refusals.map(({ reason, count }) => `${count} ${reason}`)).toEqual([
      // JSON has no NaN: the SDK writes null, which is no value.
      encoding === 'json' ? '2 unparsable' : '2 non_finite',
      '2 too_old',
      '2 bad_series',
    ]);
  });

  test('no metrics at all are no mistake', () => {
    expect(decode(request([]), encoding)).toMatchObject({ refusals: [], batch: { value: [] } });
  });

  test('what was recorded is what is read', () => {
    const told = fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9._-]{0,30}$/),
      attributes: fc.dictionary(
        fc.stringMatching(/^[a-z][a-z.]{0,10}$/),
        fc.stringMatching(/^[ -~]{1,20}$/),
        { maxKeys: 5 },
      ),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      endMs: fc.integer({ min: accept.oldestMs, max: accept.newestMs - 1 }),
    });
    fc.assert(
      fc.property(fc.array(told, { maxLength: 10 }), (sent) => {
        const decoded = decode(request(sent), encoding);
        expect(decoded.refusals).toEqual([]);
        const { series, seriesAt, timeMs, value } = decoded.batch;
        expect(
          value.map((one, i) => ({ ...series[seriesAt[i]!]!, timeMs: timeMs[i], value: one })),
        ).toMatchObject(
          // JSON knows no negative zero.
          sent.map(({ name, attributes, value: one, endMs }) => ({
            name,
            labels: attributes,
            timeMs: endMs,
            value: encoding === 'json' ? one + 0 : one,
          })),
        );
      }),
    );
  });
});

describe('what SDKs do not write and collectors do', () => {
  const time = `${NOW}000000`;
  const start = `${NOW - 2_000}000000`;
  const gauge = (point: object) => ({
    resourceMetrics: [
      {
        scopeMetrics: [
          { metrics: [{ name: 'm', gauge: { dataPoints: [{ timeUnixNano: time, ...point }] } }] },
        ],
      },
    ],
  });
  const value = (any: object) => gauge({ asDouble: 1, attributes: [{ key: 'a', value: any }] });

  test('summaries have quantiles of their own', () => {
    const point = {
      timeUnixNano: time,
      startTimeUnixNano: start,
      count: '4',
      sum: 10,
      quantileValues: [
        { quantile: 0.5, value: 2 },
        { quantile: 0.999, value: 4 },
        { quantile: 1, value: 'NaN' },
      ],
    };
    const decoded = decodeJson({
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', summary: { dataPoints: [point] } }] }] }],
    });
    expect(rows(decoded)).toEqual(['m.count = 4+', 'm.sum = 10+', 'm.p50 = 2', 'm.p99.9 = 4']);
  });

  test('a value that was not recorded is missing', () => {
    expect(decodeJson(gauge({ flags: 1 }))).toMatchObject({ refusals: [], batch: { value: [] } });
  });

  test.each<[object, number]>([
    [{ asInt: '5' }, 5],
    [{ asInt: 5 }, 5],
    [{ asDouble: '2.5' }, 2.5],
    [{ asDouble: 1e-3 }, 0.001],
  ])('a number may be written as %j', (point, expected) => {
    expect(decodeJson(gauge(point)).batch.value).toEqual([expected]);
  });

  test.each<[object, string]>([
    [{ intValue: '9007199254740993' }, '9007199254740993'],
    [{ intValue: 7 }, '7'],
    [{ boolValue: true }, 'true'],
    [{ bytesValue: 'AQI=' }, 'AQI='],
    [
      { kvlistValue: { values: [{ key: 'k', value: { arrayValue: { values: [{ intValue: 1 }] } } }] } },
      '{"k":[1]}',
    ],
    [
      { arrayValue: { values: Array.from({ length: 300 }, () => ({ intValue: 1 })) } },
      `[${'1,'.repeat(99)}1`,
    ],
  ])('the attribute %j is a label', (any, expected) => {
    expect(decodeJson(value(any)).batch.series[0]?.labels).toEqual({ a: expected });
  });

  test('an attribute of nothing is no label', () => {
    expect(decodeJson(value({})).batch.series[0]?.labels).toEqual({});
  });

  test.each<[string, object, string]>([
    ['a point without a value', gauge({}), 'the point has no value'],
    [
      'no temporality',
      {
        resourceMetrics: [
          { scopeMetrics: [{ metrics: [{ name: 'm', sum: { dataPoints: [{ asInt: 1 }] } }] }] },
        ],
      },
      'the metric says neither "delta" nor "cumulative" (aggregation temporality)',
    ],
    [
      'buckets that do not fit',
      {
        resourceMetrics: [
          {
            scopeMetrics: [
              {
                metrics: [
                  {
                    name: 'm',
                    histogram: {
                      aggregationTemporality: 1,
                      dataPoints: [{ bucketCounts: [1], explicitBounds: [1] }],
                    },
                  },
                ],
              },
            ],
          },
        ],
      },
      '1 buckets and 1 bounds: there must be one bucket more',
    ],
  ])('%s is refused', (_, body, why) => {
    expect(refused(decodeJson(body))).toEqual([`1 unparsable: metric "m", point 1: ${why}`]);
  });

  test.each<[string, unknown, string]>([
    ['no object', [], 'body: not an object'],
    ['no array', { resourceMetrics: {} }, 'resourceMetrics: not an array'],
    ['a time of words', gauge({ asInt: 1, timeUnixNano: 'now' }), 'dataPoints[0].timeUnixNano: not a number'],
    ['a value of words', gauge({ asDouble: 'x' }), 'metrics[0].gauge.dataPoints[0].asDouble: not a number'],
  ])('%s cannot be read', (_, body, why) => {
    expect(() => decodeJson(body)).toThrow(why);
  });

  test.each([
    ['application/json', 'json'],
    ['application/json; charset=utf-8', 'json'],
    ['application/x-protobuf', 'protobuf'],
    ['Application/Protobuf', 'protobuf'],
    ['text/plain', undefined],
    ['application/jsonp', undefined],
    [undefined, undefined],
  ])('the content type %s is %s', (type, expected) => {
    expect(encodingOf(type)).toBe(expected);
  });
});

describe('garbage', () => {
  const survives = (body: Buffer, encoding: Encoding) => {
    try {
      const { batch, refusals } = decodeOtlp(body, encoding, accept);
      expect(batch.value.every(Number.isFinite)).toBe(true);
      expect(refusals.every(({ count, first }) => count > 0 && first.at !== '')).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(RequestError);
    }
  };
  const encoding = fc.constantFrom(...ENCODINGS);
  const noise = fc.uint8Array({ maxLength: 40 }).map((one) => Buffer.from(one));
  const good = request(
    [
      { value: 1, attributes: { a: 'x', list: ['a', 1] } },
      { type: SUM, isMonotonic: true, value: 5 },
      { type: HISTOGRAM, temporality: DELTA, value: histogram },
      { type: EXPONENTIAL, temporality: DELTA, value: exponential },
    ],
    { 'service.name': 'shop' },
  );
  const bodies = { json: serialize(good, 'json'), protobuf: serialize(good, 'protobuf') };

  test('of any kind is an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), encoding, (one, as) => survives(Buffer.from(one), as)),
      {
        numRuns: 1_000,
      },
    );
  });

  test('in a good body is an answer', () => {
    fc.assert(
      fc.property(encoding, fc.nat(), noise, fc.nat(), (as, seed, bytes, cut) => {
        const body = bodies[as];
        const at = seed % body.length;
        survives(Buffer.concat([body.subarray(0, at), bytes, body.subarray(at + bytes.length)]), as);
        survives(body.subarray(0, cut % body.length), as);
      }),
      { numRuns: 1_000 },
    );
  });

  test('of every single byte of a good body is an answer', () => {
    for (let at = 0; at < bodies.protobuf.length; at++)
      for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
        const body = Buffer.from(bodies.protobuf);
        body[at] = byte;
        survives(body, 'protobuf');
      }
  });

  test('that is JSON of another shape is an answer', () => {
    const any = fc.jsonValue();
    const of = (key: string, inside: fc.Arbitrary<unknown>) =>
      fc.record({ [key]: fc.oneof(any, fc.array(inside)) });
    const point = fc.record(
      {
        timeUnixNano: any,
        asDouble: any,
        attributes: any,
        bucketCounts: any,
        positive: any,
        count: any,
        flags: any,
      },
      { requiredKeys: [] },
    );
    const kind = fc.constantFrom('gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary');
    const one = fc.tuple(kind, of('dataPoints', point), any).map(([key, points, temporality]) => ({
      name: 'm',
      [key]: { ...points, aggregationTemporality: temporality },
    }));
    fc.assert(
      fc.property(of('resourceMetrics', of('scopeMetrics', of('metrics', one))), (body) => {
        survives(Buffer.from(JSON.stringify(body)), 'json');
      }),
    );
  });

  const MIB = 1024 * 1024;
  const message = (field: number, inside: Buffer) => {
    const length: number[] = [];
    let left = inside.length;
    for (; left > 127; left >>>= 7) length.push((left & 127) | 128);
    return Buffer.concat([Buffer.from([(field << 3) | 2, ...length, left]), inside]);
  };
  const gauge = (points: Buffer) =>
    message(1, message(2, message(2, Buffer.concat([message(1, Buffer.from('m')), message(5, points)]))));
  const nested = (text: string, depth: number) => `${text.repeat(depth)}`;

  test.each<[string, () => Buffer, Encoding]>([
    ['empty resources', () => Buffer.alloc(4 * MIB, message(1, Buffer.alloc(0))), 'protobuf'],
    ['empty points', () => gauge(Buffer.alloc(4 * MIB, message(1, Buffer.alloc(0)))), 'protobuf'],
    [
      'points without a value that is known',
      () => gauge(Buffer.alloc(4 * MIB, message(1, Buffer.from([0x40, 1])))),
      'protobuf',
    ],
    [
      'empty attributes',
      () => gauge(message(1, Buffer.alloc(4 * MIB, message(7, Buffer.alloc(0))))),
      'protobuf',
    ],
    ['zeros', () => Buffer.alloc(4 * MIB), 'protobuf'],
    ['open groups', () => Buffer.alloc(4 * MIB, 0x0b), 'protobuf'],
    ['continued numbers', () => Buffer.alloc(4 * MIB, 0xff), 'protobuf'],
    [
      'buckets',
      () =>
        message(
          1,
          message(2, message(2, message(10, message(1, message(8, message(2, Buffer.alloc(4 * MIB, 1))))))),
        ),
      'protobuf',
    ],
    ['brackets', () => Buffer.from(nested('[', 4 * MIB)), 'json'],
    ['objects', () => Buffer.from(nested('{"a":', MIB)), 'json'],
    ['empty resources', () => Buffer.from(`{"resourceMetrics":[${'{},'.repeat(MIB)}{}]}`), 'json'],
  ])('of megabytes is an answer at once: %s', (_, make, as) => {
    const body = make();
    const before = performance.now();
    survives(body, as);
    expect(performance.now() - before).toBeLessThan(8_000);
  });

  test('nested lists of values are read to a depth', () => {
    let value = Buffer.alloc(0);
    for (let i = 0; i < 2_000; i++) value = message(5, message(1, value));
    const attribute = message(7, Buffer.concat([message(1, Buffer.from('a')), message(2, value)]));
    const number = Buffer.alloc(9, 0x21);
    number.writeDoubleLE(1, 1);
    const time = Buffer.alloc(9, 0x19);
    time.writeBigUInt64LE(BigInt(NOW) * 1_000_000n, 1);
    const decoded = decodeOtlp(
      gauge(message(1, Buffer.concat([attribute, number, time]))),
      'protobuf',
      accept,
    );
    expect(rows(decoded)).toEqual(['m{a=[[[[[[[[[null]]]]]]]]]} = 1']);
  });

  test('that would take more memory than it has bytes is a 413', () => {
    const keys = Array.from({ length: 15 }, (_, i) => ({
      key: `k8s.${i}.${'x'.repeat(190)}`,
      value: { stringValue: 'y'.repeat(200) },
    }));
    const metrics = Array.from({ length: 20_000 }, (_, i) => ({
      name: `m${i}`,
      gauge: { dataPoints: [{ asInt: 1 }] },
    }));
    const body = { resourceMetrics: [{ resource: { attributes: keys }, scopeMetrics: [{ metrics }] }] };
    expect(() => decodeJson(body)).toThrow(expect.objectContaining({ status: 413 }));
  });
});
