/** InfluxDB's clients and Telegraf's requests, on the real server and database. */
import 'reflect-metadata';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { InfluxDB, Point, type WriteApi } from '@influxdata/influxdb-client';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { RequestError } from '../../apps/backend/src/http/problem';
import { IngestService } from '../../apps/backend/src/ingest/ingest.service';

const url = process.env['DATABASE_URL']!;
const T0 = Date.UTC(2026, 0, 31, 12);
const NOW = T0 + 3_600_000;

let app: NestExpressApplication;
let base: string;
let sql: Client;

beforeAll(async () => {
  await migrate(url, () => undefined);
  sql = new Client(url);
  await sql.connect();
  const database = new Database(url, { poolSize: 4, name: 'influx spec' });
  const config = readConfig({ LOG_LEVEL: 'silent', MAX_BODY_MB: '2' });
  app = await createServer({ config, clock: () => NOW, database }, join(tmpdir(), 'bellwether-no-dashboard'));
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
});
afterAll(async () => {
  await app?.close();
  await sql?.end();
});

/** The samples of every series whose name begins so, as `name{labels} offset from T0 in s = value`. */
async function stored(prefix: string): Promise<string[]> {
  const { rows } = await sql.query(
    `SELECT s.name, s.labels, p.time, p.value FROM series s JOIN sample p ON p.series_id = s.id
     WHERE s.name LIKE $1 || '%' ORDER BY s.name, s.labels, p.time`,
    [prefix],
  );
  return rows.map(({ name, labels, time, value }) => {
    const of = Object.entries(labels as object).map(([key, one]) => `${key}=${one}`);
    return `${name}{${of.join()}} ${(time.getTime() - T0) / 1000} = ${value}`;
  });
}

async function ask(path: string, options: RequestInit = {}) {
  const response = await fetch(base + path, options);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

/** As Telegraf sends it. */
const telegraf = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  ask(path, {
    method: 'POST',
    body: body as BodyInit,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'user-agent': 'Telegraf/1.36.1', ...headers },
  });

const ns = (ms: number) => `${ms}000000`;

describe('the client of InfluxDB', () => {
  const write = async (points: Point[], use: (api: WriteApi) => void = () => undefined) => {
    const failures: unknown[] = [];
    const api = new InfluxDB({ url: base, token: 'any' }).getWriteApi('org', 'bucket', 'ns', {
      maxRetries: 0,
      gzipThreshold: 0,
      writeFailed: (error) => {
        failures.push(error);
        return Promise.resolve();
      },
    });
    use(api);
    api.writePoints(points);
    await api.close();
    return failures;
  };

  test('writes points of every type, and finds them again', async () => {
    const point = new Point('influx.client, x')
      .tag('host name', 'a=b,c d')
      .floatField('usage=idle', 98.25)
      .intField('count', -3)
      .uintField('size', 7)
      .booleanField('up', true)
      .stringField('state', 'say "hi", 1\n2')
      .timestamp(ns(T0 + 1));
    expect(await write([point], (api) => api.useDefaultTags({ dc: 'x' }))).toEqual([]);
    const labels = 'dc=x,host name=a=b,c d';
    expect(await stored('influx.client')).toEqual([
      `influx.client, x.count{${labels}} 0.001 = -3`,
      `influx.client, x.size{${labels}} 0.001 = 7`,
      `influx.client, x.up{${labels}} 0.001 = 1`,
      `influx.client, x.usage=idle{${labels}} 0.001 = 98.25`,
    ]);
  });

  test('hears what was not written', async () => {
    const old = new Point('influx.heard').floatField('v', 1).timestamp('1');
    const good = new Point('influx.heard').floatField('v', 2).timestamp(ns(T0));
    expect(await write([old, good])).toEqual([
      expect.objectContaining({
        statusCode: 400,
        json: {
          code: 'invalid',
          message: expect.stringMatching(/^partial write: 1 too_old; the first, line 1.* dropped=1$/),
        },
      }),
    ]);
    expect(await stored('influx.heard')).toEqual(['influx.heard.v{} 0 = 2']);
  });
});

describe('Telegraf', () => {
  const batch = (name: string) =>
    `${name},cpu=cpu0,host=a usage_idle=98.5,usage_user=1.5 ${ns(T0)}\n${name},cpu=cpu1,host=a usage_idle=97i ${ns(T0)}\n`;
  const written = (name: string) => [
    `${name}.usage_idle{cpu=cpu0,host=a} 0 = 98.5`,
    `${name}.usage_idle{cpu=cpu1,host=a} 0 = 97`,
    `${name}.usage_user{cpu=cpu0,host=a} 0 = 1.5`,
  ];

  test.each([
    ['v1', '/write?consistency=any&db=telegraf&rp=autogen'],
    ['v2', '/api/v2/write?bucket=telegraf&org=influxdata'],
  ])('writes with its output for %s, compressed and plain', async (version, path) => {
    const name = `influx.telegraf-${version}`;
    const answer = await telegraf(path, gzipSync(batch(name)), { 'content-encoding': 'gzip' });
    expect([answer.status, answer.body]).toEqual([204, undefined]);
    expect(answer.headers.get('x-influxdb-version')).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await telegraf(path, batch(name))).status).toBe(204);
    expect(await stored(name)).toEqual(written(name));
  });

  test('is told of the refused lines, in the words that it looks for, and the others are written', async () => {
    const body = `influx.partial v=1 ${ns(T0)}\ninflux.partial v=\ninflux.partial v=2 5\ninflux.partial w=3 ${ns(T0)}`;
    const said =
      'partial write: 1 unparsable, 1 too_old; the first, line 2, column 18: the field "v" has no value dropped=2';
    const v1 = await telegraf('/write?db=x', body);
    expect(v1).toMatchObject({ status: 400, body: { error: said } });
    const v2 = await telegraf('/api/v2/write?bucket=x', body);
    expect(v2).toMatchObject({ status: 400, body: { code: 'invalid', message: said } });
    expect(await stored('influx.partial')).toEqual(['influx.partial.v{} 0 = 1', 'influx.partial.w{} 0 = 3']);
  });

  test('is told the same where nothing could be written', async () => {
    expect(await telegraf('/write', 'nonsense\nnonsense')).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/^partial write: 2 unparsable; .* dropped=2$/) },
    });
  });

  test('may send strings, which are counted and are no mistake', async () => {
    const answer = await telegraf('/write', 'influx.text state="up",name="x"');
    expect([answer.status, answer.headers.get('x-bellwether-skipped')]).toEqual([204, '2']);
    const mixed = await telegraf('/write', 'influx.text state="up",v=1');
    expect([mixed.status, mixed.headers.get('x-bellwether-skipped')]).toEqual([204, '1']);
    // A line without a time is of now.
    expect(await stored('influx.text')).toEqual(['influx.text.v{} 3600 = 1']);
  });

  test.each([
    ['/write?precision=ms', String(T0)],
    ['/write?precision=u', `${T0}000`],
    ['/write?precision=%C2%B5', `${T0}000`],
    ['/write?precision=h', String(T0 / 3_600_000)],
    ['/api/v2/write?precision=s', String(T0 / 1000)],
    ['/api/v2/write?precision=us', `${T0}000`],
  ])('writes times as %s has them', async (path, time) => {
    const name = `influx.precision${path.replace(/\W/g, '')}`;
    expect((await telegraf(path, `${name} v=1 ${time}`)).status).toBe(204);
    expect(await stored(name)).toEqual([`${name}.v{} 0 = 1`]);
  });

  test.each(['/write', '/api/v2/write'])('sends nothing to %s, and that is all right', async (path) => {
    expect((await telegraf(path, '')).status).toBe(204);
    expect((await ask(path, { method: 'POST' })).status).toBe(204);
  });

  test('hears of a precision that nobody knows, of a body that is too large, and of one that is no gzip', async () => {
    expect(await telegraf('/api/v2/write?precision=h', 'm v=1')).toMatchObject({
      status: 400,
      body: { code: 'invalid', message: 'precision: not one of ns, us, ms, s.' },
    });
    expect((await telegraf('/write', '#'.repeat(2 * 1024 * 1024 + 1))).status).toBe(413);
    expect((await telegraf('/write', 'm v=1', { 'content-encoding': 'gzip' })).status).toBe(400);
  });

  test('is asked to come again when there is no room, in a way that each version keeps its samples for', async () => {
    const service = app.get(IngestService);
    const ensureRoom = service.ensureRoom.bind(service);
    service.ensureRoom = () => {
      throw new RequestError(429, 'no room', undefined, 7);
    };
    try {
      const answers = await Promise.all(['/write', '/api/v2/write'].map((path) => telegraf(path, 'm v=1')));
      const heard = answers.map(({ status, headers }) => [status, headers.get('retry-after')]);
      expect(heard).toEqual([
        [503, '7'],
        [429, '7'],
      ]);
    } finally {
      service.ensureRoom = ensureRoom;
    }
  });
});

describe('around writing', () => {
  test.each(['GET', 'HEAD'])('%s /ping says who is there', async (method) => {
    const { status, headers } = await ask('/ping', { method });
    expect(status).toBe(204);
    expect([headers.get('x-influxdb-version'), headers.get('x-influxdb-build')]).toEqual([
      '1.8.10',
      'Bellwether',
    ]);
  });

  const create = encodeURIComponent('CREATE DATABASE "telegraf"');
  test.each(['GET', 'POST'])('%s /query creates a database by doing nothing', async (method) => {
    const answer = await ask(`/query?q=${create}`, { method });
    expect(answer).toMatchObject({ status: 200, body: { results: [{ statement_id: 0 }] } });
  });

  test.each(['/query', '/query?q=', '/query?q=SHOW%20DATABASES', '/query?q=a&q=b'])(
    '%s is a 400 that says so',
    async (path) => {
      for (const method of ['GET', 'POST'])
        expect(await ask(path, { method })).toMatchObject({
          status: 400,
          body: { error: expect.stringContaining('no InfluxQL') },
        });
    },
  );
});

test('many fields of many lines arrive, each once', async () => {
  const lines = Array.from(
    { length: 2_000 },
    (_, i) => `influx.many,host=h${i % 20} a=${i},b=${i}i,c=t ${ns(T0 + i * 1_000)}`,
  );
  expect((await telegraf('/write', lines.join('\n'))).status).toBe(204);
  const { rows } = await sql.query(
    `SELECT count(*)::int AS samples, count(DISTINCT s.id)::int AS series
     FROM series s JOIN sample p ON p.series_id = s.id WHERE s.name LIKE 'influx.many.%'`,
  );
  expect(rows[0]).toEqual({ samples: 6_000, series: 60 });
});
