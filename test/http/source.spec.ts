/**
 * Sources as a person uses them: configured by the API, fetched by the build, killed in between. Prometheus and Mosquitto are the
 * real ones where PROMETHEUS and MOSQUITTO name them, Kafka where KAFKA_BROKERS names a running one; what none of them can be made
 * to do on demand, a small server answers as they would.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { Source, SourceTest } from '@bellwether/contracts';
import { connect, connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../apps/backend/src/database/database';
import {
  type Bellwether,
  removeFolder,
  startBellwether,
  temporaryFolder,
  until,
} from '../support/bellwether';
import { freePort, type Program, startMosquitto, startPrometheus } from '../support/brokers';

const DATABASE_URL = process.env['DATABASE_URL']!;
const MINUTE = 60_000;
/** Everything of this suite has a name that begins so. */
const OWN = `source.spec ${randomUUID().slice(0, 8)}`;

let folder: string;
let bellwether: Bellwether;
let database: Database;

const begin = async () => (bellwether = await startBellwether(folder, { ROLES: 'api', DATABASE_URL }));

beforeAll(async () => {
  database = new Database(DATABASE_URL, { poolSize: 2, name: 'source.spec' });
  folder = await temporaryFolder();
  await begin();
});

afterEach(async () => {
  for (const { id } of await list()) await call('DELETE', `/${id}`);
});

afterAll(async () => {
  await bellwether?.stop();
  await database.query('DELETE FROM source s WHERE s.name LIKE $1', [`${OWN}%`]);
  await database.query('DELETE FROM series s WHERE s.name LIKE $1', [`${OWN}%`]);
  await database.close();
  await removeFolder(folder);
});

async function call(method: string, path = '', body?: unknown) {
  const response = await fetch(`${bellwether.url}/api/v1/sources${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined, text };
}

const list = async (): Promise<Source[]> =>
  ((await call('GET')).body as Source[]).filter(({ name }) => name.startsWith(OWN));
const read = async (id: number): Promise<Source> => Source.parse((await call('GET', `/${id}`)).body);
const tried = async (id: number): Promise<SourceTest> =>
  SourceTest.parse((await call('POST', `/${id}/test`)).body);

async function add(settings: object, rest: object = {}): Promise<Source> {
  const answer = await call('POST', '', { name: OWN, settings, ...rest });
  expect(answer.status, answer.text).toBe(201);
  return Source.parse(answer.body);
}

/** The samples of a series of this suite, oldest first. */
async function samples(name: string): Promise<{ timeMs: number; value: number; labels: object }[]> {
  const { rows } = await database.query<{ time: Date; value: number; labels: object }>(
    `SELECT p.time, p.value, s.labels FROM sample p JOIN series s ON s.id = p.series_id
     WHERE s.name = $1 ORDER BY p.time, s.labels->>'column' DESC NULLS FIRST, s.labels`,
    [name],
  );
  return rows.map(({ time, ...row }) => ({ timeMs: time.getTime(), ...row }));
}

const working = (id: number) => until(async () => (await read(id)).state === 'working' && read(id));
const failing = (id: number) => until(async () => (await read(id)).state === 'failing' && read(id));

/** Answers `query_range` as Prometheus does: one series, whose value is its time in minutes. */
interface Recorded {
  url: string;
  asked: { start: number; end: number; step: number; headers: Record<string, unknown> }[];
  answer?: { status: number; body: string; headers?: Record<string, string> } | undefined;
  close(): void;
}

async function startRecorded(): Promise<Recorded> {
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += String(part)));
    request.on('end', () => {
      const form = new URLSearchParams(text);
      const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(form.get(name))) as [
        number,
        number,
        number,
      ];
      recorded.asked.push({ start, end, step, headers: request.headers });
      if (recorded.answer) {
        const { status, body, headers = {} } = recorded.answer;
        return void response.writeHead(status, headers).end(body);
      }
      const values = Array.from({ length: Math.round((end - start) / step) + 1 }, (_, i) => {
        const time = start + i * step;
        return [time, (time / 60) % 7 === 0 ? 'NaN' : String(time / 60)];
      });
      const result = [{ metric: { job: 'recorded' }, values }];
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const recorded: Recorded = { url, asked: [], close: () => void server.close() };
  return recorded;
}

describe('prometheus', () => {
  let recorded: Recorded;
  beforeAll(async () => (recorded = await startRecorded()));
  afterAll(() => recorded.close());
  afterEach(() => (recorded.answer = undefined));

  const settings = (series: string, rest: object = {}) => ({
    kind: 'prometheus',
    url: recorded.url,
    query: 'sum by (job) (rate(requests_total[5m]))',
    series,
    stepMs: MINUTE,
    offsetMs: 0,
    backfillMs: 3_000 * MINUTE,
    ...rest,
  });

  test('is fetched from its beginning, in stretches, and goes on from there; NaN is no sample', async () => {
    const series = `${OWN} recorded`;
    recorded.asked = [];
    const { id } = await add(settings(series));
    const source = await until(async () => {
      const now = await read(id);
      return now.lagMs !== null && now.lagMs < MINUTE && now;
    });
    expect(source).toMatchObject({ state: 'working', refused: [], lastError: null });
    const found = await samples(series);
    expect(found.every(({ timeMs, value }) => value === timeMs / MINUTE && value % 7 !== 0)).toBe(true);
    const steps = (found.at(-1)!.timeMs - found[0]!.timeMs) / MINUTE;
    expect(found.length).toBeGreaterThan(steps * 0.85);
    expect(found.length).toBeGreaterThan(2_500);
    expect(source.samplesWritten).toBe(found.length);
    expect(found[0]!.labels).toEqual({ job: 'recorded' });
    expect(recorded.asked.length).toBeGreaterThan(1);
    // Each stretch begins a step after the one before.
    recorded.asked
      .slice(1)
      .forEach(({ start, step }, i) => expect(start).toBe(recorded.asked[i]!.end + step));
  });

  test('sends its credentials, shows none of them, and takes them nowhere else', async () => {
    const url = recorded.url.replace('://', '://ann:s3cret%2F@');
    const headers = { 'X-Scope-OrgID': 'tenant-hush' };
    const source = await add(settings(`${OWN} secret`, { url }), { secrets: { headers } });
    expect(source.settings).toMatchObject({ url: recorded.url, username: 'ann' });
    expect(source.secretsSet).toEqual({ password: true, token: false, headers: ['X-Scope-OrgID'] });
    await working(source.id);
    const basic = `Basic ${Buffer.from('ann:s3cret/').toString('base64')}`;
    expect(recorded.asked.at(-1)!.headers).toMatchObject({
      authorization: basic,
      'x-scope-orgid': 'tenant-hush',
    });
    const elsewhere = { settings: { ...source.settings, url: 'http://127.0.0.1:9/' } };
    expect(await call('PATCH', `/${source.id}`, elsewhere)).toMatchObject({ status: 400 });
    const { body } = await call('PATCH', `/${source.id}`, {
      secrets: { password: null, token: 'hush-token' },
    });
    expect(body.secretsSet).toEqual({ password: false, token: true, headers: ['X-Scope-OrgID'] });
    const told = JSON.stringify([await list(), await tried(source.id)]) + bellwether.output();
    const { rows } = await database.query('SELECT s::text AS text FROM source s WHERE s.id = $1', [
      source.id,
    ]);
    for (const secret of ['s3cret', 'hush']) {
      expect(told).not.toContain(secret);
      expect(String(rows[0]!['text'])).not.toContain(secret);
      expect(String(rows[0]!['text'])).not.toContain(Buffer.from(secret).toString('hex'));
    }
    await until(() => recorded.asked.at(-1)!.headers['authorization'] === 'Bearer hush-token');
  });

  test.each([
    ['not found', { status: 404, body: 'nope' }, /has no \/api\/v1\/query_range/],
    ['credentials', { status: 401, body: '' }, /wants credentials/],
    ['moved', { status: 302, body: '', headers: { location: '/elsewhere' } }, /redirects are not followed/],
    ['a page', { status: 200, body: '<html>' }, /not JSON/],
    [
      'a bad query',
      {
        status: 400,
        body: '{"status":"error","errorType":"bad_data","error":"parse error: unexpected <eof>"}',
      },
      /refuses the query: parse error: unexpected <eof>/,
    ],
  ])('says what is wrong: %s', async (_, answer, expected) => {
    recorded.answer = answer;
    const { id } = await add(settings(`${OWN} broken`));
    expect((await failing(id)).lastError).toMatch(expected);
    expect(await tried(id)).toMatchObject({ works: false, detail: expect.stringMatching(expected) });
    recorded.answer = undefined;
    await working(id);
  });

  test('one that is down delays no other, and one that never answers neither', async () => {
    const free = await freePort();
    const silent = createServer(() => undefined);
    await new Promise<void>((ready) => silent.listen(0, '127.0.0.1', ready));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await add(settings(`${OWN} silent`, { url }));
    const down = await add(settings(`${OWN} down`, { url: `http://127.0.0.1:${free}/` }));
    const up = await add(settings(`${OWN} up`, { backfillMs: MINUTE }));
    await working(up.id);
    expect((await failing(down.id)).lastError).toBe(
      `Nothing listens at 127.0.0.1:${free}: start it, or correct the address.`,
    );
    silent.closeAllConnections();
    silent.close();
  });

  test('a trial says what would come, and writes nothing', async () => {
    const series = `${OWN} trial`;
    const { id } = await add(settings(series), { isEnabled: false });
    const trial = await tried(id);
    expect(trial).toMatchObject({
      works: true,
      series: 1,
      examples: [{ name: series, labels: { job: 'recorded' } }],
    });
    expect(trial.samples).toBeGreaterThan(45);
    expect(await samples(series)).toEqual([]);
    expect(await read(id)).toMatchObject({ state: 'disabled', samplesWritten: 0 });
  });

  test.skipIf(!process.env['PROMETHEUS'])('a real one is asked for what it knows of itself', async () => {
    const prometheus = await startPrometheus(process.env['PROMETHEUS']!, await freePort());
    const url = `http://127.0.0.1:${prometheus.port}`;
    const timing = { stepMs: 1_000, offsetMs: 2_000, backfillMs: 10_000 };
    const named = await add({ kind: 'prometheus', url, query: 'up{job="self"}', ...timing });
    const summed = await add({
      kind: 'prometheus',
      url,
      query: 'sum by (job) (prometheus_tsdb_head_samples_appended_total)',
      series: `${OWN} appended`,
      ...timing,
    });
    const found = await until(async () => {
      const now = await samples(`${OWN} appended`);
      return now.length >= 5 && now;
    });
    expect(found[0]!.labels).toEqual({ job: 'self' });
    expect(found.every(({ timeMs }, i) => i === 0 || timeMs - found[i - 1]!.timeMs === 1_000)).toBe(true);
    expect(await tried(named.id)).toMatchObject({
      works: true,
      examples: [{ name: 'up', labels: { instance: `127.0.0.1:${prometheus.port}`, job: 'self' } }],
    });
    const nameless = await add({ kind: 'prometheus', url, query: 'sum(up)', ...timing });
    expect(await tried(nameless.id)).toMatchObject({
      works: false,
      detail: expect.stringContaining('has no name'),
    });
    const bad = await add({ kind: 'prometheus', url, query: 'sum(', ...timing });
    expect(await tried(bad.id)).toMatchObject({
      works: false,
      detail: expect.stringContaining('refuses the query: '),
    });
    await prometheus.stop();
    expect((await failing(summed.id)).lastError).toMatch(/Nothing listens at/);
    await database.query(`DELETE FROM series s WHERE s.name = 'up' AND s.labels->>'job' = 'self'`);
  });
});

describe('sql', () => {
  const table = `source spec "${randomUUID().slice(0, 8)}`;
  const quoted = `"${table.replaceAll('"', '""')}"`;
  const START = Date.now() - 10 * 3_600_000;
  const ROWS = 25_000;

  beforeAll(async () => {
    await database.query(
      `CREATE TABLE ${quoted} ("the time" timestamptz NOT NULL, host text, cpu double precision, "Memory" integer)`,
    );
    await database.query(
      `INSERT INTO ${quoted} SELECT to_timestamp($1::float8 / 1000 + n / 2 * 0.5), 'host-' || n % 2, n, CASE WHEN n % 5 > 0 THEN n END
       FROM generate_series(0, ${ROWS - 1}) AS n`,
      [START],
    );
  });
  afterAll(() => database.query(`DROP TABLE ${quoted}`));

  const settings = (series: string, rest: object = {}) => ({
    kind: 'sql',
    url: DATABASE_URL,
    from: { kind: 'table', table },
    timeColumn: 'the time',
    valueColumns: ['cpu'],
    labelColumns: ['host'],
    series,
    intervalMs: 1_000,
    ...rest,
  });

  test('a table with strange names is read from its beginning, page by page, and followed; late rows too', async () => {
    const series = `${OWN} table`;
    const { id } = await add(settings(series));
    await until(async () => (await read(id)).samplesWritten === ROWS);
    expect((await samples(series)).slice(0, 2)).toEqual([
      { timeMs: START, value: 0, labels: { host: 'host-0' } },
      { timeMs: START, value: 1, labels: { host: 'host-1' } },
    ]);
    const newest = Date.parse((await read(id)).cursorAt!);
    await database.query(`INSERT INTO ${quoted} VALUES ($1, 'host-0', -1, NULL), ($2, 'host-0', -2, NULL)`, [
      new Date(newest + 5_000),
      new Date(newest - 60_001),
    ]);
    await until(async () => (await read(id)).samplesWritten === ROWS + 2);
    const found = await samples(series);
    expect(found).toHaveLength(ROWS + 2);
    expect(found.filter(({ value }) => value < 0).map(({ value }) => value)).toEqual([-2, -1]);
    expect(Date.parse((await read(id)).cursorAt!)).toBe(newest + 5_000);
    // What was read again was not counted again.
    await new Promise((later) => setTimeout(later, 2_500));
    expect((await read(id)).samplesWritten).toBe(ROWS + 2);
  });

  test('killed and started again it goes on, and no sample is there twice', async () => {
    const series = `${OWN} killed`;
    const { id } = await add(settings(series));
    await until(async () => (await read(id)).samplesWritten > 0);
    await bellwether.kill();
    await begin();
    const found = await until(async () => {
      const now = await samples(series);
      return now.length >= ROWS && now;
    });
    expect(new Set(found.map(({ timeMs, labels }) => JSON.stringify([timeMs, labels]))).size).toBe(
      found.length,
    );
    expect((await read(id)).lastError).toBeNull();
  });

  test('several columns, a query, and a number as time', async () => {
    const series = `${OWN} query`;
    const query = `SELECT extract(epoch FROM "the time") AS at, cpu, "Memory", host AS "name" FROM ${quoted} WHERE cpu < 10 AND cpu >= 0 -- the first\n;`;
    const { id } = await add(
      settings(series, {
        from: { kind: 'query', query },
        timeColumn: 'at',
        timeFormat: 'seconds',
        valueColumns: ['cpu', 'Memory'],
        labelColumns: ['name'],
      }),
    );
    await until(async () => (await read(id)).samplesWritten === 18);
    expect(
      (await samples(series)).filter(({ timeMs }) => timeMs === START).map(({ labels }) => labels),
    ).toEqual([
      { name: 'host-0', column: 'cpu' },
      { name: 'host-1', column: 'cpu' },
      { name: 'host-1', column: 'Memory' },
    ]);
  });

  test.each([
    ['a write', { from: { kind: 'query', query: `DELETE FROM ${quoted} RETURNING *` } }, /syntax error/],
    [
      'a function that writes',
      { from: { kind: 'query', query: `SELECT *, nextval('source_id_seq') FROM ${quoted}` } },
      /read-only transaction/,
    ],
    [
      'a second statement',
      { from: { kind: 'query', query: `SELECT * FROM ${quoted}) q; DROP TABLE ${quoted}; SELECT (1` } },
      /database at .* says/,
    ],
    [
      'a table that is not there',
      { from: { kind: 'table', table: `x"; DROP TABLE ${quoted}; --` } },
      /does not exist/,
    ],
    [
      'a column that is not there',
      { valueColumns: ['cpu) FROM pg_user --'] },
      /does not exist.*name of the column/,
    ],
    ['a time that is none', { timeFormat: 'seconds' }, /timeFormat/],
    ['text for a value', { valueColumns: ['host'] }, /values have to be numbers/],
    ['nobody there', { url: 'postgres://ann:s3cret@127.0.0.1:9/db' }, /Nothing listens at 127.0.0.1:9/],
  ])('says what is wrong: %s', async (_, change, expected) => {
    const { id } = await add(settings(`${OWN} bad`, change), { isEnabled: false });
    const trial = await tried(id);
    expect(trial).toMatchObject({ works: false, detail: expect.stringMatching(expected) });
    expect(trial.detail).not.toContain('s3cret');
    const { rows } = await database.query(`SELECT count(*)::int AS count FROM ${quoted}`);
    expect(rows[0]!['count']).toBeGreaterThanOrEqual(ROWS);
  });

  test('a trial brings the newest rows', async () => {
    const series = `${OWN} sql trial`;
    const { id } = await add(settings(series), { isEnabled: false });
    expect(await tried(id)).toMatchObject({
      works: true,
      samples: expect.any(Number),
      series: 2,
      refused: [],
    });
    expect(await samples(series)).toEqual([]);
  });
});

describe.skipIf(!process.env['MOSQUITTO'])('mqtt', () => {
  let broker: Program;
  let client: MqttClient;
  const startBroker = async (port: number) =>
    (broker = await startMosquitto(process.env['MOSQUITTO']!, port));
  const speak = async () => (client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`));
  beforeAll(async () => {
    await startBroker(await freePort());
    await speak();
  });
  afterAll(async () => {
    await client?.endAsync(true);
    await broker?.stop();
  });

  const publish = (topic: string, body: unknown, options = {}) =>
    client.publishAsync(topic, typeof body === 'string' ? body : JSON.stringify(body), {
      qos: 1,
      ...options,
    });
  const settings = (rest: object = {}) => ({
    kind: 'mqtt',
    url: `mqtt://127.0.0.1:${broker.port}`,
    topics: [`${OWN}/#`],
    ...rest,
  });

  test('samples, and messages that are none: counted, and passed over', async () => {
    const series = `${OWN} messages`;
    const { id } = await add(settings());
    await working(id);
    const now = Date.now();
    await publish(`${OWN}/a`, { series, time: now, value: 1 });
    await publish(`${OWN}/a`, 'no JSON \u0000');
    await publish(`${OWN}/a`, '');
    await publish(`${OWN}/a`, [
      { series, time: now + 1, value: 2 },
      { series, time: now + 2, value: 'x' },
    ]);
    await until(async () => (await read(id)).samplesWritten === 2);
    const source = await until(async () => {
      const one = await read(id);
      return one.refused[0]?.count === 3 && one;
    });
    expect(source).toMatchObject({ state: 'working', refused: [{ reason: 'unparsable', count: 3 }] });
    expect(source.refused[0]!.first.at).toContain(`a message of ${OWN}/a`);
    expect((await samples(series)).map(({ value }) => value)).toEqual([1, 2]);
  });

  test('numbers by topic, and fields of JSON; what the broker keeps for newcomers is no new sample', async () => {
    await publish(`${OWN}/kept`, '99', { retain: true });
    const numbers = await add(settings({ topics: [`${OWN}/+`], payload: { format: 'number' } }));
    const fields = await add(
      settings({
        topics: [`${OWN}/rooms/+`],
        payload: {
          format: 'json',
          series: `${OWN} room`,
          values: ['temperature', 'air.0.humidity'],
          time: 'at',
        },
      }),
    );
    await Promise.all([working(numbers.id), working(fields.id)]);
    await publish(`${OWN}/cellar`, ' 21.5 ');
    const at = new Date().toISOString();
    await publish(`${OWN}/rooms/attic`, { temperature: '30.5', air: [{ humidity: 40 }], at });
    await until(async () => (await samples(`${OWN} room`)).length === 2);
    expect((await samples(`${OWN} room`)).map(({ value, labels }) => [value, labels])).toEqual([
      [40, { field: 'air.0.humidity', topic: `${OWN}/rooms/attic` }],
      [30.5, { field: 'temperature', topic: `${OWN}/rooms/attic` }],
    ]);
    await until(async () => (await samples(`${OWN}/cellar`)).length === 1);
    expect(await samples(`${OWN}/kept`)).toEqual([]);
    await publish(`${OWN}/kept`, '', { retain: true });
  });

  test('killed in the middle, it loses nothing that the broker was told of; what came in between follows', async () => {
    const series = `${OWN} killed mqtt`;
    const { id } = await add(settings());
    await working(id);
    const start = Date.now() - 1_000_000;
    const COUNT = 1_500;
    const send = async (from: number, to: number) => {
      for (let i = from; i < to; i++) await publish(`${OWN}/k`, { series, time: start + i, value: i });
    };
    const sent = send(0, COUNT);
    await until(async () => (await samples(series)).length > 100);
    await bellwether.kill();
    await sent;
    await begin();
    const found = await until(async () => {
      const now = await samples(series);
      return now.length >= COUNT && now;
    });
    expect(found.map(({ timeMs, value }) => timeMs - start === value && value)).toEqual(
      Array.from({ length: COUNT }, (_, i) => i),
    );
  });

  test('a broker that goes away and comes back is found again', async () => {
    const series = `${OWN} back`;
    const { id } = await add(settings());
    await working(id);
    await client.endAsync(true);
    await broker.stop();
    expect((await failing(id)).lastError).toMatch(/closed the connection|Nothing listens at/);
    await startBroker(broker.port);
    await speak();
    await working(id);
    await publish(`${OWN}/b`, { series, time: Date.now(), value: 7 });
    await until(async () => (await samples(series)).length === 1);
  });

  test('with other topics it hears of those only, and deleted it leaves nothing with the broker', async () => {
    const series = `${OWN} topics`;
    const clientId = `source-spec-${randomUUID().slice(0, 8)}`;
    const { id, settings: before } = await add(settings({ topics: [`${OWN}/x`, `${OWN}/y`], clientId }));
    await working(id);
    await call('PATCH', `/${id}`, { isEnabled: false, settings: { ...before, topics: [`${OWN}/y`] } });
    await publish(`${OWN}/x`, { series, time: Date.now(), value: 1 });
    await publish(`${OWN}/y`, { series, time: Date.now(), value: 2 });
    await call('PATCH', `/${id}`, { isEnabled: true });
    await until(async () => (await samples(series)).length > 0);
    expect((await samples(series)).map(({ value }) => value)).toEqual([2]);
    expect((await call('DELETE', `/${id}`)).status).toBe(204);
    const heir = connect(`mqtt://127.0.0.1:${broker.port}`, { clientId, clean: false, protocolVersion: 4 });
    const isKept = await new Promise((told) =>
      heir.once('connect', (connack) => told(connack.sessionPresent)),
    );
    expect(isKept).toBe(false);
    await heir.endAsync();
  });

  test('a trial shows what comes, and takes it from nobody', async () => {
    const { id } = await add(settings(), { isEnabled: false });
    const trial = tried(id);
    const timer = setInterval(
      () => void publish(`${OWN}/t`, { series: `${OWN} t`, time: Date.now(), value: 1 }),
      500,
    );
    expect(await trial).toMatchObject({
      works: true,
      series: 1,
      examples: [{ name: `${OWN} t`, labels: {} }],
    });
    clearInterval(timer);
    expect(await samples(`${OWN} t`)).toEqual([]);
  });
});

/** A broker is too much to fetch for a test: a person starts one, and names it: KAFKA_BROKERS=127.0.0.1:9092. */
describe.skipIf(!process.env['KAFKA_BROKERS'])('kafka', () => {
  const brokers = (process.env['KAFKA_BROKERS'] ?? '').split(',');
  const topic = `source.spec.${randomUUID().slice(0, 8)}`;
  const kafka = createRequire(resolve(__dirname, '../../apps/backend/package.json'));
  let producer: { send(options: object): Promise<unknown>; close(): Promise<void> };
  let admin: {
    createTopics(options: object): Promise<unknown>;
    deleteTopics(options: object): Promise<unknown>;
    close(): Promise<void>;
  };

  beforeAll(async () => {
    const { Admin, Producer, stringSerializers } = kafka('@platformatic/kafka');
    const options = { clientId: 'source.spec', bootstrapBrokers: brokers };
    admin = new Admin(options);
    await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 });
    producer = new Producer({ ...options, serializers: stringSerializers });
    // A topic that is a moment old has no leader yet, and what is sent to it may be sent twice.
    await new Promise((later) => setTimeout(later, 2_000));
  });
  afterAll(async () => {
    await producer?.close();
    await admin?.deleteTopics({ topics: [topic] });
    await admin?.close();
  });

  const send = (bodies: unknown[]) =>
    producer.send({
      messages: bodies.map((body, i) => ({
        topic,
        key: String(i),
        value: typeof body === 'string' ? body : JSON.stringify(body),
      })),
    });
  const settings = (rest: object = {}) => ({
    kind: 'kafka',
    brokers,
    topics: [topic],
    groupId: `${topic}.group`,
    from: 'earliest',
    ...rest,
  });

  test('samples are written, poison is passed over, and offsets stay where they were after a restart', async () => {
    const series = `${OWN} kafka`;
    const now = Date.now();
    await send(['poison', ...Array.from({ length: 300 }, (_, i) => ({ series, time: now + i, value: i }))]);
    const { id } = await add(settings());
    const { samplesWritten: before } = await until(async () => {
      const one = await read(id);
      return (await samples(series)).length === 300 && one.samplesWritten >= 300 && one;
    });
    expect(await read(id)).toMatchObject({ state: 'working', refused: [{ reason: 'unparsable' }] });
    await bellwether.stop();
    await begin();
    await send([{ series, time: now + 300, value: 300 }]);
    await until(async () => (await samples(series)).length === 301);
    expect((await samples(series)).map(({ value }) => value)).toEqual(
      Array.from({ length: 301 }, (_, i) => i),
    );
    // Had the offsets not been committed, all of it would have come again.
    const after = await until(async () => {
      const one = await read(id);
      return one.samplesWritten > before && one;
    });
    expect(after.samplesWritten - before).toBeLessThan(300);
  });

  test('killed in the middle, it loses nothing', async () => {
    const series = `${OWN} killed kafka`;
    const start = Date.now() - 1_000_000;
    const COUNT = 20_000;
    const { id } = await add(settings({ groupId: `${topic}.killed` }));
    await working(id);
    for (let from = 0; from < COUNT; from += 1_000)
      await send(
        Array.from({ length: 1_000 }, (_, i) => ({ series, time: start + from + i, value: from + i })),
      );
    await until(async () => (await samples(series)).length > 0);
    await bellwether.kill();
    await begin();
    const found = await until(async () => {
      const now = await samples(series);
      return now.length >= COUNT && now;
    });
    expect(found.map(({ value }) => value)).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  });

  test('a topic that is not there is named', async () => {
    const { id } = await add(settings({ topics: ['no.such.topic'] }), { isEnabled: false });
    expect(await tried(id)).toMatchObject({
      works: false,
      detail: expect.stringMatching(/topic does not exist/),
    });
  });
});

test('a Kafka that is not there is told of', async () => {
  const { id } = await add({ kind: 'kafka', brokers: ['127.0.0.1:9'], topics: ['a'] });
  expect((await failing(id)).lastError).toMatch(/Nothing listens at 127.0.0.1:9/);
});

describe('what cannot be a source is refused', () => {
  const mqtt = { kind: 'mqtt', url: 'mqtt://localhost', topics: ['a'] };
  const kafka = { kind: 'kafka', brokers: ['localhost:9092'], topics: ['a'] };
  const sql = {
    kind: 'sql',
    url: 'postgres://localhost/x',
    from: { kind: 'table', table: 't' },
    timeColumn: 't',
    valueColumns: ['v'],
  };
  test.each([
    ['no kind', { settings: { url: 'http://x' } }, /^settings\.kind: /],
    [
      'another protocol',
      { settings: { ...mqtt, url: 'http://x' } },
      /^settings\.url: the url is not one like mqtt/,
    ],
    ['an unknown setting', { settings: { ...mqtt, colour: 'red' } }, /colour/],
    ['a secret that the kind has not', { settings: mqtt, secrets: { token: 'x' } }, /^secrets\.token: /],
    [
      'a password in a parameter',
      { settings: { ...sql, url: `${sql.url}?password=hush` } },
      /^settings\.url: /,
    ],
    [
      'a file in a parameter',
      { settings: { ...sql, url: `${sql.url}?sslkey=/etc/shadow` } },
      /^settings\.url: /,
    ],
    ['SASL without a user', { settings: { ...kafka, sasl: 'PLAIN' } }, /^settings\.username: /],
    ['a broker without a port', { settings: { ...kafka, brokers: ['localhost'] } }, /host:port/],
    ['a header that is none', { settings: mqtt, secrets: { headers: { 'a b': 'c' } } }, /header/],
  ])('%s', async (_, input, expected) => {
    const answer = await call('POST', '', { name: OWN, ...input });
    expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringMatching(expected) } });
    expect(answer.text).not.toContain('hush');
  });

  test('and one that is none is not found', async () => {
    expect((await call('GET', '/2147483647')).status).toBe(404);
    expect((await call('PATCH', '/2147483647', {})).status).toBe(404);
    expect((await call('DELETE', '/2147483647')).status).toBe(404);
    expect((await call('POST', '/2147483647/test')).status).toBe(404);
  });
});
