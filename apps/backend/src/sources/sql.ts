/** Samples out of rows of somebody else's table: which rows to read next, and what they hold. Pure. */
import type { SqlSettings } from '@bellwether/contracts';
import { collect, type Acceptance, type Collector, type Decoded } from '../ingest/ingest';
import { printable, SourceError, type Cursor } from './source';

/** Rows of one round; all rows of its last time come with it, up to MAX_ROWS. */
export const PAGE_ROWS = 10_000;
export const MAX_ROWS = 100_000;

/** As it comes: `position` is the time as the database writes it, `ms` as epoch milliseconds. */
export interface Row {
  position: string;
  ms: number;
  /** The name, where a column holds it. */
  series: string | null;
  values: (number | null)[];
  labels: (string | null)[];
}

/** A time as a literal of the time column. */
export function literal(timeMs: number, format: SqlSettings['timeFormat']): string {
  if (format === 'timestamp') return new Date(timeMs).toISOString();
  return String(Math.floor(format === 'seconds' ? timeMs / 1_000 : timeMs));
}

/** What was read so far: `reached` is where the next sweep begins to be new, `sweep` where the one that is under way stands. */
export interface Progress {
  reached: Cursor | undefined;
  /** The last row of the page before, while there are more; undefined: the next page begins a sweep. */
  sweep: string | undefined;
}

/** Rows after this time are read next. A sweep begins a little before what was reached, for rows that came late. */
export function nextFrom(
  { overlapMs, backfillMs, timeFormat }: Pick<SqlSettings, 'overlapMs' | 'backfillMs' | 'timeFormat'>,
  { reached, sweep }: Progress,
  { nowMs, oldestMs }: { nowMs: number; oldestMs: number },
): string {
  if (sweep !== undefined) return sweep;
  const wanted = reached === undefined ? nowMs - backfillMs : reached.atMs - overlapMs;
  return literal(Math.max(wanted, oldestMs - 1), timeFormat);
}

/** After a page: a full one has more behind it, and what is reached never goes back. */
export function advance({ reached }: Progress, rows: readonly Row[]): Progress {
  const last = rows.at(-1);
  if (!last) return { reached, sweep: undefined };
  const isFurther = reached === undefined || last.ms > reached.atMs;
  return {
    reached: isFurther ? { position: last.position, atMs: Math.floor(last.ms) } : reached,
    sweep: rows.length >= PAGE_ROWS ? last.position : undefined,
  };
}

/** Rows of a sweep that the next one reads again, and their times. */
export type Seen = Map<string, number>;

/** Beyond these, rows are written again, which changes nothing. */
const MAX_SEEN = 200_000;

const keyOf = ({ position, series, labels, values }: Row): string =>
  JSON.stringify([position, series, labels, values]);

/** The rows that the sweep before had not: an overlap is read again, and not written again. */
export const unseen = (rows: readonly Row[], seen: ReadonlyMap<string, number>): Row[] =>
  seen.size === 0 ? [...rows] : rows.filter((row) => !seen.has(keyOf(row)));

/** Adds the rows that the next sweep reads again, those after `fromMs`, and drops what it does not. */
export function remember(seen: Seen, rows: readonly Row[], fromMs: number): void {
  for (const [key, ms] of seen) if (ms < fromMs) seen.delete(key);
  for (const row of rows) if (row.ms >= fromMs && seen.size < MAX_SEEN) seen.set(keyOf(row), row.ms);
}

type Columns = Pick<SqlSettings, 'valueColumns' | 'seriesColumn' | 'series' | 'labelColumns'>;

/** The samples of rows; a NULL is no sample, and no label. Throws SourceError where one time has too many rows. */
export function decodeRows(rows: readonly Row[], columns: Columns, accept: Acceptance): Decoded {
  if (rows.length > MAX_ROWS)
    throw new SourceError(
      `More than ${MAX_ROWS} rows have the time ${rows[0]!.position}, or are about to: read fewer series, by a query of your own.`,
    );
  const collector = collect(accept);
  for (const row of rows) takeRow(collector, row, columns);
  return collector.done();
}

function takeRow(
  collector: Collector,
  row: Row,
  { valueColumns, series, labelColumns, seriesColumn }: Columns,
): void {
  const labels: Record<string, string> = {};
  row.labels.forEach((label, i) => {
    if (label !== null) labels[labelColumns[i]!] = label;
  });
  const at = () => `the row of ${printable(row.position)}`;
  row.values.forEach((value, i) => {
    if (value === null) return;
    const column = valueColumns[i]!;
    const given = seriesColumn === null ? series : (row.series ?? '');
    const isShared = given !== null && valueColumns.length > 1;
    const place = collector.series(given ?? column, isShared ? { ...labels, column } : labels);
    collector.add(place, row.ms, value, at);
  });
}

/** SQLSTATE and words of an error of PostgreSQL. */
export interface SqlTrouble {
  code?: string | undefined;
  message?: string | undefined;
}

const HINTS: Record<string, string> = {
  '28P01': 'correct the username or password',
  '28000': 'allow this user in pg_hba.conf, or correct it',
  '3D000': 'correct the database in the url',
  '42P01': 'correct the table, or its schema',
  '42703': 'correct the name of the column',
  '42501': 'GRANT SELECT on it to this user',
  '42601': 'correct the query: one SELECT',
  '57014': 'it took too long: index the time column, or narrow the query',
  '25006': 'only a SELECT that changes nothing is run',
  '53300': 'raise its max_connections, or wait',
  '42883': 'timeFormat has to say what the time column holds, and values have to be numbers',
  '42846': 'timeFormat has to say what the time column holds, and values have to be numbers',
  '22P02': 'timeFormat has to say what the time column holds, and values have to be numbers',
  '22007': 'timeFormat has to say what the time column holds',
  '22008': 'timeFormat has to say what the time column holds',
  '22003': 'timeFormat has to say what the time column holds',
};

/** Why a query brought nothing, and what to do, for what PostgreSQL itself had to say. */
export function explainSql({ code, message }: SqlTrouble, place: string): string {
  if (/password must be a string/.test(message ?? ''))
    return `The database at ${place} wants a password: give it.`;
  if (/does not support SSL/.test(message ?? ''))
    return `The database at ${place} does not speak TLS: leave sslmode out, or set it to disable.`;
  if (/timeout/i.test(message ?? '') && !code)
    return `The database at ${place} did not answer in time: see to the network, index the time column, or narrow the query.`;
  const hint = HINTS[code ?? ''] ?? 'see its log';
  return `The database at ${place} says: ${printable(message ?? code ?? 'nothing')}: ${hint}.`;
}
