import { Inject, Injectable } from '@nestjs/common';
import type { Labels } from '@bellwether/contracts';
import { Database } from '../database/database';
import { OWN_PREFIX, type ScoreRow } from './export';

/** Scores of one series that wait, from `since` on, oldest first; times are epoch ms. */
export interface Unsent {
  seriesId: number;
  sinceMs: number;
  rows: ScoreRow[];
}

interface UnsentRow {
  series_id: number;
  since_ms: number;
  name: string;
  labels: Labels;
  time_ms: number;
  score: number;
  expected: number | null;
  lower: number | null;
  upper: number | null;
}

const MS = (time: string): string => `extract(epoch FROM ${time})::float8 * 1000`;
const TIME = (ms: string): string => `to_timestamp(${ms}::float8 / 1000)`;

/** A score is the series' newest for so long: three of its periods, at least five minutes. */
const CURRENT = `now() - GREATEST(INTERVAL '5 minutes', 3 * s.period_ms * INTERVAL '1 millisecond')`;

/** Which scores wait to be sent, and the newest of each series. */
@Injectable()
export class ExportStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Notes that scores of these series changed from these times on. */
  async note(stretches: readonly { seriesId: number; from: Date }[]): Promise<void> {
    await this.database.query(
      `INSERT INTO unsent AS u (series_id, since)
       SELECT s.id, min(n.since)
       FROM unnest($1::int[], $2::timestamptz[]) AS n(series_id, since)
       JOIN series s ON s.id = n.series_id AND NOT starts_with(s.name, $3)
       GROUP BY s.id
       ORDER BY s.id
       ON CONFLICT (series_id) DO UPDATE SET since = LEAST(u.since, EXCLUDED.since)`,
      [stretches.map(({ seriesId }) => seriesId), stretches.map(({ from }) => from), OWN_PREFIX],
    );
  }

  /** The scores that have waited longest, at most `limit` of them. */
  async oldest(limit: number): Promise<Unsent[]> {
    const { rows } = await this.database.query<UnsentRow>(
      `SELECT u.series_id, ${MS('u.since')} AS since_ms, s.name, s.labels, ${MS('c.time')} AS time_ms,
              c.score, c.expected, c.lower, c.upper
       FROM (SELECT u.series_id, u.since FROM unsent u ORDER BY u.since, u.series_id LIMIT $1) u
       JOIN series s ON s.id = u.series_id
       CROSS JOIN LATERAL (
         SELECT c.time, c.score, c.expected, c.lower, c.upper FROM score c
         WHERE c.series_id = u.series_id AND c.time >= u.since ORDER BY c.time LIMIT $1
       ) c
       ORDER BY u.since, u.series_id, c.time
       LIMIT $1`,
      [limit],
    );
    const unsent: Unsent[] = [];
    for (const row of rows) {
      let last = unsent.at(-1);
      if (last?.seriesId !== row.series_id)
        unsent.push((last = { seriesId: row.series_id, sinceMs: row.since_ms, rows: [] }));
      const { name, labels } = last.rows[0] ?? row;
      const { score, expected, lower, upper } = row;
      last.rows.push({ name, labels, timeMs: row.time_ms, score, expected, lower, upper });
    }
    return unsent;
  }

  /** Goes on after what was sent; what was noted meanwhile for an earlier time stays as it is. */
  async sent(all: readonly Unsent[]): Promise<void> {
    await this.database.query(
      `UPDATE unsent u SET since = ${TIME('d.next_ms')}
       FROM unnest($1::int[], $2::float8[], $3::float8[]) AS d(series_id, since_ms, next_ms)
       WHERE u.series_id = d.series_id AND u.since = ${TIME('d.since_ms')}`,
      [
        all.map(({ seriesId }) => seriesId),
        all.map(({ sinceMs }) => sinceMs),
        all.map(({ rows }) => rows.at(-1)!.timeMs + 1),
      ],
    );
    await this.forgetSent(all.map(({ seriesId }) => seriesId));
  }

  /** Forgets those of these series, or of all, that have nothing to send. */
  async forgetSent(seriesIds?: readonly number[]): Promise<void> {
    await this.database.query(
      `DELETE FROM unsent u
       WHERE ($1::int[] IS NULL OR u.series_id = ANY($1))
         AND NOT EXISTS (SELECT FROM score c WHERE c.series_id = u.series_id AND c.time >= u.since)`,
      [seriesIds ?? null],
    );
  }

  /** The newest score of each series that is current, by name, at most `limit`; and how many series there are besides. */
  async newest(limit: number): Promise<{ rows: ScoreRow[]; leftOut: number }> {
    const { rows } = await this.database.query<UnsentRow & { total: number }>(
      `SELECT s.name, s.labels, ${MS('c.time')} AS time_ms, c.score, c.expected, c.lower, c.upper, (count(*) OVER ())::int AS total
       FROM series s
       CROSS JOIN LATERAL (
         SELECT c.time, c.score, c.expected, c.lower, c.upper FROM score c
         WHERE c.series_id = s.id AND c.time >= ${CURRENT} ORDER BY c.time DESC LIMIT 1
       ) c
       WHERE s.period_ms IS NOT NULL AND NOT starts_with(s.name, $2)
       ORDER BY s.name, s.id
       LIMIT $1`,
      [limit, OWN_PREFIX],
    );
    const found = rows.map(({ name, labels, time_ms, score, expected, lower, upper }) => ({
      name,
      labels,
      timeMs: time_ms,
      score,
      expected,
      lower,
      upper,
    }));
    return { rows: found, leftOut: (rows[0]?.total ?? 0) - rows.length };
  }
}
