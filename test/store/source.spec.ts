/** Who runs a source: one process at a time, and what an older version has to say does not count. */
import { randomUUID } from 'node:crypto';
import { SourceSettings } from '@bellwether/contracts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Database } from '../../apps/backend/src/database/database';
import { type NewSource, SourceStore } from '../../apps/backend/src/sources/source.store';

const LEASE_MS = 60_000;
const settings = SourceSettings.parse({ kind: 'prometheus', url: 'http://host/', query: 'up' });
const name = `source-store.spec ${randomUUID()}`;
const given: NewSource = { name, isEnabled: true, settings, sealed: null, secretNames: [] };
const [one, other] = [randomUUID(), randomUUID()];
const at = new Date('2026-01-31T12:00:00Z');

let database: Database;
let store: SourceStore;
let id: number;

beforeAll(() => {
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'source.spec' });
  store = new SourceStore(database);
});
beforeEach(async () => {
  await database.query('DELETE FROM source s WHERE s.name = $1', [name]);
  id = (await store.add(given, 1e6))!;
});
afterAll(async () => {
  await database.query('DELETE FROM source s WHERE s.name = $1', [name]);
  await database.close();
});

const claims = async (claimedBy: string) =>
  (await store.claim(claimedBy, LEASE_MS)).some((source) => source.id === id);
const round = { at, cursor: undefined, newestAt: undefined, written: 0, refused: [] };
const find = async () => (await store.byId(id))!;

test('is claimed by one process, as long as that lives', async () => {
  const all = await Promise.all([claims(one), claims(other), claims(one), claims(other)]);
  expect(all.filter(Boolean).length).toBeGreaterThanOrEqual(1);
  expect([await claims(one), await claims(other)].filter(Boolean)).toHaveLength(1);
});

test('is another one’s when the claim is over, or given back', async () => {
  expect([await claims(one), await claims(other)]).toEqual([true, false]);
  await database.query(`UPDATE source s SET claimed_until = now() - INTERVAL '1 s' WHERE s.id = $1`, [id]);
  expect([await claims(other), await claims(one)]).toEqual([true, false]);
  await store.release(other);
  expect(await claims(one)).toBe(true);
});

test('is nobody’s while it is disabled', async () => {
  await store.change(id, 1, { ...given, isEnabled: false, goesOn: true });
  expect(await claims(one)).toBe(false);
});

test('hears only of the one that has it, in the version that is there', async () => {
  await claims(one);
  const cursor = { position: '5', atMs: at.getTime() };
  const holder = { id, version: 1, claimedBy: one };
  await store.report({ ...holder, claimedBy: other }, { ...round, cursor, written: 1 });
  await store.fail({ ...holder, version: 2 }, at, 'x');
  expect(await find()).toMatchObject({ cursor: undefined, samplesWritten: 0, lastError: null });
  await store.fail(holder, at, 'down');
  expect(await find()).toMatchObject({ lastError: 'down', lastErrorAt: at });
  await store.report(holder, { ...round, cursor, written: 3 });
  expect(await find()).toMatchObject({ cursor, samplesWritten: 3, lastError: null, lastSuccessAt: at });
});

test('changed goes on from where it is, or from its beginning; of two changes at once one is made', async () => {
  await claims(one);
  const cursor = { position: '5', atMs: 5 };
  await store.report({ id, version: 1, claimedBy: one }, { ...round, cursor });
  expect(await store.change(id, 1, { ...given, goesOn: true })).toBe(true);
  expect(await store.change(id, 1, { ...given, goesOn: true })).toBe(false);
  expect(await find()).toMatchObject({ version: 2, cursor });
  expect(await store.change(id, 2, { ...given, goesOn: false })).toBe(true);
  expect(await find()).toMatchObject({ version: 3, cursor: undefined, cursorAt: null });
});

test('of a broker has come as far as its newest sample, whatever comes after', async () => {
  await claims(one);
  const holder = { id, version: 1, claimedBy: one };
  await store.report(holder, { ...round, newestAt: at });
  await store.report(holder, { ...round, newestAt: new Date(at.getTime() - 1) });
  await store.report(holder, round);
  expect(await find()).toMatchObject({ cursor: undefined, cursorAt: at });
});

test('there are only so many', async () => expect(await store.add(given, 0)).toBeUndefined());
