import { Inject, Injectable } from '@nestjs/common';
import type { Sparkline } from '@bellwether/contracts';
import { Database } from '../database/database';

const MINUTES = 30;
const SPARKLINE_SAMPLES = 120;
/** Series with the newest samples, among which the most surprising ones are looked for. */
const RECENT_SERIES = 500;
const RECENT_SCORES = 60;

@Injectable()
export class OverviewStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Ids of the series with the strangest recent samples, measured against their thresholds. */
  async surprising(limit: number): Promise<{ seriesId: number; threshold: number }[]> {
    const { rows } = await this.database.query<{ series_id: number; threshold: number }>(
      `SELECT w.series_id, p.threshold
       FROM (SELECT w.series_id FROM watermark w ORDER BY w.last_sample_at DESC LIMIT ${RECENT_SERIES}) w
       JOIN LATERAL (
         SELECT max(c.score - c.threshold) AS excess, max(c.threshold) AS threshold
         FROM (SELECT c.score, c.threshold FROM score c WHERE c.series_id = w.series_id ORDER BY c.time DESC LIMIT ${RECENT_SCORES}) c) p
         ON p.excess IS NOT NULL
       ORDER BY p.excess DESC, w.series_id
       LIMIT $1`,
      [limit],
    );
    return rows.map(({ series_id, threshold }) => ({ seriesId: series_id, threshold }));
  }

  async sparklines(seriesIds: number[]): Promise<Map<number, Sparkline>> {
    const { rows } = await this.database.query<Sparkline & { series_id: number }>(
      `SELECT p.series_id, array_agg(p.time ORDER BY p.time) AS time, array_agg(p.value ORDER BY p.time) AS value,
              array_agg(p.lower ORDER BY p.time) AS lower, array_agg(p.upper ORDER BY p.time) AS upper,
              array_agg(p.score ORDER BY p.time) AS score
       FROM unnest($1::int[]) AS i (series_id)
       JOIN LATERAL (
         SELECT s.series_id, (extract(epoch FROM s.time) * 1000)::float8 AS time, s.value, c.lower, c.upper, c.score::float8 AS score
         FROM (SELECT s.series_id, s.time, s.value FROM sample s WHERE s.series_id = i.series_id ORDER BY s.time DESC LIMIT ${SPARKLINE_SAMPLES}) s
         LEFT JOIN score c ON c.series_id = s.series_id AND c.time = s.time) p ON TRUE
       GROUP BY p.series_id`,
      [seriesIds],
    );
    return new Map(rows.map(({ series_id, ...sparkline }) => [series_id, sparkline]));
  }

  /** Samples written per minute of arrival, oldest first, and what waits for scores. */
  async ingest(): Promise<{
    seriesCount: number;
    perMinute: number[];
    scoringLagSeconds: number;
    unscoredSeries: number;
  }> {
    const { rows } = await this.database.query<{
      series_count: number;
      per_minute: number[];
      lag: number | null;
      unscored: number;
    }>(
      `SELECT (SELECT count(*)::int FROM series) AS series_count,
              (SELECT array_agg(COALESCE(a.samples, 0)::float8 ORDER BY m.minute)
               FROM generate_series(date_trunc('minute', now()) - INTERVAL '${MINUTES - 1} minutes', date_trunc('minute', now()), INTERVAL '1 minute') AS m (minute)
               LEFT JOIN arrival a ON a.minute = m.minute) AS per_minute,
              (SELECT extract(epoch FROM now() - min(w.unscored_since))::float8 FROM watermark w ${SCORABLE}) AS lag,
              (SELECT count(*)::int FROM watermark w ${SCORABLE}) AS unscored`,
    );
    const row = rows[0]!;
    return {
      seriesCount: row.series_count,
      perMinute: row.per_minute,
      scoringLagSeconds: Math.max(0, row.lag ?? 0),
      unscoredSeries: row.unscored,
    };
  }

  async championCount(): Promise<number> {
    const { rows } = await this.database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM model m WHERE m.promoted_at IS NOT NULL AND m.retired_at IS NULL',
    );
    return rows[0]!.count;
  }
}

/** Series that wait for scores and that a champion could score. */
const SCORABLE = `
  JOIN series s ON s.id = w.series_id
  WHERE (w.unscored_from IS NOT NULL OR w.scoring_from IS NOT NULL)
    AND EXISTS (SELECT FROM model m
                JOIN model_series ms ON ms.model_id = m.id AND ms.series_id = s.id
                WHERE m.period_ms = s.period_ms AND m.promoted_at IS NOT NULL AND m.retired_at IS NULL)`;
