/** The overview's numbers, on an embedded database of their own: they count everything there is. */
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../apps/backend/src/database/database';
import { type Embedded, startEmbedded } from '../../apps/backend/src/database/embedded/start';
import { migrate } from '../../apps/backend/src/database/migrate';
import { MetricsStore } from '../../apps/backend/src/screens/metrics.store';
import { OverviewStore } from '../../apps/backend/src/screens/overview.store';

const MINUTE = 60_000;
const T0 = Date.UTC(2026, 0, 31, 12);

let dataDir: string;
let embedded: Embedded;
let database: Database;
let store: OverviewStore;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bellwether-overview-'));
  embedded = await startEmbedded({ dataDir, log: () => undefined });
  await migrate(embedded.url, () => undefined);
  database = new Database(embedded.url, { poolSize: 2, name: 'overview spec' });
  store = new OverviewStore(database);
});
afterAll(async () => {
  await database?.close();
  await embedded?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** A series with a sample a minute, scored where a score is given. */
async function series(name: string, scores: (number | null)[], threshold = 3): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    'INSERT INTO series (name, period_ms) VALUES ($1, 60000) RETURNING id',
    [name],
  );
  const { id } = rows[0]!;
  const newest = new Date(T0 + (scores.length - 1) * MINUTE);
  await database.query(
    'INSERT INTO watermark (series_id, first_sample_at, last_sample_at) VALUES ($1, $2, $3)',
    [id, new Date(T0), newest],
  );
  for (const [i, score] of scores.entries()) {
    const time = new Date(T0 + i * MINUTE);
    await database.query('INSERT INTO sample (series_id, time, value) VALUES ($1, $2, $3)', [id, time, i]);
    if (score === null) continue;
    await database.query(
      `INSERT INTO score (series_id, time, score, threshold, lower, upper, vrnn_share) VALUES ($1, $2, $3, $4, -1, 1, 0.5)`,
      [id, time, score, threshold],
    );
  }
  return id;
}

test('nothing is surprising where nothing is', async () => {
  expect(await store.surprising(8)).toEqual([]);
  expect(await store.sparklines([])).toEqual(new Map());
  expect(await store.ingest()).toEqual({
    seriesCount: 0,
    perMinute: Array.from({ length: 30 }, () => 0),
    scoringLagSeconds: 0,
    unscoredSeries: 0,
  });
  expect(await store.championCount()).toBe(0);
});

test('the strangest come first, measured against their own thresholds; old and unscored ones do not', async () => {
  const calm = await series('calm', [1, 1, 1]);
  const strange = await series('strange', [1, 9, 1]);
  const tolerant = await series('tolerant', [1, 12, 1], 8);
  await series('unscored', [null, null]);
  const forgotten = await series('forgotten', [50, ...Array.from({ length: 60 }, () => 0.5)]);
  expect((await store.surprising(8)).map(({ seriesId }) => seriesId)).toEqual([
    strange,
    tolerant,
    calm,
    forgotten,
  ]);
  expect((await store.surprising(2)).map(({ threshold }) => threshold)).toEqual([3, 8]);
});

test('a sparkline has the newest samples, oldest first, with what was expected of them', async () => {
  const short = await series('short', [null, 2, 4]);
  const long = await series(
    'long',
    Array.from({ length: 130 }, () => null),
  );
  const found = await store.sparklines([short, long, 999_999]);
  expect([...found.keys()].toSorted((a, b) => a - b)).toEqual([short, long]);
  expect(found.get(short)).toEqual({
    time: [T0, T0 + MINUTE, T0 + 2 * MINUTE],
    value: [0, 1, 2],
    lower: [null, -1, -1],
    upper: [null, 1, 1],
    score: [null, 2, 4],
  });
  expect(found.get(long)!.value).toEqual(Array.from({ length: 120 }, (_, i) => i + 10));
});

test('arrivals are counted by the minute, the running one last', async () => {
  await database.query(
    `INSERT INTO arrival (minute, samples)
     SELECT date_trunc('minute', now()) - i.ago * INTERVAL '1 minute', i.samples
     FROM (VALUES (0, 5), (1, 7), (29, 11), (30, 1000)) AS i (ago, samples)`,
  );
  const { perMinute, seriesCount } = await store.ingest();
  expect(perMinute).toHaveLength(30);
  expect(seriesCount).toBe(7);
  // The minute may turn between the two statements: then all stand one place to the left.
  const places = perMinute.flatMap((count, i) => (count > 0 ? [[i, count]] : []));
  const now = [
    [0, 11],
    [28, 7],
    [29, 5],
  ];
  const turned = [
    [27, 7],
    [28, 5],
  ];
  expect([now, turned]).toContainEqual(places);
});

test('what waits is counted where a champion could score it, and its lag is that of the oldest', async () => {
  const waiting = await series('waiting', [null]);
  const without = await series('without a model', [null]);
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO training_run (detector_id, period_ms, reason, seed, ended_at) SELECT d.id, 60000, 'test', 1, now() FROM detector d RETURNING id`,
  );
  const model = await database.query<{ id: number }>(
    `INSERT INTO model (detector_id, training_run_id, period_ms, kind, version, seed, config, weights, calibration,
                        data_from, data_to, series_count, sample_count, training_seconds, backend, promoted_at)
     SELECT d.id, $1, 60000, 'vae', 1, 1, '{}', '', '{}', now(), now(), 1, 1, 1, 'cpu', now() FROM detector d RETURNING id`,
    [rows[0]!.id],
  );
  await database.query(`INSERT INTO model_series (model_id, series_id, scaler) VALUES ($1, $2, '{}')`, [
    model.rows[0]!.id,
    waiting,
  ]);
  await database.query(
    `UPDATE watermark SET unscored_from = last_sample_at, unscored_since = now() - INTERVAL '100 seconds' WHERE series_id = ANY ($1)`,
    [[waiting, without]],
  );
  const { unscoredSeries, scoringLagSeconds } = await store.ingest();
  expect(unscoredSeries).toBe(1);
  expect(scoringLagSeconds).toBeGreaterThanOrEqual(100);
  expect(await store.championCount()).toBe(1);
  expect(await new MetricsStore(database).read()).toMatchObject({
    series: 9,
    unscored_series: 2,
    champions: 1,
    training_runs_open: 0,
    alerts_firing: 0,
  });
});
