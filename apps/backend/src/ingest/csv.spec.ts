import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadInput } from '../http/problem';
import { decodeCsv, type CsvImport } from './csv';
import { acceptance, type Decoded } from './ingest';

const NOW = Date.UTC(2026, 0, 31, 12);
const accept = acceptance(NOW, 0);
const decode = (body: string, choice: Partial<CsvImport> = {}) =>
  decodeCsv(body, { name: 'csv', labels: {}, ...choice }, accept);

/** Every row as `series seconds from NOW = value`. */
const draw = ({ batch: { series, seriesAt, timeMs, value } }: Decoded) =>
  value.map((one, i) => `${series[seriesAt[i]!]!.name} ${(timeMs[i]! - NOW) / 1000} = ${one}`);

const times: Record<string, (ms: number) => string> = {
  ISO: (ms) => new Date(ms).toISOString(),
  'a space instead of T': (ms) => new Date(ms).toISOString().slice(0, 23).replace('T', ' '),
  'epoch seconds': (ms) => String(ms / 1000),
  'epoch milliseconds': String,
  'epoch microseconds': (ms) => `${ms}000`,
  'epoch nanoseconds': (ms) => `${ms}000000`,
};

/** A CSV as some program may write it, and the samples in it. */
const table = fc
  .record({
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    isQuoted: fc.boolean(),
    hasHeader: fc.boolean(),
    hasBom: fc.boolean(),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    time: fc.constantFrom(...Object.keys(times)),
    columns: fc.uniqueArray(fc.stringMatching(/^[a-z][a-z ,;|"]{0,8}[a-z]$/), { minLength: 1, maxLength: 4 }),
    startMs: fc.integer({ min: accept.oldestMs, max: NOW - 1000 }),
    cells: fc.array(
      fc.array(fc.option(fc.float({ noNaN: true, noDefaultInfinity: true })), { minLength: 4, maxLength: 4 }),
      {
        minLength: 1,
        maxLength: 30,
      },
    ),
  })
  .map((made) => {
    const { delimiter, lineEnd, hasHeader, startMs } = made;
    const cell = (text: string) =>
      made.isQuoted || /[,;|"\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const number = (value: number) => (delimiter === ';' ? String(value).replace('.', ',') : String(value));
    const timeOf = (row: number) => startMs - (startMs % 1000) + row * 1000;
    const lines = made.cells.map((cells, row) => [
      times[made.time]!(timeOf(row)),
      ...made.columns.map((_, i) => (cells[i] == null ? '' : number(cells[i]))),
    ]);
    const header = hasHeader ? [['timestamp', ...made.columns]] : [];
    const body = [...header, ...lines].map((line) => line.map(cell).join(delimiter)).join(lineEnd);
    const nameOf = (i: number) =>
      made.columns.length === 1 ? 'csv' : `csv.${hasHeader ? made.columns[i] : `column ${i + 2}`}`;
    const samples = made.cells.flatMap((cells, row) =>
      made.columns.flatMap((_, i) =>
        cells[i] == null
          ? []
          : [`${nameOf(i)} ${(timeOf(row) - NOW) / 1000} = ${cells[i] === 0 ? 0 : cells[i]}`],
      ),
    );
    return { body: (made.hasBom ? '\uFEFF' : '') + body, samples };
  });

describe('a valid CSV', () => {
  test('is written as it was sent, whatever its delimiter, quotes, header, line ends and times', () => {
    fc.assert(
      fc.property(table, ({ body, samples }) => {
        const decoded = decode(body);
        expect(decoded.refusals).toEqual([]);
        expect(draw(decoded)).toEqual(samples);
      }),
      { numRuns: 300 },
    );
  });
});

describe('garbage', () => {
  const survives = (body: string, choice: Partial<CsvImport> = {}) => {
    try {
      expect(decode(body, choice).batch.value.every(Number.isFinite)).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(BadInput);
    }
  };

  test('of any kind is an answer, never a failure', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (body) => survives(body)));
    fc.assert(fc.property(fc.stringMatching(/^[0-9,;\t|"\n\r.:\- TZe]*$/), (body) => survives(body)));
  });

  test('in place of some characters is an answer', () => {
    fc.assert(
      fc.property(table, fc.nat(), fc.string({ maxLength: 5 }), ({ body }, seed, noise) => {
        const at = seed % body.length;
        survives(body.slice(0, at) + noise + body.slice(at + noise.length), { valueColumns: ['column 2'] });
        survives(body.slice(0, at) + noise + body.slice(at + noise.length));
      }),
    );
  });

  test.each([
    ['quotes', '"'.repeat(3_000_000)],
    ['one cell', '1'.repeat(3_000_000)],
    ['one dash', '-'.repeat(3_000_000)],
    ['columns', '1,'.repeat(1_000_000)],
    ['lines', '\n'.repeat(3_000_000)],
    ['a quote that never closes', `time,v\n2026-01-31,"${'1,2\n'.repeat(300_000)}`],
  ])('of megabytes is an answer: %s', (_, body) => survives(body));
});

describe('columns', () => {
  const at = '2026-01-31T12:00:00Z';
  const cases: [string, string, Partial<CsvImport>, string[]][] = [
    ['one of values is the series itself', `time,v\n${at},1`, {}, ['csv 0 = 1']],
    ['many have names of their own', `time,a,b\n${at},1,2`, {}, ['csv.a 0 = 1', 'csv.b 0 = 2']],
    ['of one name stay apart', `time,a,a\n${at},1,2`, {}, ['csv.a 0 = 1', 'csv.a (column 3) 0 = 2']],
    ['of words are left out', `time,host,v\n${at},web-1,1`, {}, ['csv 0 = 1']],
    ['are taken as chosen', `time,a,b\n${at},1,2`, { valueColumns: ['B'] }, ['csv 0 = 2']],
    ['the time may stand last', `a,b,Timestamp\n1,2,${at}`, {}, ['csv.a 0 = 1', 'csv.b 0 = 2']],
    ['the time may have any name', `v,gemessen\n1,${at}`, {}, ['csv 0 = 1']],
    ['a date and a clock are one time', 'date,time,v\n2026-01-31,12:00:05,1', {}, ['csv 5 = 1']],
    ['a clock may stand before its date', 'time,date,v\n12:00:05,31.01.2026,1', {}, ['csv 5 = 1']],
    [
      'series may stand in one',
      `time,s,v\n${at},x,1\n${at},y,2`,
      { seriesColumn: 's' },
      ['x 0 = 1', 'y 0 = 2'],
    ],
    ['Excel may say its separator', `sep=;\r\ntime;v\r\n${at};1,5`, {}, ['csv 0 = 1.5']],
    ['thousands may have dots', `time;v\n${at};1.234,5`, {}, ['csv 0 = 1234.5']],
    [
      'short rows miss what they lack',
      `time,a,b\n${at},1\n${at},1,2`,
      {},
      ['csv.a 0 = 1', 'csv.a 0 = 1', 'csv.b 0 = 2'],
    ],
    ['missing cells are not written', `time,v\n${at},NA\n${at},-\n${at},null\n${at},4`, {}, ['csv 0 = 4']],
  ];
  test.each(cases)('%s', (_, body, choice, expected) => {
    const decoded = decode(body, choice);
    expect(draw(decoded)).toEqual(expected);
    expect(decoded.refusals).toEqual([]);
  });
});

describe('dates', () => {
  test('are day first where a row says so', () => {
    expect(draw(decode('date,v\n01/01/2026,1\n31/01/2026 12:00,2'))[1]).toBe('csv 0 = 2');
  });

  test('are month first where a row says so', () => {
    expect(draw(decode('date,v\n01/01/2026,1\n01/31/2026 12:00,2'))[1]).toBe('csv 0 = 2');
  });

  test.each([
    ['nothing says which', '01/02/2026,1\n03/04/2026,2', /may be day first or month first/],
    ['rows contradict each other', '31/01/2026,1\n01/31/2026,2', /day first in some rows/],
  ])('are refused where %s', (_, lines, detail) => {
    expect(() => decode(`date,v\n${lines}`)).toThrow(detail);
  });
});

test('bad cells are counted with their row and column, the others are written', () => {
  const body =
    'time,v\n2026-01-31T12:00:00Z,1\n2026-01-31T12:00:01Z,NaN\nnever,3\n\n2026-01-31T12:00:02Z,x\n1999-01-01,5\n';
  const decoded = decode(body);
  expect(draw(decoded)).toEqual(['csv 0 = 1']);
  expect(decoded.refusals.map(({ reason, count, first }) => `${reason} ${count} ${first.at}`)).toEqual([
    'non_finite 1 row 3, v',
    'unparsable 2 row 4',
    'too_old 1 row 7, v',
  ]);
});
