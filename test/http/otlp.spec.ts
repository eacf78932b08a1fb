/** OpenTelemetry's SDK with both of its exporters, on the real server and database. */
import 'reflect-metadata';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { RequestError } from '../../apps/backend/src/http/problem';
import { IngestService } from '../../apps/backend/src/ingest/ingest.service';

const url = process.env['DATABASE_URL']!;
const HOUR_MS = 3_600_000;

let app: NestExpressApplication;
let base: string;
let sql: Client;

beforeAll(async () => {
  await migrate(url, () => undefined);
  sql = new Client(url);
  await sql.connect();
  const database = new Database(url, { poolSize: 4, name: 'otlp spec' });
  const config = readConfig({ LOG_LEVEL: 'silent', MAX_BODY_MB: '2' });
  const foundation = { config, clock: () => Date.now(), database };
  app = await createServer(foundation, join(tmpdir(), 'bellwether-no-dashboard'));
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
});
afterAll(async () => {
  await app?.close();
  await sql?.end();
});

/** The newest sample of every series whose name begins so, as `name{labels} = value`, + after that of a counter. */
async function stored(prefix: string): Promise<string[]> {
  const { rows } = await sql.query(
    `SELECT DISTINCT ON (s.name, s.labels) s.name, s.labels, p.value
     FROM series s JOIN sample p ON p.series_id = s.id
     WHERE s.name LIKE $1 || '%' ORDER BY s.name, s.labels, p.time DESC`,
    [prefix],
  );
  return rows.map(({ name, labels, value }) => {
    const of = Object.entries(labels as object).map(([key, one]) => `${key}=${one}`);
    return `${name}{${of.join()}} = ${value}`;
  });
}

interface Sender {
  exporter: typeof JsonExporter | typeof ProtobufExporter;
  temporality: AggregationTemporality;
  isCompressed?: boolean;
}

/** A service with a meter that sends what it recorded when it is told to. */
function service(name: string, { exporter: Exporter, temporality, isCompressed = false }: Sender) {
  const exporter = new Exporter({
    url: `${base}/v1/metrics`,
    temporalityPreference: temporality,
    compression: isCompressed ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
  });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': name, 'process.pid': 7 }),
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: HOUR_MS })],
    views: [
      { instrumentName: '*.exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
    ],
  });
  return {
    meter: provider.getMeter('spec'),
    flush: () => provider.forceFlush(),
    end: () => provider.shutdown(),
  };
}

const { CUMULATIVE, DELTA } = AggregationTemporality;

describe.each<[string, Sender]>([
  ['json', { exporter: JsonExporter, temporality: CUMULATIVE }],
  ['json-gzip', { exporter: JsonExporter, temporality: DELTA, isCompressed: true }],
  ['proto', { exporter: ProtobufExporter, temporality: DELTA }],
  ['proto-gzip', { exporter: ProtobufExporter, temporality: CUMULATIVE, isCompressed: true }],
])('the SDK with %s', (name, sender) => {
  const prefix = `otlp.${name}.`;
  const isDelta = sender.temporality === DELTA;

  test('sends every instrument, and the samples are found', async () => {
    const { meter, flush, end } = service(name, sender);
    meter.createCounter(`${prefix}requests`).add(5, { route: '/a' });
    meter.createUpDownCounter(`${prefix}queue`).add(-3);
    meter.createGauge(`${prefix}temperature`).record(21.5);
    meter.createObservableGauge(`${prefix}load`).addCallback((result) => result.observe(0.25));
    for (const instrument of ['latency', 'exponential']) {
      const histogram = meter.createHistogram(`${prefix}${instrument}`);
      for (let i = 1; i <= 100; i++) histogram.record(i);
    }
    await flush();
    await end();

    const found = Object.fromEntries(
      (await stored(prefix)).map((row) => row.split(' = ') as [string, string]),
    );
    const value = (series: string, labels = `service.name=${name}`) =>
      Number(found[`${prefix}${series}{${labels}}`]);
    // An up-down counter is cumulative also where deltas are preferred.
    expect([value('queue'), value('temperature'), value('load')]).toEqual([-3, 21.5, 0.25]);
    const requests = value('requests', `route=/a,service.name=${name}`);
    for (const histogram of ['latency', 'exponential']) {
      expect(value(`${histogram}.sum`) / value(`${histogram}.count`)).toBeCloseTo(50.5, 6);
      const quantiles = ['p50', 'p90', 'p99'].map((suffix) => value(`${histogram}.${suffix}`));
      if (isDelta)
        [50, 90, 99].forEach((expected, i) => expect(Math.abs(quantiles[i]! - expected)).toBeLessThan(3));
      else expect(quantiles).toEqual([NaN, NaN, NaN]);
    }
    if (isDelta) expect(requests).toBeGreaterThan(0);
    else expect([requests, value('latency.count'), value('latency.sum')]).toEqual([5, 100, 5_050]);
    expect(Object.keys(found)).toHaveLength(isDelta ? 14 : 8);
    const { rows } = await sql.query(`SELECT name FROM series WHERE name LIKE $1 || '%' ORDER BY name`, [
      `rate(${prefix}`,
    ]);
    const counters = ['exponential.count', 'exponential.sum', 'latency.count', 'latency.sum', 'requests'];
    expect(rows.map((row) => row.name)).toEqual(
      isDelta ? [] : counters.map((one) => `rate(${prefix}${one})`),
    );
  });
});

describe('an answer', () => {
  const time = () => `${Date.now()}000000`;
  const gauge = (...points: object[]) => ({
    resourceMetrics: [
      { scopeMetrics: [{ metrics: [{ name: 'otlp.answer', gauge: { dataPoints: points } }] }] },
    ],
  });
  const post = async (body: string | Uint8Array, type: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${base}/v1/metrics`, {
      method: 'POST',
      body: body as BodyInit,
      headers: { 'content-type': type, ...headers },
    });
    const answer = Buffer.from(await response.arrayBuffer());
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      headers: response.headers,
      answer,
    };
  };
  const json = async (body: unknown) => {
    const { answer, ...rest } = await post(JSON.stringify(body), 'application/json');
    return { ...rest, body: JSON.parse(answer.toString()) };
  };

  test('is empty where all was written', async () => {
    expect(await json(gauge({ timeUnixNano: time(), asInt: '1' }))).toMatchObject({
      status: 200,
      type: 'application/json',
      body: {},
    });
    const nothing = await post(new Uint8Array(), 'application/x-protobuf');
    expect([nothing.status, nothing.type, nothing.answer.length]).toEqual([200, 'application/x-protobuf', 0]);
    expect((await json({})).body).toEqual({});
  });

  test('counts what was refused, also where that was all', async () => {
    const good = { timeUnixNano: time(), asDouble: 2 };
    const old = { timeUnixNano: '1', asDouble: 2 };
    const said = (rejected: string, message: RegExp) => ({
      status: 200,
      body: {
        partialSuccess: { rejectedDataPoints: rejected, errorMessage: expect.stringMatching(message) },
      },
    });
    expect(await json(gauge(old, good))).toMatchObject(
      said('1', /1 too_old\. .*metric "otlp.answer", point 1/),
    );
    expect(await json(gauge(old, old))).toMatchObject(said('2', /No sample was written: 2 too_old/));
  });

  test.each([
    ['application/json', '{"resourceMetrics": [}', /line 1, column 22/],
    ['application/json', '', /JSON/],
    ['application/json', '{"resourceMetrics": 1}', /resourceMetrics: not an array/],
    ['application/x-protobuf', '\xff\xff\xff', /not a message of protobuf, at byte/],
  ])('of %s says that the body %j cannot be read', async (type, body, message) => {
    const answer = await post(Buffer.from(body, 'latin1'), type);
    expect([answer.status, answer.type]).toEqual([400, type]);
    expect(answer.answer.toString()).toMatch(message);
    if (type === 'application/json') expect(JSON.parse(answer.answer.toString())).toMatchObject({ code: 3 });
    else expect([...answer.answer.subarray(0, 3)]).toEqual([0x08, 3, 0x12]);
  });

  test('is a problem for what is no OTLP, too large, or no gzip', async () => {
    const refused = [
      await post('m v=1', 'text/plain'),
      await post(' '.repeat(2 * 1024 * 1024 + 1), 'application/json'),
      await post('{}', 'application/json', { 'content-encoding': 'gzip' }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([415, 413, 400]);
    expect((await post(gzipSync('{}'), 'application/json', { 'content-encoding': 'gzip' })).status).toBe(200);
  });

  test('asks to come again when there is no room', async () => {
    const writer = app.get(IngestService);
    const ensureRoom = writer.ensureRoom.bind(writer);
    writer.ensureRoom = () => {
      throw new RequestError(429, 'no room', undefined, 7);
    };
    try {
      const { status, headers } = await post('{}', 'application/json');
      expect([status, headers.get('retry-after')]).toEqual([429, '7']);
    } finally {
      writer.ensureRoom = ensureRoom;
    }
  });
});
