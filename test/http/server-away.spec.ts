/** The database goes away and comes back, under a server that goes on. */
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Series } from '@bellwether/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { type Embedded, startEmbedded } from '../../apps/backend/src/database/embedded/start';
import { migrate } from '../../apps/backend/src/database/migrate';
import { until } from '../support/bellwether';

let dataDir: string;
let databasePort: number;
let embedded: Embedded;
let app: NestExpressApplication;
let base: string;

const startDatabase = async () =>
  (embedded = await startEmbedded({ dataDir, port: databasePort, log: () => undefined }));

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bellwether-away-'));
  const probe = createTcpServer();
  await new Promise<void>((ready) => probe.listen(0, '127.0.0.1', ready));
  databasePort = (probe.address() as AddressInfo).port;
  await new Promise((closed) => probe.close(closed));
  await startDatabase();
  await migrate(embedded.url, () => undefined);
  const database = new Database(embedded.url, { poolSize: 4, name: 'away spec' });
  app = await createServer({
    config: readConfig({ LOG_LEVEL: 'silent' }),
    clock: () => Date.now(),
    database,
  });
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
});
afterAll(async () => {
  await app?.close();
  await embedded?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const send = (value: number) =>
  fetch(`${base}/api/v1/samples`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ series: 'away', time: Date.now(), value }]),
  });

test('ingest says when to come again while it is away, and goes on by itself when it is back', async () => {
  expect((await send(1)).status).toBe(200);
  const events = await fetch(`${base}/api/v1/events`);
  await embedded.stop();

  const refused = await send(2);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
  expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('send this again') });
  for (const path of ['/health/ready', '/metrics', '/api/v1/series', '/api/v1/overview'])
    expect([path, (await fetch(base + path)).status]).toEqual([path, 503]);
  expect((await fetch(`${base}/health/live`)).status).toBe(200);

  await startDatabase();
  await until(async () => (await send(3)).status === 200);
  expect((await fetch(`${base}/health/ready`)).status).toBe(200);
  const series = await until(async () => {
    const [found] = (await (await fetch(`${base}/api/v1/series?search=away`)).json()) as Series[];
    return found?.lastValue === 3 && found;
  });

  // The listener is there again as well: screens hear of samples without being opened anew.
  const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
  let heard = '';
  const isHeard = until(() => heard.includes(`[${series.id}]`));
  const reading = (async () => {
    for (
      let part = await reader.read();
      !part.done && !heard.includes(`[${series.id}]`);
      part = await reader.read()
    )
      heard += part.value;
  })();
  const sending = setInterval(() => void send(Math.sin(Date.now())), 300);
  await isHeard;
  clearInterval(sending);
  await reading;
  await reader.cancel();
});
