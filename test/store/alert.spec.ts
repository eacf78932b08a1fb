/** Alerts on the real database: reviewed in order, late, in pieces and again, they say what the scores say. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AlertService } from '../../apps/backend/src/alerts/alert.service';
import { AlertStore } from '../../apps/backend/src/alerts/alert.store';
import {
  type AlertRule,
  type AlertRules,
  follow,
  quiet,
  type Scored,
} from '../../apps/backend/src/alerts/alert';
import { CorrectionStore } from '../../apps/backend/src/alerts/correction.store';
import { Database } from '../../apps/backend/src/database/database';
import { subscribe } from '../../apps/backend/src/database/live';
import { migrate } from '../../apps/backend/src/database/migrate';
import { RuleStore } from '../../apps/backend/src/registry/rule.store';
import { newIncidents } from '../support/outbox';

const MINUTE = 60_000;
const DAY = 86_400_000;
const START = Date.parse('2025-05-20T00:00:00Z');
const rule: AlertRule = { fireAfter: 3, resolveAfter: 2, direction: 'both', smallestChange: null };
const SCORES: Record<string, number> = { '.': 0.5, x: 3.25, m: 5, X: 15 };

let database: Database;
let service: AlertService;
let alerts: AlertStore;
let nowMs = START;
/** A detector that fires after three and resolves after two; and those of other rules, by their rules. */
let detector: { id: number };
const detectors = new Map<string, { id: number }>();

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'alert.spec' });
  service = new AlertService(
    database,
    new CorrectionStore(database),
    newIncidents(database),
    new RuleStore(database),
    () => nowMs,
  );
  alerts = new AlertStore(database);
  detector = await detectorOf([{ ...rule, version: 1, sinceMs: -Infinity }]);
});

afterEach(() => database.query(`DELETE FROM channel WHERE name = 'alert.spec'`));
afterAll(async () => {
  await database.query('DELETE FROM detector WHERE id = ANY($1::int[])', [
    [...detectors.values()].map(({ id }) => id),
  ]);
  await database.close();
});

/** A detector, of no series, whose rule has these versions. */
async function detectorOf(rules: AlertRules): Promise<{ id: number }> {
  const key = JSON.stringify(rules);
  const known = detectors.get(key);
  if (known) return known;
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO detector (name, selector) VALUES ('alert.spec ' || gen_random_uuid(), '{"name": "alert.spec of none"}') RETURNING id`,
  );
  const made = rows[0]!;
  for (const { version, sinceMs, fireAfter, resolveAfter, direction, smallestChange } of rules)
    await database.query(
      `INSERT INTO rule (detector_id, version, since, alert_budget, fire_after, resolve_after, direction, smallest_change, change_is_percent)
       VALUES ($1, $2, COALESCE($3::timestamptz, '-infinity'), 1, $4, $5, $6, $7, $8)
       ON CONFLICT (detector_id, version) DO UPDATE
       SET fire_after = $4, resolve_after = $5, direction = $6, smallest_change = $7, change_is_percent = $8`,
      [
        made.id,
        version,
        Number.isFinite(sinceMs) ? new Date(sinceMs) : null,
        fireAfter,
        resolveAfter,
        direction,
        smallestChange?.value ?? null,
        smallestChange?.isPercent ?? false,
      ],
    );
  detectors.set(key, made);
  return made;
}

const timeOf = (at: number): Date => new Date(START + at * MINUTE);

const sampleOf = (letter: string, at: number): Scored => ({
  time: timeOf(at),
  value: at,
  expected: 10,
  lower: 5,
  upper: null,
  score: SCORES[letter]!,
  threshold: 3,
  vrnnShare: 0.75,
});

async function newSeries(): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO series (name, labels, unit) VALUES ('alert.spec', jsonb_build_object('id', gen_random_uuid()), 'ms') RETURNING id`,
  );
  return rows[0]!.id;
}

/** Stores the scores of some samples: pairs of place and letter. */
async function put(seriesId: number, samples: (readonly [number, string])[]): Promise<void> {
  const scored = samples.map(([at, letter]) => sampleOf(letter, at));
  await database.query(
    `INSERT INTO sample (series_id, time, value) SELECT $1, * FROM unnest($2::timestamptz[], $3::float8[])
     ON CONFLICT (series_id, time) DO UPDATE SET value = EXCLUDED.value`,
    [seriesId, scored.map(({ time }) => time), scored.map(({ value }) => value)],
  );
  await database.query(
    `INSERT INTO score (series_id, time, score, threshold, expected, lower, upper, vrnn_share)
     SELECT $1, t.time, t.score, 3, 10, 5, NULL, 0.75 FROM unnest($2::timestamptz[], $3::real[]) AS t(time, score)
     ON CONFLICT (series_id, time) DO UPDATE SET score = EXCLUDED.score`,
    [seriesId, scored.map(({ time }) => time), scored.map(({ score }) => score)],
  );
}

/** Stores a story from a place on, as scoring would, and has it reviewed. */
async function tell(seriesId: number, story: string, at = 0): Promise<void> {
  await put(
    seriesId,
    [...story].map((letter, index) => [at + index, letter] as const),
  );
  await service.review([{ seriesId, from: timeOf(at), detector }]);
}

/** Draws the stored alerts over `length` samples: 'F' from an alert's start to its end, '.' elsewhere. */
async function draw(seriesId: number, length: number): Promise<string> {
  const found = await alerts.between(seriesId, timeOf(0), timeOf(length));
  return Array.from({ length }, (_, at) => {
    const time = timeOf(at).toISOString();
    const isIn = found.some(({ startsAt, endsAt }) => startsAt <= time && (!endsAt || time < endsAt));
    return isIn ? 'F' : '.';
  }).join('');
}

/** What was written of the incidents of a series, in order. */
async function told(seriesId: number): Promise<string[]> {
  const { rows } = await database.query<{ event: string }>(
    `SELECT n.event FROM notification n JOIN incident i ON i.id = n.incident_id
     WHERE i.id IN (SELECT a.incident_id FROM alert a WHERE a.series_id = $1)
     ORDER BY n.created_at, i.starts_at, n.episode, n.event`,
    [seriesId],
  );
  return rows.map(({ event }) => event.replace('incident.', ''));
}

const addChannel = () =>
  database.query(`INSERT INTO channel (name, url) VALUES ('alert.spec', 'http://127.0.0.1:9/')`);

describe('a review', () => {
  for (const [name, steps, expected] of [
    [
      'follows samples as they come',
      [
        [0, '..'],
        [2, 'x'],
        [3, 'x'],
        [4, 'x'],
        [5, '.'],
        [6, '.'],
        [7, '.'],
      ],
      '..FFFF..',
    ],
    [
      'survives one calm sample',
      [
        [0, 'xxx'],
        [3, '.'],
        [4, 'x'],
        [5, '.'],
        [6, '.'],
      ],
      'FFFFFF.',
    ],
    [
      'raises an alert for a single huge spike',
      [
        [0, '...'],
        [3, 'X'],
        [4, '...'],
      ],
      '...FF..',
    ],
    [
      'raises none for a single moderate one',
      [
        [0, '...'],
        [3, 'm'],
        [4, '...'],
      ],
      '.......',
    ],
    [
      'finds an alert that a late sample completes',
      [
        [0, 'xx'],
        [3, '...'],
        [2, 'x'],
      ],
      'FFFF..',
    ],
    [
      'moves a start to a late anomaly',
      [
        [1, 'xxx..'],
        [0, 'x'],
      ],
      'FFFFF.',
    ],
    [
      'ends earlier when late calm says so',
      [
        [0, 'xxxxxxx'],
        [3, '..'],
      ],
      'FFFF...',
    ],
    [
      'takes back what late calm undoes',
      [
        [0, '.xxx..'],
        [2, '.'],
      ],
      '......',
    ],
    [
      'makes one of two that late anomalies join',
      [
        [0, 'xxx..xxx..'],
        [3, 'xx'],
      ],
      'FFFFFFFFF.',
    ],
    [
      'makes two of one that late calm divides',
      [
        [0, 'xxxxxxxx..'],
        [3, '..'],
      ],
      'FFFF.FFFF.',
    ],
  ] as const) {
    test(name, async () => {
      const seriesId = await newSeries();
      for (const [at, story] of steps) await tell(seriesId, story, at);
      expect(await draw(seriesId, expected.length)).toBe(expected);
    });
  }

  test('done again changes nothing and tells nothing', async () => {
    const seriesId = await newSeries();
    await addChannel();
    await tell(seriesId, '.xxx..xxx');
    const before = await database.query('SELECT * FROM alert WHERE series_id = $1 ORDER BY id', [seriesId]);
    for (const from of [0, 2, 4, 8]) await service.review([{ seriesId, from: timeOf(from), detector }]);
    const after = await database.query('SELECT * FROM alert WHERE series_id = $1 ORDER BY id', [seriesId]);
    expect(after.rows).toEqual(before.rows);
    // The second begins within the window of the first: one incident, which goes on.
    expect(await told(seriesId)).toEqual(['firing']);
  });

  test('keeps the strangest sample, also when it is corrected later', async () => {
    const seriesId = await newSeries();
    const peak = async () => (await alerts.between(seriesId, timeOf(0), timeOf(99)))[0]!.peak;
    await tell(seriesId, 'xxxmxxxxxxxx');
    expect(await peak()).toEqual({
      time: timeOf(3).toISOString(),
      value: 3,
      expected: 10,
      lower: 5,
      upper: null,
      score: 5,
      vrnnShare: 0.75,
    });
    await tell(seriesId, 'X', 10);
    expect(await peak()).toMatchObject({ time: timeOf(10).toISOString(), score: 15 });
    await tell(seriesId, 'x', 10);
    expect(await peak()).toMatchObject({ time: timeOf(3).toISOString(), score: 5 });
  });

  test('reviews hundreds of series at once', async () => {
    const ids = await Promise.all(Array.from({ length: 250 }, newSeries));
    for (const [index, seriesId] of ids.entries())
      await put(
        seriesId,
        [...(index % 5 === 0 ? '.xxx' : '....')].map((letter, at) => [at, letter] as const),
      );
    await service.review(ids.map((seriesId) => ({ seriesId, from: timeOf(0), detector })));
    const open = (await alerts.open()).filter(({ seriesId }) => ids.includes(seriesId));
    expect(open).toHaveLength(50);
  });

  test('says which series have other alerts now', async () => {
    const seriesId = await newSeries();
    const heard: number[] = [];
    await subscribe(database, (event) => {
      if (event.type === 'alerts') heard.push(...event.seriesIds);
    });
    await tell(seriesId, '.xxx.');
    await tell(seriesId, '.', 0);
    await expect.poll(() => heard.filter((id) => id === seriesId)).toEqual([seriesId]);
  });
});

describe('a rule that was changed', () => {
  const changedTo = (later: Partial<AlertRule>, at: number) =>
    detectorOf([
      { ...rule, version: 1, sinceMs: -Infinity },
      { ...rule, ...later, version: 2, sinceMs: timeOf(at).getTime() },
    ]);
  const versionsOf = async (seriesId: number) =>
    (await alerts.between(seriesId, timeOf(-1), timeOf(99))).reverse().map(({ ruleVersion }) => ruleVersion);

  test('leaves the alerts of before as they were, also when samples of then come late', async () => {
    const seriesId = await newSeries();
    await tell(seriesId, 'xxx..xx...');
    detector = await changedTo({ fireAfter: 2 }, 10);
    await tell(seriesId, '.xx..', 10);
    expect(await draw(seriesId, 15)).toBe('FFFF.......FFF.');
    await tell(seriesId, '.', 4);
    expect(await draw(seriesId, 15)).toBe('FFFF.......FFF.');
    expect(await versionsOf(seriesId)).toEqual([1, 2]);
    detector = await detectorOf([{ ...rule, version: 1, sinceMs: -Infinity }]);
  });

  test('goes on with what has begun, and lets it end as the new one says', async () => {
    const seriesId = await newSeries();
    await tell(seriesId, '.xxx');
    detector = await changedTo({ resolveAfter: 4 }, 4);
    for (const at of [4, 5, 6, 7]) await tell(seriesId, '.', at);
    expect(await draw(seriesId, 9)).toBe('.FFFFFF..');
    expect(await versionsOf(seriesId)).toEqual([1]);
    detector = await detectorOf([{ ...rule, version: 1, sinceMs: -Infinity }]);
  });

  test('that is deaf to a side raises nothing there', async () => {
    const seriesId = await newSeries();
    detector = await changedTo({ direction: 'above' }, -1);
    // Places are values, and 10 was expected.
    await tell(seriesId, 'xxxx......xxxxx');
    expect(await draw(seriesId, 15)).toBe('...........FFFF');
    detector = await detectorOf([{ ...rule, version: 1, sinceMs: -Infinity }]);
  });
});

describe('the outbox', () => {
  test('is told of a fire and of its end, once each', async () => {
    const seriesId = await newSeries();
    await addChannel();
    await tell(seriesId, '.xxx');
    expect(await told(seriesId)).toEqual(['firing']);
    await tell(seriesId, 'x', 4);
    expect(await told(seriesId)).toEqual(['firing']);
    await tell(seriesId, '...', 5);
    expect(await told(seriesId)).toEqual(['firing', 'resolved']);
  });

  test('is told of both when the alert is found over, but lately', async () => {
    const seriesId = await newSeries();
    await addChannel();
    await tell(seriesId, '.xxx...');
    expect(await told(seriesId)).toEqual(['firing', 'resolved']);
  });

  test('is told nothing of history', async () => {
    const seriesId = await newSeries();
    await addChannel();
    nowMs = START + 2 * DAY;
    await tell(seriesId, '.xxx');
    await tell(seriesId, '...', 4);
    nowMs = START;
    expect(await told(seriesId)).toEqual([]);
    expect(await alerts.between(seriesId, timeOf(0), timeOf(9))).toMatchObject([
      { isHistory: true, startsAt: timeOf(1).toISOString(), endsAt: timeOf(5).toISOString() },
    ]);
  });

  test('is told of what began as history and goes on now', async () => {
    const seriesId = await newSeries();
    await addChannel();
    nowMs = START + 2 * DAY;
    await tell(seriesId, '.xxx');
    await tell(seriesId, 'x', (2 * DAY) / MINUTE);
    nowMs = START;
    expect(await told(seriesId)).toEqual(['firing']);
  });

  test('tells an end where it told of a fire, and nowhere else', async () => {
    const seriesId = await newSeries();
    await addChannel();
    await tell(seriesId, 'xxx');
    await addChannel();
    await tell(seriesId, '..', 3);
    expect(await told(seriesId)).toEqual(['firing', 'resolved']);
  });

  test('takes back an end that is not out yet when the alert goes on', async () => {
    const seriesId = await newSeries();
    await addChannel();
    await tell(seriesId, 'xxx..');
    await tell(seriesId, 'x', 4);
    expect(await told(seriesId)).toEqual(['firing']);
  });

  test('ends and keeps an alert that somebody was told of when the scores no longer show it', async () => {
    const seriesId = await newSeries();
    await addChannel();
    await tell(seriesId, '.xxx');
    await tell(seriesId, '.', 2);
    expect(await told(seriesId)).toEqual(['firing', 'resolved']);
    expect(await draw(seriesId, 5)).toBe('.F...');
    await tell(seriesId, 'xx', 4);
    expect(await draw(seriesId, 6)).toBe('.F.FFF');
  });

  test('does not take for firing an alert that it has withdrawn', async () => {
    const seriesId = await newSeries();
    await addChannel();
    await tell(seriesId, 'xxx..xxxxxx..');
    await tell(seriesId, 'xx', 3);
    await tell(seriesId, '..', 8);
    await tell(seriesId, 'x', 11);
    expect(await draw(seriesId, 13)).toBe('FFFFFFFFF....');
  });
});

describe('whatever the order in which samples come and are corrected', () => {
  const letters = fc.constantFrom('.', '.', 'x', 'x', 'm', 'X');
  const someRules = fc.record({
    fireAfter: fc.integer({ min: 1, max: 4 }),
    resolveAfter: fc.integer({ min: 1, max: 3 }),
    direction: fc.constantFrom('both' as const, 'both' as const, 'below' as const),
    smallestChange: fc.constantFrom(null, null, { value: 20, isPercent: true }),
  });
  /** A rule, and what it is changed to from some place on; the sample at a place has that value, and 10 is expected. */
  const histories = fc
    .tuple(someRules, fc.option(fc.tuple(fc.nat(13), someRules)))
    .map(([first, later]) => [
      { ...first, version: 1, sinceMs: -Infinity },
      ...(later ? [{ ...later[1], version: 2, sinceMs: timeOf(later[0]).getTime() }] : []),
    ]);
  const visits = fc.record({
    story: fc.array(letters, { minLength: 1, maxLength: 14 }),
    /** What is stored and reviewed first, in this order: places, and scores that may be wrong. */
    steps: fc.array(fc.array(fc.tuple(fc.nat(13), letters), { minLength: 1, maxLength: 4 }), {
      maxLength: 6,
    }),
    /** The order in which the true scores come. */
    keys: fc.array(fc.nat(), { minLength: 14, maxLength: 14 }),
    size: fc.integer({ min: 1, max: 5 }),
    of: histories,
  });
  type Visit = typeof visits extends fc.Arbitrary<infer T> ? T : never;

  async function live({ story, steps, keys, size, of }: Visit): Promise<number> {
    const seriesId = await newSeries();
    const truth = story.map((letter, at) => [at, letter] as const);
    const late = [...truth].sort(([a], [b]) => keys[a]! - keys[b]!);
    const arrivals = Array.from({ length: Math.ceil(late.length / size) }, (_, part) =>
      late.slice(part * size, (part + 1) * size),
    );
    const early = steps.map((step) => [...new Map(step.filter(([at]) => at < story.length))]);
    for (const step of [...early, ...arrivals].filter(({ length }) => length > 0)) {
      await put(seriesId, step);
      const from = timeOf(Math.min(...step.map(([at]) => at)));
      await service.review([{ seriesId, from, detector: await detectorOf(of) }]);
    }
    return seriesId;
  }

  const expectedOf = ({ story, of }: Visit) =>
    follow(
      quiet,
      story.map((letter, at) => sampleOf(letter, at)),
      of,
    ).alerts.map(({ startsAt, endsAt, peak, ruleVersion }) => ({
      startsAt: startsAt.toISOString(),
      endsAt: endsAt?.toISOString() ?? null,
      peak: { time: peak.time.toISOString(), score: peak.score },
      ruleVersion,
    }));

  const storedOf = async (seriesId: number) =>
    (await alerts.between(seriesId, timeOf(-1), timeOf(99)))
      .reverse()
      .map(({ startsAt, endsAt, peak: { time, score }, ruleVersion }) => ({
        startsAt,
        endsAt,
        peak: { time, score },
        ruleVersion,
      }));

  test('the alerts end as the machine tells them in order', async () => {
    await fc.assert(
      fc.asyncProperty(visits, async (visit) => {
        expect(await storedOf(await live(visit))).toEqual(expectedOf(visit));
      }),
      { numRuns: 60 },
    );
  });

  test('and where somebody is told, nothing they were told of is lost and nothing else stays open', async () => {
    await addChannel();
    await fc.assert(
      fc.asyncProperty(visits, async (visit) => {
        const seriesId = await live(visit);
        const expected = expectedOf(visit);
        const stored = await storedOf(seriesId);
        expect(stored).toEqual(expect.arrayContaining(expected));
        const known = new Set(expected.map(({ startsAt }) => startsAt));
        expect(stored.filter(({ startsAt, endsAt }) => !endsAt && !known.has(startsAt))).toEqual([]);
        // All of it is one incident, and nothing was sent yet: it fires once, and is over once its alerts are.
        const isOpen = stored.some(({ endsAt }) => !endsAt);
        expect(await told(seriesId)).toEqual(
          stored.length === 0 ? [] : isOpen ? ['firing'] : ['firing', 'resolved'],
        );
      }),
      { numRuns: 60 },
    );
  });
});
