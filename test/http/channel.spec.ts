/** Alerts and channels over HTTP. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { Alert, Channel } from '@bellwether/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AlertsModule } from '../../apps/backend/src/alerts/alerts.module';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { DatabaseModule } from '../../apps/backend/src/database/database.module';
import { migrate } from '../../apps/backend/src/database/migrate';
import { ProblemFilter } from '../../apps/backend/src/http/problem.filter';

const START = Date.parse('2025-11-20T00:00:00Z');

let app: INestApplication;
let database: Database;
let api: string;
let receiver: Server;
let receiverUrl: string;
let heard: unknown[];
let status = 200;

@Module({})
class TestModule {}

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'channel.spec' });
  const config = readConfig({});
  const imports = [DatabaseModule.with({ config, clock: () => START, database }), AlertsModule];
  app = await NestFactory.create({ module: TestModule, imports }, { logger: false });
  app.useGlobalFilters(new ProblemFilter());
  await app.listen(0, '127.0.0.1');
  api = `${await app.getUrl()}/api/v1`;
  heard = [];
  receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      heard.push(JSON.parse(text));
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});

afterAll(async () => {
  await database.query(`DELETE FROM channel WHERE name LIKE 'channel.spec%'`);
  receiver.close();
  await app.close();
});

async function call(method: string, path: string, body?: unknown) {
  const response = await fetch(api + path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

const add = (input: object) =>
  call('POST', '/channels', { name: 'channel.spec', url: receiverUrl, ...input });

describe('channels', () => {
  test('are added, listed and deleted', async () => {
    const added = await add({});
    expect(added.status).toBe(201);
    expect(Channel.parse(added.body)).toMatchObject({ kind: 'webhook', url: receiverUrl, waiting: 0 });
    expect((await call('GET', '/channels')).body).toContainEqual(added.body);
    expect((await call('DELETE', `/channels/${added.body.id}`)).status).toBe(204);
    expect((await call('GET', '/channels')).body).not.toContainEqual(added.body);
    expect((await call('DELETE', `/channels/${added.body.id}`)).status).toBe(404);
  });

  for (const [name, input, detail] of [
    ['an address that is not http', { url: 'ftp://example.com' }, /^url: the url is not an http/],
    ['no address', { url: 'nowhere' }, /^url: /],
    ['a password in the address', { url: 'http://me:hush@example.com/' }, /^url: a user name or password/],
    ['an unknown kind', { kind: 'pigeon' }, /^kind: /],
    ['an unknown field', { colour: 'red' }, /colour/],
    ['no name', { name: ' ' }, /^name: /],
  ] as const) {
    test(`refuse ${name}`, async () => {
      const answer = await add(input);
      expect(answer.status).toBe(400);
      expect(answer.body.detail).toMatch(detail);
      expect(JSON.stringify(answer.body)).not.toContain('hush');
    });
  }

  test('are limited in number', async () => {
    const { body: before } = await call('GET', '/channels');
    for (let count = before.length; count < 50; count++)
      expect((await add({ name: 'channel.spec limit' })).status).toBe(201);
    expect(await add({})).toMatchObject({ status: 409 });
    await database.query(`DELETE FROM channel WHERE name = 'channel.spec limit'`);
  });

  test('are tested with a real message', async () => {
    const { body: channel } = await add({});
    const test = () => call('POST', `/channels/${channel.id}/test`);
    expect(await test()).toMatchObject({ status: 200, body: { delivered: true } });
    expect(heard).toMatchObject([
      { event: 'test', sentAt: new Date(START).toISOString(), alert: null, link: 'http://127.0.0.1:8080/' },
    ]);
    status = 500;
    expect((await test()).body).toEqual({ delivered: false, detail: 'The receiver answered HTTP 500.' });
    expect(await call('POST', '/channels/2147483647/test')).toMatchObject({ status: 404 });
    expect(await call('POST', '/channels/x/test')).toMatchObject({ status: 400 });
  });
});

describe('alerts', () => {
  test('are listed newest first, counted, filtered and read', async () => {
    const { rows } = await database.query<{ id: number }>(
      `INSERT INTO series (name, labels, unit) VALUES ('channel.spec', jsonb_build_object('id', gen_random_uuid()), 'ms') RETURNING id`,
    );
    const seriesId = rows[0]!.id;
    await database.query(
      `INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
       SELECT $1, t, CASE WHEN n < 3 THEN t + INTERVAL '1 minute' END, t, 1, 9, 0.5, 3
       FROM (SELECT n, $2::timestamptz + n * INTERVAL '1 hour' AS t FROM generate_series(1, 3) AS n) AS s`,
      [seriesId, new Date(START)],
    );
    const all = await call('GET', `/alerts?series=${seriesId}&limit=2`);
    expect(all.headers.get('X-Total-Count')).toBe('3');
    expect(all.body.map((alert: unknown) => Alert.parse(alert).endsAt)).toEqual([
      null,
      new Date(START + 2 * 3_600_000 + 60_000).toISOString(),
    ]);
    expect((await call('GET', `/alerts?series=${seriesId}&state=firing`)).body).toEqual([all.body[0]]);
    expect((await call('GET', `/alerts?series=${seriesId}&state=resolved&offset=1`)).body).toHaveLength(1);
    expect((await call('GET', `/alerts/${all.body[0].id}`)).body).toEqual(all.body[0]);
    expect((await call('GET', '/alerts/2147483647')).status).toBe(404);
    expect((await call('GET', '/alerts?state=maybe')).status).toBe(400);
    expect((await call('GET', '/alerts?series=99999999999')).body).toEqual([]);
  });
});
