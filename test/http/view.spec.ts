/** A series' view over HTTP: its resolution, gaps, forecast and limits. */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Overview, type Series, SeriesView } from '@bellwether/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { until } from '../support/bellwether';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 1_440 * MINUTE;
const T0 = Date.UTC(2026, 0, 1);
const COUNT = 3_000;
const GAP = { from: 1_000, to: 1_100 };

let app: NestExpressApplication;
let base: string;
let id: number;

const valueAt = (i: number) => (i === 1_500 ? 900 : i === 1_501 ? -900 : i % 10);

beforeAll(async () => {
  const database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'view spec' });
  const config = readConfig({ LOG_LEVEL: 'silent' });
  app = await createServer({ config, clock: () => T0 + 40 * DAY, database });
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/v1`;
  const steps = Array.from({ length: COUNT }, (_, i) => i).filter((i) => i < GAP.from || i >= GAP.to);
  await send(
    'view.minutes',
    steps.map((i) => [T0 + i * MINUTE, valueAt(i)]),
  );
  id = await idOf('view.minutes');
  await fetch(`${base}/series/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ periodMs: MINUTE }),
  });
});
afterAll(() => app?.close());

async function send(series: string, rows: [number, number][]): Promise<void> {
  const response = await fetch(`${base}/samples`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(rows.map(([time, value]) => ({ series, time, value }))),
  });
  expect(await response.json()).toEqual({ written: rows.length, refused: [] });
  // What is acknowledged is written; that the series ends there is told a moment later.
  const newest = Math.max(...rows.map(([time]) => time));
  await until(async () => Date.parse((await seriesOf(series)).lastSampleAt ?? '') >= newest);
}
const seriesOf = async (name: string): Promise<Series> =>
  ((await (await fetch(`${base}/series?search=${name}`)).json()) as Series[])[0]!;
const idOf = async (name: string): Promise<number> => (await seriesOf(name)).id;

async function view(query: object = {}, of = id): Promise<SeriesView> {
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const response = await fetch(`${base}/series/${of}/view?${search.toString()}`);
  expect(response.status).toBe(200);
  return SeriesView.parse(await response.json());
}

test('without a wish it is the newest 300 steps as they came', async () => {
  const found = await view();
  expect(found.resolution).toEqual({ bucketMs: 0, source: 'sample' });
  expect(found.time).toHaveLength(300);
  expect(found.time.at(-1)).toBe(T0 + (COUNT - 1) * MINUTE);
  expect(found.samples.value.at(-1)).toBe(valueAt(COUNT - 1));
  expect(found.forecast).toBeNull();
});

test('a stretch is half-open, in ISO 8601 or in milliseconds', async () => {
  const [from, to] = [T0 + 10 * MINUTE, T0 + 20 * MINUTE];
  const found = await view({ from, to });
  expect(found.time).toEqual(Array.from({ length: 10 }, (_, i) => from + i * MINUTE));
  expect([found.from, found.to]).toEqual([new Date(from).toISOString(), new Date(to).toISOString()]);
  const iso = await view({ from: '2026-01-01T01:10:00+01:00', to: '2026-01-01T00:20:00Z' });
  expect(iso.time).toEqual(found.time);
});

test('a gap breaks the line, whatever the resolution', async () => {
  for (const points of [2_000, 600, 300]) {
    const { time, samples, resolution } = await view({ from: T0, to: T0 + 1_900 * MINUTE, points });
    const broken = time.filter((_, i) => samples.value[i] === null);
    expect([resolution.bucketMs, broken.length]).toEqual([
      points === 2_000 ? 0 : points === 600 ? 5 * MINUTE : 10 * MINUTE,
      1,
    ]);
    expect(broken[0]).toBeGreaterThanOrEqual(T0 + (GAP.from - 10) * MINUTE);
    expect(broken[0]).toBeLessThan(T0 + GAP.to * MINUTE);
  }
});

test.each([10, 60, 100, 600, 2_000])(
  'at %s points no extreme is lost, and the points are no more',
  async (points) => {
    const { samples, time } = await view({ from: T0, to: T0 + COUNT * MINUTE, points });
    const numbers = (column: (number | null)[]) => column.filter((value) => value !== null);
    expect(Math.max(...numbers(samples.max))).toBe(900);
    expect(Math.min(...numbers(samples.min))).toBe(-900);
    // One more for the first bucket, which may begin before, and one for the gap.
    expect(time.length).toBeLessThanOrEqual(points + 2);
    expect(time).toEqual(time.toSorted((a, b) => a - b));
  },
);

test('samples that came while nobody looked are in the widest view at once', async () => {
  await send('view.minutes', [[T0 + 20 * MINUTE + 1, 12_345]]);
  const wide = await view({ from: T0, to: T0 + 10 * DAY, points: 20 });
  expect(wide.samples.max[0]).toBe(12_345);
});

describe('a series without a period', () => {
  test('is drawn with lines between its samples', async () => {
    const rows: [number, number][] = [0, 1, 2.5, 4, 5, 60, 61.2].map((minutes) => [
      T0 + minutes * MINUTE,
      minutes,
    ]);
    await send('view.irregular', rows);
    const found = await view({}, await idOf('view.irregular'));
    expect(found.series.periodMs).toBeNull();
    const marks = found.samples.value.map((value) => (value === null ? '|' : '.')).join('');
    expect(marks).toBe('.....|..');
  });

  test('with one sample shows it', async () => {
    await send('view.single', [[T0, 7]]);
    const found = await view({}, await idOf('view.single'));
    expect([found.time, found.samples.value]).toEqual([[T0], [7]]);
  });
});

test('much denser than its period, it is put into buckets all the same', async () => {
  const rows: [number, number][] = Array.from({ length: 4_000 }, (_, i) => [T0 + i * SECOND, i % 7]);
  await send('view.dense', rows);
  const dense = await idOf('view.dense');
  await fetch(`${base}/series/${dense}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ periodMs: 60 * MINUTE }),
  });
  const found = await view({ from: T0, to: T0 + 4_000 * SECOND, points: 100 }, dense);
  expect(found.resolution.bucketMs).toBeGreaterThan(0);
  expect(found.time.length).toBeLessThanOrEqual(102);
  expect(found.samples.value).not.toContain(null);
});

test('where there are no samples there are no points', async () => {
  for (const query of [{ from: T0 - 10 * DAY, to: T0 }, { from: T0 + 30 * DAY }, { from: 0, to: 1 }])
    expect((await view(query)).time).toEqual([]);
});

describe('what cannot be shown is a 400 that says which', () => {
  test.each([
    ['from=yesterday', 'from'],
    ['to=2026-13-01', 'to'],
    ['from=-1', 'from'],
    ['from=1e300', 'from'],
    ['to=99999999999999999', 'to'],
    ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['from=5&to=5', 'from'],
    ['from=NaN', 'from'],
    ['points=9', 'points'],
    ['points=2001', 'points'],
    ['points=many', 'points'],
    ['from=1&from=2', 'from'],
  ])('%s', async (query, at) => {
    const response = await fetch(`${base}/series/${id}/view?${query}`);
    expect(response.status).toBe(400);
    const { errors } = (await response.json()) as { errors: { at: string }[] };
    expect(errors.map((error) => error.at)).toContain(at);
  });

  test.each([`from=0&to=${Date.UTC(2199, 0)}`, 'from=1970-01-01T00:00:00Z&points=2000'])(
    '%s is wide, and can be',
    async (query) => {
      const found = await view(Object.fromEntries(new URLSearchParams(query)));
      expect(found.time.length).toBeGreaterThan(0);
    },
  );
});

test('the overview keeps to its contract, and counts what has arrived', async () => {
  const response = await fetch(`${base}/overview`);
  const overview = Overview.parse(await response.json());
  expect(overview.ingest.seriesCount).toBeGreaterThanOrEqual(4);
  expect(overview.ingest.perMinute).toHaveLength(30);
  expect(overview.ingest.perMinute.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(COUNT);
});
