/** The pure parts of the command line: arguments, cutting, packing, refusals, patience, the line of progress. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import { dateOrders, isMissing } from '../apps/backend/src/ingest/csv-cell';
import { findLayout } from '../apps/backend/src/ingest/csv-layout';
import { nameOfFile } from '../apps/backend/src/ingest/import-query';
import { readArguments } from './cli/arguments.mjs';
import { findFormat } from './cli/layout.mjs';
import { csvPacker, linePacker, locate, mergeRefusals, orderOfDates } from './cli/parts.mjs';
import { commonBeginning, duration, progressLine, summary } from './cli/progress.mjs';
import { csvSplitter, lineBreakOf, lineSplitter, MAX_RECORD } from './cli/records.mjs';
import { explain, pauseOf, readAnswer, send } from './cli/send.mjs';
import { peekText, textsOf } from './cli/source.mjs';

const reader = { dateOrders, isMissing, findLayout, nameOfFile };

describe('arguments', () => {
  const read = (line, environment = {}) => readArguments(line.split(' ').filter(Boolean), environment);

  it('name files, columns and a server', () => {
    expect(read('import a.csv --time ts --value v --value w --series name b.csv')).toMatchObject({
      files: ['a.csv', 'b.csv'],
      choice: { timeColumn: 'ts', valueColumns: ['v', 'w'], seriesColumn: 'name' },
      url: 'http://localhost:8080',
    });
    expect(read('import a.csv').choice).toEqual({});
  });

  it('prefer what is said to the environment', () => {
    const environment = { BELLWETHER_URL: 'https://a.example/', BELLWETHER_API_KEY: ' k\n' };
    expect(read('import -', environment)).toMatchObject({ url: 'https://a.example', key: 'k' });
    expect(read('import - --url http://b.example/x/', environment).url).toBe('http://b.example/x');
  });

  it.each(['', '--help', '-h', 'help', 'import --help'])('"%s" ask for help', (line) =>
    expect(read(line)).toBeUndefined(),
  );

  it.each([
    ['export a.csv', /no command 'export'.*import/],
    ['import', /Which file/],
    ['import - -', /once/],
    ['import a.csv --colour red', /'--colour'/],
    ['import a.csv --time', /--time/],
    ['import a.csv --key secret', /BELLWETHER_API_KEY/],
    ['import a.csv --api-key=secret', /BELLWETHER_API_KEY/],
    ['import a.csv --series a --name b', /one of them/],
    ['import a.csv --dates iso', /day-first or month-first/],
    ['import a.csv --url localhost:8080', /an address like/],
    ['import a.csv --url http://me:secret@host', /an address like/],
  ])('"%s" is wrong', (line, what) => {
    expect(() => read(line)).toThrow(expect.objectContaining({ message: expect.stringMatching(what) }));
    expect(() => read(line)).not.toThrow('secret');
  });
});

describe('text', () => {
  const read = async (bytes, cuts = [1, 2, 3]) => {
    const places = [0, ...cuts, bytes.length];
    async function* pieces() {
      for (let i = 1; i < places.length; i++) yield bytes.subarray(places[i - 1], places[i]);
    }
    let text = '';
    for await (const piece of textsOf(pieces())) text += piece;
    return text;
  };

  it.each([
    ['UTF-8, cut within a character', Buffer.from('üöä°')],
    ['gzip', gzipSync('üöä°')],
    ['two files of gzip in one', Buffer.concat([gzipSync('üö'), gzipSync('ä°')])],
    ['UTF-16 of a spreadsheet', Buffer.from('\uFEFFüöä°', 'utf16le')],
    ['a byte order mark', Buffer.from('\uFEFFüöä°')],
  ])('is read from %s', async (_, bytes) => expect(await read(bytes)).toBe('üöä°'));

  it('of nothing is nothing', async () => expect(await read(Buffer.alloc(0), [])).toBe(''));
  it('of half a gzip fails', () => expect(read(gzipSync('x'.repeat(99)).subarray(0, 20))).rejects.toThrow());

  it('is looked at in advance and read all the same', async () => {
    async function* texts() {
      yield* ['ab', 'cd', 'ef'];
    }
    const { head, all } = await peekText(texts(), 3);
    let text = '';
    for await (const piece of all) text += piece;
    expect([head, text]).toEqual(['abcd', 'abcdef']);
  });
});

/** What a splitter makes of a text that comes in pieces of these lengths, over and over. */
function split(splitter, text, lengths) {
  const records = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const to = at + lengths[i % lengths.length];
    records.push(...splitter.take(text.slice(at, to)));
    at = to;
  }
  return [...records, ...splitter.end()];
}

const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 });

describe('rows', () => {
  const rows = (text, by = [1]) => split(csvSplitter({ delimiter: ',', newline: '\n' }), text, by);

  it.each([
    ['a,b\n1,2\n', [1, 2]],
    ['a,b\n\n1,2', [1, 2, 3]],
    ['a,"x\ny"\n1,2', [1, 3]],
    ['a,"x ""\n\n"" y"\n"\n",2\n3,4', [1, 4, 6]],
  ])('of %j begin at lines %j', (text, expected) => {
    const found = rows(text);
    expect(found.map(({ line }) => line)).toEqual(expected);
  });

  it('know of a quote that is not closed', () => {
    expect(rows('a\n"b\nc\n').map(({ line, isBroken }) => [line, isBroken])).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  it('are not waited for without end', () => {
    const text = `a,b\n1,2\n1,"${'x\n'.repeat(MAX_RECORD)}`;
    expect(() => rows(text, [65_536])).toThrow(/line 3: a row of more than 256 KiB: is a quote not closed/);
  });

  // Stated: cells are any text, written as CSV writes them, with one kind of line break.
  const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'ü'), maxLength: 5 });
  it('are the same however the text is cut, each at its line', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constant('x'), cell, cell), { minLength: 1, maxLength: 12 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        lengths,
        (table, newline, by) => {
          const text = Papa.unparse(table, { newline });
          const found = split(csvSplitter({ delimiter: ',', newline }), text, by);
          expect(found.map(({ cells }) => cells)).toEqual(table);
          const breaks = (part) => part.split(newline === '\r' ? '\r' : '\n').length - 1;
          table.forEach((_, i) => {
            const before = i === 0 ? '' : Papa.unparse(table.slice(0, i), { newline }) + newline;
            expect(found[i].line).toBe(1 + breaks(before));
          });
        },
      ),
    );
  });
});

describe('lines', () => {
  it('are the same however the text is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('{}', '', ' ', 'abc', 'x\r')), lengths, (texts, by) => {
        const expected = texts
          .map((text, i) => ({ text: text.trim(), line: i + 1 }))
          .filter(({ text }) => text !== '');
        expect(split(lineSplitter(), texts.join('\n'), by)).toEqual(expected);
      }),
    );
  });
  it('are not waited for without end', () => {
    expect(() => lineSplitter().take(`{}\n${'x'.repeat(MAX_RECORD + 1)}`)).toThrow(/line 2/);
  });
});

describe('parts', () => {
  const layout = {
    delimiter: ',',
    hasHeader: true,
    time: [0],
    series: 1,
    values: [{ index: 2, name: 'v' }],
    hasDecimalComma: false,
  };
  const two = { ...layout, values: [...layout.values, { index: 3, name: 'w' }] };
  const pack = (packer, records) => [...records.flatMap((record) => packer.add(record)), ...packer.end()];
  const rows = (table) => table.map((cells, i) => ({ cells, line: i + 1, isBroken: false }));
  const csv = (how, table, limit) =>
    pack(csvPacker({ layout, name: 'n', isMissing, ...how }, limit), rows(table));

  it('each have a header and so many samples', () => {
    const parts = csv({}, [['t', 's', 'v'], ...['1', '2', '3'].map((t) => [t, 'a', '0'])], {
      bytes: 1e6,
      samples: 2,
    });
    expect(parts.map(({ body, lastLine }) => [body, lastLine])).toEqual([
      ['time,series,value\n1,a,0\n2,a,0', 3],
      ['time,series,value\n3,a,0', 4],
    ]);
  });

  it('name the series of several columns as the server does, and leave out what was not measured', () => {
    const table = [
      ['t', 's', 'v', 'w'],
      ['1', 'a', '5', '6'],
      ['2', 'a', '', '7'],
      ['x', 'a', 'NA'],
      ['', '', '-'],
    ];
    const [part] = csv({ layout: two }, table);
    expect(part.body.split('\n').slice(1)).toEqual(['1,a.v,5', '1,a.w,6', '2,a.w,7', 'x,a.v,NA']);
    expect([...part.series]).toEqual(['a.v', 'a.w']);
    expect(csv({ layout: { ...two, series: undefined } }, table)[0].body).toContain('1,n.v,5');
  });

  it('say which way dates are meant, in a row that holds no sample', () => {
    expect(csv({ dates: 'day first' }, [['t'], ['03/04/2026', 'a', '1']])[0]).toMatchObject({
      body: 'time,series,value\n31/12/2000,,\n03/04/2026,a,1',
      headRows: 2,
    });
  });

  it('hold rows whose quotes are broken as refusals', () => {
    const records = [...rows([['t', 's', 'v']]), { cells: ['1', 'a'], line: 2, isBroken: true }];
    const [part] = pack(csvPacker({ layout, name: 'n', isMissing }), records);
    expect(part).toMatchObject({
      body: undefined,
      lastLine: 2,
      refused: [{ reason: 'unparsable', count: 1 }],
    });
  });

  // Stated: rows with a time, any series and a value, all of them text that a CSV can hold; any limit of a part.
  const text = fc.string({
    unit: fc.constantFrom('a', ',', '"', '\n', 'ü', ';'),
    minLength: 1,
    maxLength: 6,
  });
  it('together hold every row once, in its order, and each place is the row’s line', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constant('1'), text, fc.constantFrom('1', 'x'))),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 60 }),
        (table, samples, bytes) => {
          const parts = csv({}, [['t', 's', 'v'], ...table], { samples, bytes });
          const held = parts.flatMap(({ body, places }) => {
            const [header, ...cells] = Papa.parse(body, { delimiter: ',' }).data;
            expect(header).toEqual(['time', 'series', 'value']);
            expect(cells.length).toBe(places.length);
            return cells.map((row, i) => [places[i].line, ...row]);
          });
          expect(held).toEqual(table.map(([t, s, v], i) => [i + 2, t, s.trim(), v]));
          for (const { places, body } of parts)
            expect(places.length === 1 || (places.length <= samples && body.length <= 20 + bytes)).toBe(true);
        },
      ),
    );
  });

  it('of NDJSON are its lines', () => {
    const lines = [
      { text: '{"series":"a"}', line: 1 },
      { text: 'oops', line: 4 },
    ];
    expect(pack(linePacker(), lines)).toMatchObject([
      { body: '{"series":"a"}\noops', places: [{ line: 1 }, { line: 4 }], headRows: 0, lastLine: 4 },
    ]);
  });
});

describe('the format', () => {
  const find = (name, head, options = {}) =>
    findFormat({ path: name, name }, head, { choice: {}, ...options }, reader);
  const bodyOf = (format, text) =>
    [...format.splitter.take(text.slice(format.skip)), ...format.splitter.end()]
      .flatMap(format.packer.add)
      .concat(format.packer.end())
      .map(({ body }) => body)
      .join();

  it.each([
    ['a.ndjson', 'oops', '/api/v1/samples'],
    ['a.jsonl.gz', '', '/api/v1/samples'],
    ['-', ' {"series"', '/api/v1/samples'],
    ['-', 'time,v\n2026-01-31,1', '/api/v1/import?timeColumn=time&seriesColumn=series&valueColumns=value'],
  ])('of %s, %s goes to %s', (name, head, endpoint) => expect(find(name, head).endpoint).toBe(endpoint));

  it.each([
    ['temp.csv.gz', 'time,v\n2026-01-31,1', '2026-01-31,temp,1'],
    ['temp.csv', 'sep=;\r\ntime;v\r\n2026-01-31;1,5\r\n', '2026-01-31;temp;1,5'],
    ['temp.csv', '2026-01-31,1\n2026-02-01,2', '2026-01-31,temp,1\n2026-02-01,temp,2'],
    ['temp.csv', 'date,time,v\n2026-01-31,12:00,1', '2026-01-31 12:00,temp,1'],
    ['temp.csv', 'date,v\n13/01/2026,1', '31/12/2000,,\n13/01/2026,temp,1'],
  ])('of %s, %j is found', (name, text, body) =>
    expect(bodyOf(find(name, text), text).replace(/^time.series.value\n/, '')).toBe(body),
  );

  it.each([
    ['[{}]', {}, /JSON array/],
    ['  \n', {}, /empty/],
    ['date,v\n03/04/2026,1', {}, /"03\/04\/2026" reads two ways: say --dates/],
    [
      'time,v\n2026-01-31,1',
      { choice: { timeColumn: 'ts' } },
      /--time: there is no column "ts".*"time", "v"/,
    ],
    ['time,v\n2026-01-31,1', { choice: { seriesColumn: 'x' } }, /--series: .*"time", "v".*--name/],
    ['time,what\n2026-01-31,up', {}, /Name one with --value\./],
  ])('of %j with %j is not found', (head, options, what) =>
    expect(() => find('a.csv', head, options)).toThrow(what),
  );

  it('knows the line break', () => {
    expect(lineBreakOf('a,"x\r\ny"\n1,2\n', ',')).toBe('\n');
    expect(lineBreakOf('a,b\r\n1,2\r\n', ',')).toBe('\r\n');
  });
});

describe('dates', () => {
  it.each([
    [['2026-01-31', 'x'], undefined],
    [['03/04/2026'], 'unknown'],
    [['03/04/2026', '13/04/2026'], 'day first'],
    [['03/04/2026', '04/13/2026'], 'month first'],
    [['13/04/2026', '04/13/2026'], 'unknown'],
    [['31.01.2026'], undefined],
  ])('%j are %s', (cells, order) => expect(orderOfDates(cells, dateOrders)).toBe(order));
});

describe('refusals', () => {
  const refusal = (reason, line, count = 1) => ({
    reason,
    count,
    first: { line, at: `line ${line}`, detail: 'd' },
  });

  it.each([
    ['row 3, value', { line: 90, at: 'line 90, temp' }],
    ['row 2', { line: 80, at: 'line 80' }],
    ['line 2, column 7', { line: 80, at: 'line 80, temp' }],
    ['series "x"', { line: 80, at: 'series "x"' }],
    ['row 9', { line: 80, at: 'row 9' }],
  ])('at %s stand where the file has them', (at, first) => {
    const part = { headRows: 1, places: [80, 90].map((line) => ({ line, column: 'temp' })) };
    const { reason, count } = refusal('unparsable', 1);
    const of = at.startsWith('line') ? { ...part, places: [{ line: 1 }, ...part.places], headRows: 0 } : part;
    expect(locate({ reason, count, first: { at, detail: 'd' } }, of).first).toMatchObject(first);
  });

  it('are one for each reason, with the earliest of it', () => {
    expect(
      mergeRefusals(
        [refusal('a', 5), refusal('b', 1)],
        [refusal('a', 3, 2), refusal('c', 9), refusal('b', 2)],
      ),
    ).toEqual([refusal('a', 3, 3), refusal('b', 1, 2), refusal('c', 9)]);
  });

  // Stated: parts in any order, lines different.
  it('count the same in any order', () => {
    const some = fc.uniqueArray(fc.record({ reason: fc.constantFrom('a', 'b'), line: fc.nat(99) }), {
      selector: ({ line }) => line,
    });
    fc.assert(
      fc.property(some, (all) => {
        const list = all.map(({ reason, line }) => refusal(reason, line));
        const sorted = (refusals) => refusals.sort((a, b) => a.reason.localeCompare(b.reason));
        expect(sorted(mergeRefusals([], list))).toEqual(sorted(mergeRefusals([], list.reverse())));
      }),
    );
  });
});

describe('an answer', () => {
  it('of which nothing was written is a count too', () => {
    const refused = [{ reason: 'unparsable', count: 5, first: { at: 'row 2', detail: 'x' } }];
    const body = { detail: 'No sample was written: 5 unparsable. The first, row 2: x.', refused };
    expect(readAnswer({ status: 400, body })).toEqual({ written: 0, refused });
  });

  it.each([
    [{ status: 400, body: { detail: 'The body is empty.' } }, 'The body is empty.'],
    [{ status: 401, body: { detail: 'no' } }, /BELLWETHER_API_KEY.*--key-file/],
    [{ status: 301, location: 'https://x.example/' }, /https:\/\/x\.example\/.*--url/],
    [{ status: 200, body: {} }, /no Bellwether \(200\)/],
    [{ status: 404 }, /no Bellwether \(404\)/],
  ])('%j ends the import', (answer, what) => {
    expect(() => readAnswer(answer)).toThrow(what);
    expect(explain(answer)).toMatch(what);
  });
});

describe('patience', () => {
  const run = async (answers, patienceMs) => {
    let ms = 0;
    const said = [];
    const result = send({
      ask: async () => answers.shift() ?? { status: 200, body: { written: 1, refused: [] } },
      sleep: async (pauseMs) => void (ms += pauseMs),
      now: () => ms,
      say: (text) => text && said.push(text),
      patienceMs,
    });
    return { ...(await result.catch(({ message }) => ({ message }))), ms, said };
  };

  it('waits as long as it is asked to', async () => {
    const busy = { status: 429, retryAfter: '7', body: { detail: 'wait' } };
    expect(await run([busy, busy])).toMatchObject({
      written: 1,
      ms: 14_000,
      said: [expect.stringContaining('in 7 s'), expect.stringContaining('in 7 s')],
    });
  });

  it('tries a broken connection again, ever more slowly', async () => {
    const broken = { broken: 'ECONNRESET' };
    expect(await run([broken, broken, broken])).toMatchObject({ written: 1, ms: 7000 });
  });

  it('ends', async () => {
    const away = { status: 503, body: { detail: 'The database is away.' } };
    const { message, ms } = await run(Array(99).fill(away), 60_000);
    expect(message).toMatch(/^The database is away, and this for \d+ s: import again later\.$/);
    expect(ms).toBeLessThanOrEqual(60_000);
  });

  it.each([
    ['2', 0, 2000],
    ['9999', 0, 60_000],
    [null, 0, 1000],
    [null, 3, 8000],
    [null, 99, 32_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 1, 2000],
  ])('of Retry-After %s at attempt %i is %i ms', (retryAfter, attempt, expected) =>
    expect(pauseOf({ retryAfter }, attempt)).toBe(expected),
  );
});

describe('the line of progress', () => {
  const state = { name: 'a.csv', bytes: 25, total: 100, written: 12_345, refused: 0, ms: 2000 };

  it.each([
    [{}, 'a.csv  █████░░░░░░░░░░░░░░░  25 %  12,345 samples  6,173/s  6 s left'],
    [{ refused: 3 }, 'a.csv  █████░░░░░░░░░░░░░░░  25 %  12,345 samples  6,173/s  3 refused  6 s left'],
    [{ bytes: 0, written: 0, ms: 10 }, 'a.csv  ░░░░░░░░░░░░░░░░░░░░  0 %  0 samples'],
    [{ bytes: 100 }, 'a.csv  ████████████████████  100 %  12,345 samples  6,173/s'],
    [{ total: 0, bytes: 2_500_000 }, 'a.csv  2.5 MB  12,345 samples  6,173/s'],
    [{ note: 'waiting' }, 'a.csv  █████░░░░░░░░░░░░░░░  25 %  12,345 samples  6,173/s  6 s left  waiting'],
  ])('with %j is %s', (change, line) => expect(progressLine({ ...state, ...change })).toBe(line));

  it('fits a narrow terminal', () => {
    expect(progressLine(state, 50)).toBe('a.csv  25 %  12,345 samples  6,173/s  6 s left');
    for (let width = 1; width < 80; width++)
      expect(progressLine(state, width).length).toBeLessThanOrEqual(width);
  });

  it.each([
    [40, '0.1 s'],
    [9_940, '9.9 s'],
    [61_000, '61 s'],
    [200_000, '3 min'],
    [7_500_000, '2 h 5 min'],
  ])('says %i ms as %s', (ms, text) => expect(duration(ms)).toBe(text));
});

describe('the last word', () => {
  it('says what was written, what was refused where, and where to look', () => {
    const first = { line: 7, at: 'line 7, v', detail: '"x" is not a number' };
    const files = [
      {
        name: 'a.csv',
        written: 1500,
        refusals: [{ reason: 'too_old', count: 2, first }],
        series: new Set(['s', 't']),
      },
      { name: 'b.csv', written: 1, refusals: [], series: new Set(['s']) },
    ];
    expect(summary({ files, ms: 1000, link: 'http://x/' }).split('\n')).toEqual([
      '1,501 samples written in 1 s, 1,501 a second',
      '2 samples refused:',
      '  2 too old, the first in a.csv, line 7, v: "x" is not a number',
      'Correct these and import the file again: writing a sample twice is harmless.',
      'Series: s, t',
      'Look at http://x/',
    ]);
  });

  it.each([
    [[], ''],
    [['abc'], 'abc'],
    [['room.a', 'room.b'], 'room.'],
    [['a', 'b'], ''],
  ])('%j begin with "%s"', (texts, beginning) => expect(commonBeginning(texts)).toBe(beginning));
});
