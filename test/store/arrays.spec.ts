/** Binary arrays as PostgreSQL reads them: what went in as numbers is there, and the same as text would be. */
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { floatArray, intArray, timeArray } from '../../apps/backend/src/database/arrays';

let client: Client;
beforeAll(async () => {
  client = new Client(process.env['DATABASE_URL']);
  await client.connect();
});
afterAll(() => client.end());

const read = async (type: string, array: Buffer): Promise<string[]> =>
  (await client.query<{ found: string[] }>(`SELECT $1::${type}[]::text[] AS found`, [array])).rows[0]!.found;

test('integers arrive', async () => {
  const column = fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
  await fc.assert(
    fc.asyncProperty(column, async (numbers) => {
      expect(await read('int', intArray(numbers))).toEqual(numbers.map(String));
    }),
    { numRuns: 50 },
  );
});

test('numbers arrive, every bit of them', async () => {
  const column = fc.array(fc.double({ noNaN: true }));
  await fc.assert(
    fc.asyncProperty(column, async (numbers) => {
      expect((await read('float8', floatArray(numbers))).map(Number)).toEqual(numbers);
    }),
    { numRuns: 50 },
  );
});

test('times arrive, before and after 2000, to the microsecond', async () => {
  const column = fc.array(fc.integer({ min: -1e15, max: 4e15 }));
  await fc.assert(
    fc.asyncProperty(column, async (micros) => {
      const { rows } = await client.query<{ found: string[] }>(
        `SELECT ARRAY(SELECT (extract(epoch FROM t) * 1000000)::bigint FROM unnest($1::timestamptz[]) t)::text[] AS found`,
        [timeArray(micros.map((each) => each / 1000))],
      );
      expect(rows[0]!.found).toEqual(micros.map(String));
    }),
    { numRuns: 50 },
  );
});

test('an empty column is an empty array', async () => {
  for (const [type, array] of [
    ['int', intArray([])],
    ['float8', floatArray([])],
    ['timestamptz', timeArray([])],
  ] as const)
    expect(await read(type, array)).toEqual([]);
});
