import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database';
import type { Shape } from './likeness';
import { HISTORY_DAYS, type Surprise } from './sibling';

/** Scores of one series around an alert that are looked at, and earlier alerts that one is compared with. */
const MOST_AROUND = 1000;
const MOST_EARLIER = 200;

/** What an alert is explained from, beside what everybody sees of it. */
export interface Background {
  periodMs: number | null;
  /** The first score of its series in the days before its peak. */
  scoredSince: Date | null;
  /** Alerts of those days that were as strange; null: it has no score. */
  asStrange: number | null;
}

interface ShapeRow extends Omit<Shape, 'startsMs' | 'endsMs'> {
  startsAt: Date;
  endsAt: Date | null;
}

const SHAPE = `
  a.id, a.series_id AS "seriesId", a.kind, a.starts_at AS "startsAt", a.ends_at AS "endsAt", a.peak_value AS value,
  a.peak_expected AS expected, a.peak_lower AS lower, a.peak_upper AS upper, a.peak_score AS score`;

@Injectable()
export class ExplanationStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async background(
    alertId: number,
    { seriesId, peakAt }: { seriesId: number; peakAt: Date },
  ): Promise<Background> {
    const { rows } = await this.database.query<Background>(
      `SELECT s.period_ms::float8 AS "periodMs",
              (SELECT c.time FROM score c
               WHERE c.series_id = $2 AND c.time >= $3 AND c.time <= $4
               ORDER BY c.time
               LIMIT 1) AS "scoredSince",
              (SELECT CASE WHEN a.peak_score IS NOT NULL THEN count(*)::int END
               FROM alert o
               WHERE o.series_id = $2 AND o.peak_at >= $3 AND o.peak_at <= $4 AND o.peak_score >= a.peak_score) AS "asStrange"
       FROM alert a
       JOIN series s ON s.id = a.series_id
       WHERE a.id = $1`,
      [alertId, seriesId, new Date(peakAt.getTime() - HISTORY_DAYS * 86_400_000), peakAt],
    );
    return rows[0] ?? { periodMs: null, scoredSince: null, asStrange: null };
  }

  /** The strangest sample of each of these series in the stretch, against its threshold, and when the first was an anomaly. */
  async surprises(seriesIds: readonly number[], { from, to }: { from: Date; to: Date }): Promise<Surprise[]> {
    const { rows } = await this.database.query<Surprise>(
      `SELECT m.series_id AS "seriesId", m.surprise, m.time AS "peakAt", p.value, m.expected, m.anomaly_at AS "anomalyAt"
       FROM (
         SELECT q.series_id, c.time, c.expected, c.surprise,
                min(c.time) FILTER (WHERE c.surprise >= 1) OVER (PARTITION BY q.series_id) AS anomaly_at,
                row_number() OVER (PARTITION BY q.series_id ORDER BY c.surprise DESC, c.time) AS place
         FROM unnest($1::int[]) AS q(series_id)
         CROSS JOIN LATERAL (
           SELECT c.time, c.expected, (c.score / NULLIF(c.threshold, 0))::float8 AS surprise
           FROM score c
           WHERE c.series_id = q.series_id AND c.time >= $2 AND c.time < $3
           ORDER BY c.time
           LIMIT $4
         ) c
         WHERE c.surprise IS NOT NULL
       ) m
       CROSS JOIN LATERAL (SELECT p.value FROM sample p WHERE p.series_id = m.series_id AND p.time = m.time LIMIT 1) p
       WHERE m.place = 1
       ORDER BY m.surprise DESC, m.series_id`,
      [seriesIds, from, to, MOST_AROUND],
    );
    return rows;
  }

  /**
   * An alert, and the newest before it of the same kind: of its own series, and of these where they have its name and are not
   * another part of its incident.
   */
  async shapes(alertId: number, relatedIds: readonly number[]): Promise<Shape[]> {
    const { rows } = await this.database.query<ShapeRow>(
      `WITH own AS (
         SELECT a.*, s.name FROM alert a JOIN series s ON s.id = a.series_id WHERE a.id = $1
       ), candidate AS (
         SELECT o.series_id FROM own o
         UNION
         SELECT s.id FROM own o JOIN series s ON s.id = ANY($2::int[]) AND s.name = o.name
       ), earlier AS (
         SELECT a.id
         FROM own o
         JOIN alert a ON a.kind = o.kind AND a.starts_at < o.starts_at
         WHERE a.series_id IN (SELECT c.series_id FROM candidate c)
           AND (a.series_id = o.series_id OR a.incident_id IS DISTINCT FROM o.incident_id)
         ORDER BY a.starts_at DESC, a.id DESC
         LIMIT $3
       )
       SELECT ${SHAPE} FROM alert a WHERE a.id = $1 OR a.id IN (SELECT e.id FROM earlier e)`,
      [alertId, relatedIds, MOST_EARLIER],
    );
    return rows.map(({ startsAt, endsAt, ...row }) => ({
      ...row,
      startsMs: startsAt.getTime(),
      endsMs: endsAt?.getTime() ?? null,
    }));
  }
}
