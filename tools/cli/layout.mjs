/** Finds out by the beginning of a file how to cut and pack it, as the server would by the whole. */
import { URLSearchParams } from 'node:url';
import Papa from 'papaparse';
import { csvPacker, linePacker, orderOfDates, timeIn } from './parts.mjs';
import { csvSplitter, lineBreakOf, lineSplitter } from './records.mjs';
import { Failure } from './send.mjs';

/** Characters that are looked at. */
export const HEAD = 1_000_000;
/** Excel's own hint, in front of what it is about. */
const SEPARATOR_HINT = /^sep=.\r?\n/;

/**
 * How to import the file `{ path, name }` that begins so: `{ splitter, packer, skip, endpoint, type }`, where `skip` characters are
 * not data. `reader` is how the server reads a CSV. Throws Failure.
 */
export function findFormat(file, head, options, reader) {
  if (/\.(ndjson|jsonl)(\.gz)?$/i.test(file.path) || /^\s*\{/.test(head)) return NDJSON();
  if (/^\s*\[/.test(head))
    throw new Failure(
      `this is a JSON array, which cannot be sent in parts: write one sample a line (jq -c '.[]').`,
    );
  if (head.trim() === '') throw new Failure('the file is empty.');

  const skip = SEPARATOR_HINT.exec(head)?.[0].length ?? 0;
  const text = head.slice(skip);
  const layout = findLayout(text, options, reader);
  const { delimiter } = layout;
  const dates = options.dates ?? findDates(text, layout, reader);
  const name = options.name ?? reader.nameOfFile(file.path === '-' ? '' : file.name.replace(/\.gz$/i, ''));
  const query = new URLSearchParams({ timeColumn: 'time', seriesColumn: 'series', valueColumns: 'value' });
  if (options.labels !== undefined) query.set('labels', options.labels);
  return {
    splitter: csvSplitter({ delimiter, newline: lineBreakOf(text, delimiter), line: skip > 0 ? 2 : 1 }),
    packer: csvPacker({ layout, name, dates, isMissing: reader.isMissing }),
    skip,
    endpoint: `/api/v1/import?${query}`,
    type: 'text/csv',
  };
}

const NDJSON = () => ({
  splitter: lineSplitter(),
  packer: linePacker(),
  skip: 0,
  endpoint: '/api/v1/samples',
  type: 'application/x-ndjson',
});

function findLayout(text, { choice }, reader) {
  try {
    return reader.findLayout(text, choice);
  } catch (error) {
    if (error.status !== 400) throw error;
    const inOptions = error.message.replace(/\b(time|value|series)Columns?\b=?/g, '--$1');
    const hint = inOptions.startsWith('--series:') ? ' To name the one series of the file: --name.' : '';
    throw new Failure(`${inOptions}${hint}`);
  }
}

function findDates(text, layout, reader) {
  const { data } = Papa.parse(text, { delimiter: layout.delimiter });
  const cells = data.map((row) => timeIn(row, layout));
  const order = orderOfDates(cells, reader.dateOrders);
  if (order !== 'unknown') return order;
  const example = cells.find((cell) => reader.dateOrders(cell));
  throw new Failure(
    `the date "${example.trim()}" reads two ways: say --dates day-first or --dates month-first.`,
  );
}
