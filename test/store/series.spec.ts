/** Series on the real database: what the list finds, what a series shows, what a change and a removal do. */
import 'reflect-metadata';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { SeriesService } from '../../apps/backend/src/series/series.service';
import { SeriesStore } from '../../apps/backend/src/series/series.store';

const url = process.env['DATABASE_URL']!;
const T0 = Date.UTC(2026, 0, 31, 12);
const MINUTE = 60_000;

let database: Database;
let store: SeriesStore;
let service: SeriesService;
let sql: Client;

beforeAll(async () => {
  await migrate(url, () => undefined);
  database = new Database(url, { poolSize: 4, name: 'series spec' });
  store = new SeriesStore(database);
  service = new SeriesService(store);
  sql = new Client(url);
  await sql.connect();
});

afterAll(async () => {
  await sql?.end();
  await database?.close();
});

async function makeSeries(
  name: string,
  labels: object = {},
  periodMs: number | null = null,
): Promise<number> {
  const { rows } = await sql.query(
    'INSERT INTO series (name, labels, period_ms) VALUES ($1, $2, $3) RETURNING id',
    [name, labels, periodMs],
  );
  return rows[0].id;
}

/** `count` samples, a minute apart, the i-th of value i. */
async function addSamples(id: number, count: number, { fromMs = T0, periodMs = MINUTE } = {}): Promise<void> {
  const times = Array.from({ length: count }, (_, i) => new Date(fromMs + i * periodMs));
  await sql.query(
    `INSERT INTO sample SELECT $1, t, n - 1 FROM unnest($2::timestamptz[]) WITH ORDINALITY AS i(t, n)`,
    [id, times],
  );
  await sql.query(
    `INSERT INTO watermark AS w (series_id, first_sample_at, last_sample_at) VALUES ($1, $2, $3)
     ON CONFLICT (series_id) DO UPDATE SET last_sample_at = GREATEST(w.last_sample_at, EXCLUDED.last_sample_at)`,
    [id, times[0], times.at(-1)],
  );
}

async function addScores(id: number, scores: number[]): Promise<void> {
  await sql.query(
    `INSERT INTO score (series_id, time, score, threshold, vrnn_share)
     SELECT $1, $2::timestamptz + (n - 1) * INTERVAL '1 minute', s, 3, 0.5
     FROM unnest($3::real[]) WITH ORDINALITY AS i(s, n)`,
    [id, new Date(T0), scores],
  );
}

async function addChampion(periodMs: number): Promise<void> {
  const { rows } = await sql.query(
    `INSERT INTO training_run (detector_id, period_ms, reason, seed, ended_at)
     SELECT id, $1, 'spec', 1, now() FROM detector LIMIT 1 RETURNING id, detector_id`,
    [periodMs],
  );
  await sql.query(
    `INSERT INTO model (detector_id, training_run_id, period_ms, kind, version, seed, config, weights, calibration,
                        data_from, data_to, series_count, sample_count, training_seconds, backend, promoted_at)
     VALUES ($1, $2, $3, 'vae', 1, 1, '{}', '', '{}', now(), now(), 1, 1, 1, 'cpu', now())`,
    [rows[0].detector_id, rows[0].id, periodMs],
  );
}

describe('list', () => {
  const names = async (search: string | undefined, labels = {}, page = { limit: 10, offset: 0 }) => {
    const { series, total } = await store.list(search === undefined ? { labels } : { search, labels }, page);
    return {
      names: series.map((one) =>
        [one.name, one.labels['group'], one.labels['host']].filter(Boolean).join(' '),
      ),
      total,
    };
  };

  beforeAll(async () => {
    await makeSeries('list_CPU 100%', { group: 'list', host: 'Web\\1' });
    await makeSeries('list_cpu', { group: 'list', host: 'web_2' });
    await makeSeries('list_cpu', { group: 'list' });
    await makeSeries('list_disk', { group: 'list' });
  });

  test.each([
    ['the name, whatever the case', 'LIST_cpu', 3],
    ['the value of a label', 'WEB', 2],
    ['% as itself', '0%', 1],
    ['_ as itself', 'b_2', 1],
    ['\\ as itself', 'b\\1', 1],
    ['nothing else', 'list_c%u', 0],
  ])('finds %s', async (_, search, total) => {
    expect((await names(search, { group: 'list' })).total).toBe(total);
  });

  test('filters by labels, in the order of names and labels', async () => {
    expect(await names(undefined, { group: 'list' })).toEqual({
      names: expect.arrayContaining(['list_cpu list', 'list_disk list']),
      total: 4,
    });
    expect((await names(undefined, { group: 'list', host: 'web_2' })).names).toEqual(['list_cpu list web_2']);
    const { names: cpus } = await names('list_cpu', { group: 'list' });
    expect(cpus.indexOf('list_cpu list')).toBeLessThan(cpus.indexOf('list_cpu list web_2'));
  });

  test('pages', async () => {
    const all = await names(undefined, { group: 'list' });
    const pages = await Promise.all(
      [0, 1, 2, 3, 4].map((offset) => names(undefined, { group: 'list' }, { limit: 1, offset })),
    );
    expect(pages.flatMap((page) => page.names)).toEqual(all.names);
    expect(pages.map(({ total }) => total)).toEqual([4, 4, 4, 4, 4]);
  });
});

describe('limits', () => {
  const service = () => new SeriesService(store);

  test('are set, kept and removed, each by itself', async () => {
    const id = await makeSeries('limits.kept');
    await service().change(id, { upperLimit: 90, breachProbability: 0.9 });
    await service().change(id, { lowerLimit: 10 });
    const limits = { upperLimit: 90, lowerLimit: 10, breachProbability: 0.9 };
    expect(await store.byId(id)).toMatchObject(limits);
    await service().change(id, { upperLimit: null, breachProbability: null });
    expect(await store.byId(id)).toMatchObject({ upperLimit: null, lowerLimit: 10, breachProbability: null });
  });

  test('that leave no room between them are refused', async () => {
    const id = await makeSeries('limits.refused');
    await service().change(id, { upperLimit: 5 });
    await expect(service().change(id, { lowerLimit: 5 })).rejects.toThrow(
      '5 is not below the upper limit, 5',
    );
    expect(await store.byId(id)).toMatchObject({ upperLimit: 5, lowerLimit: null });
  });
});

describe('a series shows', () => {
  const periodMs = 61_000;

  test('nothing before its first sample', async () => {
    const id = await makeSeries('shows.nothing');
    expect(await store.byId(id)).toEqual({
      id,
      isCounter: false,
      rateOf: null,
      name: 'shows.nothing',
      labels: {},
      unit: null,
      periodMs: null,
      periodIsSet: false,
      upperLimit: null,
      lowerLimit: null,
      breachProbability: null,
      firstSampleAt: null,
      lastSampleAt: null,
      lastValue: null,
      score: null,
      peakScore: null,
      state: 'collecting',
      why: 'collecting: no sample has arrived yet',
    });
  });

  test('its newest sample, its newest score and the peak of the newest 60', async () => {
    await addChampion(periodMs);
    const id = await makeSeries('shows.scores', {}, periodMs);
    await addSamples(id, 70);
    await addScores(id, [
      9,
      ...Array.from({ length: 30 }, () => 1),
      7,
      ...Array.from({ length: 38 }, () => 2),
    ]);
    expect(await store.byId(id)).toMatchObject({
      firstSampleAt: new Date(T0).toISOString(),
      lastSampleAt: new Date(T0 + 69 * MINUTE).toISOString(),
      lastValue: 69,
      score: 2,
      peakScore: 7,
      state: 'watching',
    });
  });

  test('that it fires, before anything else', async () => {
    const id = await makeSeries('shows.alert', {}, periodMs);
    await addSamples(id, 10);
    await sql.query(`INSERT INTO unmodelled (series_id, reason) VALUES ($1, 'constant: all are 7')`, [id]);
    expect(await store.byId(id)).toMatchObject({ state: 'unmodelled', why: 'constant: all are 7' });
    await sql.query(
      `INSERT INTO alert (series_id, starts_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
       VALUES ($1, $2, $2, 1, 5, 0.5, 3)`,
      [id, new Date(T0)],
    );
    expect(await store.byId(id)).toMatchObject({
      state: 'firing',
      why: expect.stringContaining('2026-01-31 12:00'),
    });
  });

  test('that its period is being trained', async () => {
    const id = await makeSeries('shows.training', {}, 62_000);
    await addSamples(id, 10);
    await sql.query(
      `INSERT INTO training_run (detector_id, period_ms, reason, seed, step)
       SELECT id, 62000, 'spec', 1, 'vae, epoch 1 of 3' FROM detector LIMIT 1`,
    );
    expect(await store.byId(id)).toMatchObject({ state: 'training', why: 'training: vae, epoch 1 of 3' });
    await sql.query('UPDATE training_run SET ended_at = now() WHERE period_ms = 62000');
    expect(await store.byId(id)).toMatchObject({ state: 'collecting' });
  });
});

test('series come in the order they are asked for, and who is gone is left out', async () => {
  const [a, b] = [await makeSeries('order.a'), await makeSeries('order.b')];
  expect((await store.byIds([b, 2_000_000_000, a])).map(({ id }) => id)).toEqual([b, a]);
});

describe('the period', () => {
  test('is inferred from eight samples on, and a first burst is outvoted', async () => {
    const id = await makeSeries('period.burst');
    const period = async () => (await store.byId(id))?.periodMs;
    await addSamples(id, 7, { periodMs: 1_000 });
    await service.inferPeriods([id]);
    expect(await period()).toBeNull();
    await addSamples(id, 20, { fromMs: T0 + 7_000, periodMs: 1_000 });
    expect(await service.inferPeriods([id])).toEqual(new Map([[id, { count: 27, isChanged: true }]]));
    expect(await period()).toBe(1_000);
    await addSamples(id, 100, { fromMs: T0 + MINUTE });
    await service.inferPeriods([id]);
    expect(await period()).toBe(MINUTE);
  });

  test('that a person set stays, until it is to be inferred again', async () => {
    const id = await makeSeries('period.set');
    await addSamples(id, 20);
    expect(await service.change(id, { periodMs: 5_000 })).toMatchObject({
      periodMs: 5_000,
      periodIsSet: true,
    });
    await service.inferPeriods([id]);
    expect(await service.change(id, { unit: '°C' })).toMatchObject({ periodMs: 5_000, unit: '°C' });
    expect(await service.change(id, { periodMs: null })).toMatchObject({
      periodMs: MINUTE,
      periodIsSet: false,
    });
    expect(await service.change(id, { unit: '' })).toMatchObject({ periodMs: MINUTE, unit: null });
    await expect(service.change(2_000_000_000, {})).rejects.toThrow('There is no series 2000000000.');
  });
});

test('a removed series takes its samples, scores and forecasts along', async () => {
  const id = await makeSeries('removed');
  await addSamples(id, 5);
  await addScores(id, [1, 2, 3]);
  await sql.query(
    `INSERT INTO forecast (series_id, issued_at, model_id, starts_at, period_ms, q05, q25, q50, q75, q95)
     VALUES ($1, now(), 1, now(), 1, '{}', '{}', '{}', '{}', '{}')`,
    [id],
  );
  expect(await store.remove(id)).toBe(true);
  expect(await store.remove(id)).toBe(false);
  for (const table of ['sample', 'score', 'forecast', 'watermark'])
    expect((await sql.query(`SELECT FROM ${table} WHERE series_id = $1`, [id])).rowCount).toBe(0);
});
