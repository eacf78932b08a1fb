/**
 * What series do beside their values, from the samples a client sends to the webhook it gets: the API and the scorer as `main` puts
 * them together, in this process, so that their clock can go four times as fast as ours.
 */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Alert, Explanation, type Series } from '@bellwether/contracts';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScorerProcessModule } from '../../apps/backend/src/api/app.module';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { type Embedded, startEmbedded } from '../../apps/backend/src/database/embedded/start';
import { migrate } from '../../apps/backend/src/database/migrate';
import { type Received, removeFolder, startReceiver, temporaryFolder, until } from '../support/bellwether';

const PERIOD = 10_000;
const SPEED = 4;
const HOSTS = ['web-1', 'web-2'];

const beganMs = Date.now();
const clock = () => beganMs + SPEED * (Date.now() - beganMs);

let folder: string;
let embedded: Embedded;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let app: Awaited<ReturnType<typeof createServer>>;
let scorer: INestApplicationContext;
let url: string;
let series: Series[];
/** What each host measures; one that is not here has stopped. */
const values = new Map(HOSTS.map((host) => [host, 40]));
let isSending = true;
let sending: Promise<void>;

beforeAll(async () => {
  folder = await temporaryFolder();
  receiver = await startReceiver();
  embedded = await startEmbedded({ dataDir: folder, log: () => undefined });
  await migrate(embedded.url, () => undefined);
  const config = readConfig({ LOG_LEVEL: 'silent', DATABASE_URL: embedded.url });
  const connect = (name: string) => new Database(embedded.url, { poolSize: 3, name });
  app = await createServer({ config, clock, database: connect('watch.spec api') });
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/v1`;
  await call('POST', '/channels', { name: 'hook', url: receiver.url, groupWaitSeconds: 0 });
  await send(Array.from({ length: 200 }, (_, i) => clock() - (200 - i) * PERIOD));
  scorer = await NestFactory.createApplicationContext(
    ScorerProcessModule.with({ config, clock, database: connect('watch.spec scorer') }),
    { logger: false },
  );
  sending = keepSending();
  series = await until(async () => {
    const all = (await call('GET', '/series')) as Series[];
    return all.length === HOSTS.length && all.every(({ periodMs }) => periodMs === PERIOD) && all;
  });
});

afterAll(async () => {
  isSending = false;
  await sending;
  await scorer?.close();
  await app?.close();
  receiver?.close();
  await embedded?.stop();
  if (folder) await removeFolder(folder);
});

async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** No two values in a row are equal, and none is far from what the host measures. */
const send = (times: number[]) =>
  call(
    'POST',
    '/samples',
    [...values].flatMap(([host, value]) =>
      times.map((time, i) => ({
        ...{ series: 'cpu', labels: { host }, time: Math.round(time) },
        value: value + (Math.round(time / PERIOD + i) % 7) / 10,
      })),
    ),
  );

async function keepSending(): Promise<void> {
  for (let dueMs = clock(); isSending; dueMs += PERIOD) {
    while (isSending && clock() < dueMs) await sleep(50);
    if (isSending && values.size > 0) await send([dueMs]);
  }
}

const idOf = (host: string) => series.find(({ labels }) => labels['host'] === host)!.id;
const alerts = async (host: string) =>
  ((await call('GET', `/alerts?series=${idOf(host)}`)) as unknown[]).map((one) => Alert.parse(one));
const heard = (event: string, why: RegExp): Promise<Received> =>
  until(() => receiver.received.find((one) => one.event === event && why.test(one.alert.why)));

test('a series that goes beyond its limit is told of, and that it is back', async () => {
  await call('PATCH', `/series/${idOf('web-1')}`, { unit: '%', upperLimit: 60 });
  values.set('web-1', 70);
  const { alert } = await heard('incident.firing', /^Above its limit of 60 %: 70/);
  values.set('web-1', 40);
  await heard('incident.resolved', /^Above its limit/);
  expect(await alerts('web-1')).toMatchObject([
    { id: alert.id, kind: 'breach', endsAt: expect.any(String) as string, record: { right: 0, known: 0 } },
  ]);
});

test('a series that stops is told of once, and that it is back; the one that goes on is not', async () => {
  values.delete('web-2');
  const { alert } = await heard('incident.firing', /^No sample has come since .*every 10 s\.$/);
  const [open] = await alerts('web-2');
  expect(open).toMatchObject({ id: alert.id, kind: 'silent', endsAt: null });
  expect(Explanation.parse(await call('GET', `/alerts/${alert.id}/explanation`))).toBeTruthy();
  values.set('web-2', 40);
  await heard('incident.resolved', /^No sample came from/);
  const ended = await until(async () => (await alerts('web-2')).find(({ endsAt }) => endsAt !== null));
  // It began a period after the last sample, and ended with the first that came again.
  expect((Date.parse(ended.endsAt!) - Date.parse(ended.startsAt)) / PERIOD).toBeGreaterThan(5);
  const told = receiver.received.filter((one) => one.alert.id === alert.id).map(({ event }) => event);
  expect(told).toEqual(['incident.firing', 'incident.resolved']);
  expect((await alerts('web-1')).map(({ kind }) => kind)).toEqual(['breach']);
});

test('people judge these alerts, and what they said counts the next time', async () => {
  const [[breach], [silence]] = [await alerts('web-1'), await alerts('web-2')];
  await call('PUT', `/alerts/${breach!.id}/verdict`, { kind: 'real', comment: 'a deploy' });
  await call('PUT', `/alerts/${silence!.id}/verdict`, { kind: 'false_alarm' });
  expect((await alerts('web-1'))[0]).toMatchObject({ verdict: 'real' });
  values.delete('web-2');
  const { alert } = await heard('incident.firing', /right 0 of 1 time before on this series\.$/);
  expect(alert.id).not.toBe(silence!.id);
  const [again] = await alerts('web-2');
  const foundMs = clock() - Date.parse(again!.startsAt);
  const lastedMs = Date.parse(silence!.endsAt!) - Date.parse(silence!.startsAt);
  expect(foundMs).toBeGreaterThan(lastedMs);
});
