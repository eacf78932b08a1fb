/** TimescaleDB's policies on an embedded database of their own: retention would take the samples of other suites. */
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { type Embedded, startEmbedded } from '../../apps/backend/src/database/embedded/start';
import { migrate } from '../../apps/backend/src/database/migrate';
import { nextWidth, PoliciesSchedule } from '../../apps/backend/src/database/policies.schedule';
import { PoliciesStore } from '../../apps/backend/src/database/policies.store';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** The database's own clock decides what is old. */
const NOW = Date.now();

let dataDir: string;
let embedded: Embedded;
let database: Database;
let store: PoliciesStore;
let now = NOW;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bellwether-policies-'));
  embedded = await startEmbedded({ dataDir, log: () => undefined });
  await migrate(embedded.url, () => undefined);
  database = new Database(embedded.url, { poolSize: 2, name: 'policies spec' });
  store = new PoliciesStore(database);
});
afterAll(async () => {
  await database?.close();
  await embedded?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const schedule = (config: Record<string, string> = {}) =>
  new PoliciesSchedule(readConfig(config), () => now, store);

/** One sample per hour of the days [from, to) before now, with its value. */
async function insert(table: 'sample' | 'score', from: number, to: number, value = 1): Promise<void> {
  const columns =
    table === 'sample' ? 'series_id, time, value' : 'series_id, time, score, threshold, vrnn_share';
  const values = table === 'sample' ? '1, t, $3::float8' : '1, t, $3::float8, 3, 0.5';
  await database.query(
    `INSERT INTO ${table} (${columns})
     SELECT ${values} FROM generate_series($1::timestamptz, $2::timestamptz - INTERVAL '1 second', INTERVAL '1 hour') AS t`,
    [new Date(NOW - from * DAY), new Date(NOW - to * DAY), value],
  );
}
const count = async (sql: string, values?: unknown[]): Promise<number> =>
  (await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`, values)).rows[0]!.n;
/** Rows that a refresh has put down, without those a real-time view would make up as it is read. */
async function materialized(view: string): Promise<number> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT format('%I.%I', c.materialization_hypertable_schema, c.materialization_hypertable_name) AS name
     FROM timescaledb_information.continuous_aggregates c WHERE c.view_name = $1`,
    [view],
  );
  return count(rows[0]!.name);
}
const compressed = (table: string) =>
  count('timescaledb_information.chunks c WHERE c.hypertable_name = $1 AND c.is_compressed', [table]);
const policies = async (proc: string) =>
  count('timescaledb_information.jobs j WHERE j.proc_name = $1', [proc]);

describe('what is due', () => {
  beforeAll(async () => {
    await insert('sample', 40, 0);
    await insert('score', 40, 0);
    await schedule().runDue();
  });

  test('is a refresh of every aggregate, from minutes to days', async () => {
    for (const table of ['sample', 'score']) {
      expect(await materialized(`${table}_1m`)).toBeGreaterThanOrEqual(40 * 24 - 1);
      expect(await materialized(`${table}_1h`)).toBeGreaterThanOrEqual(40 * 24 - 3);
      expect(await materialized(`${table}_1d`)).toBeGreaterThanOrEqual(37);
    }
  });

  test('is the compression of chunks older than 14 days, and of no others', async () => {
    for (const table of ['sample', 'score']) {
      expect(await compressed(table)).toBeGreaterThanOrEqual(3);
      const young = await count(
        `timescaledb_information.chunks c WHERE c.hypertable_name = $1 AND c.is_compressed AND c.range_end > $2`,
        [table, new Date(NOW - 14 * DAY)],
      );
      expect(young).toBe(0);
      expect(await count(table)).toBe(40 * 24);
    }
  });
});

test('a late sample is in the aggregates after their next turn, compressed or not', async () => {
  const late = new Date(Math.floor((NOW - 30 * DAY) / HOUR) * HOUR + 30_000);
  await database.query('INSERT INTO sample (series_id, time, value) VALUES (1, $1, 99)', [late]);
  const shown = () =>
    Promise.all(
      ['sample_1m', 'sample_1h', 'sample_1d'].map((view) =>
        count(`${view} v WHERE v.series_id = 1 AND v.max = 99`),
      ),
    );
  expect(await shown()).toEqual([0, 0, 0]);
  const later = schedule();
  now = NOW + 2 * HOUR;
  await later.runDue();
  expect(await shown()).toEqual([1, 1, 1]);
});

describe('what is stale of an aggregate', () => {
  const job = async () => (await store.jobs()).find(({ aggregate }) => aggregate === 'sample_1m')!;

  test('begins with the bucket of the first late sample, and is nothing once that is refreshed', async () => {
    await store.refresh('sample_1m', NOW - 60 * DAY, Date.now());
    const late = NOW - 19 * DAY;
    await database.query('INSERT INTO sample (series_id, time, value) VALUES (3, $1, 1), (3, $2, 1)', [
      new Date(late),
      new Date(late + HOUR),
    ]);
    const stale = (await store.stale(await job()))!;
    expect(stale.fromMs).toBe(Math.floor(late / 60_000) * 60_000);
    expect(stale).toMatchObject({ bucketMs: 60_000, source: { table: 'public.sample', column: '"time"' } });
    expect(await store.isSparse(stale.source, late, late + 1, 3)).toBe(true);
    expect(await store.isSparse(stale.source, late, late + 1, 2)).toBe(false);
    await store.refresh('sample_1m', stale.fromMs, stale.toMs);
    const next = await store.stale(await job());
    expect(next?.fromMs ?? Infinity).toBeGreaterThanOrEqual(stale.toMs);
  });

  test('is refreshed in slices without a gap, each as wide as the ones before were quick', async () => {
    const slices: [number, number][] = [];
    const source = { table: 'sample', column: 'time' };
    const stale = { fromMs: 0, toMs: 1000 * 60_000, bucketMs: 60_000, source };
    const denseMs = 950 * 60_000;
    const slicing = {
      analyze: async () => undefined,
      summarize: async () => undefined,
      isSparse: async (_: unknown, __: number, to: number) => to <= denseMs,
      jobs: async () => [{ id: 1, everyMs: HOUR, aggregate: 'sample_1m' }],
      stale: async () => stale,
      refresh: async (_: string, from: number, to: number) => void slices.push([from, to]),
    };
    await new PoliciesSchedule(readConfig({}), () => now, slicing as unknown as PoliciesStore).runDue();
    expect(slices[0]).toEqual([0, 60_000]);
    expect(slices.map(([from]) => from)).toEqual([0, ...slices.slice(0, -1).map(([, to]) => to)]);
    expect(slices.at(-1)![1]).toBe(stale.toMs);
    // What is dense after a gap is not taken in a slice as wide as the gap's.
    expect(Math.max(...slices.map(([from, to]) => to - from))).toBeGreaterThan(60_000);
    for (const [from, to] of slices) if (to > denseMs) expect(to - from).toBe(60_000);
    expect([nextWidth(4, 20), nextWidth(4, 100), nextWidth(4, 200), nextWidth(1, 200)]).toEqual([
      16, 4, 2, 1,
    ]);
  });
});

test('a job runs again when its interval has passed, and not before', async () => {
  const ran: number[] = [];
  const jobs = [
    { id: 1, everyMs: HOUR, aggregate: null },
    { id: 2, everyMs: 2 * HOUR, aggregate: null },
  ];
  const counting = { jobs: async () => jobs, run: async (id: number) => void ran.push(id) };
  const one = new PoliciesSchedule(readConfig({}), () => now, counting as unknown as PoliciesStore);
  for (const at of [0, 0.5, 1, 1.5, 2]) {
    now = NOW + at * HOUR;
    await one.runDue();
  }
  expect(ran).toEqual([1, 2, 1, 1, 2]);
});

test('a job that fails does not stop the others', async () => {
  const missing = { id: 2_000_000, everyMs: HOUR, aggregate: null };
  await expect(store.run(missing.id)).rejects.toThrow();
  const withMissing = Object.assign(Object.create(store) as PoliciesStore, {
    jobs: async () => [missing, ...(await store.jobs())],
  });
  const before = await materialized('sample_1m');
  await database.query('INSERT INTO sample (series_id, time, value) VALUES (2, $1, 5)', [
    new Date(NOW - 20 * DAY),
  ]);
  await new PoliciesSchedule(readConfig({}), () => now, withMissing).runDue();
  expect(await materialized('sample_1m')).toBe(before + 1);
});

test('a job that somebody has paused is left alone', async () => {
  const [first] = await store.jobs();
  await database.query('SELECT alter_job($1, scheduled => false)', [first!.id]);
  expect((await store.jobs()).map(({ id }) => id)).not.toContain(first!.id);
  await database.query('SELECT alter_job($1, scheduled => true)', [first!.id]);
  expect((await store.jobs()).map(({ id }) => id)).toContain(first!.id);
});

describe('retention', () => {
  const oldest = async (table: string): Promise<number> => {
    const { rows } = await database.query<{ at: Date }>(`SELECT min(t.time) AS at FROM ${table} t`);
    return (NOW - rows[0]!.at.getTime()) / DAY;
  };

  test('drops whole chunks that are older than RETENTION_DAYS', async () => {
    expect(await oldest('sample')).toBeGreaterThan(39);
    const one = schedule({ RETENTION_DAYS: '10' });
    await one.onApplicationBootstrap();
    await one.runDue();
    for (const table of ['sample', 'score']) {
      // A chunk has 7 days, and goes when its newest sample is old.
      expect(await oldest(table)).toBeLessThan(18);
      expect(
        await count(`${table} t WHERE t.time >= $1 AND t.time < $2`, [
          new Date(NOW - 10 * DAY),
          new Date(NOW),
        ]),
      ).toBe(240);
    }
  });

  test('of 0 keeps everything from then on', async () => {
    const kept = await policies('policy_retention');
    await schedule({ RETENTION_DAYS: '10' }).onApplicationBootstrap();
    expect(await policies('policy_retention')).toBe(kept);
    await schedule().onApplicationBootstrap();
    expect(await policies('policy_retention')).toBe(kept - 2);
    await insert('sample', 60, 50);
    const one = schedule();
    await one.runDue();
    expect(await oldest('sample')).toBeGreaterThan(59);
  });
});

test('a server of one’s own runs its policies itself', async () => {
  const untouched = { jobs: () => Promise.reject(new Error('not to be asked')) };
  const DATABASE_URL = 'postgres://a:b@c/d';
  const one = new PoliciesSchedule(
    readConfig({ DATABASE_URL }),
    () => now,
    untouched as unknown as PoliciesStore,
  );
  await expect(one.tick()).resolves.toBeUndefined();
});

test('a stretch of time in a large chunk is read by its index, also of what was written since', async () => {
  const write = (from: number, to: number) =>
    database.query(
      `INSERT INTO sample (series_id, time, value)
       SELECT s, $1::timestamptz + i * INTERVAL '10 seconds', i FROM generate_series($2::int, $3::int - 1) i, generate_series(10, 1009) s`,
      [new Date(NOW), from, to],
    );
  const read = async (step: number): Promise<{ plan: string; skipped: number }> => {
    const { rows } = await database.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT count(*) FROM sample
       WHERE time >= $1::timestamptz + $2::int * INTERVAL '10 seconds' AND time < $1::timestamptz + ($2::int + 6) * INTERVAL '10 seconds'`,
      [new Date(NOW), step],
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    const removed = [...plan.matchAll(/Rows Removed by .*: (\d+)/g)].map(([, n]) => Number(n));
    return { plan, skipped: removed.reduce((sum, n) => sum + n, 0) };
  };
  await write(0, 200);
  await store.analyze();
  await store.summarize();
  expect((await read(100)).plan).toContain('sample_time');
  await write(200, 400);
  await store.summarize();
  // Of 400,000 rows 6,000 are asked for; what lies in the same 32 pages is read with them.
  for (const step of [10, 300]) {
    const { plan, skipped } = await read(step);
    expect(plan).toContain('sample_time');
    expect(skipped).toBeLessThan(40_000);
  }
});
