/** A real Alertmanager is told of an alert: it knows it, keeps it while it fires, learns it again after a restart, and sees it end. */
import { ChannelInput } from '@bellwether/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { freePort, type Program, startAlertmanager } from '../support/brokers';
import { deliver, endAlert, newChannels, newSender, writeAlert, writeSeries } from '../support/outbox';

const MINUTE = 60_000;
const PATH = process.env['ALERTMANAGER'] ?? 'prometheus-alertmanager';
const config = readConfig({ PUBLIC_URL: 'https://bellwether.example/', SECRET_KEY: 's'.repeat(32) });

interface Known {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  status: { state: string };
  generatorURL: string;
}

let database: Database;
let alertmanager: Program;
let port: number;
let channelId: number;
/** It judges ends by its own clock: ours begins with it. */
let nowMs = Date.now();
const foundation = () => ({ database, config, clock: () => nowMs });

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'alertmanager.spec' });
  port = await freePort();
  alertmanager = await startAlertmanager(PATH, port);
  const url = `http://127.0.0.1:${port}`;
  const given = { kind: 'alertmanager', name: 'alertmanager.spec', url, groupWaitSeconds: 0 };
  channelId = (await newChannels(foundation()).add(ChannelInput.parse(given))).id;
});

afterAll(async () => {
  await alertmanager?.stop();
  await database.query(`DELETE FROM channel WHERE name = 'alertmanager.spec'`);
  await database.close();
});

async function known(alertname: string): Promise<Known[]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v2/alerts`);
  return ((await response.json()) as Known[]).filter(({ labels }) => labels['alertname'] === alertname);
}

test('an alert is known while it fires, however long, and no longer once it has ended', async () => {
  const seriesId = await writeSeries(database, 'alertmanager.spec', { env: 'prod', 'k8s.pod': 'web-1' });
  const startsAt = new Date(nowMs - MINUTE);
  const alertId = await writeAlert(database, { seriesId, startsAt, isOver: false, now: new Date(nowMs) });
  const sender = newSender(foundation());
  await deliver(sender);
  const [first] = await known('BellwetherAnomaly');
  expect(first).toMatchObject({
    labels: { series: 'alertmanager.spec', env: 'prod', k8s_pod: 'web-1', bellwether_alert: String(alertId) },
    status: { state: 'active' },
    generatorURL: expect.stringContaining(`https://bellwether.example/series/?id=${seriesId}`),
  });
  expect(first!.annotations['summary']).toMatch(/^Firing: alertmanager\.spec/);
  expect(Date.parse(first!.startsAt)).toBe(startsAt.getTime());
  expect(Date.parse(first!.endsAt)).toBe(nowMs + 15 * MINUTE);

  nowMs += 5 * MINUTE;
  await deliver(sender);
  const again = await known('BellwetherAnomaly');
  expect(again.map(({ endsAt }) => Date.parse(endsAt))).toEqual([nowMs + 15 * MINUTE]);
  expect(again[0]!.labels).toEqual(first!.labels);

  await alertmanager.stop();
  alertmanager = await startAlertmanager(PATH, port);
  expect(await known('BellwetherAnomaly')).toEqual([]);
  nowMs += 5 * MINUTE;
  await deliver(sender);
  expect((await known('BellwetherAnomaly')).map(({ labels }) => labels)).toEqual([first!.labels]);

  await endAlert(database, alertId, new Date(Date.now()));
  await deliver(sender);
  expect(await newChannels(foundation()).read(channelId)).toMatchObject({ waiting: 0, failed: 0 });
  await expect.poll(() => known('BellwetherAnomaly')).toEqual([]);
});

test('a test is taken, and ends by itself', async () => {
  expect(await newChannels(foundation()).test(channelId)).toMatchObject({ delivered: true });
  const [one] = await known('BellwetherTest');
  expect(Date.parse(one!.endsAt)).toBe(nowMs + 5 * MINUTE);
});

test('what it refuses is told in its own words', async () => {
  const elsewhere = { url: `http://127.0.0.1:${port}/nowhere` };
  await newChannels(foundation()).change(channelId, elsewhere);
  const { delivered, detail } = await newChannels(foundation()).test(channelId);
  expect([delivered, detail]).toEqual([false, expect.stringMatching(/HTTP 404: .*not found/)]);
});
