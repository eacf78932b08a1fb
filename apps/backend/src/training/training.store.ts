import { Inject, Injectable } from '@nestjs/common';
import { type Grid, modelability, toGrid } from '@bellwether/models/grid';
import { Database } from '../database/database';
import { WATCHES } from '../registry/selector';
import { maintenanceOf } from '../silences/held.store';
import { merged } from '../silences/silence';
import { type Group, leaveOut, MAX_SERIES, MAX_STEPS, MIN_STEPS } from './training';

export interface SeriesGrid {
  seriesId: number;
  grid: Grid;
  /** Samples that nothing is learnt from, which are missing in the grid. */
  leftOut: number;
}

/** [from, to) in epoch ms. */
interface Stretch {
  from: number;
  to: number;
}

/** A series found unfit for a model is looked at again after this time. */
const RECHECK = "INTERVAL '10 minutes'";
const SERIES_PER_QUERY = 20;

@Injectable()
export class TrainingStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The groups of one detector: the series by period that a training would take, and how the last one of each ended. */
  async groups(detectorId: number, retrainHours: number): Promise<Group[]> {
    const { rows } = await this.database.query<GroupRow>(
      `WITH ready AS (
         SELECT s.period_ms, s.created_at, LEAST(${MAX_STEPS}, ${STEPS}) AS steps,
                row_number() OVER (PARTITION BY s.period_ms ORDER BY hashint4(s.id)) AS place
         FROM detector d
         JOIN series s ON ${WATCHES}
         JOIN watermark w ON w.series_id = s.id
         LEFT JOIN unmodelled u ON u.series_id = s.id AND u.checked_at > now() - ${RECHECK}
         WHERE d.id = $1 AND s.period_ms IS NOT NULL AND ${STEPS} >= ${MIN_STEPS} AND u.series_id IS NULL)
       SELECT g.period_ms::float8 AS period_ms, count(*)::int AS ready_series, sum(g.steps)::float8 AS steps,
              min(g.created_at) AS oldest_series_at, max(g.created_at) AS newest_series_at,
              EXISTS (SELECT FROM model m
                      WHERE m.detector_id = $1 AND m.period_ms = g.period_ms AND m.promoted_at IS NOT NULL AND m.retired_at IS NULL)
                AS has_champion,
              r.ended_at, r.error IS NOT NULL AS has_failed, r.series_count, r.steps AS run_steps, r.is_open
       FROM ready g
       LEFT JOIN LATERAL (
         SELECT COALESCE(l.ended_at, now()) AS ended_at, l.ended_at IS NULL AS is_open, l.error, COALESCE(l.series_count, 0) AS series_count,
                COALESCE(l.sample_count, 0)::float8 AS steps
         FROM training_run l
         WHERE l.detector_id = $1 AND l.period_ms = g.period_ms
         ORDER BY l.id DESC
         LIMIT 1) r ON TRUE
       WHERE g.place <= ${MAX_SERIES}
       GROUP BY g.period_ms, r.ended_at, r.is_open, r.error, r.series_count, r.steps`,
      [detectorId],
    );
    return rows.filter((row) => !row.is_open).map((row) => toGroup(row, detectorId, retrainHours));
  }

  /** Periods of a detector's series, whether or not they are ready. */
  async periods(detectorId: number): Promise<number[]> {
    const { rows } = await this.database.query<{ period_ms: number }>(
      `SELECT DISTINCT s.period_ms::float8 AS period_ms
       FROM detector d
       JOIN series s ON ${WATCHES}
       WHERE d.id = $1 AND s.period_ms IS NOT NULL`,
      [detectorId],
    );
    return rows.map((row) => row.period_ms);
  }

  /** Series to train on: long enough, and of too many a sample that stays the same from run to run; those just found unfit last. */
  async candidates(detectorId: number, periodMs: number): Promise<number[]> {
    const { rows } = await this.database.query<{ id: number }>(
      `SELECT s.id
       FROM detector d
       JOIN series s ON ${WATCHES}
       JOIN watermark w ON w.series_id = s.id
       LEFT JOIN unmodelled u ON u.series_id = s.id AND u.checked_at > now() - ${RECHECK}
       WHERE d.id = $1 AND s.period_ms = $2 AND ${STEPS} >= ${MIN_STEPS}
       ORDER BY u.series_id IS NOT NULL, hashint4(s.id)
       LIMIT ${MAX_SERIES}`,
      [detectorId, periodMs],
    );
    return rows.map(({ id }) => id);
  }

  /** The newest `MAX_STEPS` steps of each series, on the grid of the period; without what nothing is to be learnt from. */
  async grids(seriesIds: number[], periodMs: number): Promise<SeriesGrid[]> {
    const grids: SeriesGrid[] = [];
    for (let i = 0; i < seriesIds.length; i += SERIES_PER_QUERY) {
      const { rows } = await this.database.query<GridRow>(
        `SELECT w.series_id, array_agg(extract(epoch FROM s.time)::float8 * 1000) FILTER (WHERE s.time IS NOT NULL) AS times,
                array_agg(s.value) FILTER (WHERE s.time IS NOT NULL) AS values
         FROM watermark w
         LEFT JOIN sample s ON s.series_id = w.series_id AND s.time > w.last_sample_at - ${MAX_STEPS} * $2 * INTERVAL '1 millisecond'
         WHERE w.series_id = ANY($1::int[])
         GROUP BY w.series_id`,
        [seriesIds.slice(i, i + SERIES_PER_QUERY), periodMs],
      );
      const windows = await this.windows(rows);
      for (const { series_id, ...found } of rows) {
        const { times, values } = { times: found.times ?? [], values: found.values ?? [] };
        const kept = leaveOut({ times, values }, windows.get(series_id) ?? []);
        const grid = toGrid(kept.times, kept.values, periodMs, MAX_STEPS);
        grids.push({ seriesId: series_id, grid, leftOut: times.length - kept.times.length });
      }
    }
    return grids;
  }

  private windows(rows: readonly GridRow[]) {
    const span = { from: Infinity, to: -Infinity };
    for (const { times } of rows)
      for (const time of times ?? []) {
        span.from = Math.min(span.from, time);
        span.to = Math.max(span.to, time + 1);
      }
    if (span.from >= span.to) return new Map<number, Stretch[]>();
    return this.unlearnable(
      rows.map(({ series_id }) => series_id),
      span,
    );
  }

  /** What of these series nothing is learnt from: maintenance, anomalies that people confirmed, and what was before a new normal. */
  private async unlearnable(seriesIds: number[], span: Stretch): Promise<Map<number, Stretch[]>> {
    const maintenance = await maintenanceOf(this.database, seriesIds, span);
    const { rows } = await this.database.query<{
      series_id: number;
      kind: string;
      first: number;
      last: number;
    }>(
      `SELECT a.series_id, v.kind, extract(epoch FROM a.starts_at)::float8 * 1000 AS first,
              COALESCE(extract(epoch FROM a.ends_at)::float8 * 1000, 'Infinity') AS last
       FROM verdict v
       JOIN alert a ON a.id = v.alert_id
       WHERE a.series_id = ANY($1::int[]) AND v.kind IN ('real', 'new_normal')`,
      [seriesIds],
    );
    const all = new Map(seriesIds.map((id) => [id, [...(maintenance.get(id) ?? [])]]));
    for (const { series_id, kind, first, last } of rows)
      all.get(series_id)!.push(kind === 'real' ? { from: first, to: last } : { from: -Infinity, to: first });
    return new Map([...all].map(([id, stretches]) => [id, merged(stretches)]));
  }

  /** Those of these series that a model can be learnt from; of the others it is written down why not. */
  async modelable(seriesIds: number[], periodMs: number): Promise<SeriesGrid[]> {
    const grids = await this.grids(seriesIds, periodMs);
    const judged = grids.map((series) => ({ series, fitness: modelability(series.grid) }));
    const unfit = judged.flatMap(({ series, fitness }) =>
      fitness.ok ? [] : [{ seriesId: series.seriesId, reason: whyUnfit(fitness.reason, series.leftOut) }],
    );
    if (unfit.length > 0) await this.setUnmodelled(unfit);
    return judged.filter(({ fitness }) => fitness.ok).map(({ series }) => series);
  }

  async setUnmodelled(reasons: { seriesId: number; reason: string }[]): Promise<void> {
    await this.database.query(
      `INSERT INTO unmodelled (series_id, reason)
       SELECT u.series_id, u.reason FROM unnest($1::int[], $2::text[]) AS u (series_id, reason)
       WHERE EXISTS (SELECT FROM series s WHERE s.id = u.series_id)
       ON CONFLICT (series_id) DO UPDATE SET reason = EXCLUDED.reason, checked_at = now()`,
      [reasons.map(({ seriesId }) => seriesId), reasons.map(({ reason }) => reason)],
    );
  }

  async clearUnmodelled(seriesIds: number[]): Promise<void> {
    await this.database.query('DELETE FROM unmodelled WHERE series_id = ANY($1::int[])', [seriesIds]);
  }
}

const whyUnfit = (reason: string, leftOut: number): string =>
  leftOut === 0 ? reason : `${reason}; samples left out, for maintenance or a verdict: ${leftOut}`;

const STEPS = `(floor(extract(epoch FROM w.last_sample_at - w.first_sample_at) * 1000 / s.period_ms) + 1)`;

interface GridRow {
  series_id: number;
  /** null: the samples are gone, the series is not. */
  times: number[] | null;
  values: number[] | null;
}

interface GroupRow {
  period_ms: number;
  ready_series: number;
  steps: number;
  oldest_series_at: Date;
  newest_series_at: Date;
  has_champion: boolean;
  ended_at: Date | null;
  is_open: boolean | null;
  has_failed: boolean;
  series_count: number;
  run_steps: number;
}

const toGroup = (row: GroupRow, detectorId: number, retrainHours: number): Group => ({
  detectorId,
  periodMs: row.period_ms,
  retrainHours,
  readySeries: row.ready_series,
  steps: row.steps,
  oldestSeriesAt: row.oldest_series_at.getTime(),
  newestSeriesAt: row.newest_series_at.getTime(),
  hasChampion: row.has_champion,
  lastRun: row.ended_at && {
    endedAt: row.ended_at.getTime(),
    hasFailed: row.has_failed,
    seriesCount: row.series_count,
    steps: row.run_steps,
  },
});
