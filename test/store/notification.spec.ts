/** The outbox against real HTTP receivers: once, in order, again after failures and crashes, each channel by itself. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSilence, type Socket } from 'node:net';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import {
  type Channel,
  ChannelInput,
  type ChannelKind,
  type NewChannel,
  type NotificationBody,
} from '@bellwether/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AlertService } from '../../apps/backend/src/alerts/alert.service';
import { AlertsWorkerModule } from '../../apps/backend/src/alerts/alerts.module';
import type { ChannelService } from '../../apps/backend/src/alerts/channel.service';
import { NotificationSchedule } from '../../apps/backend/src/alerts/notification.schedule';
import { LEASE_MS, NotificationService } from '../../apps/backend/src/alerts/notification.service';
import { NotificationStore } from '../../apps/backend/src/alerts/notification.store';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { DatabaseModule } from '../../apps/backend/src/database/database.module';
import { migrate } from '../../apps/backend/src/database/migrate';
import { deliver, endAlert, newChannels, newSender, writeAlert, writeSeries } from '../support/outbox';

const START = Date.parse('2025-07-20T00:00:00Z');
const HOUR = 3_600_000;
const middle = () => 0.5;

interface Heard {
  path: string;
  headers: IncomingMessage['headers'];
  key: string | undefined;
  body: NotificationBody;
  text: string;
}

let database: Database;
let server: Server;
let origin: string;
let heard: Heard[];
/** What the receiver does with a request; by default it answers 200. */
let answer: (heard: Heard, response: ServerResponse) => void;
let nowMs: number;
let seriesId: number;

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'notification.spec' });
  server = createServer((request, response) => void receive(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(async () => {
  nowMs = START;
  heard = [];
  answer = (_, response) => response.end('thank you');
  seriesId = await writeSeries(database, 'notification.spec');
});

afterEach(async () => {
  vi.restoreAllMocks();
  await database.query(`DELETE FROM channel WHERE name = 'notification.spec'`);
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await database.close();
});

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const key = request.headers['idempotency-key'] as string | undefined;
  const one = {
    path: request.url!,
    headers: request.headers,
    key,
    text,
    body: JSON.parse(text) as NotificationBody,
  };
  heard.push(one);
  answer(one, response);
}

const config = readConfig({ PUBLIC_URL: 'https://bellwether.example/', SECRET_KEY: 's'.repeat(32) });
const clock = () => nowMs;
const newService = (settings = config, at = database): NotificationService =>
  newSender({ database: at, config: settings, clock });
const channels = (): ChannelService => newChannels({ database, config, clock });

async function addChannel(path: string, more: Partial<NewChannel> = {}): Promise<number> {
  const given = { name: 'notification.spec', url: origin + path, groupWaitSeconds: 0, ...more };
  return (await channels().add(ChannelInput.parse(given))).id;
}

/** Writes an alert and whom to notify of it. */
const newAlert = ({ isOver, at = 0 }: { isOver: boolean; at?: number }): Promise<number> =>
  writeAlert(database, { seriesId, startsAt: new Date(START + at), isOver, now: new Date(nowMs) });

const events = (path?: string) =>
  heard.filter((one) => !path || one.path === path).map(({ body }) => body.event.replace('incident.', ''));

const channel = (id: number): Promise<Channel> => channels().read(id);

describe('a delivery', () => {
  test('brings a fire and its end, once each, in order', async () => {
    const id = await addChannel('/a');
    const alertId = await newAlert({ isOver: true });
    const service = newService();
    await deliver(service);
    await deliver(service);
    expect(events()).toEqual(['firing', 'resolved']);
    expect(heard[0]).toMatchObject({
      path: '/a',
      key: heard[0]!.body.id,
      body: {
        sentAt: new Date(START).toISOString(),
        alert: { id: alertId, seriesId, startsAt: new Date(START).toISOString() },
        link: `https://bellwether.example/series/?id=${seriesId}&from=${START - HOUR}&to=${START + 60_000 + HOUR}`,
      },
    });
    expect(await channel(id)).toMatchObject({ waiting: 0, delivered: 2, failed: 0, lastError: null });
  });

  test('that fails is tried again with the same id, and the end waits for it', async () => {
    const id = await addChannel('/a');
    await newAlert({ isOver: true });
    answer = (_, response) => response.writeHead(heard.length === 1 ? 500 : 200).end();
    const service = newService();
    await deliver(service);
    expect(events()).toEqual(['firing']);
    expect(await channel(id)).toMatchObject({ waiting: 2, lastError: 'The receiver answered HTTP 500.' });
    nowMs += LEASE_MS;
    await deliver(service);
    expect(events()).toEqual(['firing', 'firing', 'resolved']);
    expect(heard[1]!.key).toBe(heard[0]!.key);
    expect(await channel(id)).toMatchObject({ waiting: 0, delivered: 2, lastError: null });
  });

  test('that is refused for good fails, says so without the address, and lets the end go', async () => {
    const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const id = await addChannel('/secret?token=hush');
    await newAlert({ isOver: true });
    answer = ({ body }, response) => response.writeHead(body.event === 'incident.firing' ? 410 : 200).end();
    await deliver(newService());
    expect(events()).toEqual(['firing', 'resolved']);
    expect(await channel(id)).toMatchObject({ delivered: 1, failed: 1 });
    expect(JSON.stringify(log.mock.calls)).toContain('HTTP 410');
    expect(JSON.stringify(log.mock.calls)).not.toMatch(/secret|hush/);
  });

  test('is given up after its last attempt', async () => {
    vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const id = await addChannel('/a');
    await newAlert({ isOver: false });
    answer = (_, response) => response.writeHead(503).end();
    const service = newService();
    for (let attempt = 0; attempt < 15; attempt++, nowMs += 8 * HOUR) await deliver(service);
    expect(heard).toHaveLength(12);
    expect(await channel(id)).toMatchObject({ waiting: 0, failed: 1 });
  });

  test('does not follow a redirect', async () => {
    const id = await addChannel('/a');
    await newAlert({ isOver: false });
    answer = (_, response) => response.writeHead(307, { Location: `${origin}/b` }).end();
    await deliver(newService());
    expect(heard.map(({ path }) => path)).toEqual(['/a']);
    expect((await channel(id)).lastError).toContain('redirects are not followed');
  });

  test('to nobody says that there was no connection', async () => {
    const id = await addChannel('', { url: 'http://127.0.0.1:1/secret' });
    await newAlert({ isOver: false });
    await deliver(newService());
    expect((await channel(id)).lastError).toMatch(/^No connection to 127\.0\.0\.1:1/);
  });
});

describe('a crash', () => {
  test('between taking and sending leads to one sending, after the lease', async () => {
    await addChannel('/a');
    await newAlert({ isOver: false });
    const now = new Date(nowMs);
    const taken = await new NotificationStore(database).claim({
      now,
      leaseUntil: new Date(nowMs + LEASE_MS),
    });
    expect(taken).toHaveLength(1);
    const survivor = newService();
    await deliver(survivor);
    expect(heard).toEqual([]);
    nowMs += LEASE_MS;
    await deliver(survivor);
    await deliver(survivor);
    expect(heard.map(({ key }) => key)).toEqual([taken[0]!.id]);
  });

  test('is nothing that counts against a notification, however often it comes', async () => {
    const id = await addChannel('/a');
    await newAlert({ isOver: false });
    const outbox = new NotificationStore(database);
    for (let crash = 0; crash < 20; crash++, nowMs += LEASE_MS)
      await outbox.claim({ now: new Date(nowMs), leaseUntil: new Date(nowMs + LEASE_MS) });
    answer = (_, response) => response.writeHead(503).end();
    await deliver(newService());
    expect(await channel(id)).toMatchObject({ waiting: 1, failed: 0 });
  });

  test('between sending and marking leads to a repetition with the same id', async () => {
    await addChannel('/a');
    await newAlert({ isOver: true });
    const outbox = new NotificationStore(database);
    const [taken] = await outbox.claim({ now: new Date(nowMs), leaseUntil: new Date(nowMs + LEASE_MS) });
    await fetch(`${origin}/a`, {
      method: 'POST',
      headers: { 'Idempotency-Key': taken!.id },
      body: JSON.stringify({ id: taken!.id, event: taken!.event }),
    });
    nowMs += LEASE_MS;
    await deliver(newService());
    expect(events()).toEqual(['firing', 'firing', 'resolved']);
    expect(heard[1]!.key).toBe(heard[0]!.key);
  });

  test('in the middle of an answer: whoever is stopped leaves it to the next', async () => {
    const id = await addChannel('/a');
    await newAlert({ isOver: false });
    answer = () => undefined;
    const stopped = newService();
    await stopped.deliver(middle);
    await expect.poll(() => heard.length).toBe(1);
    await stopped.beforeApplicationShutdown();
    expect(await channel(id)).toMatchObject({ waiting: 1, lastError: null });
    answer = (_, response) => response.end();
    nowMs += LEASE_MS;
    await deliver(newService());
    expect(heard[1]!.key).toBe(heard[0]!.key);
    expect(await channel(id)).toMatchObject({ delivered: 1 });
  });
});

describe('channels', () => {
  test('that are slow delay nobody else, and keep their order', async () => {
    const slow = await addChannel('/slow');
    const fast = await addChannel('/fast');
    await newAlert({ isOver: true });
    const held: ServerResponse[] = [];
    answer = ({ path }, response) => (path === '/slow' ? held.push(response) : response.end());
    const service = newService();
    await service.deliver(middle);
    await expect.poll(async () => (await channel(fast)).delivered).toBe(2);
    nowMs += 5_000;
    await newAlert({ isOver: true, at: HOUR });
    await service.deliver(middle);
    await expect.poll(async () => (await channel(fast)).delivered).toBe(4);
    expect(events('/slow')).toEqual(['firing']);
    answer = (_, response) => response.end();
    for (const response of held) response.end();
    await service.idle();
    expect(events('/slow')).toEqual(['firing', 'resolved', 'firing', 'resolved']);
    expect(await channel(slow)).toMatchObject({ delivered: 4, waiting: 0 });
  });

  test('of every kind that hang delay no other, and are told when they are back', async () => {
    const silent = createSilence((socket) => sockets.push(socket));
    const sockets: Socket[] = [];
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const url = `${origin}/slow`;
    const given: Record<ChannelKind, object> = {
      ...{ webhook: { url }, slack: { url }, teams: { url }, ntfy: { url }, alertmanager: { url } },
      pagerduty: { url, routingKey: '0123456789abcdef0123456789abcdef' },
      email: { host: '127.0.0.1', port, tls: 'none', from: 'a@b.example', to: ['c@b.example'] },
    };
    for (const [kind, settings] of Object.entries(given))
      await channels().add(
        ChannelInput.parse({ kind, name: 'notification.spec', groupWaitSeconds: 0, ...settings }),
      );
    const fast = await addChannel('/fast');
    answer = ({ path }, response) => void (path === '/fast' && response.end());
    await newAlert({ isOver: true });
    const service = newService();
    await service.deliver(middle);
    await expect.poll(async () => (await channel(fast)).delivered).toBe(2);
    await expect
      .poll(() => [heard.filter(({ path }) => path !== '/fast').length, sockets.length])
      .toEqual([6, 1]);
    await service.beforeApplicationShutdown();
    for (const socket of sockets) socket.destroy();
    silent.close();

    const keys = heard.filter(({ path }) => path !== '/fast').map(({ key }) => key);
    [heard, answer] = [[], (_, response) => response.end()];
    nowMs += LEASE_MS;
    await deliver(newService());
    const again = heard.filter(({ path }) => path !== '/fast').map(({ key }) => key);
    expect(again).toHaveLength(12);
    expect(again).toEqual(expect.arrayContaining(keys));
  });

  test('are told each thing once, however many processes look', async () => {
    await addChannel('/a');
    for (let hour = 0; hour < 5; hour++) await newAlert({ isOver: true, at: hour * HOUR });
    const services = [newService(), newService(), newService()];
    await Promise.all(services.map(deliver));
    nowMs += LEASE_MS;
    await Promise.all(services.map(deliver));
    expect(heard).toHaveLength(10);
    expect(new Set(heard.map(({ key }) => key)).size).toBe(10);
    const alertsOf = (event: string) =>
      heard.filter(({ body }) => body.event === event).map(({ body }) => (body.alert as { id: number }).id);
    expect(alertsOf('incident.firing').toSorted()).toEqual(alertsOf('incident.resolved').toSorted());
  });

  test('that are deleted take what waits for them along', async () => {
    const id = await addChannel('/a');
    await newAlert({ isOver: true });
    await channels().remove(id);
    await deliver(newService());
    expect(heard).toEqual([]);
  });
});

describe('a channel', () => {
  const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const row = async (id: number) =>
    (await database.query<Record<string, unknown>>('SELECT c.* FROM channel c WHERE c.id = $1', [id]))
      .rows[0]!;

  test('of before is sealed when sending begins, and goes on to be told', async () => {
    const { rows } = await database.query<{ id: number }>(
      `INSERT INTO channel (name, url, group_wait_s) VALUES ('notification.spec', $1, 0) RETURNING id`,
      [`${origin}/old?token=hush`],
    );
    const id = rows[0]!.id;
    await newAlert({ isOver: true });
    const service = newService();
    await service.onApplicationBootstrap();
    await deliver(service);
    expect(events('/old?token=hush')).toEqual(['firing', 'resolved']);
    expect(await row(id)).toMatchObject({ url: null, secret_names: ['url'], place: origin.slice(7) });
    expect(JSON.stringify({ ...(await row(id)), ...(await channel(id)) })).not.toMatch(/hush|old/);
  });

  test('whose key is lost waits and says so, and others go on', async () => {
    const id = await addChannel('/sealed');
    const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await newAlert({ isOver: false });
    const elsewhere = readConfig({ SECRET_KEY: 'x'.repeat(32) });
    await deliver(newService(elsewhere));
    expect(heard).toEqual([]);
    expect((await channel(id)).lastError).toContain('written with another key');
    expect(log).not.toHaveBeenCalled();
    nowMs += LEASE_MS;
    await deliver(newService());
    expect(events('/sealed')).toEqual(['firing']);
  });

  test('is told of the series it selects', async () => {
    await database.query('UPDATE series s SET labels = s.labels || $2 WHERE s.id = $1', [
      seriesId,
      { env: 'prod', team: 'a' },
    ]);
    await addChannel('/prod', { selector: { labels: { env: 'prod' } } });
    await addChannel('/both', {
      selector: { name: 'notification.spec', labels: { env: 'prod', team: 'a' } },
    });
    await addChannel('/test', { selector: { labels: { env: 'test' } } });
    await addChannel('/name', { selector: { name: 'other' } });
    await addChannel('/all');
    await newAlert({ isOver: false });
    await deliver(newService());
    expect(heard.map(({ path }) => path).sort()).toEqual(['/all', '/both', '/prod']);
  });

  test('that does not want to know of ends is told of none', async () => {
    const id = await addChannel('/a', { sendResolved: false });
    await newAlert({ isOver: true });
    await deliver(newService());
    expect(events()).toEqual(['firing']);
    expect(await channel(id)).toMatchObject({ waiting: 0 });
  });

  test('that is paused gets nothing new, and what waited when it goes on', async () => {
    const id = await addChannel('/a');
    await newAlert({ isOver: false });
    await channels().change(id, { isEnabled: false });
    await newAlert({ isOver: true, at: -HOUR });
    await deliver(newService());
    expect(heard).toEqual([]);
    await channels().change(id, { isEnabled: true });
    await deliver(newService());
    expect(events()).toEqual(['firing']);
    expect(await channel(id)).toMatchObject({ delivered: 1, waiting: 0 });
  });

  test('is signed for, over exactly what arrives', async () => {
    await addChannel('/a', { secret: SECRET });
    await newAlert({ isOver: false });
    await deliver(newService());
    const [{ headers, text }] = heard as [Heard];
    const content = `${headers['webhook-id'] as string}.${headers['webhook-timestamp'] as string}.${text}`;
    const signature = createHmac('sha256', Buffer.alloc(24, 7)).update(content).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signature}`);
  });
});

describe('a reminder', () => {
  const repetitions = () => heard.map(({ body }) => body.repetition);

  test('comes every so many hours while an alert fires, each with a key of its own', async () => {
    const id = await addChannel('/a', { repeatHours: 2 });
    await addChannel('/once');
    const alertId = await newAlert({ isOver: false });
    const service = newService();
    for (let hour = 0; hour <= 6; hour++, nowMs += HOUR) await deliver(service);
    const told = heard.filter(({ path }) => path === '/a');
    expect(told.map(({ body }) => body.repetition)).toEqual([0, 1, 2, 3]);
    expect(new Set(told.map(({ key }) => key)).size).toBe(4);
    expect(events('/once')).toEqual(['firing']);
    const { total } = await new NotificationStore(database).list(id, { limit: 9, offset: 0 });
    expect(total).toBe(2);

    await endAlert(database, alertId, new Date(nowMs));
    for (let hour = 0; hour <= 6; hour++, nowMs += HOUR) await deliver(service);
    expect(events('/a')).toEqual(['firing', 'firing', 'firing', 'firing', 'resolved']);
  });

  test('that cannot be brought is tried like anything else, and is dropped when the alert ends', async () => {
    await addChannel('/a', { repeatHours: 1 });
    const alertId = await newAlert({ isOver: false });
    const service = newService();
    await deliver(service);
    nowMs += HOUR;
    answer = (_, response) => response.writeHead(503).end();
    await deliver(service);
    expect(repetitions()).toEqual([0, 1]);
    await endAlert(database, alertId, new Date(nowMs));
    answer = (_, response) => response.end();
    nowMs += LEASE_MS;
    await deliver(service);
    expect(events()).toEqual(['firing', 'firing', 'resolved']);
  });
});

describe('one that was given up', () => {
  const failed = (id: number) => channels().notifications(id, { state: 'failed', limit: 10, offset: 0 });

  test('is seen with its reason and its alert, and sent again with the same key', async () => {
    vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const id = await addChannel('/a');
    const alertId = await newAlert({ isOver: false });
    answer = (_, response) => response.writeHead(410).end('gone for good');
    await deliver(newService());
    const { notifications, total } = await failed(id);
    expect(total).toBe(1);
    expect(notifications[0]).toMatchObject({
      ...{ event: 'incident.firing', state: 'failed', attempts: 1, nextAttemptAt: null },
      lastError: 'The receiver answered HTTP 410: gone for good',
      alert: { id: alertId },
    });
    answer = (_, response) => response.end();
    await channels().again(id, notifications[0]!.id);
    expect((await failed(id)).total).toBe(0);
    await deliver(newService());
    expect(heard.map(({ key }) => key)).toEqual([notifications[0]!.id, notifications[0]!.id]);
    await expect(channels().again(id, notifications[0]!.id)).rejects.toThrow('not given up');
  });

  test('is not sent again once the end of its alert was told', async () => {
    vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const id = await addChannel('/a');
    await newAlert({ isOver: true });
    answer = ({ body }, response) => response.writeHead(body.event === 'incident.firing' ? 410 : 200).end();
    await deliver(newService());
    const [one] = (await failed(id)).notifications;
    await expect(channels().again(id, one!.id)).rejects.toThrow('would say the opposite');
    expect((await failed(id)).total).toBe(1);
  });

  test('is of its own channel only', async () => {
    const [id, other] = [await addChannel('/a'), await addChannel('/b')];
    const unknown = '00000000-0000-4000-8000-000000000000';
    await expect(channels().again(id, unknown)).rejects.toThrow(`There is no notification ${unknown}.`);
    await newAlert({ isOver: false });
    const { listed } = await new NotificationStore(database).list(other, { limit: 1, offset: 0 });
    await expect(channels().again(id, listed[0]!.id)).rejects.toThrow('There is no notification');
  });
});

describe('the schedule', () => {
  @Module({})
  class TestModule {}

  test('runs in the scorer’s process and delivers by itself', async () => {
    const id = await addChannel('/a');
    const own = new Database(process.env['DATABASE_URL']!, {
      poolSize: 2,
      name: 'notification.spec schedule',
    });
    const worker = await NestFactory.createApplicationContext(
      {
        module: TestModule,
        imports: [
          ScheduleModule.forRoot(),
          DatabaseModule.with({ config, clock: () => nowMs, database: own }),
          AlertsWorkerModule,
        ],
      },
      { logger: false },
    );
    expect(worker.get(AlertService)).toBeInstanceOf(AlertService);
    await newAlert({ isOver: true });
    await expect.poll(async () => (await channel(id)).delivered, { timeout: 10_000 }).toBe(2);
    await worker.close();
  });

  test('waits quietly for a database that is away', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const away = new Database('postgres://nobody@127.0.0.1:1/nothing', { poolSize: 1, name: 'away' });
    const schedule = new NotificationSchedule(away, newService(config, away));
    for (let second = 0; second < 3; second++) await schedule.run();
    expect(warn).toHaveBeenCalledTimes(1);
    await away.close();
  });
});
