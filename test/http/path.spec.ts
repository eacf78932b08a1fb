/**
 * The whole path, as a user with curl goes it: samples of a new series, a model by itself, a planted spike, an alert at a
 * webhook, and its end; with everything killed in between.
 */
import type { Alert, Model, Series, SeriesView, TrainingRun } from '@bellwether/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Bellwether,
  removeFolder,
  startBellwether,
  startReceiver,
  temporaryFolder,
  until,
  wave,
} from '../support/bellwether';

const PERIOD = 10_000;
const HISTORY = 400;
const NAME = 'checkout_latency';

let folder: string;
let bellwether: Bellwether;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
/** Time of step 0: the newest sample of the history is about now. */
const start = Math.floor(Date.now() / PERIOD) * PERIOD - HISTORY * PERIOD;
let next = 0;

/** Sends `count` steps of the wave, `change`d, and remembers where the series stands. */
async function send(count: number, change: (value: number) => number = (value) => value): Promise<void> {
  const samples = Array.from({ length: count }, (_, i) => ({
    series: NAME,
    labels: { shop: 'one' },
    time: start + (next + i) * PERIOD,
    value: change(wave(next + i)),
  }));
  const response = await bellwether.post('/api/v1/samples', samples);
  expect(await response.json()).toEqual({ written: count, refused: [] });
  next += count;
}

const series = async (): Promise<Series> =>
  (await bellwether.get<Series[]>(`/api/v1/series?search=${NAME}`))[0]!;

/** Waits until the newest sample has its score, and returns the view. */
async function scored(): Promise<SeriesView> {
  const { id } = await series();
  return until(async () => {
    const view = await bellwether.get<SeriesView>(`/api/v1/series/${id}/view?points=1000`);
    return view.time.at(-1) === start + (next - 1) * PERIOD && view.scores.at(-1) !== null && view;
  });
}

beforeAll(async () => {
  folder = await temporaryFolder();
  receiver = await startReceiver({ refuse: 1 });
  bellwether = await startBellwether(folder);
});

afterAll(async () => {
  await bellwether?.stop();
  receiver?.close();
  await removeFolder(folder);
});

describe('from samples to an alert', () => {
  test('a series comes into being with its first samples, and its period is found', async () => {
    await send(HISTORY);
    const one = await until(async () => ((await series())?.periodMs ? series() : undefined));
    expect(one).toMatchObject({ name: NAME, labels: { shop: 'one' }, periodMs: PERIOD, periodIsSet: false });
  });

  test('its models are trained by themselves, with a loss curve', async () => {
    const run = await until(async () => {
      const [latest] = await bellwether.get<TrainingRun[]>('/api/v1/training-runs');
      return latest?.endedAt ? latest : undefined;
    });
    expect(run).toMatchObject({
      state: 'succeeded',
      reason: 'enough samples',
      seriesCount: 1,
      periodMs: PERIOD,
    });
    for (const kind of ['vrnn', 'vae']) {
      const losses = run.losses.filter((point) => point.kind === kind).map(({ loss }) => loss);
      expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    }
    const models = await bellwether.get<Model[]>('/api/v1/models');
    expect(models.map(({ kind, isChampion }) => `${kind} ${isChampion}`).sort()).toEqual([
      'vae true',
      'vrnn true',
    ]);
  });

  test('every sample has a score, an expectation and a band, and there is a forecast', async () => {
    const view = await scored();
    const newest = view.time.length - 1;
    expect(view.band.lower[newest]!).toBeLessThan(view.expected[newest]!);
    expect(view.expected[newest]!).toBeLessThan(view.band.upper[newest]!);
    expect(view.scores.slice(-100).every((score) => score !== null)).toBe(true);
    const forecast = await until(async () => (await scored()).forecast);
    expect(forecast.time[0]).toBe(start + next * PERIOD);
    forecast.time.forEach((_, i) => {
      const quantiles = [
        forecast.q05[i]!,
        forecast.q25[i]!,
        forecast.q50[i]!,
        forecast.q75[i]!,
        forecast.q95[i]!,
      ];
      expect(quantiles).toEqual(quantiles.toSorted((a, b) => a - b));
    });
  });

  test('a planted spike fires an alert, which arrives at a webhook although that refuses first', async () => {
    const channel = await bellwether.post('/api/v1/channels', {
      name: 'test',
      url: receiver.url,
      groupWaitSeconds: 0,
    });
    expect(channel.status).toBe(201);
    await send(4, (value) => value + 400);
    const alert = await until(async () => (await bellwether.get<Alert[]>('/api/v1/alerts?state=firing'))[0]);
    expect(alert).toMatchObject({ series: { name: NAME }, endsAt: null, isHistory: false });
    expect(alert.peak.score).toBeGreaterThan(3);
    expect(alert.why).toContain('expected');
    const [fired] = await until(() => receiver.received.length > 0 && receiver.received);
    expect(fired).toMatchObject({ event: 'incident.firing', alert: { id: alert.id } });
    expect(fired!.key).toBe(fired!.id);
  });

  test('everything is killed and started again: nothing is lost, nothing is told twice', async () => {
    const before = await scored();
    await bellwether.kill();
    bellwether = await startBellwether(folder);
    const after = await scored();
    expect(after.samples.value).toEqual(before.samples.value);
    expect(after.scores).toEqual(before.scores);
    expect(await bellwether.get<Alert[]>('/api/v1/alerts?state=firing')).toHaveLength(1);
  });

  test('calm samples resolve it, from a state rebuilt from the database, and the webhook hears of that once', async () => {
    await send(60);
    const resolved = await until(
      async () => (await bellwether.get<Alert[]>('/api/v1/alerts?state=resolved'))[0],
    );
    expect(Date.parse(resolved.endsAt!)).toBeGreaterThan(Date.parse(resolved.startsAt));
    await until(() => receiver.received.some(({ event }) => event === 'incident.resolved'));
    expect(receiver.received.map(({ event }) => event)).toEqual(['incident.firing', 'incident.resolved']);
  });

  test('a late sample is stored and scored again', async () => {
    const at = start + (next - 20) * PERIOD;
    const before = await scored();
    await bellwether.post('/api/v1/samples', [
      { series: NAME, labels: { shop: 'one' }, time: at, value: 180 },
    ]);
    await until(async () => {
      const view = await scored();
      const i = view.time.indexOf(at);
      return view.samples.value[i] === 180 && view.scores[i]! > before.scores[before.time.indexOf(at)]!;
    });
  });
});

test('series that cannot be modelled say why, and nothing falls over', async () => {
  const flat = Array.from({ length: 200 }, (_, i) => ({
    series: 'flat_line',
    time: start + i * PERIOD,
    value: 5,
  }));
  const short = flat.slice(0, 12).map((sample, i) => ({ ...sample, series: 'too_short', value: i }));
  expect((await bellwether.post('/api/v1/samples', [...flat, ...short])).status).toBe(200);
  const constant = await until(async () => {
    const [one] = await bellwether.get<Series[]>('/api/v1/series?search=flat_line');
    return one?.state === 'unmodelled' ? one : undefined;
  });
  expect(constant.why).toContain('constant');
  expect(constant.score).toBeNull();
  const [young] = await bellwether.get<Series[]>('/api/v1/series?search=too_short');
  expect(young).toMatchObject({ state: 'collecting', score: null });
  expect((await fetch(`${bellwether.url}/health/ready`)).status).toBe(200);
});
