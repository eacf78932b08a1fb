/** Training on the real database, with real but tiny models: runs, what they come to, and what stands against one. */
import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import * as library from '@bellwether/models';
import type { Config } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { DetectorStore } from '../../apps/backend/src/registry/detector.store';
import { ModelStore } from '../../apps/backend/src/registry/model.store';
import { TrainingRunStore } from '../../apps/backend/src/training/training-run.store';
import { TrainingService } from '../../apps/backend/src/training/training.service';
import { TrainingStore } from '../../apps/backend/src/training/training.store';
import { makeWriter, type Writer } from '../setup/writer';

const change = vi.hoisted(() => ({ config: {}, learnsNonsense: false }));
vi.mock('@bellwether/models', async (original) => {
  const real = await original<typeof library>();
  const tiny = { epochs: 3, stepsPerEpoch: 6, hidden: 12, window: 16, batch: 32, samples: 4 };
  const defaultConfig = (kind: library.ModelKind, periodMs: number) => ({
    ...real.defaultConfig(kind, periodMs),
    ...tiny,
    ...change.config,
  });
  /** The same values in another order: the same scale, and nothing to foretell. */
  const shuffled = (grid: library.Grid): library.Grid => ({
    ...grid,
    values: grid.values.map((_, i) => grid.values[(i * 7919) % grid.values.length]!),
  });
  const trainModel: typeof real.trainModel = (kind, series, config, options) =>
    real.trainModel(kind, change.learnsNonsense ? series.map(shuffled) : series, config, options);
  return { ...real, defaultConfig, trainModel };
});

const PERIOD = 67_000;
const START = 26_000_000;
const MINUTE = 60_000;

let database: Database;
let ingest: Writer;
let models: ModelStore;
let runs: TrainingRunStore;
let store: TrainingStore;
let nowMs: number;
const never = new AbortController().signal;

beforeAll(async () => {
  Logger.overrideLogger(false);
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'training.spec' });
  ingest = makeWriter(() => START * PERIOD, database);
  models = new ModelStore(database);
  runs = new TrainingRunStore(database);
  store = new TrainingStore(database);
});
beforeEach(() => {
  change.config = {};
  change.learnsNonsense = false;
  // Later than the database thinks it is, so that no series counts as just come.
  nowMs = Date.now() + MINUTE;
});
afterAll(() => database.close());

const one = async (sql: string, values: unknown[] = []): Promise<number> =>
  (await database.query<{ id: number }>(sql, values)).rows[0]!.id;

const wave = (i: number): number => 50 + 10 * Math.sin(i / 4) + 2 * Math.sin(i * 12.9898) ** 3;

/** A detector of its own for series of this name, and a service that plans for no other. */
async function newDetector() {
  const name = `training.spec ${randomUUID()}`;
  const id = await one(
    `INSERT INTO detector (name, selector) VALUES ($1, jsonb_build_object('name', $1::text)) RETURNING id`,
    [name],
  );
  const detectors = new DetectorStore(database);
  const all = detectors.all.bind(detectors);
  detectors.all = async () => (await all()).filter((detector) => detector.id === id);
  const service = new TrainingService(
    { COMPUTE: 'wasm' } as Config,
    () => nowMs,
    database,
    detectors,
    models,
    store,
    runs,
  );
  return { id, name, service };
}

async function newSeries(name: string, values: number[], periodMs = PERIOD): Promise<number> {
  const id = await one(
    `INSERT INTO series (name, labels, period_ms) VALUES ($1, jsonb_build_object('id', gen_random_uuid()), $2) RETURNING id`,
    [name, periodMs],
  );
  await append(id, values, 0, periodMs);
  return id;
}

const append = (seriesId: number, values: number[], from: number, periodMs = PERIOD): Promise<void> =>
  ingest.write({
    seriesId: values.map(() => seriesId),
    timeMs: values.map((_, i) => (START + from + i) * periodMs),
    value: values,
  });

const wavesOf = (length: number, from = 0) => Array.from({ length }, (_, i) => wave(from + i));

const runsOf = async (detectorId: number) =>
  (await runs.latest(100)).filter((run) => run.detectorId === detectorId);
const modelsOf = async (detectorId: number) =>
  (await models.all(500)).filter((model) => model.detectorId === detectorId);
const reasonOf = async (seriesId: number) =>
  (await database.query<{ reason: string }>('SELECT reason FROM unmodelled WHERE series_id = $1', [seriesId]))
    .rows[0]?.reason;

/** Ages the last run and the verdicts on series, as if they were of another day. */
async function passTime(detectorId: number, interval: string): Promise<void> {
  await database.query(
    'UPDATE training_run SET ended_at = ended_at - $2::interval WHERE detector_id = $1 AND ended_at IS NOT NULL',
    [detectorId, interval],
  );
  await database.query('UPDATE unmodelled SET checked_at = checked_at - $1::interval', [interval]);
  nowMs += MINUTE + 1;
}

describe('a run', () => {
  test('is open once for a group, whoever asks for it and how often at once', async () => {
    const { id } = await newDetector();
    const ids = await Promise.all(Array.from({ length: 8 }, () => runs.queue(id, PERIOD, 'asked for')));
    expect(new Set(ids).size).toBe(1);
    expect(await runs.queue(id, 2 * PERIOD, 'asked for')).not.toBe(ids[0]);
    for (const run of await runsOf(id)) await runs.fail(run.id, 'over');
    expect(await runs.queue(id, PERIOD, 'asked for')).not.toBe(ids[0]);
    for (const run of await runsOf(id)) await runs.fail(run.id, 'over');
  });

  test('is claimed by one trainer, and by another only when its heart has stopped', async () => {
    const { id } = await newDetector();
    const run = await runs.queue(id, PERIOD, 'asked for');
    const claims = await Promise.all([runs.claim(), runs.claim(), runs.claim()]);
    expect(claims.filter((claimed) => claimed?.id === run)).toHaveLength(1);
    expect(await runs.claim()).toBeUndefined();
    const stop = () =>
      database.query(`UPDATE training_run SET heartbeat_at = now() - INTERVAL '1 minute' WHERE id = $1`, [
        run,
      ]);
    await stop();
    await runs.heartbeat(run);
    expect(await runs.claim()).toBeUndefined();
    await stop();
    expect((await runs.claim())?.id).toBe(run);
    await stop();
    expect((await runs.claim())?.id).toBe(run);
    await stop();
    expect(await runs.claim()).toBeUndefined();
    expect(await runsOf(id)).toMatchObject([
      { state: 'failed', outcome: expect.stringContaining('died 3 times') },
    ]);
  });

  test('that is given back is claimed at once, and as if it had never begun', async () => {
    const { id } = await newDetector();
    const run = await runs.queue(id, PERIOD, 'asked for');
    for (let i = 0; i < 5; i++) {
      expect((await runs.claim())?.id).toBe(run);
      await runs.release(run);
      expect(await runsOf(id)).toMatchObject([{ state: 'queued', step: 'queued' }]);
    }
    await runs.fail(run, 'over');
  });

  test('says how far it is until it has ended', async () => {
    const { id } = await newDetector();
    const run = await runs.queue(id, PERIOD, 'asked for');
    await runs.claim();
    const losses = [{ kind: 'vae' as const, epoch: 1, loss: 2, heldOutLoss: 3 }];
    await runs.progress(run, { progress: 0.5, step: 'training VAE', losses });
    expect(await runsOf(id)).toMatchObject([
      { state: 'running', progress: 0.5, step: 'training VAE', losses },
    ]);
    await runs.succeed(run, 'fine');
    await runs.progress(run, { progress: 0.7, step: 'too late', losses: [] });
    expect(await runsOf(id)).toMatchObject([
      { state: 'succeeded', progress: 1, step: 'done', losses, outcome: 'fine' },
    ]);
  });
});

describe('a training', () => {
  test('of enough samples makes a champion of each kind, complete in the registry', async () => {
    const { id, name, service } = await newDetector();
    const seriesId = await newSeries(name, wavesOf(200));
    await service.plan();
    expect(await runsOf(id)).toMatchObject([{ state: 'queued', reason: 'enough samples' }]);
    expect(await service.work(never)).toBe(true);
    const [run] = await runsOf(id);
    expect(run).toMatchObject({ state: 'succeeded', seriesCount: 1, sampleCount: 200, backend: 'wasm' });
    expect(new Set(run!.losses.map(({ kind }) => kind))).toEqual(new Set(['vrnn', 'vae']));
    expect(run!.losses.every(({ loss }) => Number.isFinite(loss))).toBe(true);

    const made = await modelsOf(id);
    expect(made.map(({ kind }) => kind).sort()).toEqual(['vae', 'vrnn']);
    for (const model of made)
      expect(model).toMatchObject({
        version: 1,
        isChampion: true,
        trainingRunId: run!.id,
        seed: 1,
        backend: 'wasm',
        periodMs: PERIOD,
        seriesCount: 1,
        sampleCount: 200,
        championLoss: null,
        config: { kind: model.kind, hidden: 12, seed: 1 },
        dataFrom: new Date(START * PERIOD).toISOString(),
        dataTo: new Date((START + 200) * PERIOD).toISOString(),
        heldOutLoss: expect.any(Number),
        trainingSeconds: expect.any(Number),
      });
    for (const champion of await models.champions(id, PERIOD)) {
      library.openModel(champion).dispose();
      const [series] = await models.seriesOf(champion.id, [seriesId]);
      expect(champion.calibration.n).toBeGreaterThan(50);
      expect(series!.calibration!.n).toBeGreaterThan(50);
      expect(library.toScaled(series!.scaler, 50)).toBeCloseTo(0, 0);
    }
  });

  test('again on the same samples promotes nothing that is worse, and the champion stays', async () => {
    const { id, name, service } = await newDetector();
    await newSeries(name, wavesOf(300));
    await service.plan();
    await service.work(never);
    const champions = (await models.champions(id, PERIOD)).map((champion) => champion.id).sort();

    change.learnsNonsense = true;
    await runs.queue(id, PERIOD, 'asked for');
    await service.work(never);
    const [run] = await runsOf(id);
    expect(run).toMatchObject({ state: 'succeeded', outcome: expect.stringContaining('was not promoted') });
    expect((await models.champions(id, PERIOD)).map((champion) => champion.id).sort()).toEqual(champions);
    const challengers = (await modelsOf(id)).filter(({ version }) => version === 2);
    expect(challengers).toHaveLength(2);
    for (const { isChampion, heldOutLoss, championLoss } of challengers) {
      expect(isChampion).toBe(false);
      expect(heldOutLoss!).toBeGreaterThan(championLoss!);
    }
  });

  test('that diverges fails with its reason; the champion stays, and it is not tried again at once', async () => {
    const { id, name, service } = await newDetector();
    const seriesId = await newSeries(name, wavesOf(200));
    await service.plan();
    await service.work(never);
    const champions = (await models.champions(id, PERIOD)).map((champion) => champion.id).sort();
    expect(champions).toHaveLength(2);

    change.config = { learningRate: 1e30 };
    await append(seriesId, wavesOf(250, 200), 200);
    await passTime(id, '1 hour');
    await service.plan();
    await service.work(never);
    expect((await runsOf(id))[0]).toMatchObject({
      state: 'failed',
      outcome: expect.stringContaining('the loss became'),
    });
    expect((await models.champions(id, PERIOD)).map((champion) => champion.id).sort()).toEqual(champions);
    nowMs += MINUTE + 1;
    await service.plan();
    expect(await runsOf(id)).toHaveLength(2);
  });

  test('that is stopped is given back and not counted as a failure', async () => {
    const { id, name, service } = await newDetector();
    await newSeries(name, wavesOf(200));
    await service.plan();
    const stop = new AbortController();
    stop.abort();
    expect(await service.work(stop.signal)).toBe(false);
    expect(await runsOf(id)).toMatchObject([{ state: 'queued' }]);
    expect(await service.work(never)).toBe(true);
    expect(await runsOf(id)).toMatchObject([{ state: 'succeeded' }]);
  });
});

describe('series that nothing can be learnt from', () => {
  test('say why and open no run, however often one is looked for', async () => {
    const { id, name, service } = await newDetector();
    const constant = await newSeries(name, Array<number>(200).fill(5));
    const sparse = await newSeries(name, []);
    await ingest.write({
      seriesId: [sparse, sparse, sparse],
      timeMs: [0, 50, 300].map((step) => (START + step) * PERIOD),
      value: [1, 2, 3],
    });
    for (let i = 0; i < 3; i++) {
      await service.plan();
      await passTime(id, '11 minutes');
    }
    expect(await runsOf(id)).toEqual([]);
    expect(await reasonOf(constant)).toContain('constant');
    expect(await reasonOf(sparse)).toContain('too short: 3 samples');
  });

  test('do not keep the others of their group from being trained, nor have them trained again and again', async () => {
    const { id, name, service } = await newDetector();
    const good = await newSeries(name, wavesOf(200));
    const constant = await newSeries(name, Array<number>(200).fill(5));
    await service.plan();
    await service.work(never);
    expect(await runsOf(id)).toMatchObject([{ state: 'succeeded', seriesCount: 1, sampleCount: 200 }]);
    expect(await reasonOf(good)).toBeUndefined();
    expect(await reasonOf(constant)).toContain('constant');
    for (let i = 0; i < 3; i++) {
      await passTime(id, '11 minutes');
      await service.plan();
    }
    expect(await runsOf(id)).toHaveLength(1);
    expect(await modelsOf(id)).toHaveLength(2);
  });

  test('whose samples are gone say so', async () => {
    const { name } = await newDetector();
    const seriesId = await newSeries(name, wavesOf(200));
    await database.query('DELETE FROM sample WHERE series_id = $1', [seriesId]);
    const [gone] = await store.grids([seriesId], PERIOD);
    expect(library.modelability(gone!.grid)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('empty'),
    });
  });

  test('fail a run that a person asked for, in words', async () => {
    const { id, name, service } = await newDetector();
    await newSeries(name, wavesOf(30));
    await runs.queue(id, PERIOD, 'asked for');
    expect(await service.work(never)).toBe(true);
    expect(await runsOf(id)).toMatchObject([
      { state: 'failed', outcome: expect.stringContaining('can be modelled yet') },
    ]);
    await service.plan();
    expect(await runsOf(id)).toHaveLength(1);
  });
});

describe('a group', () => {
  test('of very many series counts those it takes, so that it does not look as if they had doubled', async () => {
    const { id, name } = await newDetector();
    await database.query(
      `WITH added AS (
         INSERT INTO series (name, labels, period_ms) SELECT $1, jsonb_build_object('id', i::text), $2 FROM generate_series(1, 450) AS i RETURNING id)
       INSERT INTO watermark (series_id, first_sample_at, last_sample_at)
       SELECT a.id, now() - INTERVAL '1 day', now() FROM added a`,
      [name, PERIOD],
    );
    const [group] = await store.groups(id, 24);
    const candidates = await store.candidates(id, PERIOD);
    expect(candidates).toHaveLength(200);
    const each = Math.floor(86_400_000 / PERIOD) + 1;
    expect(group).toMatchObject({ readySeries: 200, steps: 200 * each });
    expect(await store.candidates(id, PERIOD)).toEqual(candidates);
    await database.query('DELETE FROM series WHERE name = $1', [name]);
  });

  test('is of the series that its detector scores: a newer detector takes them with it', async () => {
    const { id, name } = await newDetector();
    const series = [await newSeries(name, wavesOf(150)), await newSeries(name, wavesOf(150))];
    expect((await store.candidates(id, PERIOD)).sort()).toEqual(series);
    const newer = await one(
      `INSERT INTO detector (name, selector) SELECT $1, jsonb_build_object('name', s.name, 'labels', s.labels) FROM series s WHERE s.id = $2 RETURNING id`,
      [`${name} newer`, series[0]],
    );
    expect(await store.candidates(id, PERIOD)).toEqual([series[1]]);
    expect(await store.candidates(newer, PERIOD)).toEqual([series[0]]);
    expect(await store.groups(id, 24)).toMatchObject([{ readySeries: 1 }]);
    const counts = new Map((await new DetectorStore(database).all()).map((one) => [one.id, one.seriesCount]));
    expect([counts.get(id), counts.get(newer)]).toEqual([1, 1]);
  });
});
