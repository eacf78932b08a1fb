/** The explanation of an alert over HTTP: how rare, who else moved, and what was like it before. */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Explanation } from '@bellwether/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AlertService } from '../../apps/backend/src/alerts/alert.service';
import { CorrectionStore } from '../../apps/backend/src/alerts/correction.store';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { RuleStore } from '../../apps/backend/src/registry/rule.store';
import { newIncidents } from '../support/outbox';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 9, 20, 12);
const LENGTH = 2880;
const START = NOW - LENGTH * MINUTE;
const SCORES: Record<string, number> = { '.': 0.5, x: 3.5, X: 5 };

let database: Database;
let app: NestExpressApplication;
let base: string;
let host: string;

beforeAll(async () => {
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'explanation spec' });
  app = await createServer({ config: readConfig({ LOG_LEVEL: 'silent' }), clock: () => NOW, database });
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/v1`;
});
afterAll(() => app?.close());
beforeEach(() => {
  host = randomUUID();
});

const timeOf = (at: number): Date => new Date(START + at * MINUTE);

/** A series of this host that is calm but for these stories, each from a place on; anomalies lie above what was expected. */
async function told(name: string, stories: Record<number, string>, on = host): Promise<number> {
  const letters = Array.from({ length: LENGTH }, () => '.');
  for (const [at, story] of Object.entries(stories)) letters.splice(Number(at), story.length, ...story);
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO series (name, labels, unit, period_ms) VALUES ($1, $2, 'ms', 60000) RETURNING id`,
    [`explanation.spec ${name}`, { host: on, id: randomUUID() }],
  );
  const id = rows[0]!.id;
  const times = letters.map((_, at) => timeOf(at));
  await database.query(
    `WITH t AS (SELECT * FROM unnest($2::timestamptz[], $3::real[]) AS t(time, score)),
          p AS (INSERT INTO sample (series_id, time, value) SELECT $1, t.time, CASE WHEN t.score > 3 THEN 30 ELSE 10 END FROM t)
     INSERT INTO score (series_id, time, score, threshold, expected, lower, upper, vrnn_share)
     SELECT $1, t.time, t.score, 3, 10, 5, 15, 0.75 FROM t`,
    [id, times, letters.map((letter) => SCORES[letter])],
  );
  const rules = new RuleStore(database);
  const service = new AlertService(
    database,
    new CorrectionStore(database),
    newIncidents(database),
    rules,
    () => NOW,
  );
  const detector = await database.query<{ id: number }>('SELECT min(d.id) AS id FROM detector d');
  await service.review([{ seriesId: id, from: timeOf(0), detector: detector.rows[0]! }]);
  return id;
}

const get = async <T>(path: string) => (await (await fetch(base + path)).json()) as T;
/** Alerts of a series, oldest first. */
const alertsOf = async (seriesId: number) =>
  (await get<{ id: number; startsAt: string }[]>(`/alerts?series=${seriesId}`)).reverse();
const explain = async (id: number) => Explanation.parse(await get(`/alerts/${id}/explanation`));

test('says how rare it was, who moved with it and when, and what was like it before', async () => {
  const before = await told('latency', { 500: 'xxx', 1500: 'XXX', 2500: 'XX' });
  await told('queue', { 2498: 'XXX' });
  await told('errors', { 2503: 'xx' });
  await told('disk', {});
  await told('latency', { 2500: 'XXX' }, randomUUID());
  const [first, second, alert] = await alertsOf(before);
  await fetch(`${base}/alerts/${second!.id}/verdict`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'expected' }),
  });

  const said = await explain(alert!.id);
  expect(said).toMatchObject({
    alert: { id: alert!.id, why: expect.stringContaining('About once in 69 days for this series;') },
    periodMs: MINUTE,
    rarity: 'about once in 69 days for this series',
    history: { days: 1.74, asStrange: 2 },
    siblings: [
      {
        name: 'explanation.spec queue',
        relation: `same host=${host}`,
        value: 30,
        expected: 10,
        leadMs: -2 * MINUTE,
      },
      {
        name: 'explanation.spec errors',
        unit: 'ms',
        surprise: expect.closeTo(3.5 / 3, 5),
        leadMs: 3 * MINUTE,
      },
    ],
    siblingCount: 3,
  });
  expect(said.similar).toMatchObject([
    {
      alert: { id: second!.id, verdict: 'expected' },
      likeness: 'same direction, 7 min long, about as far off',
    },
    { alert: { id: first!.id, verdict: null }, likeness: 'same direction, 7 min long, about as far off' },
  ]);
});

test('of an alert without a score, and alone, says what there is', async () => {
  const series = await told('lonely', {});
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO alert (series_id, kind, starts_at, peak_at, peak_value, facts) VALUES ($1, 'silent', $2, $2, 10, '{}') RETURNING id`,
    [series, timeOf(100)],
  );
  expect(await explain(rows[0]!.id)).toMatchObject({
    ...{ rarity: null, history: null, siblings: [], siblingCount: 0, similar: [] },
  });
});

test.each([
  ['2000000000', 404, 'There is no alert 2000000000.'],
  ['x', 400, 'id: an id is a whole number'],
])('refuses %s', async (id, status, detail) => {
  const answer = await fetch(`${base}/alerts/${id}/explanation`);
  expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([status, detail]);
});

test('names eight of many related series, and counts all', async () => {
  const [alert] = await alertsOf(await told('crowded', { 2500: 'XXX' }));
  for (let i = 0; i < 12; i++) await told('crowd', i < 10 ? { 2500: 'XX' } : {});
  const { siblings, siblingCount } = await explain(alert!.id);
  expect([siblings.length, siblingCount]).toEqual([8, 12]);
});
