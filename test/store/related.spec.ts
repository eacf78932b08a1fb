/** Related series on the real database: by labels, and by alerts that came together before. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RelatedStore } from '../../apps/backend/src/alerts/related.store';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';

const DAY = 86_400_000;
const START = Date.parse('2025-06-01T00:00:00Z');

let database: Database;
let store: RelatedStore;

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 2, name: 'related.spec' });
  store = new RelatedStore(database);
});
afterAll(async () => {
  await database.query(`DELETE FROM series WHERE name LIKE 'related.spec %'`);
  await database.close();
});

async function newSeries(name: string, labels: Record<string, string> = {}): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    'INSERT INTO series (name, labels, unit, period_ms) VALUES ($1, $2, $3, 60000) RETURNING id',
    [`related.spec ${name}`, { ...labels, id: randomUUID() }, 'ms'],
  );
  return rows[0]!.id;
}

/** Writes an alert for each x: a day a character, shifted by minutes. */
async function alerts(seriesId: number, days: string, minutes = 0): Promise<void> {
  const starts = [...days].flatMap((letter, day) =>
    letter === 'x' ? [new Date(START + day * DAY + minutes * 60_000)] : [],
  );
  await database.query(
    `INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
     SELECT $1, t, t + INTERVAL '1 minute', t, 1, 9, 0.5, 3 FROM unnest($2::timestamptz[]) AS t`,
    [seriesId, starts],
  );
}

const related = async (seriesId: number, before?: Date) =>
  (await store.relatedTo(seriesId, before)).map(({ name, relation }) => [name.slice(13), relation]);

test('series of one host are related, those of one environment are not', async () => {
  const [web, db] = [randomUUID(), randomUUID()];
  const cpu = await newSeries('cpu', { host: web, env: 'prod' });
  await newSeries('memory', { host: web, env: 'prod' });
  await newSeries('disk', { host: db, env: 'prod' });
  await newSeries('queue', { host: db, env: 'test' });
  expect(await related(cpu)).toEqual([['memory', `same host=${web}`]]);
});

test('a label that many series carry relates none of them', async () => {
  const rack = randomUUID();
  const ids = await Promise.all(Array.from({ length: 31 }, () => newSeries('crowd', { rack })));
  await newSeries('crowd', { rack: randomUUID() });
  expect(await related(ids[0]!)).toEqual([]);
  await database.query('DELETE FROM series s WHERE s.id = $1', [ids[30]]);
  expect(await related(ids[0]!)).toHaveLength(29);
});

test('series that fired together before are related, as it was known before a time', async () => {
  const [one, close, late, rare] = [
    await newSeries('one'),
    await newSeries('close'),
    await newSeries('late'),
    await newSeries('rare'),
  ];
  await alerts(one, 'xx.xx.x');
  await alerts(close, 'xx.x..x', 10);
  await alerts(late, 'xx.xx.x', 40);
  await alerts(rare, 'x......', 1);
  const beforeDay = (day: number) => new Date(START + day * DAY);
  expect(await related(one, beforeDay(1))).toEqual([]);
  expect(await related(one, beforeDay(9))).toEqual([['close', 'fired together 4 of 4 times before']]);
  // At its newest alert; what came ten minutes later was not there yet.
  expect(await related(one)).toEqual([['close', 'fired together 3 of 3 times before']]);
  expect(await related(one, beforeDay(200))).toEqual([]);
});
