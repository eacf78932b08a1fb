import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database';
import { WATCHES } from '../registry/selector';
import { MOST_OF_SERIES, MOST_SERIES, type PreviewScore } from './preview';

/** What a preview of a rule reads; it writes nothing. */
@Injectable()
export class PreviewStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Series of a detector that have scores since, picked without regard to what they are, and the same each time. */
  async series(detectorId: number, since: Date): Promise<{ id: number; name: string; periodMs: number }[]> {
    const { rows } = await this.database.query<{ id: number; name: string; period_ms: number }>(
      `SELECT s.id, s.name, s.period_ms::float8 AS period_ms
       FROM (
         SELECT s.id, s.name, s.period_ms
         FROM detector d
         JOIN series s ON ${WATCHES}
         WHERE d.id = $1 AND s.period_ms IS NOT NULL
         ORDER BY hashint4(s.id), s.id
         OFFSET 0
       ) s
       CROSS JOIN LATERAL (SELECT FROM score c WHERE c.series_id = s.id AND c.time >= $2 LIMIT 1) c
       LIMIT ${MOST_SERIES}`,
      [detectorId, since],
    );
    return rows.map(({ id, name, period_ms: periodMs }) => ({ id, name, periodMs }));
  }

  /**
   * Of the newest scores of each series since a time, oldest first, those that can move the machine: what reaches the series'
   * `limit`, with its value, and the `calm` scores after it; and the first and the last.
   */
  async scores(
    series: readonly { id: number; limit: number }[],
    { since, calm }: { since: Date; calm: number },
  ): Promise<Map<number, PreviewScore[]>> {
    const { rows } = await this.database.query<PreviewScore & { series_id: number }>(
      `SELECT s.series_id, s.time, s.score, s.expected, p.value
       FROM (
         SELECT q.series_id, q.least, s.time, s.score, s.expected,
                bool_or(s.score >= q.least) OVER (last ROWS BETWEEN $4::int PRECEDING AND CURRENT ROW) AS is_near,
                row_number() OVER last AS place, count(*) OVER (PARTITION BY q.series_id) AS of
         FROM unnest($1::int[], $2::real[]) AS q(series_id, least)
         CROSS JOIN LATERAL (
           SELECT s.time, s.score, s.expected
           FROM score s
           WHERE s.series_id = q.series_id AND s.time >= $3
           ORDER BY s.time DESC
           LIMIT ${MOST_OF_SERIES}
         ) s
         WINDOW last AS (PARTITION BY q.series_id ORDER BY s.time)
       ) s
       LEFT JOIN LATERAL (
         SELECT p.value FROM sample p
         WHERE p.series_id = s.series_id AND p.time = s.time AND s.score >= s.least
         OFFSET 0
       ) p ON true
       WHERE (s.is_near OR s.place IN (1, s.of)) AND (s.score < s.least OR p.value IS NOT NULL)
       ORDER BY s.series_id, s.time`,
      [series.map(({ id }) => id), series.map(({ limit }) => limit), since, calm],
    );
    const bySeries = new Map<number, PreviewScore[]>();
    for (const { series_id: id, ...score } of rows) {
      const known = bySeries.get(id);
      if (known) known.push(score);
      else bySeries.set(id, [score]);
    }
    return bySeries;
  }
}
