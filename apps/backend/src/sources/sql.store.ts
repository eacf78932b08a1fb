/**
 * Reads a table of somebody else's database: one short connection a round, one transaction that can only read. Names are quoted
 * identifiers; a person's own SELECT is a subquery in such a transaction, where PostgreSQL takes one statement and no write.
 */
import type { SqlSettings } from '@bellwether/contracts';
import { Client, escapeIdentifier } from 'pg';
import { explainConnection, SourceError } from './source';
import { explainSql, MAX_ROWS, PAGE_ROWS, type Row, type SqlTrouble } from './sql';

const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;
/** Longer than the server's own limit, for a server that is gone. */
const ANSWER_MS = 40_000;
/** One more than a name or a label may have: what is longer is refused, not cut. */
const LABEL_CHARACTERS = 201;

export interface Page {
  /** The time after which, and before which, rows are read. */
  from: string;
  to: string;
  order: 'oldest' | 'newest';
  rows: number;
}

/** The statement of a page, with the times as its parameters. */
export function selectPage(settings: SqlSettings, { order, rows }: Pick<Page, 'order' | 'rows'>): string {
  const { timeColumn, timeFormat, valueColumns, labelColumns, seriesColumn } = settings;
  const time = `q.${escapeIdentifier(timeColumn)}`;
  const picked = [
    `${time} AS time`,
    ...valueColumns.map((column, i) => `q.${escapeIdentifier(column)} AS value_${i}`),
    ...labelColumns.map((column, i) => `q.${escapeIdentifier(column)} AS label_${i}`),
    ...(seriesColumn === null ? [] : [`q.${escapeIdentifier(seriesColumn)} AS series`]),
  ];
  const factor = timeFormat === 'milliseconds' ? '' : ' * 1000';
  const ms = timeFormat === 'timestamp' ? 'extract(epoch FROM p.time)' : 'p.time';
  const shown = [
    'p.time::text AS position',
    `${ms}::float8${factor} AS ms`,
    ...valueColumns.map((_, i) => `p.value_${i}::float8 AS value_${i}`),
    ...labelColumns.map((_, i) => `left(p.label_${i}::text, ${LABEL_CHARACTERS}) AS label_${i}`),
    ...(seriesColumn === null ? [] : [`left(p.series::text, ${LABEL_CHARACTERS}) AS series`]),
  ];
  return `
    WITH page AS (
      SELECT ${picked.join(', ')}
      FROM ${fromOf(settings)} AS q
      WHERE ${time} > $1 AND ${time} < $2
      ORDER BY ${time}${order === 'newest' ? ' DESC' : ''}
      FETCH FIRST ${rows} ROWS WITH TIES
    )
    SELECT ${shown.join(', ')}
    FROM page p
    ORDER BY p.time
    LIMIT ${MAX_ROWS + 1}`;
}

function fromOf({ from }: SqlSettings): string {
  // On a line of its own: a comment at the end of the query ends before the parenthesis.
  if (from.kind === 'query') return `(\n${from.query.replace(/[;\s]+$/, '')}\n)`;
  return [from.schema, from.table]
    .flatMap((name) => (name === null ? [] : [escapeIdentifier(name)]))
    .join('.');
}

/** The rows of a page, oldest first. Throws SourceError. */
export async function readPage(
  settings: SqlSettings,
  password: string | undefined,
  page: Page,
): Promise<Row[]> {
  const place = placeOf(settings);
  const client = new Client({
    connectionString: withUser(settings, password),
    application_name: 'bellwether source',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
  });
  // A connection that breaks between two statements fails the next one; unheard, the event would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('BEGIN READ ONLY');
    await client.query(
      `SET LOCAL statement_timeout = ${STATEMENT_MS}; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'`,
    );
    const { rows } = await client.query<Record<string, unknown>>(selectPage(settings, page), [
      page.from,
      page.to,
    ]);
    await client.query('COMMIT');
    return rows.map((row) => rowOf(row, settings));
  } catch (error) {
    throw new SourceError(explainConnection(error, place) ?? explainSql(error as SqlTrouble, place), {
      cause: error,
    });
  } finally {
    // Ends a transaction that failed with it.
    await client.end().catch(() => undefined);
  }
}

export const readOldest = (
  settings: SqlSettings,
  password: string | undefined,
  stretch: { from: string; to: string },
) => readPage(settings, password, { ...stretch, order: 'oldest', rows: PAGE_ROWS });

const placeOf = ({ url }: SqlSettings): string => {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || 5432}`;
};

function withUser({ url, username }: SqlSettings, password: string | undefined): string {
  const address = new URL(url);
  if (username !== null) address.username = encodeURIComponent(username);
  if (password !== undefined) address.password = encodeURIComponent(password);
  return address.href;
}

const rowOf = (
  row: Record<string, unknown>,
  { valueColumns, labelColumns, seriesColumn }: SqlSettings,
): Row => ({
  position: row['position'] as string,
  ms: row['ms'] as number,
  series: seriesColumn === null ? null : (row['series'] as string | null),
  values: valueColumns.map((_, i) => row[`value_${i}`] as number | null),
  labels: labelColumns.map((_, i) => row[`label_${i}`] as string | null),
});
