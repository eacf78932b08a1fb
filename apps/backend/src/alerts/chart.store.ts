import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database';
import type { ChartRow, Stretch } from './chart';

/** What a chart of an alert is drawn from. */
@Injectable()
export class ChartStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The usual distance of a series' samples and the time of its newest, in ms; undefined where there is nothing to draw. */
  async series(id: number): Promise<{ periodMs: number; newestMs: number } | undefined> {
    const { rows } = await this.database.query<{ periodMs: number; newestMs: number }>(
      `SELECT s.period_ms::float8 AS "periodMs", (extract(epoch FROM w.last_sample_at) * 1000)::float8 AS "newestMs"
       FROM series s
       JOIN watermark w ON w.series_id = s.id
       WHERE s.id = $1 AND s.period_ms IS NOT NULL`,
      [id],
    );
    return rows[0];
  }

  /** Means of buckets of samples and their expectation, oldest first; of a band, its widest. */
  async rows(seriesId: number, { from, to, bucketMs }: Stretch): Promise<ChartRow[]> {
    const { rows } = await this.database.query<ChartRow>(
      `SELECT (extract(epoch FROM time_bucket($4::interval, s.time, $2::timestamptz)) * 1000)::float8 AS time,
              avg(s.value) AS value, avg(c.expected) AS expected, min(c.lower) AS lower, max(c.upper) AS upper
       FROM sample s
       LEFT JOIN score c ON c.series_id = s.series_id AND c.time = s.time AND c.time >= $2 AND c.time < $3
       WHERE s.series_id = $1 AND s.time >= $2 AND s.time < $3
       GROUP BY 1
       ORDER BY 1`,
      [seriesId, new Date(from), new Date(to), `${bucketMs} milliseconds`],
    );
    return rows;
  }
}
