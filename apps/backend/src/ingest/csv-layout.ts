/** What stands where in a person's CSV: delimiter, header, the column of times, the columns of values. Pure. */
import Papa from 'papaparse';
import { BadInput } from '../http/problem';
import { isMissing, readNumber, readTime, dateOrders } from './csv-cell';

/** What a person may say about the columns; the rest is found out. */
export interface ColumnChoice {
  timeColumn?: string;
  valueColumns?: string[];
  seriesColumn?: string;
}

export interface Layout {
  delimiter: string;
  hasHeader: boolean;
  /** Columns by index: of the time, or of the day and of the clock where these stand apart. */
  time: number[];
  series?: number;
  values: { index: number; name: string }[];
  hasDecimalComma: boolean;
}

/** What is looked at. */
const PREVIEW_ROWS = 100;
const PREVIEW_LENGTH = 1_000_000;
const MAX_COLUMNS = 1_000;
const DELIMITERS = ['\t', ';', '|', ','];
const TIME_NAMES =
  /^(?:time|timestamps?|date[ _-]?time|date|ts|t|datum|zeit|when|_time|time[ _-]?(?:utc|ms|s)|epoch)$/i;
const CLOCK_ONLY = /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?$/;
const DATE_ONLY = /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}$/;
const LOOKED_FOR =
  'a column of times: ISO 8601 (2026-01-31T12:00:00Z), 2026-01-31 12:00:00 (UTC), or epoch s, ms, µs or ns';

export function findLayout(text: string, choice: ColumnChoice): Layout {
  const { delimiter, rows } = preview(text);
  const width = Math.max(0, ...rows.map((row) => row.length));
  if (rows.length === 0) throw new BadInput(`The body is empty: send a CSV with ${LOOKED_FOR}.`);
  if (width > MAX_COLUMNS)
    throw new BadInput(`The CSV has ${width} columns: at most ${MAX_COLUMNS} are read.`);
  const hasHeader = rows[0]!.every((cell) => !isTimeLike(cell) && readNumber(cell, true) === undefined);
  const names = columnNames(hasHeader ? rows[0]! : [], width);
  const cells = hasHeader ? rows.slice(1) : rows;
  const column = (index: number) => cells.map((row) => row[index] ?? '').filter((cell) => !isMissing(cell));

  const series =
    choice.seriesColumn === undefined ? undefined : pick(names, choice.seriesColumn, 'seriesColumn');
  const named = choice.timeColumn === undefined ? undefined : pick(names, choice.timeColumn, 'timeColumn');
  const time = withOtherHalf(named ?? findTime(names, column, rows[0]!), names, column);
  const taken = new Set([...time, series]);
  const hasDecimalComma = delimiter !== ',';
  const isValue = (index: number) => !taken.has(index) && isNumeric(column(index), hasDecimalComma);
  const chosen = choice.valueColumns?.map((name) => pick(names, name, 'valueColumns'));
  const values = chosen ?? names.map((_, index) => index).filter(isValue);
  if (values.length === 0)
    throw new BadInput(
      `No column of numbers was found beside the times in "${names[time[0]!]}". There are: ${list(names)}. Name one with valueColumns=.`,
    );
  return {
    delimiter,
    hasHeader,
    time,
    ...(series === undefined ? {} : { series }),
    values: values.map((index) => ({ index, name: names[index]! })),
    hasDecimalComma,
  };
}

/** The delimiter that cuts most rows into the same number of cells, two at least. */
function preview(text: string): { delimiter: string; rows: string[][] } {
  const head = text.slice(0, PREVIEW_LENGTH);
  let best = { delimiter: ',', rows: [] as string[][], agreeing: -1 };
  for (const delimiter of DELIMITERS) {
    const { data } = Papa.parse<string[]>(head, {
      delimiter,
      preview: PREVIEW_ROWS,
      skipEmptyLines: 'greedy',
    });
    const counts = new Map<number, number>();
    for (const row of data) if (row.length > 1) counts.set(row.length, (counts.get(row.length) ?? 0) + 1);
    const agreeing = Math.max(0, ...counts.values());
    if (agreeing > best.agreeing) best = { delimiter, rows: data, agreeing };
  }
  return best;
}

/** Names of columns, each another one, so that no two columns make one series. */
function columnNames(header: string[], width: number): string[] {
  const used = new Set<string>();
  return Array.from({ length: width }, (_, i) => {
    const name = header[i]?.trim() || `column ${i + 1}`;
    const unique = used.has(name) ? `${name} (column ${i + 1})` : name;
    used.add(unique);
    return unique;
  });
}

function pick(names: string[], wanted: string, parameter: string): number {
  const exact = names.indexOf(wanted.trim());
  const index =
    exact >= 0 ? exact : names.findIndex((name) => name.toLowerCase() === wanted.trim().toLowerCase());
  if (index >= 0) return index;
  throw new BadInput(
    `${parameter}: there is no column "${wanted.slice(0, 100)}". There are: ${list(names)}.`,
  );
}

/** A column with the name of a time whose cells are times, else the first one whose cells are. */
function findTime(names: string[], column: (index: number) => string[], firstRow: string[]): number {
  const indexes = names.map((_, index) => index);
  const isTime = (index: number) => mostly(column(index), isTimeLike);
  const named = indexes.filter((index) => TIME_NAMES.test(names[index]!));
  const found = named.find(isTime) ?? indexes.find(isTime);
  if (found !== undefined) return found;
  const ofName = named[0];
  const hint =
    ofName === undefined
      ? `The first line reads ${JSON.stringify(firstRow.join(' ').slice(0, 80))}`
      : `The column "${names[ofName]}" holds ${JSON.stringify(column(ofName)[0]?.slice(0, 40) ?? '')}`;
  throw new BadInput(
    `No times were found; looked for ${LOOKED_FOR}. ${hint}. Name the column with timeColumn=.`,
  );
}

/** The columns of day and clock where a time stands in two. */
function withOtherHalf(time: number, names: string[], column: (index: number) => string[]): number[] {
  const isOnly = (pattern: RegExp) => (index: number) =>
    mostly(column(index), (cell) => pattern.test(cell.trim()));
  const others = names.map((_, index) => index).filter((index) => index !== time);
  if (isOnly(DATE_ONLY)(time)) {
    const clock = others.find(isOnly(CLOCK_ONLY));
    return clock === undefined ? [time] : [time, clock];
  }
  const date = isOnly(CLOCK_ONLY)(time) ? others.find(isOnly(DATE_ONLY)) : undefined;
  return date === undefined ? [time] : [date, time];
}

const isTimeLike = (cell: string): boolean => readTime(cell) !== undefined || dateOrders(cell) !== undefined;

const isNumeric = (cells: string[], hasDecimalComma: boolean): boolean =>
  cells.length === 0 || mostly(cells, (cell) => readNumber(cell, hasDecimalComma) !== undefined);

const mostly = (cells: string[], holds: (cell: string) => boolean): boolean =>
  cells.length > 0 && cells.filter(holds).length * 2 > cells.length;

const list = (names: string[]): string =>
  names
    .slice(0, 20)
    .map((name) => `"${name.slice(0, 60)}"`)
    .join(', ');
