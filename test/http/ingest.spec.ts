/** What a client meets: every kind of good and bad body over HTTP, on the real database. */
import 'reflect-metadata';
import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { DatabaseModule } from '../../apps/backend/src/database/database.module';
import { migrate } from '../../apps/backend/src/database/migrate';
import { ProblemFilter } from '../../apps/backend/src/http/problem.filter';
import { IngestModule } from '../../apps/backend/src/ingest/ingest.module';
import { IngestService } from '../../apps/backend/src/ingest/ingest.service';
import { until } from '../support/bellwether';

const url = process.env['DATABASE_URL']!;
const MAX_BODY_MB = 12;
const T0 = Date.UTC(2026, 0, 31, 12);
const NOW = T0 + 3_600_000;

let app: NestExpressApplication;
let base: string;
let sql: Client;

beforeAll(async () => {
  await migrate(url, () => undefined);
  sql = new Client(url);
  await sql.connect();
  const database = new Database(url, { poolSize: 4, name: 'ingest spec' });
  const config = readConfig({ MAX_BODY_MB: String(MAX_BODY_MB) });
  class TestModule {}
  Module({ imports: [DatabaseModule.with({ config, clock: () => NOW, database }), IngestModule] })(
    TestModule,
  );
  app = await NestFactory.create<NestExpressApplication>(TestModule, {
    bodyParser: false,
    logger: ['error'],
  });
  const isRaw = ({ url, headers }: IncomingMessage) =>
    /^\/api\/v1\/(samples|import)/.test(url ?? '') &&
    !String(headers['content-type']).startsWith('multipart/');
  app.useBodyParser('text', { type: isRaw, limit: MAX_BODY_MB * 1024 * 1024 });
  app.useBodyParser('json');
  app.useGlobalFilters(new ProblemFilter());
  await app.listen(0, '127.0.0.1');
  base = await app.getUrl();
});

afterAll(async () => {
  await app?.close();
  await sql?.end();
});

async function send(path: string, body: BodyInit, headers: Record<string, string> = {}) {
  const type: Record<string, string> = body instanceof FormData ? {} : { 'content-type': 'application/json' };
  const response = await fetch(`${base}/api/v1/${path}`, {
    method: 'POST',
    body,
    headers: { ...type, ...headers },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}
const samples = (body: unknown, headers?: Record<string, string>) =>
  send('samples', typeof body === 'string' ? body : JSON.stringify(body), headers);
const csv = (query: string, body: string) => send(`import?${query}`, body, { 'content-type': 'text/csv' });

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

describe('JSON', () => {
  test('writes an array, whatever form its times have', async () => {
    const answer = await samples([
      { series: 'http.a', time: T0, value: 1 },
      { series: 'http.a', labels: { host: 'x', zone: '' }, time: '2026-01-31T12:00:01Z', value: 2 },
      { series: ' http.a ', labels: { host: 'x' }, time: '2026-01-31T13:00:02+01:00', value: 3 },
      { series: 'http.a', labels: {}, time: '2026-01-31T12:00:03', value: -4e3 },
    ]);
    expect(answer).toMatchObject({ status: 200, body: { written: 4, refused: [] } });
    expect(await stored('http.a')).toEqual([
      'http.a{} 0 = 1',
      'http.a{} 3 = -4000',
      'http.a{host=x} 1 = 2',
      'http.a{host=x} 2 = 3',
    ]);
  });

  test('writes a single object', async () => {
    const answer = await samples(JSON.stringify({ series: 'http.one', time: T0, value: 1 }, null, 2));
    expect(answer).toMatchObject({ status: 200, body: { written: 1, refused: [] } });
  });

  test('is idempotent, and the last value wins', async () => {
    const body = [
      { series: 'http.twice', time: T0, value: 1 },
      { series: 'http.twice', time: T0, value: 2 },
    ];
    for (let i = 0; i < 3; i++) expect((await samples(body)).body).toEqual({ written: 2, refused: [] });
    expect(await stored('http.twice')).toEqual(['http.twice{} 0 = 2']);
  });

  test('writes the valid part of a batch and counts the rest', async () => {
    const good = { series: 'http.mixed', time: T0, value: 1 };
    const answer = await samples(
      JSON.stringify([good, { ...good, value: 'INF' }, { ...good, value: 'x' }, 7]).replace('"INF"', '1e999'),
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      written: 1,
      refused: [
        {
          reason: 'non_finite',
          count: 1,
          first: { at: '[1].value', detail: 'the value is not a finite number' },
        },
        { reason: 'unparsable', count: 2, first: { at: '[2].value', detail: 'the value is not a number' } },
      ],
    });
  });

  const time = T0;
  const refusals: [string, object, string, RegExp][] = [
    ['a null value', { series: 'http.no', time, value: null }, '[0].value', /finite/],
    ['"NaN"', { series: 'http.no', time, value: 'NaN' }, '[0].value', /finite/],
    ['a value of text', { series: 'http.no', time, value: '1' }, '[0].value', /not a number/],
    ['no value', { series: 'http.no', time }, '[0].value', /not a number/],
    ['no time', { series: 'http.no', value: 1 }, '[0].time', /ISO 8601/],
    ['a time of words', { series: 'http.no', time: 'yesterday', value: 1 }, '[0].time', /ISO 8601/],
    ['31 February', { series: 'http.no', time: '2026-02-31T00:00:00Z', value: 1 }, '[0].time', /ISO 8601/],
    ['a time in seconds', { series: 'http.no', time: time / 1000, value: 1 }, '[0].time', /1970-.*2000-/],
    [
      'a time in 2400',
      { series: 'http.no', time: Date.UTC(2400), value: 1 },
      '[0].time',
      /2400-.*2026-02-01/,
    ],
    ['an absurd time', { series: 'http.no', time: 1e300, value: 1 }, '[0].time', /1e\+300/],
    ['no series', { time, value: 1 }, '[0].series', /string/],
    ['a series that is a number', { series: 7, time, value: 1 }, '[0].series', /string/],
    ['an empty name', { series: ' ', time, value: 1 }, '[0].series', /empty/],
    ['a name with NUL', { series: 'a\0b', time, value: 1 }, '[0].series', /control/],
    ['half a surrogate', { series: 'a\ud800', time, value: 1 }, '[0].series', /Unicode/],
    ['a name of 10 MB', { series: 'x'.repeat(10_000_000), time, value: 1 }, '[0].series', /longer/],
    ['labels of text', { series: 'http.no', labels: 'a=b', time, value: 1 }, '[0].labels', /record/],
    [
      'a label that is a number',
      { series: 'http.no', labels: { a: 1 }, time, value: 1 },
      '[0].labels',
      /string/,
    ],
  ];
  test.each(refusals)('refuses %s', async (_, sample, at, detail) => {
    const answer = await samples([sample]);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.errors).toEqual([{ at, detail: expect.stringMatching(detail) }]);
    expect(JSON.stringify(answer.body).length).toBeLessThan(1_000);
  });

  test('refuses too many labels', async () => {
    const labels = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`l${i}`, 'x']));
    const answer = await samples([{ series: 'http.no', labels, time, value: 1 }]);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ at: '[0].labels' }] } });
  });

  const malformed: [string, string, RegExp][] = [
    ['a truncated array', '[{"series":"a"', /line 1, column 15: the text ends/],
    ['NaN', '[{"series":"a",\n "value": NaN}]', /line 2, column 11: "NaN" stands where a value/],
    ['a comma too many', '[1,]', /line 1, column 4: "]" stands where a value/],
    ['words', 'hello there', /line 1, column 1: "hello"/],
    ['a broken object', '{"series": "a", "time"}', /line 1, column 23: "}" stands where ":"/],
    ['deep nesting', '['.repeat(1_000_000), /the text ends/],
  ];
  test.each(malformed)('says where %s is malformed', async (_, body, detail) => {
    expect(await samples(body)).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(detail) },
    });
  });

  test.each(['', '  \n', '\uFEFF'])('says what to send instead of nothing (%j)', async (body) => {
    const answer = await samples(body);
    expect(answer).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(/empty: send a JSON array/) },
    });
  });

  test('writes nothing for an empty array, and says so', async () => {
    expect(await samples('[]')).toMatchObject({ status: 200, body: { written: 0, refused: [] } });
  });

  test('answers 413 with the limit to a body that is too large', async () => {
    const answer = await samples(`[${' '.repeat((MAX_BODY_MB + 1) * 1024 * 1024)}]`);
    expect(answer).toMatchObject({ status: 413, body: { detail: expect.stringContaining('MAX_BODY_MB') } });
  });

  test('takes gzip, and says what is wrong with what only claims to be', async () => {
    const body = new Uint8Array(gzipSync(JSON.stringify([{ series: 'http.gzip', time: T0, value: 1 }])));
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect(await send('samples', body, headers)).toMatchObject({ status: 200, body: { written: 1 } });
    expect(await send('samples', 'nonsense', headers)).toMatchObject({ status: 400 });
    const bomb = new Uint8Array(gzipSync(Buffer.alloc((MAX_BODY_MB + 1) * 1024 * 1024, 32)));
    expect(await send('samples', bomb, headers)).toMatchObject({ status: 413 });
  });
});

describe('NDJSON', () => {
  const line = (second: number, value: unknown) =>
    JSON.stringify({ series: 'http.lines', time: T0 + second * 1000, value });

  test.each(['application/x-ndjson', 'application/json'])(
    'refuses one bad line and writes the others (%s)',
    async (type) => {
      const body = [line(0, 1), '{"series": "http.lines", oops', '', line(1, 2), line(2, null)].join('\n');
      const answer = await samples(body, { 'content-type': type });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        written: 2,
        refused: [
          {
            reason: 'unparsable',
            count: 1,
            first: {
              at: 'line 2, column 26',
              detail: 'not valid JSON: "oops" stands where a name was expected',
            },
          },
          {
            reason: 'non_finite',
            count: 1,
            first: { at: 'line 5, value', detail: 'the value is not a finite number' },
          },
        ],
      });
      expect(await stored('http.lines')).toEqual(['http.lines{} 0 = 1', 'http.lines{} 1 = 2']);
    },
  );
});

describe('CSV', () => {
  test('writes every column of numbers', async () => {
    const body = 'time,room,temp,"load, 1m"\n2026-01-31 12:00:00,a,1.5,3\n2026-01-31T12:00:01Z,b,,4\n';
    const answer = await csv('name=http.csv&labels=site=x', body);
    expect(answer).toMatchObject({ status: 200, body: { written: 3, refused: [] } });
    expect(await stored('http.csv')).toEqual([
      'http.csv.load, 1m{site=x} 0 = 3',
      'http.csv.load, 1m{site=x} 1 = 4',
      'http.csv.temp{site=x} 0 = 1.5',
    ]);
  });

  test('takes a file of a form and its name', async () => {
    const form = new FormData();
    const body = `\uFEFFDatum;Wert\r\n31.01.2026 12:00;1,5\r\n31.01.2026 12:01;"2,5"\r\nnever;3\r\n`;
    form.append('file', new Blob([body]), 'http.form ü.csv');
    const answer = await send('import', form);
    expect(answer.body).toEqual({
      written: 2,
      refused: [
        {
          reason: 'unparsable',
          count: 1,
          first: {
            at: 'row 4',
            detail: '"never" is not a time: write 2026-01-31T12:00:00Z or epoch seconds',
          },
        },
      ],
    });
    expect(await stored('http.form')).toEqual(['http.form ü{} 0 = 1.5', 'http.form ü{} 60 = 2.5']);
  });

  test('answers 413 with the limit to a file that is too large', async () => {
    const form = new FormData();
    form.append('file', new Blob([Buffer.alloc((MAX_BODY_MB + 1) * 1024 * 1024, 48)]), 'large.csv');
    expect(await send('import', form)).toMatchObject({
      status: 413,
      body: { detail: expect.stringContaining(`${MAX_BODY_MB} MiB`) },
    });
  });

  const nonsense: [string, string, string, RegExp][] = [
    ['no body', '', '', /There is no CSV/],
    ['words', '', 'hello\nworld\n', /No times were found; looked for .*The first line reads "hello"/],
    ['bytes', '', '\0\u0001"\u0002\n;;;"', /No times were found/],
    ['no numbers', '', 'time,what\n2026-01-31T12:00:00Z,up\n', /No column of numbers/],
    [
      'a column that is not there',
      'timeColumn=when',
      'time,v\n2026-01-31T12:00:00Z,1\n',
      /"when".*"time", "v"/,
    ],
    ['dates that read two ways', '', 'date,v\n03/04/2026,1\n05/04/2026,2\n', /day first or month first/],
    ['labels of nonsense', 'labels=x', 'time,v\n2026-01-31T12:00:00Z,1\n', /labels: neither/],
    ['no valid cell', 'valueColumns=v', 'time,v\n2026-01-31T12:00:00Z,x\n', /row 2, v: "x" is not a number/],
  ];
  test.each(nonsense)('says what is wrong with %s', async (_, query, body, detail) => {
    expect(await csv(query, body)).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(detail) },
    });
  });
});

describe('series', () => {
  const call = async (path: string, method = 'GET', body?: unknown) => {
    const response = await fetch(`${base}/api/v1/series${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    const total = response.headers.get('x-total-count');
    return { status: response.status, total, body: text ? JSON.parse(text) : undefined };
  };

  beforeAll(async () => {
    const labels = { set: 'http-series' };
    await samples([
      { series: 'http.list.a', labels, time: T0, value: 1 },
      { series: 'http.list.b', labels: { ...labels, host: 'Ünë=1' }, time: T0, value: 2 },
    ]);
    // The newest values are known a moment after the answer.
    await until(async () => (await call('?search=http.list.b')).body[0].lastValue === 2);
  });

  test('are listed by page, with their total', async () => {
    const answer = await call('?label=set=http-series&limit=1&offset=1');
    expect(answer).toMatchObject({ status: 200, total: '2', body: [{ name: 'http.list.b', lastValue: 2 }] });
    expect(answer.body).toHaveLength(1);
  });

  test('are found by several labels and by text', async () => {
    const two = `?label=set=http-series&label=${encodeURIComponent('host=Ünë=1')}`;
    expect((await call(two)).body).toMatchObject([{ name: 'http.list.b' }]);
    expect((await call(`?search=${encodeURIComponent('ÜNË')}&label=set=http-series`)).total).toBe('1');
  });

  test.each(['?limit=0', '?limit=x', '?label=x', '?label=%00=x', '?search=%00', '/0', '/x', '/99999999999'])(
    '%s is a 400',
    async (path) => {
      expect((await call(path)).status).toBe(400);
    },
  );

  test('are changed, and removed with what they hold', async () => {
    const [{ id }] = (await call('?label=set=http-series&search=list.a')).body;
    expect(await call(`/${id}`, 'PATCH', { unit: '°C', periodMs: 1000 })).toMatchObject({
      status: 200,
      body: { unit: '°C', periodMs: 1000, periodIsSet: true },
    });
    expect(await call(`/${id}`, 'PATCH', { periodMs: 0 })).toMatchObject({ status: 400 });
    expect(await call(`/${id}`, 'PATCH', { period: 1 })).toMatchObject({ status: 400 });
    expect((await call(`/${id}`, 'DELETE')).status).toBe(204);
    expect((await call(`/${id}`)).status).toBe(404);
    expect((await call(`/${id}`, 'DELETE')).status).toBe(404);
    expect((await call(`/${id}`, 'PATCH', {})).status).toBe(404);
    expect(await stored('http.list.a')).toEqual([]);
  });
});

describe('many at once', () => {
  test('writes all of 64 concurrent requests over 50 series, each series once', async () => {
    const requests = Array.from({ length: 64 }, (_, request) =>
      Array.from({ length: 500 }, (_, i) => ({
        series: `http.many.${(request + i) % 50}`,
        time: T0 + (request * 500 + i) * 10,
        value: request,
      })),
    );
    const answers = await Promise.all(requests.map((request) => samples(request)));
    expect(answers.map(({ status, body }) => [status, body.written])).toEqual(answers.map(() => [200, 500]));
    const { rows } = await sql.query(
      `SELECT count(*)::int AS samples, count(DISTINCT s.id)::int AS series, count(DISTINCT s.name)::int AS names
       FROM series s JOIN sample p ON p.series_id = s.id WHERE s.name LIKE 'http.many.%'`,
    );
    expect(rows[0]).toEqual({ samples: 32_000, series: 50, names: 50 });
  });

  test('infers the period soon after the eighth sample', async () => {
    const body = Array.from({ length: 9 }, (_, i) => ({
      series: 'http.period',
      time: T0 + i * 60_000,
      value: i,
    }));
    await samples(body);
    await app.get(IngestService).drain();
    const { rows } = await sql.query(`SELECT period_ms FROM series WHERE name = 'http.period'`);
    expect(rows).toEqual([{ period_ms: '60000' }]);
  });
});
