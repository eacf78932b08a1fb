import { SqlSettings } from '@bellwether/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  advance,
  decodeRows,
  explainSql,
  literal,
  nextFrom,
  PAGE_ROWS,
  type Progress,
  type Row,
  remember,
  type Seen,
  unseen,
} from './sql';
import { selectPage } from './sql.store';

const ACCEPT = { oldestMs: -1e15, newestMs: 1e15 };
const row = (ms: number, rest: Partial<Row> = {}): Row => ({
  position: String(ms),
  ms,
  series: null,
  values: [ms],
  labels: [],
  ...rest,
});

test('a time is written as its column takes it', () => {
  expect(literal(1_500.7, 'timestamp')).toBe('1970-01-01T00:00:01.500Z');
  expect(literal(1_999, 'seconds')).toBe('1');
  expect(literal(-1, 'seconds')).toBe('-1');
  expect(literal(1_500.7, 'milliseconds')).toBe('1500');
});

describe('the next page', () => {
  const rule = { overlapMs: 10, backfillMs: 100, timeFormat: 'milliseconds' } as const;
  const at = { nowMs: 1_000, oldestMs: 0 };
  const reached = { position: '800', atMs: 800 };
  test.each([
    ['begins as far back as is asked', { reached: undefined, sweep: undefined }, '900'],
    ['begins a little before what was reached', { reached, sweep: undefined }, '790'],
    ['goes on after the page before', { reached, sweep: '795' }, '795'],
  ])('%s', (_, progress, expected) => expect(nextFrom(rule, progress, at)).toBe(expected));

  test('never goes back, and ends a sweep where a page is not full', () => {
    const full = Array.from({ length: PAGE_ROWS }, (_, i) => row(i));
    const end = String(PAGE_ROWS - 1);
    expect(advance({ reached: undefined, sweep: undefined }, full)).toEqual({
      reached: { position: end, atMs: PAGE_ROWS - 1 },
      sweep: end,
    });
    const far = { position: '99999', atMs: 99_999 };
    expect(advance({ reached: far, sweep: undefined }, full)).toEqual({ reached: far, sweep: end });
    expect(advance({ reached: far, sweep: end }, [])).toEqual({ reached: far, sweep: undefined });
  });
});

test('read page by page and again, every row is taken once, also one that comes late', () => {
  // A table of times, read as the puller does: pages of PAGE_ROWS, and all that have the last time.
  const page = (times: number[], from: number) => {
    const after = times.filter((ms) => ms > from).sort((a, b) => a - b);
    return after.filter((ms) => ms <= (after[PAGE_ROWS - 1] ?? Infinity)).map((ms) => row(ms));
  };
  const rule = { overlapMs: 50, backfillMs: 1e6, timeFormat: 'milliseconds' } as const;
  const sweep = (times: number[], state: { progress: Progress; seen: Seen }, taken: number[]) => {
    const sweeping: Seen = new Map();
    do {
      const from = Number(nextFrom(rule, state.progress, { nowMs: 1e6, oldestMs: -1e9 }));
      const rows = page(times, from);
      taken.push(...unseen(rows, state.seen).map(({ ms }) => ms));
      state.progress = advance(state.progress, rows);
      remember(sweeping, rows, state.progress.reached!.atMs - rule.overlapMs);
    } while (state.progress.sweep !== undefined);
    state.seen = sweeping;
    expect(sweeping.size).toBeLessThan(10);
  };
  const taken: number[] = [];
  const state = { progress: { reached: undefined, sweep: undefined } as Progress, seen: new Map() as Seen };
  const times = Array.from({ length: 2.5 * PAGE_ROWS }, (_, i) => 10 * (i + 1));
  sweep(times, state, taken);
  const late = times.at(-1)! - 25;
  times.push(late, times.at(-1)! + 10);
  sweep(times, state, taken);
  sweep(times, state, taken);
  expect(taken.sort((a, b) => a - b)).toEqual([...times].sort((a, b) => a - b));
});

describe('rows', () => {
  const columns = {
    valueColumns: ['cpu', 'mem'],
    labelColumns: ['host'],
    seriesColumn: null,
    series: null as string | null,
  };
  const rows = [row(1, { values: [5, null], labels: ['a'] }), row(2, { values: [6, 7], labels: [null] })];
  const found = (
    given: Partial<typeof columns> & { series?: string | null; seriesColumn?: string | null },
  ) => {
    const { batch } = decodeRows(rows, { ...columns, ...given }, ACCEPT);
    return batch.seriesAt.map((place, i) => [batch.series[place]!.key, batch.value[i]]);
  };

  test('are series by their columns; a NULL is no sample and no label', () => {
    expect(found({})).toEqual([
      ['cpu\n[["host","a"]]', 5],
      ['cpu', 6],
      ['mem', 7],
    ]);
  });
  test('of one name are told apart by their column', () => {
    expect(found({ series: 'all' })).toEqual([
      ['all\n[["column","cpu"],["host","a"]]', 5],
      ['all\n[["column","cpu"]]', 6],
      ['all\n[["column","mem"]]', 7],
    ]);
  });
  test('without the name that their column should hold are refused', () => {
    const { batch, refusals } = decodeRows(rows, { ...columns, seriesColumn: 'name' }, ACCEPT);
    expect(batch.value).toEqual([]);
    expect(refusals).toMatchObject([{ reason: 'bad_series', count: 3 }]);
  });
  test('of whatever they hold are decoded', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null));
    const any = fc.record({
      position: fc.string(),
      ms: fc.double(),
      series: text,
      values: fc.tuple(fc.option(fc.double()), fc.option(fc.double())),
      labels: fc.tuple(text),
    });
    fc.assert(
      fc.property(fc.array(any), (given) => {
        const { batch, refusals } = decodeRows(given, { ...columns, seriesColumn: 'name' }, ACCEPT);
        const refused = refusals.reduce((sum, { count }) => sum + count, 0);
        const values = given.flatMap((one) => one.values.filter((value) => value !== null));
        expect(batch.value.length + refused).toBe(values.length);
        expect(batch.value.every(Number.isFinite)).toBe(true);
      }),
    );
  });
});

describe('the statement', () => {
  const settings = (given: object): SqlSettings =>
    SqlSettings.parse({
      kind: 'sql',
      url: 'postgres://host/db',
      from: { kind: 'table', table: 't' },
      timeColumn: 't',
      valueColumns: ['v'],
      ...given,
    });
  /** What stands outside of quoted identifiers. */
  const bare = (sql: string) => sql.replace(/"(?:[^"]|"")*"/g, '""');

  test('holds names as quoted identifiers only, whatever they are', () => {
    const name = fc.string({ minLength: 1, maxLength: 63 }).filter((text) => !text.includes('\0'));
    const plain = bare(
      selectPage(settings({ labelColumns: ['l'], seriesColumn: 's' }), { order: 'oldest', rows: 5 }),
    );
    fc.assert(
      fc.property(name, name, name, name, name, (table, timeColumn, value, label, seriesColumn) => {
        const strange = settings({
          from: { kind: 'table', table },
          timeColumn,
          valueColumns: [value],
          labelColumns: [label],
          seriesColumn,
        });
        expect(bare(selectPage(strange, { order: 'oldest', rows: 5 }))).toBe(plain);
      }),
    );
  });

  test('ends a comment, or a semicolon, of a query before it goes on', () => {
    const from = { kind: 'query', query: 'SELECT 1 -- one\n; ; ' };
    expect(selectPage(settings({ from }), { order: 'newest', rows: 5 })).toContain(
      '(\nSELECT 1 -- one\n) AS q',
    );
  });
});

test.each([
  [
    { code: '28P01', message: 'password authentication failed for user "ann"' },
    /correct the username or password/,
  ],
  [{ message: 'SASL: client password must be a string' }, /wants a password/],
  [{ message: 'The server does not support SSL connections' }, /does not speak TLS/],
  [{ message: 'Query read timeout' }, /did not answer in time/],
  [{ code: '57014', message: 'canceling statement due to statement timeout' }, /index the time column/],
  [{ code: 'XX000', message: 'odd\u0000' }, /says: odd : see its log/],
  [{}, /says: nothing/],
])('%j is explained', (error, expected) => expect(explainSql(error, 'host:5432')).toMatch(expected));
