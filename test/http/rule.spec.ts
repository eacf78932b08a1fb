/** Rules over HTTP: changed, counted in versions, refused in words, and tried on stored scores before. */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Detector, type Problem, RulePreview } from '@bellwether/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { RuleStore } from '../../apps/backend/src/registry/rule.store';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 20, 12);
const HOURS = 21 * 24;
const START = NOW - HOURS * HOUR;
/** `x` is strange where the budget is keen, `X` always; `v` as strange as `X`, below what was expected. */
const SCORES: Record<string, number> = { '.': 0.2, x: 1.4, X: 2.1, v: 2.1 };

let database: Database;
let app: NestExpressApplication;
let base: string;
let nowMs = NOW;
let id: number;
let name: string;

beforeAll(async () => {
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'rule spec' });
  app = await createServer({ config: readConfig({ LOG_LEVEL: 'silent' }), clock: () => nowMs, database });
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/v1`;
});
afterAll(async () => {
  await database.query(`DELETE FROM detector WHERE name LIKE 'rule.spec %'`);
  await app?.close();
});

beforeEach(async () => {
  nowMs = NOW;
  name = `rule.spec ${randomUUID()}`;
  const { rows } = await database.query<{ id: number }>(
    'INSERT INTO detector (name, selector) VALUES ($1, $2) RETURNING id',
    [name, { name }],
  );
  id = rows[0]!.id;
});

const send = (method: string, path: string, body: unknown) =>
  fetch(`${base}/detectors/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const change = async (body: object): Promise<Detector> =>
  Detector.parse(await (await send('PATCH', String(id), body)).json());
const preview = async (body: object): Promise<RulePreview> =>
  RulePreview.parse(await (await send('POST', `${id}/preview`, body)).json());
const shown = async (): Promise<Detector> =>
  ((await (await fetch(`${base}/detectors`)).json()) as Detector[]).find((one) => one.id === id)!;
const versions = async () => (await new RuleStore(database).versions(database, [id])).get(id)!;

/** A series of hours that is calm but for these stories, each from an hour on. */
async function told(stories: Record<number, string>, labels = {}): Promise<number> {
  const letters = Array.from({ length: HOURS }, () => '.');
  for (const [at, story] of Object.entries(stories)) letters.splice(Number(at), story.length, ...story);
  const times = letters.map((_, at) => new Date(START + at * HOUR));
  const { rows } = await database.query<{ id: number }>(
    'INSERT INTO series (name, labels, period_ms) VALUES ($1, $2, $3) RETURNING id',
    [name, { ...labels, id: randomUUID() }, HOUR],
  );
  await database.query(
    'INSERT INTO sample (series_id, time, value) SELECT $1, * FROM unnest($2::timestamptz[], $3::float8[])',
    [rows[0]!.id, times, letters.map((letter) => (letter === 'v' ? 5 : letter === '.' ? 10 : 20))],
  );
  await database.query(
    `INSERT INTO score (series_id, time, score, threshold, expected, lower, upper, vrnn_share)
     SELECT $1, t.time, t.score, 2.2, 10, 5, 15, 0.5 FROM unnest($2::timestamptz[], $3::real[]) AS t(time, score)`,
    [rows[0]!.id, times, letters.map((letter) => SCORES[letter])],
  );
  return rows[0]!.id;
}

describe('a rule', () => {
  test('begins with two strange samples in a row, on both sides, and a budget of one a week', async () => {
    expect(await shown()).toMatchObject({
      ...{ alertBudget: 1, fireAfter: 2, resolveAfter: 5 },
      ...{ direction: 'both', smallestChange: null, ruleVersion: 1 },
    });
  });

  test('is changed in part, each change a version from then on', async () => {
    const smallestChange = { value: 12.5, isPercent: true };
    expect(await change({ direction: 'above', smallestChange })).toMatchObject({
      ...{ alertBudget: 1, fireAfter: 2, direction: 'above', smallestChange, ruleVersion: 2 },
    });
    nowMs += DAY;
    await change({ alertBudget: 0.1, fireAfter: 100, resolveAfter: 1000 });
    nowMs += DAY;
    await change({ smallestChange: null });
    expect(await shown()).toMatchObject({
      ...{ alertBudget: 0.1, fireAfter: 100, resolveAfter: 1000, smallestChange: null, ruleVersion: 4 },
    });
    expect(
      (await versions()).map(({ version, sinceMs, alertBudget, direction, smallestChange: least }) => [
        ...[version, sinceMs, alertBudget, direction, least?.value],
      ]),
    ).toEqual([
      [1, -Infinity, 1, 'both', undefined],
      [2, NOW, 1, 'above', 12.5],
      [3, NOW + DAY, 0.1, 'above', 12.5],
      [4, NOW + 2 * DAY, 0.1, 'above', undefined],
    ]);
  });

  test.each([
    ['calm', 0.5],
    ['balanced', 1],
    ['keen', 7],
  ])('that is %s has a budget of %d', async (sensitivity, alertBudget) => {
    expect(await change({ sensitivity })).toMatchObject({ alertBudget });
  });

  test('says which kinds of alerts it raises and how much they matter, in versions too', async () => {
    expect(await shown()).toMatchObject({
      kinds: ['anomaly', 'silent', 'frozen', 'cadence', 'breach'],
      severity: 'warning',
    });
    const changed = await change({ kinds: ['breach', 'anomaly', 'breach'], severity: 'critical' });
    expect(changed).toMatchObject({ kinds: ['anomaly', 'breach'], severity: 'critical', ruleVersion: 2 });
    expect((await versions()).map(({ severity }) => severity)).toEqual(['warning', 'critical']);
    expect((await send('PATCH', String(id), { kinds: [] })).status).toBe(400);
  });

  test('that is changed to what it is stays the version that it is', async () => {
    await change({ alertBudget: 0.3 });
    for (const same of [{}, { alertBudget: 0.3 }, { direction: 'both', smallestChange: null }])
      expect(await change(same)).toMatchObject({ ruleVersion: 2 });
    expect(await versions()).toHaveLength(2);
  });

  test('changed by many at once loses no change and no version', async () => {
    await Promise.all([
      ...[change({ alertBudget: 3 }), change({ direction: 'below' })],
      ...[change({ fireAfter: 4 }), change({ resolveAfter: 9 })],
    ]);
    expect(await shown()).toMatchObject({
      ...{ alertBudget: 3, direction: 'below', fireAfter: 4, resolveAfter: 9, ruleVersion: 5 },
    });
    expect((await versions()).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('what is no rule is refused, and changes nothing', () => {
  test.each([
    [{ alertBudget: 0.05 }, 'alertBudget: the budget is at least 0.1'],
    [{ alertBudget: 1001 }, 'alertBudget: the budget is at most 1000'],
    [{ alertBudget: '2' }, 'alertBudget: the budget is a number'],
    [{ alertBudget: null }, 'alertBudget: the budget is a number'],
    [{ sensitivity: 'loud' }, 'sensitivity: '],
    [{ sensitivity: 'calm', alertBudget: 1 }, 'sensitivity: say the budget once'],
    [{ direction: 'up' }, 'direction: '],
    [{ smallestChange: 5 }, 'smallestChange: '],
    [{ smallestChange: { value: 5 } }, 'smallestChange.isPercent: '],
    [
      { smallestChange: { value: 0, isPercent: false } },
      'smallestChange.value: the smallest change is above 0',
    ],
    [
      { smallestChange: { value: 1e16, isPercent: false } },
      'smallestChange.value: the smallest change is at most',
    ],
    [{ smallestChange: { value: 5, isPercent: true, unit: 'ms' } }, 'unit'],
    [{ fireAfter: 0 }, 'fireAfter: fireAfter is at least 1'],
    [{ fireAfter: 101 }, 'fireAfter: fireAfter is at most 100'],
    [{ fireAfter: 2.5 }, 'fireAfter: fireAfter is a whole number'],
    [{ resolveAfter: 1001 }, 'resolveAfter: resolveAfter is at most 1000'],
    [{ colour: 'red' }, 'colour'],
    [[], 'body: '],
  ])('%j', async (body, detail) => {
    for (const [method, path] of [
      ['PATCH', String(id)],
      ['POST', `${id}/preview`],
    ] as const) {
      const answer = await send(method, path, body);
      expect([answer.status, ((await answer.json()) as Problem).detail]).toEqual([
        400,
        expect.stringContaining(detail),
      ]);
    }
    expect(await shown()).toMatchObject({ ruleVersion: 1 });
  });

  test('a detector that is not there', async () => {
    for (const [method, path, status] of [
      ['PATCH', '2000000000', 404],
      ['POST', '2000000000/preview', 404],
      ['PATCH', 'one', 400],
    ] as const)
      expect((await send(method, path, { sensitivity: 'calm' })).status).toBe(status);
  });
});

describe('a preview', () => {
  const stories = { 100: 'XX', 200: 'xx', 300: 'vv' };

  test('tells what the asked rule and the present one would have raised, and changes nothing', async () => {
    const [one] = [await told(stories), await told(stories)];
    expect(await preview({ sensitivity: 'keen' })).toMatchObject({
      detail: 'About 2 alerts a week on 2 series; now 1.3.',
      ...{ seriesCount: 2, seriesOf: 2 },
      asked: { alerts: 6, perWeek: 2, perSeriesWeek: 1 },
      present: { alerts: 4 },
    });
    const above = await preview({ direction: 'above' });
    expect(above.asked.examples).toHaveLength(2);
    expect(above.asked.examples).toContainEqual({
      ...{ seriesId: one, name },
      startsAt: new Date(START + 100 * HOUR).toISOString(),
      endsAt: new Date(START + 106 * HOUR).toISOString(),
    });
    expect(above.asked.days.filter(({ alerts }) => alerts > 0)).toEqual([
      { day: new Date(START + 100 * HOUR).toISOString().slice(0, 10), alerts: 2 },
    ]);
    expect((await preview({ smallestChange: { value: 6, isPercent: false } })).asked.alerts).toBe(2);
    expect((await preview({ smallestChange: { value: 51, isPercent: true } })).asked.alerts).toBe(2);
    expect((await preview({ fireAfter: 4 })).asked.alerts).toBe(0);
    expect(await shown()).toMatchObject({ ruleVersion: 1 });
    expect(await versions()).toHaveLength(1);
  });

  test('of the rule as it is tells the same twice', async () => {
    await told(stories);
    const { asked, present } = await preview({});
    expect(asked).toEqual(present);
  });

  test('looks at no more than a hundred series, and says of how many', async () => {
    for (let i = 0; i < 103; i++) await told({}, { i });
    expect(await preview({})).toMatchObject({ seriesCount: 100, seriesOf: 103, asked: { alerts: 0 } });
  });

  test('without scores says so', async () => {
    expect(await preview({})).toMatchObject({
      detail: expect.stringContaining('no scores yet'),
      ...{ seriesCount: 0, seriesOf: 0, from: null, asked: { alerts: 0, days: [] } },
    });
  });
});
