/** What Prometheus meets: requests that real ones sent, over HTTP, on the real server and the real database. */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Problem } from '@bellwether/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { AccessService } from '../../apps/backend/src/http/access.service';

const url = process.env['DATABASE_URL']!;
const V1 = 'application/x-protobuf';
const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
/** A minute after the fixtures. */
const NOW = Date.UTC(2026, 10, 23, 1, 8);

let app: NestExpressApplication;
let base: string;
let sql: Client;

async function start(environment: Record<string, string> = {}): Promise<void> {
  const database = new Database(url, { poolSize: 3, name: 'remote write spec' });
  const config = readConfig({ LOG_LEVEL: 'silent', MAX_BODY_MB: '2', ...environment });
  app = await createServer({ config, clock: () => NOW, database });
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  await app.get(AccessService).ensureKey();
}

beforeAll(async () => {
  sql = new Client(url);
  await sql.connect();
});
afterAll(() => sql?.end());

function fixture(name: string): { body: Buffer; type: string } {
  const file = join(__dirname, '../fixtures/prometheus', `${name}.json`);
  const { body, contentType } = JSON.parse(readFileSync(file, 'utf8')) as {
    body: string[];
    contentType: string;
  };
  return { body: Buffer.from(body.join(''), 'base64'), type: contentType };
}

async function write({ body, type }: { body: Buffer; type?: string }, headers: Record<string, string> = {}) {
  const response = await fetch(`${base}/api/v1/write`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'content-encoding': 'snappy', ...(type ? { 'content-type': type } : {}), ...headers },
  });
  const text = await response.text();
  const of = (what: string) => response.headers.get(`x-prometheus-remote-write-${what}-written`);
  return {
    status: response.status,
    detail: text && Problem.parse(JSON.parse(text)).detail,
    written: [of('samples'), of('histograms'), of('exemplars')],
  };
}
const NOTHING_SAID = [null, null, null];
const saying = (samples: number) => [String(samples), '0', '0'];

/** What is kept of the fixtures since `fromMs`, as `name{labels} = value`, a counter with a + behind. */
async function stored(fromMs: number, toMs: number): Promise<string[]> {
  const { rows } = await sql.query(
    `SELECT s.name, s.labels, s.is_counter, p.value FROM series s JOIN sample p ON p.series_id = s.id
     WHERE s.labels ->> 'job' = 'shop' AND s.rate_of IS NULL AND p.time >= $1 AND p.time < $2
     ORDER BY s.name, s.labels`,
    [new Date(fromMs), new Date(toMs)],
  );
  return rows.map(({ name, labels, is_counter, value }) => {
    const { job: _, instance: __, ...others } = labels as Record<string, string>;
    const pairs = Object.entries(others).map((pair) => pair.join('='));
    return `${name}{${pairs.join()}} = ${value}${is_counter ? ' +' : ''}`;
  });
}

describe('on loopback', () => {
  beforeAll(() => start());
  afterAll(() => app?.close());

  const partial =
    'Written: 16; refused: 1 non_finite. The first, timeseries[5].samples[0] of "shop_oven_celsius": the value is not a finite number.';
  test.each([
    ['v1', 1795395813815, NOTHING_SAID, NOTHING_SAID],
    ['v2', 1795396024609, saying(16), saying(5)],
  ])('%s is written, and a repeated request changes nothing', async (name, timeMs, written, stale) => {
    for (let i = 0; i < 2; i++) {
      expect(await write(fixture(name))).toEqual({ status: 400, detail: partial, written });
      const rows = await stored(timeMs, timeMs + 1);
      expect(rows).toHaveLength(16);
      expect(rows).toEqual(
        expect.arrayContaining([
          'shop_orders_total{kind=a"b\\c,region=Zürich} = 42 +',
          'shop_oven_celsius{oven=cold} = -12.5',
          'shop_wait_seconds_bucket{le=+Inf} = 9 +',
        ]),
      );
    }
    const gone = await write(fixture(`${name}-stale`));
    expect(gone).toEqual({ status: 204, detail: '', written: stale });
    expect(await stored(timeMs + 1, timeMs + 10_000)).toHaveLength(5);
  });

  test.each([
    ['v1-native', NOTHING_SAID],
    ['v2-native', saying(1)],
  ])('what cannot be kept is counted (%s)', async (name, written) => {
    const answer = await write(fixture(name));
    expect(answer).toMatchObject({ status: 400, written });
    expect(answer.detail).toMatch(/^Written: 1; refused: 2 native_histogram\. The first/);
  });

  test.each([
    [V1, NOTHING_SAID],
    [V2, saying(0)],
  ])('an empty message is written (%s)', async (type, written) => {
    expect(await write({ body: Buffer.from([0]), type })).toEqual({ status: 204, detail: '', written });
  });

  test.each([
    ['no bytes', [], /empty/],
    ['bytes that are no Snappy', [...Buffer.from('nonsense')], /not valid Snappy/],
    ['a message that is cut off', [2, 1 << 2, 0x2a, 9], /not a valid .*: byte 2: /],
  ])('%s are a 400', async (_, bytes, detail) => {
    for (const type of [V1, V2]) {
      const answer = await write({ body: Buffer.from(bytes), type });
      expect(answer).toMatchObject({ status: 400, detail: expect.stringMatching(detail) });
    }
  });

  test('a message of the other version has nothing in the places that are looked at', async () => {
    const answers = [
      await write({ ...fixture('v2'), type: V1 }),
      await write({ ...fixture('v1'), type: V2 }),
    ];
    expect(answers.map(({ status, written }) => [status, written])).toEqual([
      [204, NOTHING_SAID],
      [204, saying(0)],
    ]);
  });

  test('a body is as large as it says it will be', async () => {
    const huge = Buffer.from([0xff, 0xff, 0xff, 0x7f, ...Buffer.alloc(1_900_000)]);
    expect(await write({ body: huge, type: V1 })).toMatchObject({
      status: 413,
      detail: expect.stringMatching(/2 MiB.*MAX_BODY_MB/),
    });
  });

  test.each(['application/json', 'application/x-protobuf;proto=io.prometheus.write.v3.Request', undefined])(
    'another content type is a 415 that says what is taken (%s)',
    async (type) => {
      const answer = await write({ body: fixture('v1').body, type });
      expect(answer).toMatchObject({ status: 415, written: NOTHING_SAID });
      expect(answer.detail).toMatch(/prometheus\.WriteRequest.*io\.prometheus\.write\.v2\.Request/);
    },
  );
  test('so is another compression', async () => {
    expect(await write(fixture('v1'), { 'content-encoding': 'zstd' })).toMatchObject({ status: 415 });
  });
});

describe('on a network', () => {
  const KEY = 'remote-write-spec-key-of-the-operator';
  beforeAll(() => start({ HOST: '0.0.0.0', API_KEY: KEY }));
  afterAll(() => app?.close());

  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  test.each([
    ['no key', undefined, 401],
    ['another key', 'Bearer no-key-of-this-installation', 401],
    ['another password', basic('prometheus:no-key-of-this-installation'), 401],
    ['the key', `Bearer ${KEY}`, 204],
    ['the key as a password', basic(`prometheus:${KEY}`), 204],
  ])('%s answers', async (_, authorization, status) => {
    const headers: Record<string, string> = authorization ? { authorization } : {};
    expect((await write(fixture('v2-stale'), headers)).status).toBe(status);
  });
});
