import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../clock';
import { intArray, timeArray } from '../database/arrays';
import { Database, type Queries } from '../database/database';
import { isMaybeCompressed, unlimitDecompression } from '../database/compressed';
import type { Touched } from './touched';

/** Rows of `touched` that another process has had for so long are nobody's any more: it folds its own within seconds. */
const ABANDONED = "INTERVAL '20 seconds'";

/**
 * Moves the watermarks over stretches that were written, and with them the rates of counters: from the sample before a stretch to
 * the one after it, an increase by the second; a value below the one before is an increase from 0. All of it may be done twice.
 */
const FOLD = `
  WITH touched AS (
    SELECT s.id, i.first, i.last
    FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS i(id, first, last)
    JOIN series s ON s.id = i.id
  ), rated AS (
    SELECT r.id AS series_id, step.time,
           (CASE WHEN step.value >= step.before THEN step.value - step.before ELSE step.value END)
             / extract(epoch FROM step.time - step.since) AS value
    FROM touched t
    JOIN series r ON r.rate_of = t.id
    CROSS JOIN LATERAL (
      SELECT p.time, p.value, lag(p.value) OVER (ORDER BY p.time) AS before, lag(p.time) OVER (ORDER BY p.time) AS since
      FROM sample p
      WHERE p.series_id = t.id
        AND p.time >= COALESCE((SELECT max(b.time) FROM sample b WHERE b.series_id = t.id AND b.time < t.first), t.first)
        AND p.time <= COALESCE((SELECT min(a.time) FROM sample a WHERE a.series_id = t.id AND a.time > t.last), t.last)
    ) step
    WHERE step.since IS NOT NULL
  ), rates AS (
    INSERT INTO sample AS s (series_id, time, value)
    SELECT series_id, time, value FROM rated
    ON CONFLICT (series_id, time) DO UPDATE SET value = EXCLUDED.value WHERE s.value IS DISTINCT FROM EXCLUDED.value
    RETURNING s.series_id, s.time
  ), stretches AS (
    SELECT id, min(first) AS first, max(last) AS last
    FROM (SELECT id, first, last FROM touched UNION ALL SELECT series_id, time, time FROM rates) AS each
    GROUP BY id
  )
  INSERT INTO watermark AS w (series_id, first_sample_at, last_sample_at, unscored_from, unscored_since)
  SELECT id, first, last, first, now() FROM stretches
  ORDER BY id
  ON CONFLICT (series_id) DO UPDATE SET
    first_sample_at = LEAST(w.first_sample_at, EXCLUDED.first_sample_at),
    last_sample_at = GREATEST(w.last_sample_at, EXCLUDED.last_sample_at),
    unscored_from = LEAST(w.unscored_from, EXCLUDED.unscored_from),
    unscored_since = COALESCE(w.unscored_since, EXCLUDED.unscored_since)
  RETURNING w.series_id`;

/** The notes of statements that are folded become the counts that a screen shows by the minute. */
const CLEAR = `
  WITH folded AS (
    DELETE FROM touched t WHERE t.id = ANY($1::bigint[]) RETURNING t.samples
  )
  INSERT INTO arrival AS a (minute, samples)
  SELECT date_trunc('minute', now()), sum(f.samples) FROM folded f HAVING count(*) > 0
  ON CONFLICT (minute) DO UPDATE SET samples = a.samples + EXCLUDED.samples`;

/** Notes of what was written, and the watermarks they end up in. */
@Injectable()
export class TouchedStore {
  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(Database) private readonly database: Database,
  ) {}

  /** Moves the watermarks; returns all series whose samples changed: those given that still are, and the rates of counters. */
  async fold(touched: Touched): Promise<number[]> {
    const { seriesIds, firsts, lasts } = touched;
    const run = (queries: Queries) =>
      queries.query<{ series_id: number }>(FOLD, [intArray(seriesIds), timeArray(firsts), timeArray(lasts)]);
    const oldestMs = firsts.reduce((oldest, ms) => Math.min(oldest, ms), Infinity);
    const { rows } = isMaybeCompressed(oldestMs, this.now())
      ? await this.database.transaction(async (queries) => {
          await unlimitDecompression(queries);
          return run(queries);
        })
      : await run(this.database);
    const changed = rows.map(({ series_id }) => series_id);
    await this.forgetOrphans(seriesIds, changed);
    return changed;
  }

  /** Forgets the notes of these statements, whose stretches are folded. */
  async clear(noteIds: readonly string[]): Promise<void> {
    await this.database.query(CLEAR, [noteIds]);
  }

  /** Notes of processes that ended before they folded them; of this one's own those are left out. */
  async abandoned(ownIds: readonly string[]): Promise<{ id: string; touched: Touched }[]> {
    const { rows } = await this.database.query<{
      id: string;
      series_ids: number[];
      firsts: number[];
      lasts: number[];
    }>(
      `SELECT t.id, t.series_ids, t.firsts, t.lasts FROM touched t
       WHERE t.at < now() - ${ABANDONED} AND t.id <> ALL($1::bigint[])
       ORDER BY t.id LIMIT 500`,
      [ownIds],
    );
    return rows.map(({ id, series_ids: seriesIds, firsts, lasts }) => ({
      id,
      touched: { seriesIds, firsts, lasts },
    }));
  }

  /** Counts of arrival older than a day serve no screen. */
  async forgetArrivals(): Promise<void> {
    await this.database.query("DELETE FROM arrival a WHERE a.minute < now() - INTERVAL '1 day'");
  }

  /** Samples that were on their way while their series was deleted. */
  private async forgetOrphans(seriesIds: readonly number[], changed: readonly number[]): Promise<void> {
    const known = new Set(changed);
    const orphans = seriesIds.filter((id) => !known.has(id));
    if (orphans.length > 0)
      await this.database.query('DELETE FROM sample s WHERE s.series_id = ANY($1::int[])', [orphans]);
  }
}
