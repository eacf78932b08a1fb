import { Inject, Injectable } from '@nestjs/common';
import type { Labels } from '@bellwether/contracts';
import { Database, type Queries } from '../database/database';
import { BROAD, MEMORY_DAYS, MOST_CARRIERS, MOST_REMEMBERED, type Past, relationsOf } from './related';
import { type Shared, WINDOW_MS } from './related';

/** Another series, and why it is related. */
export interface RelatedSeries {
  seriesId: number;
  name: string;
  labels: Labels;
  unit: string | null;
  /** `same host=web-1`, or `fired together 4 of 5 times before`. */
  relation: string;
}

/** A series, and the time before which its past is asked for. */
export interface PastOf {
  seriesId: number;
  before: Date;
}

interface PastRow {
  place: number;
  series_id: number;
  own_total: number;
  own_met: number;
  other_total: number;
  other_met: number;
}

/** Alerts beside one of the past that are looked at. */
const MOST_BESIDE = 100;

@Injectable()
export class RelatedStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The series related to one, the closest first; `before` is when its past ends: without, at its newest alert. */
  async relatedTo(seriesId: number, before?: Date): Promise<RelatedSeries[]> {
    const at = before ?? (await this.newestAlert(seriesId));
    const [shared, pasts] = await Promise.all([
      this.shared(this.database, [seriesId]),
      at ? this.pasts(this.database, [{ seriesId, before: at }]) : [[]],
    ]);
    const relations = relationsOf(seriesId, shared, pasts[0]!);
    const { rows } = await this.database.query<Omit<RelatedSeries, 'relation'>>(
      'SELECT s.id AS "seriesId", s.name, s.labels, s.unit FROM series s WHERE s.id = ANY($1::int[])',
      [relations.map((one) => one.seriesId)],
    );
    const series = new Map(rows.map((row) => [row.seriesId, row]));
    return relations.flatMap((one) => {
      const found = series.get(one.seriesId);
      return found ? [{ ...found, relation: one.words }] : [];
    });
  }

  /** The labels of these series that others carry, too, with who carries them: as far as they can tell something. */
  async shared(queries: Queries, seriesIds: readonly number[]): Promise<Shared[]> {
    const { rows } = await queries.query<Shared>(
      `WITH pair AS (
         SELECT DISTINCT l.key, l.value
         FROM series s
         CROSS JOIN LATERAL jsonb_each_text(s.labels) l
         WHERE s.id = ANY($1::int[]) AND l.key <> ALL($2::text[])
       )
       SELECT p.key, p.value, c.ids AS "seriesIds", o.has_other AS "hasOther"
       FROM pair p
       CROSS JOIN LATERAL (SELECT carriers(jsonb_build_object(p.key, p.value), $3) AS ids OFFSET 0) c
       CROSS JOIN LATERAL (
         SELECT CASE WHEN cardinality(c.ids) BETWEEN 2 AND $3 - 1
                     THEN EXISTS (SELECT FROM series s WHERE s.labels ? p.key AND s.labels->>p.key <> p.value)
                     ELSE false END AS has_other
         OFFSET 0
       ) o
       WHERE o.has_other`,
      [seriesIds, BROAD, MOST_CARRIERS + 1],
    );
    return rows;
  }

  /** For each of these, the series that had alerts beside theirs at least twice in the days before. */
  async pasts(queries: Queries, asked: readonly PastOf[]): Promise<(Past & { seriesId: number })[][]> {
    const { rows } = await queries.query<PastRow>(
      `WITH own AS (
         SELECT q.place, q.series_id, q.before, p.id, p.starts_at,
                GREATEST($3::float8, 3 * COALESCE(s.period_ms, 0)) * INTERVAL '1 millisecond' AS around,
                count(*) OVER (PARTITION BY q.place) AS total, min(p.starts_at) OVER (PARTITION BY q.place) AS since
         FROM unnest($1::int[], $2::timestamptz[]) WITH ORDINALITY AS q(series_id, before, place)
         JOIN series s ON s.id = q.series_id
         CROSS JOIN LATERAL (
           SELECT a.id, a.starts_at
           FROM alert a
           WHERE a.series_id = q.series_id AND a.starts_at < q.before AND a.starts_at >= q.before - $4 * INTERVAL '1 day'
           ORDER BY a.starts_at DESC
           LIMIT $5
         ) p
       ), met AS (
         SELECT o.place, o.total, o.before, o.since - o.around AS since, o.id, b.id AS other_id, b.series_id
         FROM own o
         CROSS JOIN LATERAL (
           SELECT b.id, b.series_id
           FROM alert b
           WHERE b.starts_at >= o.starts_at - o.around AND b.starts_at <= o.starts_at + o.around
             AND b.starts_at < o.before AND b.series_id <> o.series_id
           ORDER BY b.starts_at
           LIMIT $6
         ) b
         WHERE o.total >= 2
       ), pair AS (
         SELECT m.place, m.series_id, m.total AS own_total, count(DISTINCT m.id) AS own_met,
                count(DISTINCT m.other_id) AS other_met, min(m.since) AS since, min(m.before) AS before
         FROM met m
         GROUP BY m.place, m.series_id, m.total
         HAVING count(DISTINCT m.id) >= 2
       )
       SELECT p.place::int, p.series_id, p.own_total::int, p.own_met::int, p.other_met::int, t.other_total
       FROM pair p
       CROSS JOIN LATERAL (
         SELECT count(*)::int AS other_total FROM alert a
         WHERE a.series_id = p.series_id AND a.starts_at >= p.since AND a.starts_at < p.before
       ) t
       ORDER BY p.place, p.series_id`,
      [
        ...[asked.map(({ seriesId }) => seriesId), asked.map(({ before }) => before), WINDOW_MS],
        ...[MEMORY_DAYS, MOST_REMEMBERED, MOST_BESIDE],
      ],
    );
    const pasts: (Past & { seriesId: number })[][] = asked.map(() => []);
    for (const row of rows)
      pasts[row.place - 1]!.push({
        seriesId: row.series_id,
        own: { total: row.own_total, met: row.own_met },
        other: { total: row.other_total, met: row.other_met },
      });
    return pasts;
  }

  private async newestAlert(seriesId: number): Promise<Date | undefined> {
    const { rows } = await this.database.query<{ at: Date }>(
      'SELECT a.starts_at AS at FROM alert a WHERE a.series_id = $1 ORDER BY a.starts_at DESC LIMIT 1',
      [seriesId],
    );
    return rows[0]?.at;
  }
}
