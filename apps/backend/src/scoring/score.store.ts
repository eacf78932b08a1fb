import { Inject, Injectable } from '@nestjs/common';
import { MIN_SAMPLES } from '@bellwether/models/grid';
import { Database } from '../database/database';
import { WATCHES } from '../registry/selector';

/** A series with samples that wait for scores. Times are epoch milliseconds. */
export interface Backlog {
  seriesId: number;
  detectorId: number;
  periodMs: number;
  from: number;
  newest: number;
}

/** Samples of one series, oldest first; times are epoch milliseconds. */
export interface Samples {
  times: number[];
  values: number[];
}

export interface Score {
  seriesId: number;
  time: number;
  score: number;
  threshold: number;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  vrnnShare: number;
  vrnnModelId: number | null;
  vaeModelId: number | null;
}

/** A series the champions do not know and that was found unfit for a model is looked at again after this time. */
const RECHECK = "INTERVAL '1 minute'";
const ROWS_PER_STATEMENT = 5_000;
/** One in this many places of a claim is for what has waited longest. */
const OLDEST = 10;

/** Epoch milliseconds, which may lie between two of them, as a time. */
const TIME = (ms: string): string => `to_timestamp(${ms}::float8 / 1000)`;

export interface Claim {
  /** Champions that are open here. */
  modelIds: number[];
  /** Series to leave alone for now. */
  resting: number[];
  limit: number;
}

@Injectable()
export class ScoreStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /**
   * Takes what waits, of series that the champions `modelIds` can score; a crash leaves it taken, and it is taken again. Most
   * of what is taken is the shortest; some is what has waited longest, so that an import gets on however much is live.
   */
  async claim({ modelIds, resting, limit }: Claim): Promise<Backlog[]> {
    const { rows } = await this.database.query<BacklogRow>(
      `WITH waiting AS (
         SELECT w.series_id, d.id AS detector_id, s.period_ms, w.unscored_since,
                (w.last_sample_at - LEAST(w.unscored_from, w.scoring_from)) / s.period_ms AS length
         FROM watermark w
         JOIN series s ON s.id = w.series_id
         JOIN detector d ON ${WATCHES}
         WHERE (w.unscored_from IS NOT NULL OR w.scoring_from IS NOT NULL)
           AND w.series_id <> ALL($2::int[])
           AND w.last_sample_at - w.first_sample_at >= ${MIN_SAMPLES - 1} * s.period_ms * INTERVAL '1 millisecond'
           AND EXISTS (SELECT FROM model m WHERE m.id = ANY($1::int[]) AND m.detector_id = d.id AND m.period_ms = s.period_ms)
           AND (NOT EXISTS (SELECT FROM unmodelled u WHERE u.series_id = s.id AND u.checked_at > now() - ${RECHECK})
                OR NOT EXISTS (
                  SELECT FROM model m
                  WHERE m.id = ANY($1::int[]) AND m.detector_id = d.id AND m.period_ms = s.period_ms
                    AND NOT EXISTS (SELECT FROM model_series ms WHERE ms.model_id = m.id AND ms.series_id = s.id)))),
       taken AS (
         (SELECT t.series_id, t.detector_id, t.period_ms FROM waiting t ORDER BY t.length LIMIT $3::int - $3::int / ${OLDEST})
         UNION
         (SELECT t.series_id, t.detector_id, t.period_ms FROM waiting t ORDER BY t.unscored_since NULLS FIRST LIMIT $3::int / ${OLDEST}))
       UPDATE watermark w
       SET scoring_from = LEAST(w.unscored_from, w.scoring_from), unscored_from = NULL
       FROM taken t
       WHERE w.series_id = t.series_id
       RETURNING w.series_id, t.detector_id, t.period_ms::float8 AS period_ms,
                 extract(epoch FROM w.scoring_from)::float8 * 1000 AS from_ms, extract(epoch FROM w.last_sample_at)::float8 * 1000 AS newest_ms`,
      [modelIds, resting, limit],
    );
    return rows.map(toBacklog);
  }

  /** The time of the first sample at or after `from` (epoch milliseconds); null: there is none. */
  async nextSample(seriesId: number, from: number): Promise<number | null> {
    const { rows } = await this.database.query<{ time_ms: number | null }>(
      `SELECT extract(epoch FROM min(s.time))::float8 * 1000 AS time_ms FROM sample s WHERE s.series_id = $1 AND s.time >= ${TIME('$2')}`,
      [seriesId, from],
    );
    return rows[0]!.time_ms;
  }

  /** Samples of each stretch [from, to), in the order of the stretches. */
  async samples(stretches: { seriesId: number; from: number; to: number }[]): Promise<Samples[]> {
    const { rows } = await this.database.query<{ ordinal: number; times: number[]; values: number[] }>(
      `SELECT p.ordinal::int AS ordinal, array_agg(extract(epoch FROM s.time)::float8 * 1000 ORDER BY s.time) AS times,
              array_agg(s.value ORDER BY s.time) AS values
       FROM unnest($1::int[], $2::float8[], $3::float8[]) WITH ORDINALITY AS p (series_id, starts, ends, ordinal)
       JOIN LATERAL (
         SELECT s.time, s.value FROM sample s
         WHERE s.series_id = p.series_id AND s.time >= ${TIME('p.starts')} AND s.time < ${TIME('p.ends')}) s ON TRUE
       GROUP BY p.ordinal`,
      [
        stretches.map(({ seriesId }) => seriesId),
        stretches.map(({ from }) => from),
        stretches.map(({ to }) => to),
      ],
    );
    const samples: Samples[] = stretches.map(() => ({ times: [], values: [] }));
    for (const { ordinal, times, values } of rows) samples[ordinal - 1] = { times, values };
    return samples;
  }

  /** The score below which a sample of these series is no anomaly, because people called alerts false; only of those that have one. */
  async floors(seriesIds: readonly number[]): Promise<Map<number, number>> {
    const { rows } = await this.database.query<{ series_id: number; floor: number }>(
      `SELECT a.series_id, max(v.floor) AS floor
       FROM verdict v
       JOIN alert a ON a.id = v.alert_id
       WHERE v.floor IS NOT NULL AND a.series_id = ANY($1::int[])
       GROUP BY a.series_id`,
      [seriesIds],
    );
    return new Map(rows.map(({ series_id, floor }) => [series_id, floor]));
  }

  /** Idempotent: a sample scored again keeps the newer score. */
  async write(scores: Score[]): Promise<void> {
    for (let i = 0; i < scores.length; i += ROWS_PER_STATEMENT)
      await this.writeRows(scores.slice(i, i + ROWS_PER_STATEMENT));
  }

  /** Gives back what was taken: a series is done, or goes on at `next` (epoch milliseconds). What came meanwhile waits on. */
  async finish(series: { seriesId: number; next: number | null }[]): Promise<void> {
    await this.database.query(
      `UPDATE watermark w
       SET scoring_from = ${TIME('f.next')},
           unscored_since = CASE WHEN f.next IS NOT NULL THEN w.unscored_since WHEN w.unscored_from IS NOT NULL THEN now() END
       FROM unnest($1::int[], $2::float8[]) AS f (series_id, next)
       WHERE w.series_id = f.series_id`,
      [series.map(({ seriesId }) => seriesId), series.map(({ next }) => next)],
    );
  }

  private async writeRows(scores: Score[]): Promise<void> {
    const column = <Key extends keyof Score>(key: Key) => scores.map((score) => score[key]);
    await this.database.query(
      `INSERT INTO score (series_id, time, score, threshold, expected, lower, upper, vrnn_share, vrnn_model_id, vae_model_id)
       SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::real[], $4::real[], $5::float8[], $6::float8[], $7::float8[], $8::real[],
                            $9::int[], $10::int[])
       ON CONFLICT (series_id, time) DO UPDATE
       SET score = EXCLUDED.score, threshold = EXCLUDED.threshold, expected = EXCLUDED.expected, lower = EXCLUDED.lower,
           upper = EXCLUDED.upper, vrnn_share = EXCLUDED.vrnn_share, vrnn_model_id = EXCLUDED.vrnn_model_id,
           vae_model_id = EXCLUDED.vae_model_id`,
      [
        column('seriesId'),
        scores.map(({ time }) => new Date(time)),
        column('score'),
        column('threshold'),
        column('expected'),
        column('lower'),
        column('upper'),
        column('vrnnShare'),
        column('vrnnModelId'),
        column('vaeModelId'),
      ],
    );
  }
}

interface BacklogRow {
  series_id: number;
  detector_id: number;
  period_ms: number;
  from_ms: number;
  newest_ms: number;
}

const toBacklog = (row: BacklogRow): Backlog => ({
  seriesId: row.series_id,
  detectorId: row.detector_id,
  periodMs: row.period_ms,
  from: row.from_ms,
  newest: row.newest_ms,
});
