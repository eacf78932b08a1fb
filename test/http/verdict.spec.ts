/** Verdicts over HTTP, and what follows from each in what is scored and learnt. */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Alert, Verdict, VerdictPreview } from '@bellwether/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AlertService } from '../../apps/backend/src/alerts/alert.service';
import { CorrectionStore } from '../../apps/backend/src/alerts/correction.store';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { RuleStore } from '../../apps/backend/src/registry/rule.store';
import { ScoreStore } from '../../apps/backend/src/scoring/score.store';
import { TrainingStore } from '../../apps/backend/src/training/training.store';
import { newIncidents } from '../support/outbox';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 20, 12);
const LENGTH = 400;
const START = NOW - LENGTH * MINUTE;
const SCORES: Record<string, number> = { '.': 0.5, x: 3.25, m: 5, X: 15 };

let database: Database;
let app: NestExpressApplication;
let base: string;
let seriesId: number;

beforeAll(async () => {
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'verdict spec' });
  app = await createServer({ config: readConfig({ LOG_LEVEL: 'silent' }), clock: () => NOW, database });
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/v1`;
});
afterAll(() => app?.close());

beforeEach(async () => {
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO series (name, labels, period_ms) VALUES ('verdict.spec', jsonb_build_object('id', gen_random_uuid()), 60000) RETURNING id`,
  );
  seriesId = rows[0]!.id;
});

const timeOf = (at: number): Date => new Date(START + at * MINUTE);

/** A series that is calm but for these stories, each from a place on; its alerts, oldest first. */
async function told(stories: Record<number, string>): Promise<Alert[]> {
  const letters = Array.from({ length: LENGTH }, () => '.');
  for (const [at, story] of Object.entries(stories)) letters.splice(Number(at), story.length, ...story);
  const times = letters.map((_, at) => timeOf(at));
  await database.query(
    'INSERT INTO sample (series_id, time, value) SELECT $1, t, 1 FROM unnest($2::timestamptz[]) t',
    [seriesId, times],
  );
  await database.query(
    `INSERT INTO score (series_id, time, score, threshold, expected, lower, upper, vrnn_share)
     SELECT $1, t.time, t.score, 3, 10, 5, NULL, 0.5 FROM unnest($2::timestamptz[], $3::real[]) AS t(time, score)`,
    [seriesId, times, letters.map((letter) => SCORES[letter])],
  );
  await database.query(
    `INSERT INTO watermark (series_id, first_sample_at, last_sample_at) VALUES ($1, $2, $3)`,
    [seriesId, times[0], times.at(-1)],
  );
  await review();
  return alerts();
}

async function review(): Promise<void> {
  const service = new AlertService(
    database,
    new CorrectionStore(database),
    newIncidents(database),
    new RuleStore(database),
    () => NOW,
  );
  const { rows } = await database.query<{ id: number }>('SELECT min(d.id) AS id FROM detector d');
  await service.review([{ seriesId, from: timeOf(0), detector: rows[0]! }]);
}

async function alerts(): Promise<Alert[]> {
  const response = await fetch(`${base}/alerts?series=${seriesId}`);
  return ((await response.json()) as unknown[]).map((alert) => Alert.parse(alert)).reverse();
}

const give = (id: number, body: object) =>
  fetch(`${base}/alerts/${id}/verdict`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const preview = async (id: number, kind: string) =>
  VerdictPreview.parse(await (await fetch(`${base}/alerts/${id}/verdict/preview?kind=${kind}`)).json());
const floors = () => new ScoreStore(database).floors([seriesId]);
/** The series as training sees it: '_' where it sees nothing. */
async function learnt(): Promise<string> {
  const [found] = await new TrainingStore(database).grids([seriesId], MINUTE);
  const { values, start } = found!.grid;
  return Array.from({ length: LENGTH }, (_, at) => {
    const value = values[Math.round(timeOf(at).getTime() / MINUTE) - start];
    return value === undefined || Number.isNaN(value) ? '_' : '.';
  }).join('');
}

test('is kept with its comment, shown with the alert, changed and taken back', async () => {
  const [alert] = await told({ 100: 'xxx' });
  expect(alert!.verdict).toBeNull();
  const answer = await give(alert!.id, { kind: 'expected', comment: ' backup ' });
  expect(Verdict.parse(await answer.json())).toMatchObject({
    alertId: alert!.id,
    kind: 'expected',
    comment: 'backup',
  });
  expect((await alerts())[0]!.verdict).toBe('expected');
  await give(alert!.id, { kind: 'real' });
  expect((await alerts())[0]!.verdict).toBe('real');
  const remove = () => fetch(`${base}/alerts/${alert!.id}/verdict`, { method: 'DELETE' });
  expect([(await remove()).status, (await remove()).status]).toEqual([204, 404]);
  expect((await alerts())[0]!.verdict).toBeNull();
});

test('outlives late samples that take its alert back', async () => {
  const [alert] = await told({ 100: 'xxx' });
  await give(alert!.id, { kind: 'real' });
  await database.query('UPDATE score SET score = 0.5 WHERE series_id = $1', [seriesId]);
  await review();
  expect(await alerts()).toMatchObject([{ id: alert!.id, verdict: 'real' }]);
});

describe('a false alarm', () => {
  test('shows what it would have saved, raises the threshold of its series, and lets it down when it is taken back', async () => {
    const [first, , confirmed] = await told({ 50: 'xxx', 100: 'mmm', 150: 'mmmm', 200: 'xxx' });
    await give(confirmed!.id, { kind: 'real' });
    expect(await preview(first!.id, 'false_alarm')).toMatchObject({
      isPossible: true,
      detail: expect.stringContaining('2 fewer alerts in 30 days (2 instead of 4), no confirmed one lost'),
      replay: { days: 30, before: 4, after: 2, confirmedLost: 0 },
    });
    expect(await floors()).toEqual(new Map());
    expect((await give(first!.id, { kind: 'false_alarm' })).status).toBe(200);
    expect((await floors()).get(seriesId)).toBeCloseTo(3.26, 5);
    await fetch(`${base}/alerts/${first!.id}/verdict`, { method: 'DELETE' });
    expect(await floors()).toEqual(new Map());
  });

  test('says when a confirmed one would be lost', async () => {
    const [first, second] = await told({ 50: 'mmm', 100: 'xxx' });
    await give(second!.id, { kind: 'real' });
    expect((await preview(first!.id, 'false_alarm')).replay).toMatchObject({ after: 0, confirmedLost: 1 });
  });

  test('that is as strange as can be is refused, with what to do instead', async () => {
    const [alert] = await told({ 50: 'XXX' });
    expect(await preview(alert!.id, 'false_alarm')).toMatchObject({ isPossible: false, replay: null });
    const answer = await give(alert!.id, { kind: 'false_alarm' });
    expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
      409,
      expect.stringContaining('silence it'),
    ]);
  });
});

test('what is real is left out of later training, as long as it lasted', async () => {
  const [alert] = await told({ 100: 'xxxx' });
  expect(await learnt()).toBe('.'.repeat(LENGTH));
  await give(alert!.id, { kind: 'real' });
  // It ends with the last of five calm samples.
  expect(await learnt()).toBe('.'.repeat(100) + '_'.repeat(8) + '.'.repeat(LENGTH - 108));
});

test('a new normal forgets what was before, and has the models trained anew', async () => {
  const [alert] = await told({ 100: 'xxxx' });
  await give(alert!.id, { kind: 'new_normal' });
  expect(await learnt()).toBe('_'.repeat(100) + '.'.repeat(LENGTH - 100));
  const runs = (await (await fetch(`${base}/training-runs`)).json()) as {
    reason: string;
    periodMs: number;
  }[];
  expect(runs.find(({ periodMs }) => periodMs === MINUTE)).toBeDefined();
});

describe('what is no verdict is refused', () => {
  test.each([
    [{ kind: 'maybe' }, 'kind'],
    [{}, 'kind'],
    [{ kind: 'real', comment: 'x'.repeat(501) }, 'comment'],
    [{ kind: 'real', colour: 'red' }, ''],
  ])('%j', async (body, at) => {
    const [alert] = await told({ 100: 'xxx' });
    const answer = await give(alert!.id, body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(await answer.json())).toContain(at);
  });

  test('an alert that is not there', async () => {
    expect((await give(2_000_000_000, { kind: 'real' })).status).toBe(404);
    expect((await fetch(`${base}/alerts/2000000000/verdict/preview?kind=real`)).status).toBe(404);
    expect((await fetch(`${base}/alerts/1/verdict/preview?kind=no`)).status).toBe(400);
  });
});
