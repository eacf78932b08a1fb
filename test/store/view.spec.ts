/** What a chart reads: at every resolution the extremes of the samples, on the real aggregates. */
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../apps/backend/src/database/database';
import { type Embedded, startEmbedded } from '../../apps/backend/src/database/embedded/start';
import { migrate } from '../../apps/backend/src/database/migrate';
import { PoliciesStore } from '../../apps/backend/src/database/policies.store';
import { ViewStore } from '../../apps/backend/src/screens/view.store';
import type { Resolution, ViewRow } from '../../apps/backend/src/screens/view';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A day's beginning, some days ago: aggregates are put down to shortly before the wall clock. */
const T0 = Math.floor(Date.now() / DAY) * DAY - 12 * DAY;
const SAMPLES = 10 * 24 * 60;
const GAP = { from: 3_000, to: 5_000 };

/** The value of minute i: a wave with a spike every 977 minutes, up and down in turn. */
const valueAt = (i: number) =>
  50 + 10 * Math.sin(i / 100) + (i % 977 === 0 ? (i % 2 === 0 ? 1 : -1) * (1_000 + i) : 0);
const isThere = (i: number) => i < GAP.from || i >= GAP.to;

let dataDir: string;
let embedded: Embedded;
let database: Database;
let views: ViewStore;
let policies: PoliciesStore;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bellwether-view-'));
  embedded = await startEmbedded({ dataDir, log: () => undefined });
  await migrate(embedded.url, () => undefined);
  database = new Database(embedded.url, { poolSize: 2, name: 'view spec' });
  views = new ViewStore(database);
  policies = new PoliciesStore(database);
  const steps = Array.from({ length: SAMPLES }, (_, i) => i).filter(isThere);
  await write(
    1,
    steps.map((i) => [T0 + i * MINUTE, valueAt(i)]),
  );
  // A second series, whose extremes must not show in the first.
  await write(2, [[T0 + 7 * MINUTE, 1e9]]);
  await database.query(
    `INSERT INTO score (series_id, time, score, threshold, expected, lower, upper, vrnn_share)
     SELECT s.series_id, s.time, abs(s.value - 50) / 10, 3, 50, 40, 60, 0.5 FROM sample s WHERE s.series_id = 1`,
  );
});
afterAll(async () => {
  await database?.close();
  await embedded?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function write(seriesId: number, rows: [number, number][]): Promise<void> {
  await database.query(
    `INSERT INTO sample (series_id, time, value)
     SELECT $1, to_timestamp(i.ms / 1000), i.value FROM unnest($2::float8[], $3::float8[]) AS i (ms, value)`,
    [seriesId, rows.map(([ms]) => ms), rows.map(([, value]) => value)],
  );
}
const refresh = async () => {
  for (const { id } of await policies.jobs()) await policies.run(id);
};

const RESOLUTIONS: Resolution[] = [
  { bucketMs: 10 * MINUTE, source: 'sample' },
  { bucketMs: DAY, source: 'sample' },
  { bucketMs: 5 * MINUTE, source: 'sample_1m' },
  { bucketMs: 30 * MINUTE, source: 'sample_1m' },
  { bucketMs: HOUR, source: 'sample_1h' },
  { bucketMs: 12 * HOUR, source: 'sample_1h' },
  { bucketMs: DAY, source: 'sample_1d' },
  { bucketMs: 7 * DAY, source: 'sample_1d' },
];
const named = (resolutions: Resolution[]) =>
  resolutions.map((one) => [`${one.bucketMs / MINUTE} minutes of ${one.source}`, one] as const);

const read = (resolution: Resolution, from = T0, to = T0 + SAMPLES * MINUTE, seriesId = 1) =>
  views.buckets({ seriesId, from: new Date(from), to: new Date(to) }, resolution);

/** What each row must say, from the formula alone. */
function expected({ time }: ViewRow, { bucketMs }: Resolution) {
  const first = Math.max(0, Math.ceil((time - T0) / MINUTE));
  const last = Math.min(SAMPLES, Math.ceil((time + bucketMs - T0) / MINUTE));
  const values = Array.from({ length: last - first }, (_, i) => first + i)
    .filter(isThere)
    .map(valueAt);
  const min = Math.min(...values);
  const max = Math.max(...values);
  const value = values.reduce((sum, one) => sum + one, 0) / values.length;
  return { time, value, min, max, score: Math.max(...values.map((one) => Math.abs(one - 50) / 10)) };
}

describe.each(['before any refresh', 'after one'])('%s', (when) => {
  beforeAll(async () => {
    if (when === 'after one') await refresh();
  });

  test.each(named(RESOLUTIONS))('%s hold the mean and extremes of their samples', async (_, resolution) => {
    const rows = await read(resolution);
    for (const row of rows) {
      const right = expected(row, resolution);
      expect([row.time, row.min, row.max]).toEqual([right.time, right.min, right.max]);
      expect(row.value).toBeCloseTo(right.value, 6);
      expect(row.score! / right.score).toBeCloseTo(1, 5);
      expect([row.expected, row.lower, row.upper]).toEqual([50, 40, 60]);
    }
    const spikes = Array.from({ length: SAMPLES }, (_, i) => i)
      .filter(isThere)
      .map(valueAt);
    expect(Math.max(...rows.map(({ max }) => max!))).toBe(Math.max(...spikes));
    expect(Math.min(...rows.map(({ min }) => min!))).toBe(Math.min(...spikes));
    const covered = rows.reduce((sum) => sum + resolution.bucketMs, 0);
    const there = (SAMPLES - (GAP.to - GAP.from)) * MINUTE;
    expect(covered).toBeGreaterThanOrEqual(there);
    expect(covered).toBeLessThanOrEqual(there + 14 * DAY);
  });
});

test('raw samples come as they were written, to the millisecond, oldest first and no more than asked for', async () => {
  const times = [0, 1, 2, 7, 333, 999].map((ms) => T0 + ms);
  await write(
    3,
    times.map((ms) => [ms, ms - T0]),
  );
  const stretch = { seriesId: 3, from: new Date(T0), to: new Date(T0 + 999) };
  const rows = await views.raw(stretch, 10);
  expect(rows.map(({ time }) => time)).toEqual(times.slice(0, -1));
  expect(rows[4]).toEqual({
    time: T0 + 333,
    value: 333,
    min: 333,
    max: 333,
    expected: null,
    lower: null,
    upper: null,
    score: null,
  });
  expect(await views.raw(stretch, 2)).toHaveLength(2);
});

test('a stretch is half-open, and its first bucket is whole', async () => {
  const resolution: Resolution = { bucketMs: 10 * MINUTE, source: 'sample' };
  const rows = await read(resolution, T0 + 15 * MINUTE, T0 + 30 * MINUTE);
  expect(rows.map(({ time }) => (time - T0) / MINUTE)).toEqual([10, 20]);
  expect(rows[0]).toMatchObject(pick(expected(rows[0]!, resolution)));
});
const pick = ({ min, max }: { min: number; max: number }) => ({ min, max });

describe('the newest samples', () => {
  const NEWEST = Math.floor(Date.now() / MINUTE) * MINUTE;

  test.each(named(RESOLUTIONS))('are in %s before any refresh has seen them', async (_, resolution) => {
    await database.query('DELETE FROM sample s WHERE s.series_id = 1 AND s.time >= $1', [new Date(NEWEST)]);
    await write(1, [[NEWEST, 5e6]]);
    const rows = await read(resolution, T0, NEWEST + 1);
    expect(rows.at(-1)!.max).toBe(5e6);
  });
});

test('a late sample is in buckets of samples at once, in those of aggregates after a policy ran', async () => {
  await write(1, [[T0 + 100 * MINUTE + 30_000, 7e7]]);
  const highest = async () =>
    Promise.all(
      RESOLUTIONS.map(async (one) => Math.max(...(await read(one)).map(({ max }) => max!)) === 7e7),
    );
  expect(await highest()).toEqual(RESOLUTIONS.map(({ source }) => source === 'sample'));
  await refresh();
  expect(await highest()).toEqual(RESOLUTIONS.map(() => true));
});

test('the newest threshold is the one that counts', async () => {
  expect(await views.threshold(1)).toBe(3);
  expect(await views.threshold(2)).toBeNull();
});
