/** What waits to be scored, on the real database: whatever happens while scoring is at work, nothing that arrives is lost. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { ModelStore } from '../../apps/backend/src/registry/model.store';
import { type Backlog, ScoreStore } from '../../apps/backend/src/scoring/score.store';
import { makeWriter, type Writer } from '../setup/writer';

const PERIOD = 61_000;
const START = 29_000_000;
const timeOf = (step: number): number => (START + step) * PERIOD;

let database: Database;
let ingest: Writer;
let store: ScoreStore;
let models: ModelStore;

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'scoring-store.spec' });
  ingest = makeWriter(() => timeOf(0), database);
  store = new ScoreStore(database);
  models = new ModelStore(database);
});
afterAll(() => database.close());

const one = async (sql: string, values: unknown[] = []): Promise<number> =>
  (await database.query<{ id: number }>(sql, values)).rows[0]!.id;

const newSeries = (name: string, periodMs = PERIOD): Promise<number> =>
  one(
    `INSERT INTO series (name, labels, period_ms) VALUES ($1, jsonb_build_object('id', gen_random_uuid()), $2) RETURNING id`,
    [name, periodMs],
  );

const newDetector = (name: string): Promise<number> =>
  one(
    `INSERT INTO detector (name, selector) VALUES ($1 || gen_random_uuid(), jsonb_build_object('name', $1::text)) RETURNING id`,
    [name],
  );

/** A champion that knows these series; nobody opens it here. */
async function newChampion(
  detectorId: number,
  kind: 'vae' | 'vrnn',
  series: number[],
  periodMs = PERIOD,
): Promise<number> {
  const trainingRunId = await one(
    `INSERT INTO training_run (detector_id, period_ms, reason, seed, ended_at) VALUES ($1, $2, 'test', 1, now()) RETURNING id`,
    [detectorId, periodMs],
  );
  const calibration = { n: 0, quantiles: [], shape: 0.1, scale: 1 };
  const [id] = await models.add([
    {
      detectorId,
      trainingRunId,
      periodMs,
      kind,
      seed: 1,
      config: {} as never,
      weights: new Uint8Array([1]),
      calibration,
      dataFrom: 0,
      dataTo: 1,
      sampleCount: 1,
      trainingSeconds: 1,
      backend: 'cpu',
      heldOutLoss: 1,
      championLoss: null,
      isPromoted: true,
      series: series.map((seriesId) => ({ seriesId, scaler: { median: 0, scale: 1 }, calibration })),
    },
  ]);
  return id!;
}

const write = (seriesId: number, steps: number[], value = 1): Promise<void> =>
  ingest.write({
    seriesId: steps.map(() => seriesId),
    timeMs: steps.map(timeOf),
    value: steps.map(() => value),
  });

const claim = (modelIds: number[], resting: number[] = [], limit = 500): Promise<Backlog[]> =>
  store.claim({ modelIds, resting, limit });

const claimed = async (modelIds: number[], resting: number[] = []): Promise<number[]> =>
  (await claim(modelIds, resting)).map(({ seriesId }) => seriesId);

type Command =
  | { does: 'ingest'; step: number }
  | { does: 'claim' | 'read' | 'finish' }
  | { does: 'crash' }
  | { does: 'finish part'; share: number };

const commands = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ does: fc.constant('ingest' as const), step: fc.integer({ min: 0, max: 80 }) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ does: fc.constantFrom('claim' as const, 'read' as const, 'finish' as const) }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('crash' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        does: fc.constant('finish part' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
  ),
  { maxLength: 25 },
);

/** A scorer that scores by taking note of when it read what; ticks order everything that happens. */
class Story {
  private tick = 0;
  private readonly changed = new Map<number, number>();
  private readonly scored = new Map<number, number>();
  private taken: Backlog | undefined;
  private wasRead = false;

  constructor(
    private readonly seriesId: number,
    private readonly modelId: number,
  ) {}

  async play(command: Command): Promise<void> {
    this.tick++;
    if (command.does === 'ingest') return this.arrive(command.step);
    if (command.does === 'claim') return this.claim();
    if (command.does === 'read') return this.read();
    if (command.does === 'crash') return this.crash();
    return this.finish('share' in command ? command.share : 1);
  }

  /** Goes on until nothing waits. */
  async drain(): Promise<void> {
    this.crash();
    for (;;) {
      this.tick++;
      await this.claim();
      if (!this.taken) return;
      await this.read();
      await this.finish(1);
    }
  }

  /** Samples whose score is older than a change at or before them. */
  stale(): number[] {
    let latest = 0;
    return [...this.changed.keys()]
      .sort((a, b) => a - b)
      .filter((step) => {
        latest = Math.max(latest, this.changed.get(step)!);
        return (this.scored.get(step) ?? -1) < latest;
      });
  }

  async arrive(step: number): Promise<void> {
    await write(this.seriesId, [step], ++this.tick);
    this.changed.set(step, this.tick);
  }

  private async claim(): Promise<void> {
    if (this.taken) return;
    [this.taken] = await claim([this.modelId]);
    this.wasRead = false;
  }

  private async read(): Promise<void> {
    if (!this.taken) return;
    const { seriesId, from, newest } = this.taken;
    const [samples] = await store.samples([{ seriesId, from, to: newest + 1 }]);
    for (const time of samples!.times) this.scored.set(Math.round(time / PERIOD) - START, this.tick);
    this.wasRead = true;
  }

  private async finish(share: number): Promise<void> {
    if (!this.taken || !this.wasRead) return;
    const { seriesId, from, newest } = this.taken;
    const next = share === 1 ? null : Math.max(from, from + share * (newest - from));
    await store.finish([{ seriesId, next }]);
    this.taken = undefined;
  }

  private crash(): void {
    this.taken = undefined;
  }
}

test('whatever the order of samples, claims, crashes and ends, every sample is scored after its last change', async () => {
  const detectorId = await newDetector('story');
  await fc.assert(
    fc.asyncProperty(commands, async (story) => {
      const seriesId = await newSeries('story');
      const modelId = await newChampion(detectorId, 'vrnn', [seriesId]);
      const scorer = new Story(seriesId, modelId);
      await scorer.arrive(0);
      await scorer.arrive(70);
      for (const command of story) await scorer.play(command);
      await scorer.drain();
      expect(scorer.stale()).toEqual([]);
      await database.query('DELETE FROM series WHERE id = $1', [seriesId]);
    }),
    { numRuns: 40 },
  );
});

describe('a claim', () => {
  test('starts at the earliest late sample and ends at the newest', async () => {
    const seriesId = await newSeries('late');
    const id = await newChampion(await newDetector('late'), 'vrnn', [seriesId]);
    await write(seriesId, [0, 50, 100]);
    await claim([id]);
    await store.finish([{ seriesId, next: null }]);
    expect(await claim([id])).toEqual([]);
    await write(seriesId, [40, 30, 60], 2);
    expect(await claim([id])).toMatchObject([
      { seriesId, from: timeOf(30), newest: timeOf(100), periodMs: PERIOD },
    ]);
  });

  test('is the same again after a crash, joined by what came meanwhile', async () => {
    const seriesId = await newSeries('crash');
    const id = await newChampion(await newDetector('crash'), 'vrnn', [seriesId]);
    await write(seriesId, [10, 100]);
    const [first] = await claim([id]);
    expect(await claim([id])).toEqual([first]);
    await write(seriesId, [5, 120]);
    expect(await claim([id])).toMatchObject([{ from: timeOf(5), newest: timeOf(120) }]);
  });

  test('leaves a sample that is sent again unchanged alone', async () => {
    const seriesId = await newSeries('again');
    const id = await newChampion(await newDetector('again'), 'vrnn', [seriesId]);
    await write(seriesId, [0, 100]);
    await claim([id]);
    await store.finish([{ seriesId, next: null }]);
    await write(seriesId, [0, 100]);
    expect(await claim([id])).toEqual([]);
  });

  test('takes no series without an open champion of its period, too short, resting, or without a period', async () => {
    const detectorId = await newDetector('fit');
    const fit = await newSeries('fit');
    const short = await newSeries('fit');
    const other = await newSeries('fit', 7 * PERIOD);
    const unknown = await one(
      `INSERT INTO series (name, labels) VALUES ('fit', jsonb_build_object('id', gen_random_uuid())) RETURNING id`,
    );
    const id = await newChampion(detectorId, 'vrnn', [fit, short, other, unknown]);
    for (const seriesId of [fit, other, unknown]) await write(seriesId, [0, 63]);
    await write(short, [0, 62]);
    expect(await claimed([])).toEqual([]);
    expect(await claimed([id], [fit])).toEqual([]);
    expect(await claimed([id])).toEqual([fit]);
  });

  test('leaves a series alone that was just found unfit, unless every champion knows it', async () => {
    const detectorId = await newDetector('unfit');
    const [stranger, known] = [await newSeries('unfit'), await newSeries('unfit')];
    const vrnn = await newChampion(detectorId, 'vrnn', [known]);
    for (const seriesId of [stranger, known]) {
      await write(seriesId, [0, 63]);
      await database.query(`INSERT INTO unmodelled (series_id, reason) VALUES ($1, 'constant')`, [seriesId]);
    }
    expect(await claimed([vrnn])).toEqual([known]);
    const vae = await newChampion(detectorId, 'vae', []);
    expect(await claimed([vrnn, vae])).toEqual([]);
    await database.query(
      `UPDATE unmodelled SET checked_at = now() - INTERVAL '2 minutes' WHERE series_id = $1`,
      [stranger],
    );
    expect(await claimed([vrnn, vae])).toEqual([stranger]);
  });

  test('gives the series to the newest detector that matches it', async () => {
    const seriesId = await newSeries('twice');
    const older = await newDetector('twice');
    const olderModel = await newChampion(older, 'vrnn', [seriesId]);
    await write(seriesId, [0, 63]);
    expect(await claim([olderModel])).toMatchObject([{ detectorId: older }]);
    const newer = await newDetector('twice');
    expect(await claimed([olderModel])).toEqual([]);
    const newerModel = await newChampion(newer, 'vrnn', [seriesId]);
    expect(await claim([olderModel, newerModel])).toMatchObject([{ detectorId: newer }]);
  });

  test('is mostly of the shortest, and always of what has waited longest', async () => {
    const detectorId = await newDetector('many');
    const live = await Promise.all(Array.from({ length: 30 }, () => newSeries('many')));
    const imported = await newSeries('many');
    const id = await newChampion(detectorId, 'vrnn', [...live, imported]);
    await write(imported, [0, 100_000]);
    for (const seriesId of live) await write(seriesId, [0, 70]);
    const some = (await claim([id], [], 20)).map(({ seriesId }) => seriesId);
    expect(some).toContain(imported);
    expect(some.length).toBeGreaterThan(15);
    expect(some.length).toBeLessThanOrEqual(20);
  });
});

test('times between milliseconds and odd periods keep their samples', async () => {
  const seriesId = await newSeries('odd', 333);
  const id = await newChampion(await newDetector('odd'), 'vrnn', [seriesId], 333);
  const times = Array.from({ length: 200 }, (_, i) => 1_700_000_000_000 + i * 166.5).map(Math.ceil);
  await ingest.write({ seriesId: times.map(() => seriesId), timeMs: times, value: times.map((_, i) => i) });
  const [{ from, newest } = { from: 0, newest: 0 }] = await claim([id]);
  expect([from, newest]).toEqual([times[0], times.at(-1)]);
  const [first, last] = [from, newest].map((time) => Math.round(time / 333)) as [number, number];
  const steps = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const parts = await store.samples(
    steps.map((step) => ({ seriesId, from: (step - 0.5) * 333, to: (step + 0.5) * 333 })),
  );
  expect(parts.flatMap((part) => part.times)).toEqual(times);
  parts.forEach((part, i) => part.times.forEach((time) => expect(Math.round(time / 333)).toBe(steps[i])));
});

test('the next sample after a gap is found however long it is', async () => {
  const seriesId = await newSeries('gap');
  await write(seriesId, [0, 5_000_000]);
  expect(await store.nextSample(seriesId, timeOf(1))).toBe(timeOf(5_000_000));
  expect(await store.nextSample(seriesId, timeOf(5_000_000))).toBe(timeOf(5_000_000));
  expect(await store.nextSample(seriesId, timeOf(5_000_001))).toBeNull();
});
