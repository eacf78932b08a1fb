/** What an alert is explained from, on the real database. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExplanationStore } from '../../apps/backend/src/alerts/explanation.store';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';

const MINUTE = 60_000;
const DAY = 86_400_000;
const START = Date.parse('2025-07-01T00:00:00Z');
const SCORES: Record<string, number> = { '.': 0.5, m: 2.5, x: 3.25, X: 6 };

let database: Database;
let store: ExplanationStore;

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 2, name: 'explanation.spec' });
  store = new ExplanationStore(database);
});
afterAll(async () => {
  await database.query(`DELETE FROM series WHERE name LIKE 'explanation.spec %'`);
  await database.close();
});

const timeOf = (at: number): Date => new Date(START + at * MINUTE);

async function newSeries(name: string): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    'INSERT INTO series (name, labels, period_ms) VALUES ($1, $2, 60000) RETURNING id',
    [`explanation.spec ${name}`, { id: randomUUID() }],
  );
  return rows[0]!.id;
}

/** Stores samples with scores, a letter a minute. */
async function score(seriesId: number, letters: string): Promise<void> {
  const times = [...letters].map((_, at) => timeOf(at));
  await database.query(
    'INSERT INTO sample (series_id, time, value) SELECT $1, t.time, t.place FROM unnest($2::timestamptz[]) WITH ORDINALITY AS t(time, place)',
    [seriesId, times],
  );
  await database.query(
    `INSERT INTO score (series_id, time, score, threshold, expected, vrnn_share)
     SELECT $1, t.time, t.score, 3, 10, 0.5 FROM unnest($2::timestamptz[], $3::real[]) AS t(time, score)`,
    [seriesId, times, [...letters].map((letter) => SCORES[letter])],
  );
}

interface Written {
  at: number;
  score?: number;
  kind?: string;
  incidentId?: number | null;
}

/** Writes an alert of ten minutes; of another kind than an anomaly it has no score. */
async function write(
  seriesId: number,
  { at, score: peak = 4, kind = 'anomaly', incidentId = null }: Written,
) {
  const isAnomaly = kind === 'anomaly';
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO alert (series_id, kind, starts_at, ends_at, peak_at, peak_value, peak_expected, peak_score, peak_vrnn_share, threshold,
                        facts, incident_id)
     VALUES ($1, $2, $3, $3::timestamptz + INTERVAL '10 minutes', $3, 30, 10, $4, $5, $6, $7, $8) RETURNING id`,
    [
      ...[seriesId, kind, timeOf(at), isAnomaly ? peak : null, isAnomaly ? 0.5 : null, isAnomaly ? 3 : null],
      ...[isAnomaly ? null : {}, incidentId],
    ],
  );
  return rows[0]!.id;
}

test('the strangest sample of each series is found in the stretch, and its first anomaly', async () => {
  const [led, calm, silent] = [await newSeries('led'), await newSeries('calm'), await newSeries('silent')];
  await score(led, 'X.xxX.X');
  await score(calm, '...m...');
  const found = await store.surprises([led, calm, silent], { from: timeOf(1), to: timeOf(6) });
  expect(found).toEqual([
    { seriesId: led, surprise: 2, peakAt: timeOf(4), value: 5, expected: 10, anomalyAt: timeOf(2) },
    {
      seriesId: calm,
      surprise: expect.closeTo(2.5 / 3, 5),
      peakAt: timeOf(3),
      value: 4,
      expected: 10,
      anomalyAt: null,
    },
  ]);
});

test('the days before an alert say since when there are scores, and how many were as strange', async () => {
  const series = await newSeries('history');
  await score(series, '....');
  const peak = 10 * 24 * 60;
  for (const [at, score] of [
    [-100 * 24 * 60, 9],
    [20, 3.5],
    [40, 5],
    [60, 6],
    [peak + 20, 9],
  ] as const)
    await write(series, { at, score });
  await write(series, { at: 80, kind: 'silent' });
  const id = await write(series, { at: peak, score: 5 });
  expect(await store.background(id, { seriesId: series, peakAt: timeOf(peak) })).toEqual({
    ...{ periodMs: MINUTE, scoredSince: timeOf(0), asStrange: 3 },
  });
});

test('an alert without a score is as strange as nothing', async () => {
  const series = await newSeries('silence');
  const id = await write(series, { at: 80, kind: 'silent' });
  expect(await store.background(id, { seriesId: series, peakAt: timeOf(80) })).toEqual({
    ...{ periodMs: MINUTE, scoredSince: null, asStrange: null },
  });
});

test('compared are earlier alerts of its kind, on its series and on related ones by its name', async () => {
  const [own, same, other, stranger] = [
    await newSeries('cpu'),
    await newSeries('cpu'),
    await newSeries('memory'),
    await newSeries('cpu'),
  ];
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO incident (starts_at, severity, is_history, title, alert_count, series_count)
     VALUES ($1, 'warning', true, 'explanation.spec', 2, 2) RETURNING id`,
    [timeOf(0)],
  );
  const incidentId = rows[0]!.id;
  const id = await write(own, { at: 1000, incidentId });
  const earlier = [
    await write(own, { at: 100 }),
    await write(own, { at: 900, incidentId }),
    await write(same, { at: 200 }),
  ];
  await write(own, { at: 1100 });
  await write(own, { at: 300, kind: 'frozen' });
  await write(same, { at: 990, incidentId });
  await write(other, { at: 100 });
  await write(stranger, { at: 100 });
  const shapes = await store.shapes(id, [same, other]);
  expect(shapes.map((shape) => shape.id).sort((a, b) => a - b)).toEqual([id, ...earlier]);
  expect(shapes.find((shape) => shape.id === id)).toEqual({
    ...{ id, seriesId: own, kind: 'anomaly', startsMs: START + 1000 * MINUTE, endsMs: START + 1010 * MINUTE },
    ...{ value: 30, expected: 10, lower: null, upper: null, score: 4 },
  });
  await database.query('DELETE FROM incident i WHERE i.id = $1', [incidentId]);
});

test('a long past costs no more than a short one', async () => {
  const series = await newSeries('busy');
  await database.query(
    `INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
     SELECT $1, t, t + INTERVAL '1 minute', t, 1, 4, 0.5, 3 FROM generate_series($2::timestamptz, $3, INTERVAL '1 hour') AS t`,
    [series, timeOf(0), new Date(START + 20 * DAY)],
  );
  const id = await write(series, { at: 25 * 24 * 60 });
  expect(await store.shapes(id, [])).toHaveLength(201);
});
