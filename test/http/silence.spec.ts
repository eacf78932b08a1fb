/** Silences over HTTP: added, shown, changed, ended and deleted, and what they refuse. */
import { randomUUID } from 'node:crypto';
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Silence, SilencePreview } from '@bellwether/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { DatabaseModule } from '../../apps/backend/src/database/database.module';
import { migrate } from '../../apps/backend/src/database/migrate';
import { ProblemFilter } from '../../apps/backend/src/http/problem.filter';
import { SilencesModule } from '../../apps/backend/src/silences/silences.module';

/** A Thursday. */
const START = Date.parse('2025-11-20T12:00:00Z');
const HOUR = 3_600_000;
const NAME = `silence.spec ${randomUUID().slice(0, 8)}`;

let app: INestApplication;
let database: Database;
let api: string;
let nowMs: number;

@Module({})
class TestModule {}

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'silence.spec' });
  const config = readConfig({});
  const imports = [DatabaseModule.with({ config, clock: () => nowMs, database }), SilencesModule];
  app = await NestFactory.create({ module: TestModule, imports }, { logger: false });
  app.useGlobalFilters(new ProblemFilter());
  await app.listen(0, '127.0.0.1');
  api = `${await app.getUrl()}/api/v1/silences`;
});
beforeEach(() => (nowMs = START));
afterEach(() => database.query('DELETE FROM silence'));
afterAll(() => app.close());

async function call(method: string, path = '', body?: unknown) {
  const response = await fetch(api + path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

const at = (hour: number): string => new Date(START + hour * HOUR).toISOString();
const matchers = [{ label: '__name__', op: '=', value: NAME }];
const weekly = {
  ...{ kind: 'weekly', days: [6, 7], at: '22:00', durationMinutes: 480, timeZone: 'Europe/Berlin' },
};
const until = (hour: number) => ({ kind: 'once', to: at(hour) });
const add = async (input: object = {}): Promise<Silence> => {
  const answer = await call('POST', '', { matchers, schedule: until(4), ...input });
  expect(answer).toMatchObject({ status: 201 });
  return Silence.parse(answer.body);
};
const read = async (id: number): Promise<Silence> => Silence.parse((await call('GET', `/${id}`)).body);

describe('a silence', () => {
  test('acts from now on where it says nothing, and says until when', async () => {
    const added = await add({ comment: ' new disks ' });
    expect(added).toMatchObject({
      ...{ kind: 'silence', matchers, comment: 'new disks', state: 'active', held: 0, hasActed: false },
      schedule: { kind: 'once', from: at(0), to: at(4) },
      current: { from: at(0), to: at(4) },
      next: null,
      endedAt: null,
    });
    expect(await read(added.id)).toEqual(added);
    nowMs = START + 4 * HOUR;
    expect(await read(added.id)).toMatchObject({ state: 'past', current: null, next: null });
  });

  test('that recurs says when it acts next, on the clock of its zone', async () => {
    const { id, ...added } = await add({ schedule: weekly, kind: 'maintenance' });
    expect(added).toMatchObject({
      ...{ kind: 'maintenance', state: 'upcoming', current: null },
      schedule: { ...weekly, from: at(0), until: null },
      hasBegun: false,
      next: { from: '2025-11-22T21:00:00.000Z', to: '2025-11-23T05:00:00.000Z' },
    });
    nowMs = Date.parse('2025-11-23T04:00:00Z');
    expect(await read(id)).toMatchObject({
      state: 'active',
      hasBegun: true,
      current: { to: '2025-11-23T05:00:00.000Z' },
      next: { from: '2025-11-23T21:00:00.000Z' },
    });
  });

  test('is listed: active, upcoming, past', async () => {
    const ids = [
      await add({ schedule: until(1) }),
      await add({ schedule: weekly }),
      await add({ schedule: until(9) }),
      await add({ schedule: until(5) }),
      await add({ schedule: { ...until(20), from: at(10) } }),
    ].map(({ id }) => id);
    nowMs = START + 2 * HOUR;
    const listed = async (query = '') =>
      (await call('GET', query)).body.map(({ id }: Silence) => ids.indexOf(id));
    expect(await listed()).toEqual([3, 2, 4, 1, 0]);
    expect(await listed('?past=0')).toEqual([3, 2, 4, 1]);
    expect(await call('GET', '?past=501')).toMatchObject({ status: 400 });
  });

  test('is ended once, and says by whom', async () => {
    const { id } = await add();
    nowMs += HOUR;
    expect(await call('POST', `/${id}/end`, { by: 'ann' })).toMatchObject({
      status: 200,
      body: { state: 'past', endedAt: at(1), endedBy: 'ann' },
    });
    expect(await call('POST', `/${id}/end`)).toMatchObject({ status: 409 });
    const other = await add();
    expect((await call('POST', `/${other.id}/end`)).body).toMatchObject({ endedBy: 'the API' });
    expect(await call('POST', '/2147483647/end')).toMatchObject({ status: 404 });
  });

  test('is changed before it begins, and then only in what lies ahead', async () => {
    const { id } = await add({ schedule: { ...until(9), from: at(5) } });
    const other = [{ label: 'host', op: '=~', value: 'web-.*' }];
    const change = (body: object) => call('PATCH', `/${id}`, body);
    expect(await change({ matchers: other, comment: 'moved', schedule: until(6) })).toMatchObject({
      status: 200,
      body: { matchers: other, comment: 'moved', state: 'active', current: { from: at(0), to: at(6) } },
    });
    nowMs += HOUR;
    expect(await change({ schedule: until(7) })).toMatchObject({
      body: { current: { from: at(0), to: at(7) } },
    });
    for (const body of [{ matchers }, { schedule: weekly }, { schedule: until(0.5) }]) {
      const refused = await change(body);
      expect(refused.status).toBe(400);
      expect(refused.body.errors[0].at).toMatch(/^(matchers|schedule)/);
      expect(refused.body.detail).toMatch(/end it/);
    }
    expect(await change({ comment: 'still', kind: 'maintenance' })).toMatchObject({
      body: { comment: 'still', kind: 'maintenance', schedule: { from: at(0), to: at(7) } },
    });
    expect(await call('PATCH', '/2147483647', {})).toMatchObject({ status: 404 });
    expect(await change({ colour: 'red' })).toMatchObject({ status: 400 });
  });

  test('is deleted while nothing has come of it', async () => {
    const { id } = await add();
    expect(await call('DELETE', `/${id}`)).toMatchObject({ status: 204 });
    expect(await call('DELETE', `/${id}`)).toMatchObject({ status: 404 });

    const held = await add();
    await database.query(
      `WITH series AS (INSERT INTO series (name) VALUES ($2) RETURNING id),
       alert AS (INSERT INTO alert (series_id, starts_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
                 SELECT id, now(), now(), 1, 9, 0.5, 3 FROM series RETURNING id),
       incident AS (INSERT INTO incident (starts_at, severity, is_history, first_alert_id, title, alert_count, series_count)
                    SELECT now(), 'warning', false, id, 'held', 1, 1 FROM alert RETURNING id)
       INSERT INTO silence_held (silence_id, incident_id, channel_id, held_at) SELECT $1, id, 1, now() FROM incident`,
      [held.id, NAME],
    );
    expect(await read(held.id)).toMatchObject({ held: 1, hasActed: true });
    const refused = await call('DELETE', `/${held.id}`);
    expect(refused).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('end it instead') },
    });
    await database.query('DELETE FROM series WHERE name = $1', [NAME]);
  });

  test('of maintenance stays once a training has left its samples out', async () => {
    const past = { kind: 'once', from: at(-5), to: at(-4) };
    const [kept, ahead] = [
      await add({ kind: 'maintenance', schedule: past }),
      await add({ kind: 'maintenance', schedule: { ...until(9), from: at(5) } }),
    ];
    expect(kept).toMatchObject({ state: 'past', hasActed: false });
    await database.query(
      `INSERT INTO training_run (detector_id, period_ms, reason, seed, started_at, ended_at)
       SELECT id, 1, 'asked for', 1, $1, $1 FROM detector LIMIT 1`,
      [new Date(START + HOUR)],
    );
    expect(await call('DELETE', `/${kept.id}`)).toMatchObject({ status: 409 });
    expect(await call('DELETE', `/${ahead.id}`)).toMatchObject({ status: 204 });
  });
});

describe('a silence is refused', () => {
  const one = (change: object) => ({ matchers: [{ ...matchers[0], ...change }] });
  const recurring = (change: object) => ({ schedule: { ...weekly, ...change } });
  test.each<[string, object, RegExp]>([
    ['without matchers', { matchers: [] }, /^matchers: at least one matcher is needed/],
    ['with too many', { matchers: Array(11).fill(matchers[0]) }, /^matchers: more than 10/],
    ['with an unknown operator', one({ op: '==' }), /^matchers\.0\.op: /],
    ['without a label', one({ label: '' }), /^matchers\.0\.label: the label is empty/],
    ['with a value too long', one({ value: 'x'.repeat(201) }), /^matchers\.0\.value: the value is longer/],
    ['with control characters', one({ value: 'a\u0000' }), /^matchers\.0\.value: .*control/],
    [
      'with a broken expression',
      one({ op: '=~', value: 'web(' }),
      /^matchers\.0\.value: a "\(" is not closed/,
    ],
    ['with one too large', one({ op: '=~', value: '((a{99}){99}){99}' }), /^matchers\.0\.value: .*too large/],
    [
      'that means everything by accident',
      { matchers: [{ label: 'host', op: '!=', value: 'x' }] },
      /^matchers: each of them matches a label that is not there/,
    ],
    ['without a schedule', { schedule: undefined }, /^schedule: /],
    ['of an unknown kind', { kind: 'pause' }, /^kind: /],
    ['with an unknown field', { colour: 'red' }, /colour/],
    ['in the past', { schedule: until(-1) }, /^schedule\.to: it lies in the past/],
    [
      'upside down',
      { kind: 'maintenance', schedule: { kind: 'once', from: at(2), to: at(1) } },
      /^schedule\.to: it has to end after/,
    ],
    ['for years', { schedule: until(24 * 367) }, /^schedule\.to: it lasts longer than 366 days/],
    [
      'in another century',
      { schedule: { kind: 'once', to: '2525-01-01T00:00:00Z' } },
      /^schedule\.to: a time has to lie between/,
    ],
    ['at no time', { schedule: { kind: 'once', to: 'tomorrow' } }, /^schedule\.to: not a time like/],
    ['of unknown recurrence', recurring({ kind: 'monthly' }), /^schedule/],
    ['on no day', recurring({ days: [] }), /^schedule\.days: choose at least one/],
    ['on a day twice', recurring({ days: [1, 1] }), /^schedule\.days: a day is named twice/],
    ['on an eighth day', recurring({ days: [8] }), /^schedule\.days\.0: /],
    ['at 25 o’clock', recurring({ at: '25:00' }), /^schedule\.at: a time of the day is written like/],
    ['nowhere', recurring({ timeZone: 'Mars/Olympus' }), /^schedule\.timeZone: not a time zone like/],
    ['in a zone that knows no summer', recurring({ timeZone: '+01:00' }), /^schedule\.timeZone: /],
    [
      'longer than it is apart',
      recurring({ durationMinutes: 1_441 }),
      /^schedule\.durationMinutes: it has to end before it begins again, after 1440 minutes/,
    ],
    ['that never begins', recurring({ until: at(1) }), /^schedule\.until: it ends before it has ever begun/],
  ])('%s', async (_, input, detail) => {
    const answer = await call('POST', '', { matchers, schedule: until(4), ...input });
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toMatch(detail);
    expect(answer.body.errors[0].at).toBe(answer.body.detail.split(':')[0]);
  });

  test.each(['[]', '"x"', '{"matchers":', 'null', '{"matchers":{},"schedule":[]}'])('as %s', async (body) =>
    expect((await call('POST', '', body)).status).toBe(400),
  );

  test('beyond 500 of them', async () => {
    await database.query(
      `INSERT INTO silence (kind, matchers, begins_at, until, created_at)
       SELECT 'silence', $1, $2, $3, $2 FROM generate_series(1, 500)`,
      [JSON.stringify(matchers), new Date(START), new Date(START + HOUR)],
    );
    expect(await call('POST', '', { matchers, schedule: until(4) })).toMatchObject({ status: 409 });
    nowMs += HOUR;
    await add();
  });
});

describe('a preview', () => {
  const host = randomUUID();
  let ids: number[];
  beforeAll(async () => {
    const { rows } = await database.query<{ id: number }>(
      `INSERT INTO series (name, labels, is_counter)
       SELECT $1, jsonb_build_object('host', $2::text, 'core', n::text), n = 9 FROM generate_series(0, 9) AS n RETURNING id`,
      [NAME, host],
    );
    ids = rows.map(({ id }) => id);
    await database.query(
      `INSERT INTO alert (series_id, starts_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
       VALUES ($1, $2, $2, 1, 9, 0.5, 3)`,
      [ids[7], new Date(START)],
    );
  });
  afterAll(() => database.query('DELETE FROM series WHERE id = ANY($1::int[])', [ids]));
  const preview = (...given: object[]) => call('POST', '/preview', { matchers: given });
  const hosts = { label: 'host', op: '=', value: host };

  test('counts the series that match, names five, and those that fire first; a counter is none', async () => {
    const answer = await preview(hosts);
    expect(answer).toMatchObject({ status: 200, body: { count: 9, firing: 1 } });
    const { examples } = SilencePreview.parse(answer.body);
    expect(examples).toHaveLength(5);
    expect(examples[0]).toEqual({ id: ids[7], name: NAME, labels: { host, core: '7' }, isFiring: true });
    expect((await preview(hosts, { label: 'core', op: '=~', value: '[0-2]' })).body.count).toBe(3);
    expect((await preview(hosts, { label: 'core', op: '!~', value: '[0-2]' })).body.count).toBe(6);
    expect((await preview(hosts, { label: '__name__', op: '=', value: 'other' })).body).toEqual({
      ...{ count: 0, firing: 0, examples: [] },
    });
  });

  test('looks at more series than one question brings', async () => {
    await database.query(
      `INSERT INTO series (name, labels) SELECT $1, jsonb_build_object('many', n::text) FROM generate_series(1, 2500) AS n`,
      [NAME],
    );
    const many = { label: 'many', op: '=~', value: '\\d+' };
    expect((await preview(many, { label: '__name__', op: '=', value: NAME })).body.count).toBe(2_500);
    await database.query(`DELETE FROM series WHERE name = $1 AND labels ? 'many'`, [NAME]);
  });

  test('refuses what a silence refuses', async () => {
    expect(await preview()).toMatchObject({ status: 400 });
    expect((await preview({ ...hosts, op: '=~', value: '[' })).body.detail).toMatch(/^matchers\.0\.value: /);
  });
});
