/** Incidents over HTTP: listed, read with their story, acknowledged; and the alerts that are parts of them. */
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Alert, Incident, IncidentDetail } from '@bellwether/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AlertsModule } from '../../apps/backend/src/alerts/alerts.module';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { DatabaseModule } from '../../apps/backend/src/database/database.module';
import { migrate } from '../../apps/backend/src/database/migrate';
import { ProblemFilter } from '../../apps/backend/src/http/problem.filter';
import { endAlert, writeAlert, writeSeries } from '../support/outbox';

const NAME = 'incident-http.spec';
/** Later than what other suites leave behind, so that it is listed first. */
const START = Date.parse('2040-11-20T00:00:00Z');
const HOUR = 3_600_000;

let app: INestApplication;
let database: Database;
let api: string;
let alertIds: number[];

@Module({})
class TestModule {}

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: NAME });
  const config = readConfig({ SECRET_KEY: 'incident spec, and its secret key' });
  const imports = [DatabaseModule.with({ config, clock: () => START + 9 * HOUR, database }), AlertsModule];
  app = await NestFactory.create({ module: TestModule, imports }, { logger: false });
  app.useGlobalFilters(new ProblemFilter());
  await app.listen(0, '127.0.0.1');
  api = `${await app.getUrl()}/api/v1`;
});
beforeEach(async () => {
  alertIds = [];
  for (const hour of [0, 3, 6]) {
    const startsAt = new Date(START + hour * HOUR);
    const seriesId = await writeSeries(database, NAME, { hour: String(hour) });
    alertIds.push(await writeAlert(database, { seriesId, startsAt, isOver: hour === 3, now: startsAt }));
  }
});
afterEach(async () => {
  await database.query('DELETE FROM incident WHERE title LIKE $1', [`${NAME}%`]);
  await database.query('DELETE FROM series WHERE name = $1', [NAME]);
});
afterAll(() => app.close());

async function call(method: string, path: string, body?: unknown) {
  const response = await fetch(api + path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

const incidentId = async (place: number): Promise<number> =>
  Alert.parse((await call('GET', `/alerts/${alertIds[place]}`)).body).incidentId!;

describe('incidents', () => {
  test('are listed newest first, counted and filtered', async () => {
    const ids = await Promise.all([0, 1, 2].map(incidentId));
    const { body, headers } = await call('GET', '/incidents?limit=3');
    const listed = Incident.array().parse(body);
    expect(listed.map(({ id }) => id)).toEqual([ids[2], ids[1], ids[0]]);
    expect(listed.map(({ state }) => state)).toEqual(['open', 'resolved', 'open']);
    expect(Number(headers.get('X-Total-Count'))).toBeGreaterThanOrEqual(3);
    const of = async (query: string) =>
      Incident.array()
        .parse((await call('GET', `/incidents?${query}`)).body)
        .map(({ id }) => id);
    expect(await of('state=open&limit=2')).toEqual([ids[2], ids[0]]);
    expect(await of('state=open&limit=1&offset=1')).toEqual([ids[0]]);
    expect(await of('state=resolved&limit=1')).toEqual([ids[1]]);
  });

  test('are read with their alerts and their story', async () => {
    const { body } = await call('GET', `/incidents/${await incidentId(1)}`);
    expect(IncidentDetail.parse(body)).toMatchObject({
      ...{
        state: 'resolved',
        severity: 'warning',
        alertCount: 1,
        seriesCount: 1,
        reasons: [],
        mergedInto: null,
      },
      startsAt: new Date(START + 3 * HOUR).toISOString(),
      endsAt: new Date(START + 3 * HOUR + 60_000).toISOString(),
      alerts: [{ id: alertIds[1], why: expect.any(String) }],
      trail: [{ kind: 'opened' }, { kind: 'resolved' }],
    });
  });

  test('are acknowledged, by name or not, and taken back; twice is no more than once', async () => {
    const path = `/incidents/${await incidentId(2)}/acknowledge`;
    expect(await call('POST', path, { by: 'ann' })).toMatchObject({
      ...{
        status: 200,
        body: { state: 'acknowledged', acknowledgedAt: new Date(START + 9 * HOUR).toISOString() },
      },
    });
    expect(await call('POST', path)).toMatchObject({ status: 200, body: { state: 'acknowledged' } });
    expect(await call('DELETE', path)).toMatchObject({ status: 200, body: { state: 'open' } });
    expect(await call('DELETE', path)).toMatchObject({ status: 200, body: { state: 'open' } });
    const { trail } = IncidentDetail.parse((await call('GET', `/incidents/${await incidentId(2)}`)).body);
    expect(trail.map(({ detail }) => detail).slice(1)).toEqual([
      'Acknowledged by ann.',
      'No longer acknowledged.',
    ]);
    await endAlert(database, alertIds[2]!, new Date(START + 9 * HOUR));
    expect(await call('POST', path)).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/over/) },
    });
  });

  for (const [name, method, path, body, status, detail] of [
    ['one that is not there', 'GET', '/incidents/2147483647', undefined, 404, /incident/],
    ['what is no number', 'GET', '/incidents/x', undefined, 400, /^id: /],
    ['an unknown state', 'GET', '/incidents?state=maybe', undefined, 400, /^state: /],
    ['too many at once', 'GET', '/incidents?limit=201', undefined, 400, /^limit: /],
    [
      'to acknowledge one that is not there',
      'POST',
      '/incidents/2147483647/acknowledge',
      {},
      404,
      /incident/,
    ],
    ['an empty name', 'POST', '/incidents/1/acknowledge', { by: ' ' }, 400, /^by: /],
    ['a name that is too long', 'POST', '/incidents/1/acknowledge', { by: 'a'.repeat(101) }, 400, /^by: /],
    ['an unknown field', 'POST', '/incidents/1/acknowledge', { why: 'x' }, 400, /why/],
  ] as const)
    test(`refuse ${name}`, async () => {
      const answer = await call(method, path, body);
      expect(answer.status).toBe(status);
      expect(answer.body.detail).toMatch(detail);
    });
});
