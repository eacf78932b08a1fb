/** The registry on the real database: versions count up, and of a kind one model serves at any time. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { DetectorStore } from '../../apps/backend/src/registry/detector.store';
import { ModelStore, type NewModel } from '../../apps/backend/src/registry/model.store';

const PERIOD = 60_000;
const calibration = { n: 3, quantiles: [1, 2, 3], shape: 0.1, scale: 1 };

let database: Database;
let models: ModelStore;

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'registry.spec' });
  models = new ModelStore(database);
});
afterAll(() => database.close());

const one = async (sql: string, values: unknown[] = []): Promise<number> =>
  (await database.query<{ id: number }>(sql, values)).rows[0]!.id;

async function newGroup(): Promise<(change?: Partial<NewModel>) => NewModel> {
  const detectorId = await one('INSERT INTO detector (name, selector) VALUES ($1, $2) RETURNING id', [
    randomUUID(),
    { name: 'registry.spec' },
  ]);
  const trainingRunId = await one(
    `INSERT INTO training_run (detector_id, period_ms, reason, seed, ended_at) VALUES ($1, $2, 'test', 1, now()) RETURNING id`,
    [detectorId, PERIOD],
  );
  return (change = {}) => ({
    detectorId,
    trainingRunId,
    periodMs: PERIOD,
    kind: 'vrnn',
    seed: 4,
    config: { kind: 'vrnn', hidden: 3 } as never,
    weights: new Uint8Array([0, 1, 254, 255]),
    calibration,
    dataFrom: 0,
    dataTo: PERIOD,
    sampleCount: 9,
    trainingSeconds: 1.5,
    backend: 'wasm',
    heldOutLoss: null,
    championLoss: 2,
    isPromoted: true,
    series: [],
    ...change,
  });
}

const drawn = async (detectorId: number): Promise<string[]> =>
  (await models.all(500))
    .filter((model) => model.detectorId === detectorId)
    .map(
      ({ kind, periodMs, version, isChampion }) =>
        `${kind} ${periodMs / PERIOD} v${version}${isChampion ? ' serves' : ''}`,
    )
    .sort();

test('versions count up for each kind and period, and the newest promoted one serves', async () => {
  const model = await newGroup();
  await models.add([model(), model({ kind: 'vae' })]);
  await models.add([model({ isPromoted: false }), model({ kind: 'vae' })]);
  await models.add([model({ periodMs: 2 * PERIOD })]);
  expect(await drawn(model().detectorId)).toEqual([
    'vae 1 v1',
    'vae 1 v2 serves',
    'vrnn 1 v1 serves',
    'vrnn 1 v2',
    'vrnn 2 v1 serves',
  ]);
});

test('a run that cannot be added whole changes nothing: the champion serves on', async () => {
  const model = await newGroup();
  await models.add([model()]);
  await expect(models.add([model(), model({ kind: 'nonsense' as never })])).rejects.toThrow();
  expect(await drawn(model().detectorId)).toEqual(['vrnn 1 v1 serves']);
});

test('runs that end at once leave one champion, whoever wins', async () => {
  const model = await newGroup();
  await Promise.allSettled(Array.from({ length: 6 }, () => models.add([model()])));
  const all = await drawn(model().detectorId);
  expect(all.filter((text) => text.endsWith('serves'))).toHaveLength(1);
  expect(new Set(all.map((text) => text.split(' ')[2])).size).toBe(all.length);
});

test('a model comes back as it went in', async () => {
  const model = await newGroup();
  const seriesId = await one(
    `INSERT INTO series (name, labels) VALUES ('registry.spec', jsonb_build_object('id', gen_random_uuid())) RETURNING id`,
  );
  const scaler = { median: 1, scale: 2 };
  const [id] = await models.add([
    model({
      series: [
        { seriesId, scaler, calibration },
        { seriesId: 2 ** 30, scaler, calibration },
      ],
    }),
  ]);
  const [champion] = await models.champions(model().detectorId, PERIOD);
  expect(champion).toEqual({
    id,
    kind: 'vrnn',
    periodMs: PERIOD,
    config: { kind: 'vrnn', hidden: 3 },
    weights: Buffer.from([0, 1, 254, 255]),
    calibration,
  });
  expect(await models.seriesOf(id!, [seriesId, 2 ** 30])).toEqual([{ seriesId, scaler, calibration }]);
  await models.addSeries(id!, [{ seriesId, scaler: { median: 9, scale: 9 }, calibration: null }]);
  expect(await models.seriesOf(id!, [seriesId])).toEqual([{ seriesId, scaler, calibration }]);
  expect(await models.championIds()).toContainEqual({ id, detectorId: model().detectorId, periodMs: PERIOD });
});

test.each([
  ['nothing', {}, ['a', 'b', 'c']],
  ['a name', { name: 'a' }, ['a']],
  ['a label', { labels: { host: 'one' } }, ['a', 'b']],
  ['a name and a label', { name: 'b', labels: { host: 'one' } }, ['b']],
  ['a label nobody has', { labels: { host: 'three' } }, []],
])('a detector that asks for %s watches the series that have it', async (_, selector, expected) => {
  const mark = randomUUID();
  const labels = { a: { host: 'one' }, b: { host: 'one', extra: 'x' }, c: { host: 'two' } };
  for (const [name, own] of Object.entries(labels))
    await database.query('INSERT INTO series (name, labels) VALUES ($1, $2)', [
      `${name} ${mark}`,
      { ...own, mark },
    ]);
  const narrowed = {
    ...selector,
    ...('name' in selector ? { name: `${selector.name} ${mark}` } : {}),
    labels: { ...('labels' in selector ? selector.labels : {}), mark },
  };
  const id = await one('INSERT INTO detector (name, selector) VALUES ($1, $2) RETURNING id', [
    randomUUID(),
    narrowed,
  ]);
  const all = await new DetectorStore(database).all();
  expect(all.find((detector) => detector.id === id)!.seriesCount).toBe(expected.length);
  await database.query('DELETE FROM detector WHERE id = $1', [id]);
});
