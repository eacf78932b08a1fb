/**
 * The process that sends is killed again and again, at random moments and in the middle of an answer: every notification arrives, and
 * what arrives twice has the same key. KILL_ROUNDS says how often.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChannelInput } from '@bellwether/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LEASE_MS } from '../../apps/backend/src/alerts/notification.service';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { type Mailbox, startMailbox } from '../support/mailbox';
import { deliver, endAlert, newChannels, newSender, writeAlert, writeSeries } from '../support/outbox';

const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 20);
const NAME = 'delivery-kill.spec';
const START = Date.parse('2025-03-20T00:00:00Z');
const SECRET_KEY = 'the key of a spec that kills senders';
const LATEST_KILL_MS = 60;
/** One answer in so many is a 503. */
const REFUSES = 8;

let database: Database;
let server: Server;
let mailbox: Mailbox;
let next: ChildProcess | undefined;
/** Keys by the path, or `mail`, in the order they came. */
const heard: { place: string; key: string }[] = [];
let isHurt = true;
let onHeard = (): void => undefined;
let nowMs = START;
const config = readConfig({ SECRET_KEY });
const foundation = () => ({ database, config, clock: () => nowMs });

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: NAME });
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      const key = request.headers['idempotency-key'] as string;
      const refuses = isHurt && Math.random() * REFUSES < 1;
      if (!refuses) heard.push({ place: request.url!.split('/')[1]!, key });
      onHeard();
      setTimeout(() => response.writeHead(refuses ? 503 : 202).end(), isHurt ? Math.random() * 20 : 0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  mailbox = await startMailbox();
});

afterAll(async () => {
  next?.kill('SIGKILL');
  server.closeAllConnections();
  server.close();
  await mailbox.close();
  await database.query('DELETE FROM channel WHERE name = $1', [NAME]);
  await database.close();
});

async function addChannels(): Promise<Map<string, number>> {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const given = {
    webhook: { url: `${origin}/webhook`, secret: `whsec_${Buffer.alloc(24, 7).toString('base64')}` },
    slack: { kind: 'slack', url: `${origin}/slack` },
    pagerduty: {
      kind: 'pagerduty',
      url: `${origin}/pagerduty`,
      routingKey: '0123456789abcdef0123456789abcdef',
    },
    ntfy: { kind: 'ntfy', url: `${origin}/ntfy/topic` },
    mail: {
      ...{ kind: 'email', host: '127.0.0.1', port: mailbox.port, tls: 'none' },
      ...{ from: 'a@b.example', to: ['c@b.example'] },
    },
  };
  const ids = new Map<string, number>();
  for (const [place, settings] of Object.entries(given)) {
    const input = ChannelInput.parse({
      name: NAME,
      selector: { name: NAME },
      groupWaitSeconds: 0,
      ...settings,
    });
    ids.set(place, (await newChannels(foundation()).add(input)).id);
  }
  return ids;
}

/** A sender that has started, and waits to be told the time. */
async function newProcess(): Promise<ChildProcess> {
  const env = { ...process.env, SECRET_KEY };
  const child = fork(join(__dirname, '../support/sender.cjs'), [], { env, execArgv: [] });
  const [word] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
  expect(word).toBe('ready');
  return child;
}

/** At any time, or shortly after something has arrived: before, while or after it is answered and noted down. */
async function someMoment(round: number): Promise<void> {
  if (round % 2 === 0) return sleep(Math.random() * LATEST_KILL_MS);
  await new Promise<void>((resolve) => (onHeard = resolve));
  await sleep(Math.random() * 25);
}

test(`${ROUNDS} kills of the sender lose nothing, and repeat only under the same key`, async () => {
  const channels = await addChannels();
  const seriesId = await writeSeries(database, NAME);
  let firing: number | undefined;
  let alerts = 0;
  const fire = (isOver: boolean) =>
    writeAlert(database, {
      seriesId,
      startsAt: new Date(START + alerts++ * 3_600_000),
      isOver,
      now: new Date(nowMs),
    });
  const end = async () => {
    if (firing !== undefined)
      await endAlert(database, firing, new Date(nowMs), new Date(START + alerts * 3_600_000 - 1_800_000));
  };
  next = await newProcess();
  for (let round = 0; round < ROUNDS; round++) {
    await end();
    await fire(true);
    firing = await fire(false);
    const child: ChildProcess = next;
    const moment = someMoment(round);
    child.send({ nowMs });
    await moment;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    next = await newProcess();
    nowMs += LEASE_MS;
  }
  await end();

  isHurt = false;
  const last = newSender(foundation());
  // Longer than any wait before another attempt.
  for (let attempt = 0; attempt < 12; attempt++, nowMs += 8 * 3_600_000) await deliver(last);

  for (const { root } of mailbox.mails)
    heard.push({ place: 'mail', key: /^<(.+)@/.exec(root.headers['message-id']!)![1]! });
  for (const [place, id] of channels) {
    const { rows } = await database.query<{ id: string; delivered: boolean }>(
      'SELECT n.id, n.delivered_at IS NOT NULL AS delivered FROM notification n WHERE n.channel_id = $1',
      [id],
    );
    const keys = heard.filter((one) => one.place === place).map(({ key }) => key);
    expect(rows.every(({ delivered }) => delivered)).toBe(true);
    // Each alert is an incident, half an hour after the one before, with a fire and an end: nothing was told that was not written, and nothing that was written is missing.
    expect(rows).toHaveLength(2 * alerts);
    expect([...new Set(keys)].sort()).toEqual(rows.map((row) => row.id).sort());
  }
  const repeated = heard.length - new Set(heard.map(({ key }) => key)).size;
  console.log(
    `${ROUNDS} kills, ${heard.length} messages in ${channels.size} channels, ${repeated} of them repeated`,
  );
  expect(repeated).toBeGreaterThan(0);
}, 900_000);
