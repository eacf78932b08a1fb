/** What series do beside their values, looked at on the real database with a clock of the test's own. */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { Alert } from '@bellwether/contracts';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AlertStore } from '../../apps/backend/src/alerts/alert.store';
import { BreachService } from '../../apps/backend/src/alerts/breach.service';
import { BreachStore } from '../../apps/backend/src/alerts/breach.store';
import { ProfileStore } from '../../apps/backend/src/alerts/profile.store';
import { WatchService } from '../../apps/backend/src/alerts/watch.service';
import { WatchStore } from '../../apps/backend/src/alerts/watch.store';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { newIncidents } from '../support/outbox';

const NOON = Date.UTC(2026, 10, 23, 12);
const PERIOD = 10_000;
const LOOK = 5_000;

let database: Database;
let watch: WatchService;
let nowMs: number;
let id: number;
let detectorId: number;
/** Counts the samples, so that no value comes twice unless it is asked for. */
let count = 0;
/** Whether a look is left out. */
let isMissed: () => boolean;

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'watch.spec' });
});
afterAll(() => database?.close());

beforeEach(async () => {
  nowMs = NOON;
  isMissed = () => false;
  watch = newWatch();
  const name = `watch.spec ${randomUUID()}`;
  const { rows } = await database.query<{ id: number }>(
    'INSERT INTO detector (name, selector) VALUES ($1, $2) RETURNING id',
    [name, { name }],
  );
  detectorId = rows[0]!.id;
  id = await makeSeries(name);
});
afterEach(async () => {
  await database.query(`DELETE FROM series WHERE name LIKE 'watch.spec %'`);
  await database.query(`DELETE FROM detector WHERE name LIKE 'watch.spec %'`);
});

function newWatch(): WatchService {
  const store = new WatchStore(database);
  return new WatchService(
    database,
    store,
    new ProfileStore(database),
    new BreachService(new BreachStore(database), store),
    newIncidents(database),
    () => nowMs,
  );
}

async function makeSeries(name: string): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    'INSERT INTO series (name, labels, period_ms) VALUES ($1, $2, $3) RETURNING id',
    [name, { id: randomUUID() }, PERIOD],
  );
  return rows[0]!.id;
}

async function send(times: number[], value = () => count++ % 1_000): Promise<void> {
  await database.query(
    `INSERT INTO sample (series_id, time, value) SELECT $1, t.time, t.value FROM unnest($2::timestamptz[], $3::float8[]) AS t(time, value)
     ON CONFLICT (series_id, time) DO NOTHING`,
    [id, times.map((time) => new Date(time)), times.map(value)],
  );
  await database.query(
    `INSERT INTO watermark AS w (series_id, first_sample_at, last_sample_at) VALUES ($1, $2, $3)
     ON CONFLICT (series_id) DO UPDATE SET last_sample_at = GREATEST(w.last_sample_at, EXCLUDED.last_sample_at)`,
    [id, new Date(Math.min(...times)), new Date(Math.max(...times))],
  );
}

/** Samples of the past, up to now, a period apart. */
const history = (samples = 200) =>
  send(Array.from({ length: samples }, (_, i) => nowMs - (samples - 1 - i) * PERIOD));

/** So many looks, with a sample at each that a period has passed since the one before; none where `every` is 0. */
async function live(looks: number, { every = PERIOD, value }: { every?: number; value?: () => number } = {}) {
  for (let i = 0; i < looks; i++) {
    nowMs += LOOK;
    if (every > 0 && (nowMs - NOON) % every === 0) await send([nowMs], value);
    if (!isMissed()) await watch.look();
  }
}
const quiet = (looks: number) => live(looks, { every: 0 });

async function alerts(): Promise<Alert[]> {
  const found = await new AlertStore(database).list({ series: id, limit: 100, offset: 0 });
  return found.alerts.toReversed();
}
const at = (time: number) => new Date(time).toISOString();
const kinds = async () => (await alerts()).map(({ kind, endsAt }) => `${kind}${endsAt ? '' : '!'}`);

/** Live for as long as a start is forgiven. */
async function begin(): Promise<void> {
  await history();
  await live(30);
  expect(await kinds()).toEqual([]);
}

describe('a series that stops', () => {
  test('is silent a period after its last sample, with an incident, and until the next', async () => {
    await begin();
    const lastMs = nowMs;
    await quiet(11);
    expect(await kinds()).toEqual([]);
    await quiet(2);
    const [alert] = await alerts();
    expect(alert).toMatchObject({
      kind: 'silent',
      startsAt: at(lastMs + PERIOD),
      endsAt: null,
      severity: 'warning',
    });
    expect(alert!.why).toMatch(/^No sample has come since .*; usually one comes every 10 s\.$/);
    expect(alert!.peak).toMatchObject({ score: null, time: at(lastMs) });
    expect(alert!.incidentId).not.toBeNull();
    await live(2);
    expect(await alerts()).toMatchObject([{ kind: 'silent', endsAt: at(nowMs - LOOK) }]);
  });

  test('is told once, however often it is looked at, and again the next time', async () => {
    await begin();
    await quiet(30);
    await live(10);
    await quiet(30);
    expect(await kinds()).toEqual(['silent', 'silent!']);
  });

  test('is not called silent for what Bellwether slept through', async () => {
    await begin();
    nowMs += 3_600_000;
    await quiet(23);
    expect(await kinds()).toEqual([]);
    await quiet(3);
    expect(await kinds()).toEqual(['silent!']);
  });

  test('is silent to a process that starts later, too', async () => {
    await begin();
    watch = newWatch();
    await quiet(23);
    expect(await kinds()).toEqual([]);
    await quiet(4);
    expect(await kinds()).toEqual(['silent!']);
  });

  test('is told of once a longer silence than the one that was called a false alarm', async () => {
    await begin();
    await quiet(40);
    await live(10);
    const [{ id: alertId }] = (await alerts()) as [Alert];
    await database.query(`INSERT INTO verdict (alert_id, kind, given_at) VALUES ($1, 'false_alarm', now())`, [
      alertId,
    ]);
    await live(5);
    await quiet(40);
    expect(await kinds()).toEqual(['silent']);
    await quiet(12);
    const [, second] = await alerts();
    expect(second).toMatchObject({ endsAt: null, record: { right: 0, known: 1 } });
    expect(second!.why).toMatch(/right 0 of 1 time before on this series\.$/);
  });

  test('is not silent after an import, of old samples or of new', async () => {
    nowMs -= 30 * 86_400_000;
    await history();
    nowMs = NOON;
    await quiet(30);
    await history(50);
    await quiet(40);
    expect(await kinds()).toEqual([]);
  });
});

describe('a series that freezes', () => {
  test('is frozen since the first of its equal samples, and until another', async () => {
    await begin();
    const sinceMs = nowMs + 2 * LOOK;
    await live(60, { value: () => 7 });
    expect(await alerts()).toMatchObject([
      { kind: 'frozen', startsAt: at(sinceMs), endsAt: null, peak: { value: 7 } },
    ]);
    await live(4);
    expect(await kinds()).toEqual(['frozen']);
    expect((await alerts())[0]!.endsAt).toBe(at(sinceMs + 30 * PERIOD));
  });

  test('is not where it usually has one value', async () => {
    await send(
      Array.from({ length: 200 }, (_, i) => nowMs - (199 - i) * PERIOD),
      () => 7,
    );
    await live(100, { value: () => 7 });
    expect(await kinds()).toEqual([]);
  });

  test('was not, where a late sample says so', async () => {
    await begin();
    await live(60, { value: () => 7 });
    expect(await kinds()).toEqual(['frozen!']);
    await send([nowMs - 100_000 + 1], () => 8);
    await live(2, { value: () => 7 });
    expect(await kinds()).toEqual(['frozen']);
  });
});

describe('a series that changes its pace', () => {
  test('says so until it is back', async () => {
    await begin();
    const lastMs = nowMs;
    await live(160, { every: 3 * PERIOD });
    expect(await alerts()).toMatchObject([{ kind: 'cadence', startsAt: at(lastMs), endsAt: null }]);
    expect((await alerts())[0]!.why).toContain('A sample came every 30 s');
    await live(60);
    expect(await kinds()).toEqual(['cadence']);
  });

  test('and gets another period, has it', async () => {
    await begin();
    await live(160, { every: 3 * PERIOD });
    await database.query('UPDATE series SET period_ms = $2 WHERE id = $1', [id, 3 * PERIOD]);
    await live(12, { every: 3 * PERIOD });
    expect(await kinds()).toEqual(['cadence']);
  });
});

describe('a limit', () => {
  /** A forecast from the next period on, whose quantiles lie so far around these medians. */
  const forecast = async (medians: number[], issuedMs = nowMs, off = 1) => {
    const quantiles = [-2, -1, 0, 1, 2].map((k) => medians.map((median) => median + k * off));
    await database.query(
      `INSERT INTO forecast (series_id, issued_at, model_id, starts_at, period_ms, q05, q25, q50, q75, q95)
       VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9)`,
      [id, new Date(issuedMs), new Date(issuedMs + PERIOD), PERIOD, ...quantiles],
    );
  };
  const limit = (upper: number | null) =>
    database.query('UPDATE series SET upper_limit = $2 WHERE id = $1', [id, upper]);
  const calm = { value: () => 50 + (count++ % 10) };

  test('that a forecast says will be crossed is an alert, with how often that was right', async () => {
    await history();
    // Three statements of before, of which one came true.
    for (const ago of [900_000, 700_000, 500_000]) await forecast([50, 60, 95], nowMs - ago);
    await send([nowMs - 700_000 + 3 * PERIOD + 1], () => 99);
    await database.query('UPDATE sample SET value = 50 WHERE series_id = $1 AND value <> 99', [id]);
    await limit(90);
    await live(30, calm);
    expect(await kinds()).toEqual([]);
    await forecast([60, 80, 95, 96]);
    await live(2, calm);
    const [alert] = await alerts();
    expect(alert).toMatchObject({ kind: 'breach', endsAt: null, record: { right: 1, known: 3 } });
    expect(alert!.why).toMatch(
      /^Will be above its limit of 90 at .*, with 95 % probability\. .* right 1 of 3 times/,
    );
    await live(2, { value: () => 97 });
    expect((await alerts())[0]!.why).toMatch(/^Above its limit of 90: 97\./);
    await forecast([50, 50, 50], nowMs + 1);
    await live(4, calm);
    expect(await kinds()).toEqual(['breach!']);
    await live(4, calm);
    expect(await kinds()).toEqual(['breach']);
  });

  test('that was not crossed when it was said is said for another time', async () => {
    await history();
    await limit(90);
    await live(30, calm);
    await forecast([60, 80, 95]);
    await live(2, calm);
    const [first] = await alerts();
    await live(6, calm);
    await forecast([60, 80, 95]);
    await live(2, calm);
    const [second] = await alerts();
    expect(second).toMatchObject({ id: first!.id, kind: 'breach', endsAt: null });
    expect(Date.parse(second!.peak.time)).toBeGreaterThan(nowMs);
    expect(second!.why).not.toBe(first!.why);
  });

  test('that is taken away says nothing any more', async () => {
    await history();
    await limit(90);
    await live(30, { value: () => 95 + (count++ % 5) });
    expect(await kinds()).toEqual(['breach!']);
    await limit(null);
    await live(6, calm);
    expect(await kinds()).toEqual(['breach']);
  });
});

test('a rule that leaves a kind out raises none, and ends what fires', async () => {
  await begin();
  await quiet(30);
  expect(await kinds()).toEqual(['silent!']);
  await database.query(`UPDATE detector SET kinds = '{anomaly}' WHERE id = $1`, [detectorId]);
  await quiet(6);
  expect(await kinds()).toEqual(['silent']);
  await live(10);
  await quiet(30);
  expect(await kinds()).toEqual(['silent']);
});

test('an alert has the severity of the rule', async () => {
  await database.query(`UPDATE detector SET severity = 'critical' WHERE id = $1`, [detectorId]);
  await begin();
  await quiet(30);
  expect(await alerts()).toMatchObject([{ kind: 'silent', severity: 'critical' }]);
});

test('every one of many series with limits has its turn', async () => {
  await history();
  await database.query(
    `WITH s AS (
       INSERT INTO series (name, labels, period_ms, upper_limit)
       SELECT r.name, r.labels || jsonb_build_object('n', n::text), r.period_ms, 60 FROM series r, generate_series(1, 450) n WHERE r.id = $1
       RETURNING id
     ), p AS (
       INSERT INTO sample (series_id, time, value) SELECT s.id, w.last_sample_at, 70 FROM s, watermark w WHERE w.series_id = $1
     )
     INSERT INTO watermark (series_id, first_sample_at, last_sample_at)
     SELECT s.id, w.first_sample_at, w.last_sample_at FROM s, watermark w WHERE w.series_id = $1`,
    [id],
  );
  const breaches = async () => {
    const { rows } = await database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM alert a JOIN series s ON s.id = a.series_id
       WHERE a.kind = 'breach' AND s.name = (SELECT o.name FROM series o WHERE o.id = $1)`,
      [id],
    );
    return rows[0]!.n;
  };
  for (let i = 0; i < 12; i++) {
    nowMs += PERIOD;
    await database.query(
      `WITH w AS (
         UPDATE watermark w SET last_sample_at = $2 FROM series s
         WHERE s.id = w.series_id AND s.name = (SELECT o.name FROM series o WHERE o.id = $1) AND s.id <> $1
         RETURNING w.series_id
       )
       INSERT INTO sample (series_id, time, value) SELECT w.series_id, $2, 70 + $3 FROM w`,
      [id, new Date(nowMs), i],
    );
    await watch.look();
  }
  expect(await breaches()).toBe(450);
});

test('looks that are missed change neither which alerts there are nor their times', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('stop', 'freeze', 'restart'), { minLength: 1, maxLength: 3 }),
      fc.infiniteStream(fc.boolean()),
      async (deeds, coin) => {
        const seen = await lived(deeds, () => false);
        let missed = 0;
        // A pause of more than 30 s would be forgiven.
        const misses = () => {
          missed = missed < 4 && coin.next().value ? missed + 1 : 0;
          return missed > 0;
        };
        expect(await lived(deeds, misses)).toEqual(seen);
        expect(seen.length).toBe(deeds.filter((deed) => deed !== 'restart').length);
      },
    ),
    { numRuns: 6 },
  );
});

/** The series as if nothing had been before, live for as long as a start is forgiven. */
async function beginAnew(): Promise<void> {
  for (const table of ['alert', 'sample', 'profile', 'watermark'])
    await database.query(`DELETE FROM ${table} WHERE series_id = $1`, [id]);
  nowMs = NOON;
  watch = newWatch();
  await begin();
}

/** The alerts of a series to which this happens, one after another. */
async function lived(deeds: readonly string[], misses: () => boolean): Promise<unknown[]> {
  isMissed = misses;
  await beginAnew();
  for (const deed of deeds) {
    if (deed === 'stop') await quiet(24);
    if (deed === 'freeze') await live(60, { value: () => 7 });
    if (deed === 'restart') watch = newWatch();
    await live(40);
  }
  return (await alerts()).map(({ kind, startsAt, endsAt }) => ({ kind, startsAt, endsAt }));
}

test('whatever a series does, one of a kind is open at most, and all end when it is as usual again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('stop', 'freeze', 'slow', 'late', 'restart'), { minLength: 1, maxLength: 4 }),
      async (deeds) => {
        await beginAnew();
        for (const deed of deeds) {
          if (deed === 'stop') await quiet(20);
          if (deed === 'freeze') await live(60, { value: () => 7 });
          if (deed === 'slow') await live(100, { every: 3 * PERIOD });
          if (deed === 'late') await send([nowMs - 95_001, nowMs - 35_001]);
          if (deed === 'restart') watch = newWatch();
          const open = (await kinds()).filter((kind) => kind.endsWith('!'));
          expect(new Set(open).size).toBe(open.length);
        }
        await live(80);
        expect((await kinds()).filter((kind) => kind.endsWith('!'))).toEqual([]);
      },
    ),
    { numRuns: 6 },
  );
});
