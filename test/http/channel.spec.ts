/** Alerts and channels over HTTP. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { Alert, Channel, Notification } from '@bellwether/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AlertsModule } from '../../apps/backend/src/alerts/alerts.module';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { DatabaseModule } from '../../apps/backend/src/database/database.module';
import { migrate } from '../../apps/backend/src/database/migrate';
import { ProblemFilter } from '../../apps/backend/src/http/problem.filter';

const START = Date.parse('2025-07-20T00:00:00Z');

let app: INestApplication;
let database: Database;
let api: string;
let receiver: Server;
let receiverUrl: string;
let heard: { path: string; headers: IncomingHttpHeaders; body: never }[];
let status = 200;
let said = '';

@Module({})
class TestModule {}

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'channel.spec' });
  const config = readConfig({ SECRET_KEY: 'channel spec, and its secret key' });
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
      heard.push({ path: request.url!, headers: request.headers, body: JSON.parse(text) as never });
      response.writeHead(status).end(said);
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
    expect(Channel.parse(added.body)).toMatchObject({
      kind: 'webhook',
      place: new URL(receiverUrl).host,
      secretsSet: ['url'],
      settings: {},
      ...{ leastSeverity: 'info', groupWaitSeconds: 10, sendResolved: true, waiting: 0 },
    });
    expect((await call('GET', '/channels')).body).toContainEqual(added.body);
    expect((await call('DELETE', `/channels/${added.body.id}`)).status).toBe(204);
    expect((await call('GET', '/channels')).body).not.toContainEqual(added.body);
    expect((await call('DELETE', `/channels/${added.body.id}`)).status).toBe(404);
  });

  for (const [name, input, detail] of [
    ['an address that is not http', { url: 'ftp://example.com' }, /^url: the url is not an http/],
    ['no address', { url: 'nowhere' }, /^url: /],
    ['a password in the address', { url: 'http://me:hush@example.com/' }, /^url: a user name or password/],
    ['an unknown kind', { kind: 'pigeon' }, /^kind: not one of webhook, slack, /],
    ['a secret that signs nothing', { secret: 'hush' }, /^secret: a signing secret is whsec_/],
    ['a field of another kind', { kind: 'slack', token: 'hush' }, /token/],
    [
      'a routing key that is none',
      { kind: 'pagerduty', url: undefined, routingKey: 'hush' },
      /^routingKey: /,
    ],
    ['a mail to nobody', { kind: 'email', url: undefined, host: 'h', from: 'a@b.example', to: [] }, /^to: /],
    [
      'a topic without a name',
      { kind: 'ntfy', url: 'https://ntfy.sh/' },
      /^url: the address ends with a topic/,
    ],
    ['an Alertmanager with its own repetition', { kind: 'alertmanager', repeatHours: 1 }, /^repeatHours: /],
    ['a repetition every minute', { repeatHours: 0.01 }, /^repeatHours: /],
    ['an unknown severity', { leastSeverity: 'loud' }, /^leastSeverity: /],
    ['to wait for hours', { groupWaitSeconds: 601 }, /^groupWaitSeconds: /],
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
    expect(heard.map(({ body }) => body)).toMatchObject([
      {
        event: 'test',
        sentAt: new Date(START).toISOString(),
        alert: null,
        link: 'http://127.0.0.1:8080/',
        verdictLink: null,
      },
    ]);
    status = 500;
    expect((await test()).body).toEqual({ delivered: false, detail: 'The receiver answered HTTP 500.' });
    said = 'who is /hook?\u0007';
    expect((await test()).body.detail).toBe('The receiver answered HTTP 500: who is …?');
    [status, said] = [200, ''];
    expect(await call('POST', '/channels/2147483647/test')).toMatchObject({ status: 404 });
    expect(await call('POST', '/channels/x/test')).toMatchObject({ status: 400 });
  });
});

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const KEY = '0123456789abcdef0123456789abcdef';
const MAIL = { kind: 'email', url: undefined, host: '127.0.0.1', from: 'b@b.example', to: ['a@b.example'] };

describe('a channel', () => {
  const KINDS: [given: () => object, path: string, secret: string][] = [
    [() => ({ url: `${receiverUrl}/hush`, secret: SECRET }), '/hook/hush', 'webhook-signature'],
    [() => ({ kind: 'slack', url: `${receiverUrl}/hush` }), '/hook/hush', 'idempotency-key'],
    [() => ({ kind: 'teams', url: `${receiverUrl}?sig=hush` }), '/hook?sig=hush', 'idempotency-key'],
    [() => ({ kind: 'pagerduty', routingKey: KEY }), '/hook/v2/enqueue', 'idempotency-key'],
    [
      () => ({ kind: 'alertmanager', username: 'me', password: 'hush' }),
      '/hook/api/v2/alerts',
      'authorization',
    ],
    [() => ({ kind: 'ntfy', url: `${receiverUrl}/hush`, token: 'hush' }), '/hook/', 'authorization'],
  ];
  for (const [given, path, header] of KINDS) {
    const kind = (given() as { kind?: string }).kind ?? 'webhook';
    test(`of kind ${kind} is tested with what it is sent, and tells no secret`, async () => {
      heard.length = 0;
      const { body: channel, status: code } = await add(given());
      expect([code, channel.kind]).toEqual([201, kind]);
      expect((await call('POST', `/channels/${channel.id}/test`)).body.delivered).toBe(true);
      expect(heard.map((one) => one.path)).toEqual([path]);
      expect(heard[0]!.headers[header]).toBeDefined();
      const everything = JSON.stringify([
        await call('GET', `/channels/${channel.id}`),
        await call('GET', '/channels'),
      ]);
      expect(everything).not.toMatch(new RegExp(`hush|${KEY}|${SECRET}`));
      const { rows } = await database.query(
        'SELECT c.*, encode(c.secrets, $2) AS hex FROM channel c WHERE c.id = $1',
        [channel.id, 'escape'],
      );
      expect(JSON.stringify(rows)).not.toMatch(new RegExp(`hush|${KEY}|${SECRET}`));
    });
  }

  test('is changed; a secret that is not given is kept, one that is null goes', async () => {
    heard.length = 0;
    const { body: channel } = await add({ secret: SECRET });
    const change = (body: object) => call('PATCH', `/channels/${channel.id}`, body);
    const changed = await change({
      name: 'channel.spec 2',
      selector: { labels: { env: 'prod' } },
      repeatHours: 4,
      ...{ leastSeverity: 'critical', groupWaitSeconds: 60 },
    });
    expect(changed.body).toMatchObject({
      ...{
        name: 'channel.spec 2',
        selector: { labels: { env: 'prod' } },
        repeatHours: 4,
        sendResolved: true,
        ...{ leastSeverity: 'critical', groupWaitSeconds: 60 },
      },
      secretsSet: ['url', 'secret'],
    });
    await call('POST', `/channels/${channel.id}/test`);
    await change({ url: `${receiverUrl}/b` });
    await call('POST', `/channels/${channel.id}/test`);
    const unsigned = await change({ secret: null });
    expect(unsigned.body.secretsSet).toEqual(['url']);
    await call('POST', `/channels/${channel.id}/test`);
    expect(heard.map(({ path, headers }) => [path, headers['webhook-signature'] !== undefined])).toEqual([
      ['/hook', true],
      ['/hook/b', true],
      ['/hook/b', false],
    ]);
  });

  test('is not changed into nonsense, nor its password sent elsewhere', async () => {
    const { body: channel } = await add({ ...MAIL, password: 'hush', username: 'me' });
    const change = (body: object) => call('PATCH', `/channels/${channel.id}`, body);
    expect(await change({ host: 'elsewhere.example' })).toMatchObject({ status: 400 });
    expect((await change({ host: 'elsewhere.example' })).body.detail).toMatch(
      /^password: with another address/,
    );
    expect((await change({ host: 'elsewhere.example', password: 'new' })).body.place).toContain('elsewhere');
    expect((await change({ to: [] })).body.detail).toMatch(/^to: /);
    expect((await change({ secret: SECRET })).body.detail).toContain('secret');
    expect((await change({ kind: 'slack' })).body.detail).toContain('kind');
    expect(await call('PATCH', '/channels/2147483647', { name: 'x' })).toMatchObject({ status: 404 });
  });

  test('of kind email that nobody answers says so', async () => {
    const { body: channel } = await add({ ...MAIL, port: 1 });
    const { body } = await call('POST', `/channels/${channel.id}/test`);
    expect(body).toMatchObject({
      delivered: false,
      detail: expect.stringMatching(/^127\.0\.0\.1:1: .*ECONNREFUSED/),
    });
  });

  test('lists what was given up, with the reason, and sends it again when asked', async () => {
    const { body: channel } = await add({});
    const { rows } = await database.query<{ id: string }>(
      `WITH s AS (INSERT INTO series (name, labels) VALUES ('channel.spec', jsonb_build_object('id', gen_random_uuid())) RETURNING id),
            a AS (INSERT INTO alert (series_id, starts_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
                  SELECT s.id, $2, $2, 1, 9, 0.5, 3 FROM s RETURNING id),
            i AS (INSERT INTO incident (starts_at, severity, is_history, first_alert_id, title, alert_count, series_count)
                  SELECT $2, 'warning', false, a.id, 'channel.spec', 1, 1 FROM a RETURNING id)
       INSERT INTO notification (channel_id, incident_id, event, attempts, failed_at, last_error)
       SELECT $1, i.id, 'incident.firing', 3, $2, 'no' FROM i RETURNING id`,
      [channel.id, new Date(START)],
    );
    const path = `/channels/${channel.id}/notifications`;
    const listed = await call('GET', `${path}?state=failed`);
    expect(listed.headers.get('X-Total-Count')).toBe('1');
    expect(Notification.parse(listed.body[0])).toMatchObject({
      id: rows[0]!.id,
      state: 'failed',
      lastError: 'no',
    });
    const again = () => call('POST', `${path}/${rows[0]!.id}/send`);
    expect(await again()).toMatchObject({ status: 202 });
    expect(await again()).toMatchObject({ status: 409 });
    expect((await call('GET', `${path}?state=waiting`)).body).toMatchObject([
      { id: rows[0]!.id, attempts: 0 },
    ]);
    expect((await call('GET', `${path}?state=failed`)).body).toEqual([]);
    expect(await call('GET', `${path}?state=lost`)).toMatchObject({ status: 400 });
    expect((await call('POST', `${path}/7/send`)).body.detail).toMatch(/^notificationId: .*UUID/);
    expect(await call('GET', '/channels/2147483647/notifications')).toMatchObject({ status: 404 });
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
