import { Inject, Injectable } from '@nestjs/common';
import type { LossPoint, TrainingRun } from '@bellwether/contracts';
import { Database } from '../database/database';

/** A run whose trainer gave no sign of life for so long is started again. */
const STALE = "INTERVAL '20 seconds'";
const MAX_ATTEMPTS = 3;

export interface ClaimedRun {
  id: number;
  detectorId: number;
  periodMs: number;
  seed: number;
}

export interface RunProgress {
  progress: number;
  step: string;
  losses: LossPoint[];
}

/** A run's queue is its table: open runs are work, one trainer holds each by its heartbeat. */
@Injectable()
export class TrainingRunStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Opens a run unless the group has an open one; returns the id of the open one. */
  async queue(detectorId: number, periodMs: number, reason: string): Promise<number> {
    await this.database.query(
      `INSERT INTO training_run (detector_id, period_ms, reason, seed)
       SELECT $1, $2, $3, count(*) + 1 FROM training_run r WHERE r.detector_id = $1 AND r.period_ms = $2
       ON CONFLICT (detector_id, period_ms) WHERE ended_at IS NULL DO NOTHING`,
      [detectorId, periodMs, reason],
    );
    const { rows } = await this.database.query<{ id: number }>(
      `SELECT r.id FROM training_run r WHERE r.detector_id = $1 AND r.period_ms = $2 ORDER BY r.ended_at IS NOT NULL, r.id DESC LIMIT 1`,
      [detectorId, periodMs],
    );
    return rows[0]!.id;
  }

  async claim(): Promise<ClaimedRun | undefined> {
    await this.failExhausted();
    const { rows } = await this.database.query<{
      id: number;
      detector_id: number;
      period_ms: number;
      seed: number;
    }>(
      `UPDATE training_run r
       SET started_at = COALESCE(r.started_at, now()), heartbeat_at = now(), attempts = r.attempts + 1, losses = '[]', progress = 0
       WHERE r.id = (
         SELECT o.id FROM training_run o
         WHERE o.ended_at IS NULL AND (o.heartbeat_at IS NULL OR o.heartbeat_at < now() - ${STALE})
         ORDER BY o.queued_at
         LIMIT 1
         FOR UPDATE SKIP LOCKED)
       RETURNING r.id, r.detector_id, r.period_ms::float8 AS period_ms, r.seed`,
    );
    const row = rows[0];
    return row && { id: row.id, detectorId: row.detector_id, periodMs: row.period_ms, seed: row.seed };
  }

  async begin(
    id: number,
    facts: { seriesCount: number; sampleCount: number; backend: string; backendWhy: string },
  ): Promise<void> {
    await this.database.query(
      `UPDATE training_run SET series_count = $2, sample_count = $3, backend = $4, backend_why = $5, heartbeat_at = now() WHERE id = $1`,
      [id, facts.seriesCount, facts.sampleCount, facts.backend, facts.backendWhy],
    );
  }

  async heartbeat(id: number): Promise<void> {
    await this.database.query(
      'UPDATE training_run SET heartbeat_at = now() WHERE id = $1 AND ended_at IS NULL',
      [id],
    );
  }

  async progress(id: number, { progress, step, losses }: RunProgress): Promise<void> {
    await this.database.query(
      'UPDATE training_run SET progress = $2, step = $3, losses = $4, heartbeat_at = now() WHERE id = $1 AND ended_at IS NULL',
      [id, progress, step, JSON.stringify(losses)],
    );
  }

  async succeed(id: number, outcome: string): Promise<void> {
    await this.database.query(
      `UPDATE training_run SET ended_at = now(), progress = 1, step = 'done', outcome = $2 WHERE id = $1`,
      [id, outcome],
    );
  }

  async fail(id: number, error: string): Promise<void> {
    await this.database.query(
      `UPDATE training_run SET ended_at = now(), step = 'failed', error = $2 WHERE id = $1`,
      [id, error],
    );
  }

  /** Gives a run back that its trainer did not end because it was told to stop: the next one begins it at once. */
  async release(id: number): Promise<void> {
    await this.database.query(
      `UPDATE training_run SET started_at = NULL, heartbeat_at = NULL, attempts = attempts - 1, step = 'queued', progress = 0
       WHERE id = $1 AND ended_at IS NULL`,
      [id],
    );
  }

  async byIds(ids: number[]): Promise<TrainingRun[]> {
    return this.select('r.id = ANY($1::int[])', [ids]);
  }

  async running(): Promise<TrainingRun[]> {
    return this.select('r.ended_at IS NULL', []);
  }

  /** Newest first. */
  async latest(limit: number): Promise<TrainingRun[]> {
    return this.select('TRUE', [], limit);
  }

  private async select(condition: string, values: unknown[], limit = 100): Promise<TrainingRun[]> {
    const { rows } = await this.database.query<RunRow>(
      `SELECT r.id, r.detector_id, r.period_ms::float8 AS period_ms, r.reason, r.queued_at, r.started_at, r.ended_at, r.series_count,
              r.sample_count::float8 AS sample_count, r.progress, r.step, r.losses, r.backend, r.backend_why, r.outcome, r.error
       FROM training_run r
       WHERE ${condition}
       ORDER BY r.id DESC
       LIMIT ${limit}`,
      values,
    );
    return rows.map(toRun);
  }

  private async failExhausted(): Promise<void> {
    await this.database.query(
      `UPDATE training_run SET ended_at = now(), step = 'failed', error = $1
       WHERE ended_at IS NULL AND attempts >= ${MAX_ATTEMPTS} AND heartbeat_at < now() - ${STALE}`,
      [`The trainer died ${MAX_ATTEMPTS} times while it trained this; its log says why.`],
    );
  }
}

interface RunRow {
  id: number;
  detector_id: number;
  period_ms: number;
  reason: string;
  queued_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
  series_count: number | null;
  sample_count: number | null;
  progress: number;
  step: string;
  losses: LossPoint[];
  backend: string | null;
  backend_why: string | null;
  outcome: string | null;
  error: string | null;
}

function state({ started_at, ended_at, error }: RunRow): TrainingRun['state'] {
  if (ended_at) return error ? 'failed' : 'succeeded';
  return started_at ? 'running' : 'queued';
}

const toRun = (row: RunRow): TrainingRun => ({
  id: row.id,
  detectorId: row.detector_id,
  periodMs: row.period_ms,
  state: state(row),
  reason: row.reason,
  queuedAt: row.queued_at.toISOString(),
  startedAt: row.started_at?.toISOString() ?? null,
  endedAt: row.ended_at?.toISOString() ?? null,
  seriesCount: row.series_count,
  sampleCount: row.sample_count,
  progress: row.progress,
  step: row.step,
  losses: row.losses,
  backend: row.backend,
  backendWhy: row.backend_why,
  outcome: row.error ?? row.outcome,
});
