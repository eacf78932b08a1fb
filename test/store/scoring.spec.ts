/** Scoring on the real database with real but tiny models: from samples to scores and forecasts, in order and out of it. */
import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type * as library from '@bellwether/models';
import type { Config } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { DetectorStore } from '../../apps/backend/src/registry/detector.store';
import { ModelStore } from '../../apps/backend/src/registry/model.store';
import { Champions } from '../../apps/backend/src/scoring/champions';
import { ForecastService } from '../../apps/backend/src/scoring/forecast.service';
import { ForecastStore } from '../../apps/backend/src/scoring/forecast.store';
import { PieceService } from '../../apps/backend/src/scoring/piece.service';
import { ScoreStore } from '../../apps/backend/src/scoring/score.store';
import { type ScoredStretch, ScoringService } from '../../apps/backend/src/scoring/scoring.service';
import { TrainingRunStore } from '../../apps/backend/src/training/training-run.store';
import { TrainingService } from '../../apps/backend/src/training/training.service';
import { TrainingStore } from '../../apps/backend/src/training/training.store';
import { makeWriter, type Writer } from '../setup/writer';

vi.mock('@bellwether/models', async (original) => {
  const real = await original<typeof library>();
  const tiny = { epochs: 3, stepsPerEpoch: 10, hidden: 12, window: 16, batch: 32, samples: 4 };
  const defaultConfig = (kind: library.ModelKind, periodMs: number) => ({
    ...real.defaultConfig(kind, periodMs),
    ...tiny,
  });
  return { ...real, defaultConfig };
});

const PERIOD = 71_000;
const START = 24_000_000;
/** The VAE scores once it has seen a quarter of its window, the VRNN half of its own (8 steps). */
const WARM = 4;

let database: Database;
let ingest: Writer;
let models: ModelStore;
let name: string;
let detectorId: number;
let training: TrainingService;
let nowMs: number;
const scorers: Scorer[] = [];

beforeAll(async () => {
  Logger.overrideLogger(false);
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'scoring.spec' });
  ingest = makeWriter(() => START * PERIOD, database);
  models = new ModelStore(database);
});
beforeEach(async () => {
  nowMs = Date.now() + 60_000;
  name = `scoring.spec ${randomUUID()}`;
  detectorId = await one(
    `INSERT INTO detector (name, selector, horizon) VALUES ($1, jsonb_build_object('name', $1::text), 6) RETURNING id`,
    [name],
  );
  const config = { COMPUTE: 'wasm' } as Config;
  const [store, runs] = [new TrainingStore(database), new TrainingRunStore(database)];
  training = new TrainingService(
    config,
    () => nowMs,
    database,
    new DetectorStore(database),
    models,
    store,
    runs,
  );
});
afterEach(async () => {
  for (const { champions } of scorers.splice(0)) champions.onApplicationShutdown();
  // Series that are gone wait for nobody's scores.
  await database.query('DELETE FROM series WHERE name = $1', [name]);
  await database.query('DELETE FROM detector WHERE id = $1', [detectorId]);
});
afterAll(() => database.close());

const one = async (sql: string, values: unknown[] = []): Promise<number> =>
  (await database.query<{ id: number }>(sql, values)).rows[0]!.id;

const wave = (i: number): number => 50 + 10 * Math.sin(i / 4) + 2 * Math.sin(i * 12.9898) ** 3;
const steps = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

const newSeries = (periodMs = PERIOD): Promise<number> =>
  one(
    `INSERT INTO series (name, labels, period_ms) VALUES ($1, jsonb_build_object('id', gen_random_uuid()), $2) RETURNING id`,
    [name, periodMs],
  );

const timeOf = (step: number): number => Math.round((START + step) * PERIOD);

const write = (seriesId: number, at: number[], value: (step: number) => number = wave): Promise<void> =>
  ingest.write({ seriesId: at.map(() => seriesId), timeMs: at.map(timeOf), value: at.map(value) });

async function train(): Promise<void> {
  await new TrainingRunStore(database).queue(detectorId, PERIOD, 'asked for');
  expect(await training.work(new AbortController().signal)).toBe(true);
}

/** A scorer as a process would have it: its own open models, states and failures. */
class Scorer {
  readonly heard: ScoredStretch[][] = [];
  listen: (stretches: ScoredStretch[]) => Promise<void> = async () => undefined;
  readonly champions = new Champions(models, new TrainingStore(database));
  readonly store = new ScoreStore(database);
  readonly service: ScoringService;

  constructor() {
    const now = () => nowMs;
    const forecasts = new ForecastService(now, database, this.champions, new ForecastStore(database));
    this.service = new ScoringService(
      now,
      database,
      new DetectorStore(database),
      this.champions,
      this.store,
      new PieceService(this.champions, this.store),
      forecasts,
      async (stretches) => {
        await this.listen(stretches);
        this.heard.push(stretches);
      },
    );
    scorers.push(this);
  }

  /** Rounds until none says that there is more, and how many. */
  async settle(): Promise<number> {
    for (let rounds = 1; ; rounds++) {
      if (!(await this.service.round())) return rounds;
      if (rounds > 200) throw new Error('scoring does not come to an end');
    }
  }
}

interface StoredScore {
  step: number;
  score: number;
  vrnn_model_id: number;
  expected: number;
  lower: number;
  upper: number;
}

async function scoresOf(seriesId: number): Promise<StoredScore[]> {
  const { rows } = await database.query<Omit<StoredScore, 'step'> & { time: Date }>(
    `SELECT c.time, c.score::float8 AS score, c.expected, c.lower, c.upper, c.vrnn_model_id
     FROM score c JOIN sample s ON s.series_id = c.series_id AND s.time = c.time WHERE c.series_id = $1 ORDER BY c.time`,
    [seriesId],
  );
  return rows.map((row) => ({ ...row, step: row.time.getTime() / PERIOD - START }));
}

const waits = async (seriesId: number): Promise<boolean> =>
  (
    await database.query(
      'SELECT FROM watermark WHERE series_id = $1 AND (unscored_from IS NOT NULL OR scoring_from IS NOT NULL)',
      [seriesId],
    )
  ).rowCount === 1;

const differ = (a: StoredScore[], b: StoredScore[]): number[] =>
  a.filter((score, i) => Math.abs(score.score - b[i]!.score) > 1e-3).map(({ step }) => step);

async function trained(length = 200): Promise<number> {
  const seriesId = await newSeries();
  await write(seriesId, steps(0, length));
  await train();
  return seriesId;
}

describe('scoring', () => {
  test('gives every sample of the history a score once the first models are there', async () => {
    const seriesId = await newSeries();
    await write(seriesId, steps(0, 200));
    const scorer = new Scorer();
    await scorer.settle();
    expect(await scoresOf(seriesId)).toEqual([]);
    await train();
    await scorer.settle();
    const scores = await scoresOf(seriesId);
    expect(scores.map(({ step }) => step)).toEqual(steps(WARM, 200));
    expect(scores.every(({ score }) => score >= 0 && score <= 15)).toBe(true);
    expect(scores.every(({ expected, lower, upper }) => lower < expected && expected < upper)).toBe(true);
    expect(await waits(seriesId)).toBe(false);
    // Series of other suites may have waited as well.
    const heard = scorer.heard.flat().filter((stretch) => stretch.seriesId === seriesId);
    expect(heard).toMatchObject([{ from: new Date(timeOf(-0.5)) }]);
  });

  test('finds a spike, one sample after the other, and not its neighbours', async () => {
    const seriesId = await trained();
    const scorer = new Scorer();
    await scorer.settle();
    for (const step of steps(200, 220)) {
      await write(seriesId, [step], (at) => (at === 210 ? 400 : wave(at)));
      await scorer.settle();
    }
    const scores = await scoresOf(seriesId);
    expect(scores.reduce((a, b) => (b.score > a.score ? b : a)).step).toBe(210);
    expect(scores.map(({ step }) => step)).toEqual(steps(WARM, 220));
  });

  /**
   * A state that is kept has seen all there ever was; one that is rebuilt has seen 96 steps. What is older has faded from h by
   * then, but not to the last bit: scores agree within 0.05 (of 15), and exactly where both see the same.
   */
  test('says after a restart what it would have said without one', async () => {
    const [kept, restarted] = [await newSeries(), await newSeries()];
    for (const seriesId of [kept, restarted]) await write(seriesId, steps(0, 250));
    await train();
    const scorer = new Scorer();
    await scorer.settle();
    for (const step of steps(250, 270)) {
      await write(kept, [step]);
      await write(restarted, [step]);
      await scorer.service.round();
      if (step % 5 === 0) {
        // The same samples once more, with the state of this series gone.
        for (const { states } of scorer.champions.of(detectorId, PERIOD)) states.delete(restarted);
      }
    }
    const [a, b] = [await scoresOf(kept), await scoresOf(restarted)];
    expect(a).toHaveLength(b.length);
    for (const [i, { score }] of a.entries()) expect(Math.abs(score - b[i]!.score)).toBeLessThan(0.05);
  });

  test('scores again from a late sample on, and nothing before it', async () => {
    const seriesId = await trained();
    const scorer = new Scorer();
    await scorer.settle();
    const before = await scoresOf(seriesId);
    await write(seriesId, [150], () => 90);
    await scorer.settle();
    const after = await scoresOf(seriesId);
    const changed = differ(before, after);
    expect(changed[0]).toBe(150);
    expect(changed.length).toBeGreaterThan(3);
    expect(scorer.heard.at(-1)).toMatchObject([{ from: new Date(timeOf(149.5)) }]);
  });

  test('takes series of different length, and a long import in pieces, to the same end', async () => {
    const [long, short] = [await newSeries(), await newSeries()];
    await write(long, steps(0, 1_200));
    await write(short, steps(1_100, 1_230));
    await train();
    const scorer = new Scorer();
    await scorer.settle();
    expect((await scoresOf(long)).map(({ step }) => step)).toEqual(steps(WARM, 1_200));
    expect((await scoresOf(short)).map(({ step }) => step)).toEqual(steps(1_100 + WARM, 1_230));
    expect([await waits(long), await waits(short)]).toEqual([false, false]);
  });

  test('ends where a stretch ends exactly with a piece', async () => {
    const seriesId = await trained(2 * 512);
    const scorer = new Scorer();
    await scorer.settle();
    expect((await scoresOf(seriesId)).at(-1)!.step).toBe(1_023);
    expect(await waits(seriesId)).toBe(false);
    expect((await scoresOf(seriesId)).length).toBe(1_024 - WARM);
  });

  test('scores a new series of a known period with the shared network as soon as it has 64 samples', async () => {
    await trained();
    const young = await newSeries();
    const scorer = new Scorer();
    await write(young, steps(0, 63));
    await scorer.settle();
    expect(await scoresOf(young)).toEqual([]);
    await write(young, [63]);
    await scorer.settle();
    expect((await scoresOf(young)).map(({ step }) => step)).toEqual(steps(WARM, 64));
  });

  test('gives each of several samples in one step a score, whenever within the step they came', async () => {
    const seriesId = await trained();
    const scorer = new Scorer();
    await scorer.settle();
    const times = steps(200, 230).flatMap((step) => [step - 0.4, step + 0.013, step + 0.49]);
    for (const some of [times.slice(0, 10), times.slice(10, 11), times.slice(11)]) {
      await write(seriesId, some, (at) => wave(Math.round(at)));
      await scorer.settle();
    }
    const { rows } = await database.query<{ time: Date; has_score: boolean }>(
      `SELECT s.time, c.score IS NOT NULL AS has_score FROM sample s
       LEFT JOIN score c ON c.series_id = s.series_id AND c.time = s.time
       WHERE s.series_id = $1 AND s.time > to_timestamp($2::float8 / 1000) ORDER BY s.time`,
      [seriesId, timeOf(199.1)],
    );
    expect(rows.map(({ time }) => time.getTime())).toEqual(times.map(timeOf));
    expect(rows.every((row) => row.has_score)).toBe(true);
  });

  test.each([
    ['short', 20],
    ['as long as a warm-up', 200],
    ['very long', 3_000_000],
  ])('goes on after a gap that is %s', async (_, gap) => {
    const seriesId = await trained();
    const scorer = new Scorer();
    await scorer.settle();
    const after = 200 + gap;
    for (const step of steps(after, after + 40)) {
      await write(seriesId, [step]);
      await scorer.settle();
    }
    const live = (await scoresOf(seriesId)).filter(({ step }) => step >= after);
    // Up to the warm-up the past before the gap is played again; beyond it a series starts cold.
    expect(live.map(({ step }) => step)).toEqual(steps(gap < 200 ? after : after + WARM, after + 40));

    const imported = await newSeries();
    await write(imported, [...steps(0, 200), ...steps(after, after + 100)]);
    expect(await new Scorer().settle()).toBeLessThan(6);
    const scores = (await scoresOf(imported)).map(({ step }) => step);
    // An import may play the gap itself, and so know more of the first samples after it.
    expect(scores.filter((step) => step < after || step >= live[0]!.step)).toEqual([
      ...steps(WARM, 200),
      ...steps(live[0]!.step, after + 100),
    ]);
  });

  test('waits when a series changes its period, and loses nothing of it', async () => {
    const seriesId = await trained();
    const scorer = new Scorer();
    await scorer.settle();
    await write(seriesId, steps(200, 210));
    const setPeriod = (periodMs: number) =>
      database.query('UPDATE series SET period_ms = $2 WHERE id = $1', [seriesId, periodMs]);
    await setPeriod(2 * PERIOD);
    await scorer.settle();
    expect((await scoresOf(seriesId)).at(-1)!.step).toBe(199);
    await setPeriod(PERIOD);
    await scorer.settle();
    expect((await scoresOf(seriesId)).map(({ step }) => step)).toEqual(steps(WARM, 210));
  });

  test('goes on with a new champion from a rebuilt state', async () => {
    const seriesId = await trained();
    const scorer = new Scorer();
    await scorer.settle();
    await train();
    await database.query(
      `UPDATE model SET retired_at = now() WHERE detector_id = $1 AND version = 1 AND retired_at IS NULL`,
      [detectorId],
    );
    await database.query(
      `UPDATE model SET promoted_at = now() WHERE detector_id = $1 AND version = 2 AND promoted_at IS NULL`,
      [detectorId],
    );
    await write(seriesId, [200]);
    nowMs += 6_000;
    await scorer.settle();
    const champion = (await models.champions(detectorId, PERIOD)).find(({ kind }) => kind === 'vrnn')!;
    expect((await scoresOf(seriesId)).at(-1)).toMatchObject({ step: 200, vrnn_model_id: champion.id });
    const { rows } = await database.query<{ model_id: number }>(
      'SELECT f.model_id FROM forecast f WHERE f.series_id = $1 ORDER BY f.issued_at DESC LIMIT 1',
      [seriesId],
    );
    expect(rows).toEqual([{ model_id: champion.id }]);
  });

  test('keeps no tensors, round after round', async () => {
    const seriesId = await trained();
    const scorer = new Scorer();
    await scorer.settle();
    const before = tf.memory().numTensors;
    for (const step of steps(200, 210)) {
      nowMs += 6_000;
      await write(seriesId, [step]);
      await scorer.settle();
    }
    expect(tf.memory().numTensors).toBe(before);
    scorer.champions.onApplicationShutdown();
    expect(tf.memory().numTensors).toBeLessThan(before);
  });
});

describe('a failure', () => {
  test('of whoever listens leaves the samples waiting, and they are taken up again', async () => {
    const seriesId = await trained();
    const scorer = new Scorer();
    scorer.listen = () => Promise.reject(new Error('no alerts today'));
    await scorer.settle();
    expect(await waits(seriesId)).toBe(true);
    expect(scorer.heard).toEqual([]);
    scorer.listen = async () => undefined;
    await scorer.settle();
    expect(scorer.heard).toEqual([]);
    nowMs += 5_001;
    await scorer.settle();
    expect(scorer.heard.flat()).toMatchObject([{ seriesId, from: new Date(timeOf(-0.5)) }]);
    expect(await waits(seriesId)).toBe(false);
  });

  test('of one series does not stop the others, is told once, and rests longer each time', async () => {
    const [good, bad, other] = [await trained(), await newSeries(), await newSeries()];
    for (const seriesId of [bad, other]) await write(seriesId, steps(0, 100));
    const scorer = new Scorer();
    const attempts: number[] = [];
    scorer.listen = async (stretches) => {
      if (!stretches.some(({ seriesId }) => seriesId === bad)) return;
      if (stretches.length === 1) attempts.push(nowMs);
      throw new Error('this one again');
    };
    const told = vi.spyOn(Logger.prototype, 'error');
    await scorer.settle();
    expect(
      scorer.heard
        .flat()
        .map(({ seriesId }) => seriesId)
        .sort(),
    ).toEqual([good, other].sort());
    const start = nowMs;
    for (; nowMs < start + 40_000; nowMs += 1_000) await scorer.settle();
    expect(attempts.map((at) => (at - start) / 1_000)).toEqual([0, 5, 15, 35]);
    expect(told.mock.calls.map(([fields]) => (fields as { seriesId: number }).seriesId)).toEqual([bad]);
    told.mockRestore();
    expect(await waits(bad)).toBe(true);
  });

  test('to open a champion leaves the other groups as they are', async () => {
    const seriesId = await trained();
    await database.query(
      `INSERT INTO model (detector_id, training_run_id, period_ms, kind, version, seed, config, weights, calibration, data_from, data_to,
                          series_count, sample_count, training_seconds, backend, promoted_at)
       SELECT m.detector_id, m.training_run_id, 2 * m.period_ms, m.kind, 1, 1, m.config, 'nonsense', m.calibration, m.data_from, m.data_to, 0, 0, 0, 'cpu', now()
       FROM model m WHERE m.detector_id = $1`,
      [detectorId],
    );
    const broken = await newSeries(2 * PERIOD);
    await write(broken, steps(0, 300));
    await new Scorer().settle();
    expect((await scoresOf(seriesId)).length).toBe(200 - WARM);
    expect(await waits(broken)).toBe(true);
  });

  test('between the scores and their end repeats the work and loses none', async () => {
    const seriesId = await trained();
    const crashed = new Scorer();
    crashed.store.finish = () => Promise.reject(new Error('killed'));
    await crashed.settle();
    const first = await scoresOf(seriesId);
    expect(await waits(seriesId)).toBe(true);
    await new Scorer().settle();
    expect(await waits(seriesId)).toBe(false);
    expect(differ(first, await scoresOf(seriesId))).toEqual([]);
  });
});

describe('a forecast', () => {
  const forecastsOf = async (seriesId: number) =>
    (
      await database.query<{ starts_at: Date; q50: number[] }>(
        'SELECT f.starts_at, f.q50 FROM forecast f WHERE f.series_id = $1 ORDER BY f.issued_at',
        [seriesId],
      )
    ).rows.map(({ starts_at, q50 }) => ({ step: starts_at.getTime() / PERIOD - START, length: q50.length }));

  test('starts after the newest sample, and is issued every five seconds at most', async () => {
    const seriesId = await trained();
    const scorer = new Scorer();
    for (const step of steps(200, 208)) {
      await write(seriesId, [step]);
      await scorer.settle();
      nowMs += 2_000;
    }
    nowMs += 5_000;
    await scorer.settle();
    expect(await forecastsOf(seriesId)).toEqual([201, 204, 207, 208].map((step) => ({ step, length: 6 })));
    await scorer.settle();
    expect(await forecastsOf(seriesId)).toHaveLength(4);
  });

  test('comes to every series in turn, however many there are', async () => {
    const all = [await trained(), ...(await Promise.all(Array.from({ length: 39 }, () => newSeries())))];
    for (const seriesId of all.slice(1)) await write(seriesId, steps(0, 70));
    const scorer = new Scorer();
    await scorer.settle();
    await scorer.service.round();
    for (const seriesId of all) expect(await forecastsOf(seriesId)).toHaveLength(1);
  });
});
