import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { floatArray, intArray, timeArray } from '../database/arrays';
import { Database, type Queries } from '../database/database';
import { isRated, type SeriesIdentity } from '../series/series';
import { isMaybeCompressed, unlimitDecompression } from '../database/compressed';
import type { Rows } from './queue';
import { touchedBy, type Touched } from './touched';

/** A series as the writer remembers it. */
export interface KnownSeries {
  id: number;
  hasPeriod: boolean;
}

const MAX_KNOWN = 200_000;
/** Of these the oldest are forgotten together: one at a time would cost every new series. */
const FORGET = 20_000;
/** After a sample that was there already, so long every statement expects more of them. */
const REPEATS_MS = 60_000;
const UNIQUE_VIOLATION = '23505';

/** Finds the series that are there and adds those that are not, as long as there is room for them; a counter with its rate. */
const RESOLVE = `
  WITH wanted AS (
    SELECT i.at, i.name, i.labels::jsonb AS labels, i.is_counter
    FROM unnest($1::text[], $2::text[], $3::bool[]) WITH ORDINALITY AS i(name, labels, is_counter, at)
  ), known AS (
    SELECT w.at, s.id, s.period_ms IS NOT NULL AS has_period
    FROM wanted w
    JOIN series s ON s.name = w.name AND md5(s.labels::text) = md5(w.labels::text)
  ), added AS (
    INSERT INTO series AS s (name, labels, is_counter)
    SELECT w.name, w.labels, w.is_counter
    FROM wanted w
    WHERE w.at NOT IN (SELECT k.at FROM known k)
    ORDER BY w.name, w.labels
    LIMIT least($5, greatest(0, $4 - (SELECT count(*) FROM series)))
    ON CONFLICT (name, md5(labels::text)) DO NOTHING
    RETURNING s.id, s.name, s.labels, s.is_counter
  ), rates AS (
    INSERT INTO series (name, labels, unit, rate_of)
    SELECT 'rate(' || a.name || ')', a.labels, '/s', a.id FROM added a WHERE a.is_counter
    ON CONFLICT (name, md5(labels::text)) DO UPDATE SET rate_of = EXCLUDED.rate_of
  )
  SELECT k.at::int, k.id, k.has_period, false AS is_new FROM known k
  UNION ALL
  SELECT w.at::int, a.id, false, true FROM added a JOIN wanted w ON w.name = a.name AND w.labels = a.labels`;

/** Series that were deleted since their ids were remembered: then nothing is written. */
const GONE = `
  gone AS MATERIALIZED (
    SELECT i.id FROM unnest($5::int[]) AS i(id) WHERE NOT EXISTS (SELECT FROM series s WHERE s.id = i.id)
  )`;

const INCOMING = `
  SELECT i.series_id, i.time, i.value
  FROM unnest($1::int[], $2::timestamptz[], $3::float8[]) AS i(series_id, time, value)
  WHERE NOT EXISTS (SELECT FROM gone)`;

/** Samples, and the note of what they touch, in one statement: all of it or nothing. Fails where one of them is there already. */
const INSERT = `
  WITH ${GONE}, written AS (
    INSERT INTO sample (series_id, time, value) ${INCOMING}
  ), noted AS (
    INSERT INTO touched (samples, series_ids, firsts, lasts)
    SELECT $4::int, $5::int[], $6::float8[], $7::float8[] WHERE NOT EXISTS (SELECT FROM gone)
    RETURNING id, series_ids, firsts, lasts
  )
  SELECT ARRAY(SELECT id FROM gone) AS gone, n.id FROM (VALUES (1)) AS one LEFT JOIN noted n ON true`;

/** The same where some are there already: the last value wins, and one that changes nothing is not scored again. */
const UPSERT = `
  WITH ${GONE}, written AS (
    INSERT INTO sample AS s (series_id, time, value) ${INCOMING}
    ON CONFLICT (series_id, time) DO UPDATE SET value = EXCLUDED.value WHERE s.value IS DISTINCT FROM EXCLUDED.value
    RETURNING s.series_id, s.time
  ), changed AS (
    SELECT series_id, extract(epoch FROM min(time))::float8 * 1000 AS first, extract(epoch FROM max(time))::float8 * 1000 AS last
    FROM written GROUP BY series_id
  ), noted AS (
    INSERT INTO touched (samples, series_ids, firsts, lasts)
    SELECT $4::int, COALESCE(array_agg(series_id), '{}'), COALESCE(array_agg(first), '{}'), COALESCE(array_agg(last), '{}')
    FROM changed WHERE NOT EXISTS (SELECT FROM gone)
    RETURNING id, series_ids, firsts, lasts
  )
  SELECT ARRAY(SELECT id FROM gone) AS gone, n.* FROM (VALUES (1)) AS one LEFT JOIN noted n ON true`;

/** What a statement wrote: its note's id, and the stretches that changed. */
export interface Written {
  noteId: string;
  touched: Touched;
}

/** Series of a statement were deleted meanwhile: resolved anew, the same rows can be written. */
export class SeriesGone extends Error {}

interface WrittenRow {
  gone: number[];
  id: string | null;
  series_ids?: number[];
  firsts?: number[];
  lasts?: number[];
}

/** In the order that was asked for; undefined where there is no room. */
export interface Resolved {
  series: (KnownSeries | undefined)[];
  /** How many of them are new. */
  added: number;
}

@Injectable()
export class IngestStore {
  private readonly known = new Map<string, KnownSeries>();
  private repeatsUntilMs = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(Database) private readonly database: Database,
  ) {}

  /** The series of these identities, at most `room` of them made where they are new; undefined where there is no room. */
  async resolve(identities: readonly SeriesIdentity[], room: number): Promise<Resolved> {
    let added = 0;
    const found = new Map<string, KnownSeries>();
    const unknown = new Map<string, SeriesIdentity>();
    for (const identity of identities) {
      const series = this.known.get(identity.key);
      if (series) found.set(identity.key, series);
      else unknown.set(identity.key, identity);
    }
    // A series that another process adds at this moment is seen the second time.
    for (let attempt = 0; attempt < 2 && unknown.size > 0; attempt++) {
      for (const { key, isNew, ...series } of await this.findOrAdd([...unknown.values()], room - added)) {
        if (isNew) added++;
        found.set(key, series);
        this.remember(key, series);
        unknown.delete(key);
      }
    }
    return { series: identities.map(({ key }) => found.get(key)), added };
  }

  /** Forgets series that may have been deleted. */
  forget(identities: readonly SeriesIdentity[]): void {
    for (const { key } of identities) this.known.delete(key);
  }

  /** Writes settled rows, and a note of what they touch. Throws SeriesGone where a series was deleted meanwhile. */
  async write(rows: Rows): Promise<Written> {
    if (this.now() < this.repeatsUntilMs) return this.attempt(UPSERT, rows);
    try {
      return await this.attempt(INSERT, rows);
    } catch (error) {
      if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
      this.repeatsUntilMs = this.now() + REPEATS_MS;
      return this.attempt(UPSERT, rows);
    }
  }

  private async attempt(statement: string, rows: Rows): Promise<Written> {
    const touched = touchedBy(rows);
    const oldestMs = touched.firsts.reduce((oldest, ms) => Math.min(oldest, ms), Infinity);
    if (!isMaybeCompressed(oldestMs, this.now()))
      return run(statement, { rows, touched, queries: this.database });
    return this.database.transaction(async (queries) => {
      await unlimitDecompression(queries);
      return run(statement, { rows, touched, queries });
    });
  }

  private async findOrAdd(identities: SeriesIdentity[], room: number) {
    const { rows } = await this.database.query<{
      at: number;
      id: number;
      has_period: boolean;
      is_new: boolean;
    }>(RESOLVE, [
      identities.map(({ name }) => name),
      identities.map(({ labels }) => JSON.stringify(labels)),
      identities.map(isRated),
      this.config.MAX_SERIES,
      room,
    ]);
    return rows.map(({ at, id, has_period, is_new }) => ({
      key: identities[at - 1]!.key,
      id,
      hasPeriod: has_period,
      isNew: is_new,
    }));
  }

  private remember(key: string, series: KnownSeries): void {
    if (this.known.size >= MAX_KNOWN) {
      let count = 0;
      for (const oldest of this.known.keys()) {
        if (count++ >= FORGET) break;
        this.known.delete(oldest);
      }
    }
    this.known.set(key, series);
  }
}

async function run(
  statement: string,
  { rows, touched, queries }: { rows: Rows; touched: Touched; queries: Queries },
): Promise<Written> {
  const columns = [intArray(rows.seriesId), timeArray(rows.timeMs), floatArray(rows.value)];
  const stretches = statement === INSERT ? [floatArray(touched.firsts), floatArray(touched.lasts)] : [];
  const values = [...columns, rows.value.length, intArray(touched.seriesIds), ...stretches];
  const answer = await queries.query<WrittenRow>(statement, values);
  const { gone, id, ...changed } = answer.rows[0]!;
  if (gone.length > 0 || id === null) throw new SeriesGone(`series ${gone.join(', ')} were deleted`);
  if (!changed.series_ids) return { noteId: id, touched };
  return {
    noteId: id,
    touched: { seriesIds: changed.series_ids, firsts: changed.firsts!, lasts: changed.lasts! },
  };
}
