import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { Database } from '../database/database';
import type { SeriesIdentity } from '../series/series';
import type { Rows } from './queue';

/** A series as the writer remembers it. */
export interface KnownSeries {
  id: number;
  hasPeriod: boolean;
}

const MAX_KNOWN = 200_000;
/** Of these the oldest are forgotten together: one at a time would cost every new series. */
const FORGET = 20_000;

/** Chunks older than 14 days are compressed; younger than half of that none is. */
const MAYBE_COMPRESSED_MS = 7 * 86_400_000;

/** Finds the series that are there and adds those that are not, as long as there is room for them. */
const RESOLVE = `
  WITH wanted AS (
    SELECT i.at, i.name, i.labels::jsonb AS labels
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i(name, labels, at)
  ), known AS (
    SELECT w.at, s.id, s.period_ms IS NOT NULL AS has_period
    FROM wanted w
    JOIN series s ON s.name = w.name AND md5(s.labels::text) = md5(w.labels::text)
  ), added AS (
    INSERT INTO series AS s (name, labels)
    SELECT w.name, w.labels
    FROM wanted w
    WHERE w.at NOT IN (SELECT k.at FROM known k)
    ORDER BY w.name, w.labels
    LIMIT greatest(0, $3 - (SELECT count(*) FROM series))
    ON CONFLICT (name, md5(labels::text)) DO NOTHING
    RETURNING s.id, s.name, s.labels
  )
  SELECT k.at::int, k.id, k.has_period FROM known k
  UNION ALL
  SELECT w.at::int, a.id, false FROM added a JOIN wanted w ON w.name = a.name AND w.labels = a.labels`;

/**
 * Samples, what has arrived, and what waits to be scored, in one statement: all of it or nothing.
 * A sample that was there with the same value is not written again, and so not scored again.
 */
const WRITE = `
  WITH incoming AS (
    SELECT i.series_id, to_timestamp(i.ms / 1000) AS time, i.value
    FROM unnest($1::int[], $2::float8[], $3::float8[]) AS i(series_id, ms, value)
  ), written AS (
    INSERT INTO sample AS s (series_id, time, value)
    SELECT i.series_id, i.time, i.value FROM incoming i
    ON CONFLICT (series_id, time) DO UPDATE SET value = EXCLUDED.value WHERE s.value IS DISTINCT FROM EXCLUDED.value
    RETURNING s.series_id, s.time
  ), arrived AS (
    INSERT INTO arrival AS a (minute, samples)
    SELECT date_trunc('minute', now()), count(*) FROM incoming
    ON CONFLICT (minute) DO UPDATE SET samples = a.samples + EXCLUDED.samples
  ), fresh AS (
    SELECT w.series_id, min(w.time) AS since FROM written w GROUP BY w.series_id
  ), tips AS (
    SELECT i.series_id, min(i.time) AS first, max(i.time) AS last FROM incoming i GROUP BY i.series_id
  )
  INSERT INTO watermark AS w (series_id, first_sample_at, last_sample_at, unscored_from, unscored_since)
  SELECT t.series_id, t.first, t.last, f.since, CASE WHEN f.since IS NOT NULL THEN now() END
  FROM tips t
  LEFT JOIN fresh f ON f.series_id = t.series_id
  ORDER BY t.series_id
  ON CONFLICT (series_id) DO UPDATE SET
    first_sample_at = LEAST(w.first_sample_at, EXCLUDED.first_sample_at),
    last_sample_at = GREATEST(w.last_sample_at, EXCLUDED.last_sample_at),
    unscored_from = LEAST(w.unscored_from, EXCLUDED.unscored_from),
    unscored_since = COALESCE(w.unscored_since, EXCLUDED.unscored_since)`;

@Injectable()
export class IngestStore {
  private readonly known = new Map<string, KnownSeries>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(Database) private readonly database: Database,
  ) {}

  /** The series of these identities, made where they are new; undefined where MAX_SERIES leaves no room. */
  /** Counts of arrival older than a day serve no screen. */
  async forgetArrivals(): Promise<void> {
    await this.database.query("DELETE FROM arrival a WHERE a.minute < now() - INTERVAL '1 day'");
  }

  async resolve(identities: readonly SeriesIdentity[]): Promise<(KnownSeries | undefined)[]> {
    const found = new Map<string, KnownSeries>();
    const unknown = new Map<string, SeriesIdentity>();
    for (const identity of identities) {
      const series = this.known.get(identity.key);
      if (series) found.set(identity.key, series);
      else unknown.set(identity.key, identity);
    }
    // A series that another process adds at this moment is seen the second time.
    for (let attempt = 0; attempt < 2 && unknown.size > 0; attempt++) {
      for (const [key, series] of await this.findOrAdd([...unknown.values()])) {
        found.set(key, series);
        this.remember(key, series);
        unknown.delete(key);
      }
    }
    return identities.map(({ key }) => found.get(key));
  }

  /** Forgets series that may have been deleted. */
  forget(identities: readonly SeriesIdentity[]): void {
    for (const { key } of identities) this.known.delete(key);
  }

  /** Writes rows that differ in (series, time). */
  async write({ seriesId, timeMs, value }: Rows): Promise<void> {
    const columns = [seriesId, timeMs, value].map((column) => `{${column.join(',')}}`);
    const oldestMs = timeMs.reduce((oldest, ms) => Math.min(oldest, ms), Infinity);
    if (oldestMs > this.now() - MAYBE_COMPRESSED_MS) {
      await this.database.query(WRITE, columns);
      return;
    }
    await this.database.transaction(async (queries) => {
      // One late sample of each of many series may touch more compressed samples than a statement may by default.
      await queries.query('SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0');
      await queries.query(WRITE, columns);
    });
  }

  private async findOrAdd(identities: SeriesIdentity[]): Promise<[string, KnownSeries][]> {
    const { rows } = await this.database.query<{ at: number; id: number; has_period: boolean }>(RESOLVE, [
      identities.map(({ name }) => name),
      identities.map(({ labels }) => JSON.stringify(labels)),
      this.config.MAX_SERIES,
    ]);
    return rows.map(({ at, id, has_period }) => [identities[at - 1]!.key, { id, hasPeriod: has_period }]);
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
