import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database';
import type { Resolution, Source, ViewRow } from './view';

const SCORES: Record<Source, string> = {
  sample: 'score',
  sample_1m: 'score_1m',
  sample_1h: 'score_1h',
  sample_1d: 'score_1d',
};

interface Stretch {
  seriesId: number;
  from: Date;
  to: Date;
}

@Injectable()
export class ViewStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Samples and scores as they are, oldest first, `limit` at most. */
  async raw({ seriesId, from, to }: Stretch, limit: number): Promise<ViewRow[]> {
    const { rows } = await this.database.query<ViewRow>(
      `SELECT (extract(epoch FROM s.time) * 1000)::float8 AS time, s.value, s.value AS min, s.value AS max,
              c.expected, c.lower, c.upper, c.score
       FROM sample s
       LEFT JOIN score c ON c.series_id = s.series_id AND c.time = s.time AND c.time >= $2 AND c.time < $3
       WHERE s.series_id = $1 AND s.time >= $2 AND s.time < $3
       ORDER BY s.time
       LIMIT $4`,
      [seriesId, from, to, limit],
    );
    return rows;
  }

  /** Means, extremes and largest scores of buckets, from the coarsest table that holds them. */
  async buckets({ seriesId, from, to }: Stretch, { bucketMs, source }: Resolution): Promise<ViewRow[]> {
    const { rows } = await this.database.query<ViewRow>(
      `WITH samples AS (${source === 'sample' ? SAMPLE_BUCKETS : aggregateBuckets(source)}),
            scores AS (${source === 'sample' ? SCORE_BUCKETS : aggregateScores(source)})
       SELECT (extract(epoch FROM s.bucket) * 1000)::float8 AS time, s.value, s.min, s.max, c.expected, c.lower, c.upper, c.score
       FROM samples s
       LEFT JOIN scores c ON c.bucket = s.bucket
       ORDER BY s.bucket`,
      [seriesId, from, to, `${bucketMs} milliseconds`],
    );
    return rows;
  }

  /** The newest threshold of a series. */
  async threshold(seriesId: number): Promise<number | null> {
    const { rows } = await this.database.query<{ threshold: number }>(
      'SELECT c.threshold FROM score c WHERE c.series_id = $1 ORDER BY c.time DESC LIMIT 1',
      [seriesId],
    );
    return rows[0]?.threshold ?? null;
  }
}

/** The first bucket may begin before `from`: all of it is drawn. */
const FROM = `time_bucket($4::interval, $2::timestamptz)`;

const SAMPLE_BUCKETS = `
  SELECT time_bucket($4::interval, s.time) AS bucket, avg(s.value) AS value, min(s.value) AS min, max(s.value) AS max
  FROM sample s
  WHERE s.series_id = $1 AND s.time >= ${FROM} AND s.time < $3
  GROUP BY 1`;

const SCORE_BUCKETS = `
  SELECT time_bucket($4::interval, c.time) AS bucket, max(c.score) AS score, avg(c.expected) AS expected, avg(c.lower) AS lower,
         avg(c.upper) AS upper
  FROM score c
  WHERE c.series_id = $1 AND c.time >= ${FROM} AND c.time < $3
  GROUP BY 1`;

const aggregateBuckets = (source: Source) => `
  SELECT time_bucket($4::interval, s.bucket) AS bucket, sum(s.sum) / sum(s.count) AS value, min(s.min) AS min, max(s.max) AS max
  FROM ${source} s
  WHERE s.series_id = $1 AND s.bucket >= ${FROM} AND s.bucket < $3
  GROUP BY 1`;

const aggregateScores = (source: Source) => `
  SELECT time_bucket($4::interval, c.bucket) AS bucket, max(c.score) AS score, sum(c.expected) / NULLIF(sum(c.count), 0) AS expected,
         sum(c.lower) / NULLIF(sum(c.count), 0) AS lower, sum(c.upper) / NULLIF(sum(c.count), 0) AS upper
  FROM ${SCORES[source]} c
  WHERE c.series_id = $1 AND c.bucket >= ${FROM} AND c.bucket < $3
  GROUP BY 1`;
