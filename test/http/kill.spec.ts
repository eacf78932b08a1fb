/** Everything is killed again and again while samples come, an alert fires, is told of and resolves: nothing is lost, nothing told twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Alert, Series, SeriesView, TrainingRun } from '@bellwether/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Bellwether,
  removeFolder,
  startBellwether,
  startReceiver,
  temporaryFolder,
  until,
  wave,
} from '../support/bellwether';

const PERIOD = 5_000;
const HISTORY = 300;
const LIVE = 40;
const KILLS = 6;
const SPIKE = { from: HISTORY + 15, to: HISTORY + 20 };

const start = Math.floor(Date.now() / PERIOD) * PERIOD - (HISTORY + LIVE) * PERIOD;
const valueAt = (step: number) => wave(step) + (step >= SPIKE.from && step < SPIKE.to ? 300 : 0);
const sampleAt = (step: number) => ({
  series: 'survivor',
  time: start + step * PERIOD,
  value: valueAt(step),
});

let folder: string;
let bellwether: Bellwether;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  receiver = await startReceiver();
  bellwether = await startBellwether(folder);
});

afterAll(async () => {
  await bellwether?.stop();
  receiver?.close();
  await removeFolder(folder);
});

/** Sends as a careful client does: again and again until it is acknowledged. */
async function send(step: number): Promise<void> {
  await until(async () => {
    const response = await bellwether.post('/api/v1/samples', [sampleAt(step)]).catch(() => undefined);
    return response?.status === 200;
  });
}

test(`${KILLS} kills lose no sample, no score, no alert, and tell nothing twice`, async () => {
  await bellwether.post('/api/v1/channels', { name: 'test', url: receiver.url, groupWaitSeconds: 0 });
  await bellwether.post(
    '/api/v1/samples',
    Array.from({ length: HISTORY }, (_, step) => sampleAt(step)),
  );
  await until(async () => (await bellwether.get<TrainingRun[]>('/api/v1/training-runs'))[0]?.endedAt);

  const killAfter = new Set(
    Array.from({ length: KILLS }, (_, i) => HISTORY + Math.floor(((i + 0.5) * LIVE) / KILLS)),
  );
  for (let step = HISTORY; step < HISTORY + LIVE; step++) {
    await send(step);
    if (!killAfter.has(step)) continue;
    // Somewhere between the answer and the score, the alert, the message: elsewhere each time.
    await sleep(60 * (step % 7));
    await bellwether.kill();
    bellwether = await startBellwether(folder);
  }

  const [series] = await bellwether.get<Series[]>('/api/v1/series?search=survivor');
  const view = await until(async () => {
    const seen = await bellwether.get<SeriesView>(
      `/api/v1/series/${series!.id}/view?from=${start}&to=${start + (HISTORY + LIVE) * PERIOD}&points=2000`,
    );
    // What a process had noted and not folded when it was killed is scored half a minute later, after newer samples.
    return seen.scores.slice(HISTORY).every((score) => score !== null) && seen;
  });
  expect(view.samples.value).toEqual(Array.from({ length: HISTORY + LIVE }, (_, step) => valueAt(step)));
  expect(view.scores).toHaveLength(HISTORY + LIVE);

  const isPlanted = ({ startsAt }: Alert) => Date.parse(startsAt) === start + SPIKE.from * PERIOD;
  const alerts = await until(async () => {
    const all = await bellwether.get<Alert[]>('/api/v1/alerts');
    return all.some(isPlanted) && all.every(({ endsAt }) => endsAt !== null) && all;
  });
  const planted = alerts.filter(isPlanted);
  expect(planted).toHaveLength(1);

  const told = () => receiver.received.filter(({ alert }) => alert.id === planted[0]!.id);
  await until(() => told().some(({ event }) => event === 'incident.resolved'));
  const distinct = new Map(told().map((message) => [message.key, message.event]));
  expect([...distinct.values()].sort()).toEqual(['incident.firing', 'incident.resolved']);
});
