/**
 * Packs records into parts, each a body that the API takes by itself, and remembers at which line of the file each record stood.
 * A part of a CSV has three columns whatever the file's are (time, series, value), since what the API finds out about a CSV it
 * finds in its first rows, and these are others in every part. Pure.
 */
import Papa from 'papaparse';

/** Far below any MAX_BODY_MB, and few enough samples that the server writes one in about a second. */
export const PART = { bytes: 512 * 1024, samples: 16_000 };

/** Names of series that a part remembers. */
const MAX_NAMES = 10_000;

const HEADER = ['time', 'series', 'value'];

/** Which way 03/04/2026 is meant is what all dates of a body allow: one that reads one way only, without a value, says it. */
const WITNESSES = { 'day first': ['31/12/2000', '', ''], 'month first': ['12/31/2000', '', ''] };

/**
 * Packs the rows of a CSV: `add(row)` and `end()` answer the parts that are full. `layout` is what the server finds in the file;
 * `name` is of the series, unless a column holds it.
 */
export function csvPacker({ layout, name, dates, isMissing }, limit = PART) {
  const { delimiter, series, values } = layout;
  const head = [HEADER, ...(dates ? [WITNESSES[dates]] : [])];
  const pack = packer(limit, head.length, (rows) =>
    Papa.unparse([...head, ...rows], { delimiter, newline: '\n' }),
  );
  const nameOf = (cells, column) => {
    const base = series === undefined ? name : (cells[series] ?? '').trim();
    return values.length > 1 && base !== '' ? `${base}.${column}` : base;
  };
  const takeCell = (cells, at, line, column) => {
    const cell = cells[column.index] ?? '';
    const of = nameOf(cells, column.name);
    pack.add([at, of, cell], { line, column: column.name, name: of, bytes: lengthOf(at, of, cell) });
  };
  let isHeader = layout.hasHeader;
  return {
    add({ cells, line, isBroken }) {
      if (isHeader && !isBlank(cells)) isHeader = false;
      else if (isBroken) pack.refuse('unparsable', line, 'a quote is not closed');
      else {
        const at = timeIn(cells, layout);
        if (at.trim() === '' && cells.every(isMissing)) return [];
        const measured = values.filter(({ index }) => !isMissing(cells[index] ?? ''));
        // A row without a value is sent all the same: its time may be wrong.
        for (const column of measured.length > 0 ? measured : values.slice(0, 1))
          takeCell(cells, at, line, column);
      }
      return pack.full();
    },
    end: pack.end,
  };
}

/** The time of a row, which may stand in two columns, as the server reads it. */
export const timeIn = (cells, { time }) => time.map((index) => (cells[index] ?? '').trim()).join(' ');

const isBlank = (cells) => cells.length <= 1 && (cells[0] ?? '').trim() === '';

const lengthOf = (...cells) => cells.reduce((sum, cell) => sum + Buffer.byteLength(cell) + 3, 0);

/** Packs lines of NDJSON in the same manner. */
export function linePacker(limit = PART) {
  const pack = packer(limit, 0, (lines) => lines.join('\n'));
  return {
    add({ text, line }) {
      pack.add(text, { line, name: seriesIn(text), bytes: Buffer.byteLength(text) + 1 });
      return pack.full();
    },
    end: pack.end,
  };
}

function seriesIn(text) {
  try {
    return JSON.parse(text)?.series;
  } catch {
    return undefined; // the server says what is wrong with it
  }
}

/** `headRows` of a body stand before its first record. */
function packer(limit, headRows, write) {
  const begin = () => ({ records: [], places: [], series: new Set(), refused: [], bytes: 0 });
  let part = begin();
  let finished = [];
  const finish = () => {
    const { records, places, series, refused } = part;
    const lines = [places.at(-1)?.line ?? 0, ...refused.map(({ first }) => first.line)];
    if (records.length > 0 || refused.length > 0)
      finished.push({
        body: records.length > 0 ? write(records) : undefined,
        headRows,
        places,
        series,
        refused,
        lastLine: Math.max(...lines),
      });
    part = begin();
  };
  const full = () => {
    const parts = finished;
    finished = [];
    return parts;
  };
  return {
    add(record, { line, column, name, bytes }) {
      if (part.records.length >= limit.samples || (part.bytes > 0 && part.bytes + bytes > limit.bytes))
        finish();
      part.records.push(record);
      part.places.push({ line, column });
      part.bytes += bytes;
      if (typeof name === 'string' && part.series.size < MAX_NAMES) part.series.add(name.trim());
    },
    refuse(reason, line, detail) {
      const refusal = { reason, count: 1, first: { line, at: `line ${line}`, detail } };
      part.refused = mergeRefusals(part.refused, [refusal]);
    },
    full,
    end() {
      finish();
      return full();
    },
  };
}

/** A refusal where the file has it: the server counts the rows or lines of the part. */
export function locate({ reason, count, first: { at, detail } }, { places, headRows }) {
  const [, number, what] = /^(?:row|line) (\d+)(?:, (.*))?$/s.exec(at) ?? [];
  const place = number && places[Number(number) - 1 - headRows];
  if (!place) return { reason, count, first: { line: places[0]?.line ?? 0, at, detail } };
  const where = what && (place.column ?? what);
  return {
    reason,
    count,
    first: { line: place.line, at: `line ${place.line}${where ? `, ${where}` : ''}`, detail },
  };
}

/** The refusals of a file so far and those of one more part: one for each reason, its first the earliest in the file. */
export function mergeRefusals(refusals, more) {
  const merged = new Map(refusals.map((refusal) => [refusal.reason, refusal]));
  for (const refusal of more) {
    const other = merged.get(refusal.reason);
    merged.set(
      refusal.reason,
      other
        ? {
            reason: refusal.reason,
            count: other.count + refusal.count,
            first: refusal.first.line < other.first.line ? refusal.first : other.first,
          }
        : refusal,
    );
  }
  return [...merged.values()];
}

/** Which way the dates in these cells are meant; 'unknown' where they allow both, undefined where none needs to be known. */
export function orderOfDates(cells, dateOrders) {
  const possible = cells.map(dateOrders).filter((orders) => orders !== undefined);
  if (possible.length === 0) return undefined;
  const agreed = ['day first', 'month first'].filter((order) =>
    possible.every((orders) => orders.includes(order)),
  );
  return agreed.length === 1 ? agreed[0] : 'unknown';
}
