import { Inject, Injectable } from '@nestjs/common';
import type { Model, ModelKind } from '@bellwether/contracts';
import type { Calibration, ModelConfig, Scaler } from '@bellwether/models';
import { Database, type Queries } from '../database/database';

/** A model as training hands it over. Times are epoch milliseconds. */
export interface NewModel {
  detectorId: number;
  trainingRunId: number;
  periodMs: number;
  kind: ModelKind;
  seed: number;
  config: ModelConfig;
  weights: Uint8Array;
  /** Over all its series: serves the series it was not trained on. */
  calibration: Calibration;
  dataFrom: number;
  dataTo: number;
  sampleCount: number;
  trainingSeconds: number;
  backend: string;
  heldOutLoss: number | null;
  championLoss: number | null;
  isPromoted: boolean;
  series: { seriesId: number; scaler: Scaler; calibration: Calibration }[];
}

/** What scoring needs of a champion. */
export interface Champion {
  id: number;
  kind: ModelKind;
  periodMs: number;
  config: ModelConfig;
  weights: Buffer;
  calibration: Calibration;
}

export interface ModelSeries {
  seriesId: number;
  scaler: Scaler;
  /** null: too few scores of its own yet. */
  calibration: Calibration | null;
}

const CHAMPION = 'm.promoted_at IS NOT NULL AND m.retired_at IS NULL';

@Injectable()
export class ModelStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Newest first, without weights. */
  async all(limit: number): Promise<Model[]> {
    const { rows } = await this.database.query<ModelRow>(
      `SELECT m.id, m.detector_id, m.training_run_id, m.kind, m.period_ms::float8 AS period_ms, m.version, m.created_at, m.seed,
              m.config, m.data_from, m.data_to, m.series_count, m.sample_count::float8 AS sample_count, m.training_seconds,
              m.backend, length(m.weights) AS weight_bytes, m.held_out_loss, m.champion_loss, ${CHAMPION} AS is_champion
       FROM model m
       ORDER BY m.id DESC
       LIMIT $1`,
      [limit],
    );
    return rows.map(toModel);
  }

  async champions(detectorId: number, periodMs: number): Promise<Champion[]> {
    const { rows } = await this.database.query<Omit<Champion, 'periodMs'> & { period_ms: number }>(
      `SELECT m.id, m.kind, m.period_ms::float8 AS period_ms, m.config, m.weights, m.calibration
       FROM model m
       WHERE m.detector_id = $1 AND m.period_ms = $2 AND ${CHAMPION}`,
      [detectorId, periodMs],
    );
    return rows.map(({ period_ms, ...champion }) => ({ ...champion, periodMs: period_ms }));
  }

  /** Ids of all champions: what scoring compares its opened models with, once a round. */
  async championIds(): Promise<{ id: number; detectorId: number; periodMs: number }[]> {
    const { rows } = await this.database.query<{ id: number; detector_id: number; period_ms: number }>(
      `SELECT m.id, m.detector_id, m.period_ms::float8 AS period_ms FROM model m WHERE ${CHAMPION} ORDER BY m.id`,
    );
    return rows.map(({ id, detector_id, period_ms }) => ({
      id,
      detectorId: detector_id,
      periodMs: period_ms,
    }));
  }

  async seriesOf(modelId: number, seriesIds: number[]): Promise<ModelSeries[]> {
    const { rows } = await this.database.query<{
      series_id: number;
      scaler: Scaler;
      calibration: Calibration | null;
    }>(
      `SELECT ms.series_id, ms.scaler, ms.calibration
       FROM model_series ms
       WHERE ms.model_id = $1 AND ms.series_id = ANY($2::int[])`,
      [modelId, seriesIds],
    );
    return rows.map(({ series_id, scaler, calibration }) => ({ seriesId: series_id, scaler, calibration }));
  }

  /** Adds what a model knows of series it was not trained on; what is known stays. */
  async addSeries(modelId: number, series: ModelSeries[]): Promise<void> {
    await insertSeries(this.database, modelId, series);
  }

  /** Writes the models of a run in one transaction; the promoted ones retire the champions of their kind. Returns the ids. */
  async add(models: NewModel[]): Promise<number[]> {
    return this.database.transaction(async (queries) => {
      const ids: number[] = [];
      for (const model of models) ids.push(await insertModel(queries, model));
      return ids;
    });
  }
}

async function insertModel(queries: Queries, model: NewModel): Promise<number> {
  if (model.isPromoted) {
    await queries.query(
      `UPDATE model m SET retired_at = now()
       WHERE m.detector_id = $1 AND m.period_ms = $2 AND m.kind = $3 AND ${CHAMPION}`,
      [model.detectorId, model.periodMs, model.kind],
    );
  }
  const { rows } = await queries.query<{ id: number }>(
    `INSERT INTO model (detector_id, training_run_id, period_ms, kind, version, seed, config, weights, calibration, data_from, data_to,
                        series_count, sample_count, training_seconds, backend, held_out_loss, champion_loss, promoted_at)
     SELECT $1, $2, $3, $4, COALESCE(max(m.version), 0) + 1, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
            CASE WHEN $17::boolean THEN now() END
     FROM model m
     WHERE m.detector_id = $1 AND m.period_ms = $3 AND m.kind = $4
     RETURNING id`,
    [
      model.detectorId,
      model.trainingRunId,
      model.periodMs,
      model.kind,
      model.seed,
      JSON.stringify(model.config),
      Buffer.from(model.weights),
      JSON.stringify(model.calibration),
      new Date(model.dataFrom),
      new Date(model.dataTo),
      model.series.length,
      model.sampleCount,
      model.trainingSeconds,
      model.backend,
      model.heldOutLoss,
      model.championLoss,
      model.isPromoted,
    ],
  );
  await insertSeries(queries, rows[0]!.id, model.series);
  return rows[0]!.id;
}

async function insertSeries(queries: Queries, modelId: number, series: ModelSeries[]): Promise<void> {
  await queries.query(
    `INSERT INTO model_series (model_id, series_id, scaler, calibration)
     SELECT $1, k.series_id, k.scaler, k.calibration
     FROM unnest($2::int[], $3::jsonb[], $4::jsonb[]) AS k (series_id, scaler, calibration)
     WHERE EXISTS (SELECT FROM series s WHERE s.id = k.series_id)
     ON CONFLICT (model_id, series_id) DO NOTHING`,
    [
      modelId,
      series.map(({ seriesId }) => seriesId),
      series.map(({ scaler }) => JSON.stringify(scaler)),
      series.map(({ calibration }) => calibration && JSON.stringify(calibration)),
    ],
  );
}

interface ModelRow {
  id: number;
  detector_id: number;
  training_run_id: number;
  kind: ModelKind;
  period_ms: number;
  version: number;
  created_at: Date;
  seed: number;
  config: Record<string, unknown>;
  data_from: Date;
  data_to: Date;
  series_count: number;
  sample_count: number;
  training_seconds: number;
  backend: string;
  weight_bytes: number;
  held_out_loss: number | null;
  champion_loss: number | null;
  is_champion: boolean;
}

const toModel = (row: ModelRow): Model => ({
  id: row.id,
  detectorId: row.detector_id,
  trainingRunId: row.training_run_id,
  kind: row.kind,
  periodMs: row.period_ms,
  version: row.version,
  isChampion: row.is_champion,
  createdAt: row.created_at.toISOString(),
  seed: row.seed,
  config: row.config,
  dataFrom: row.data_from.toISOString(),
  dataTo: row.data_to.toISOString(),
  seriesCount: row.series_count,
  sampleCount: row.sample_count,
  trainingSeconds: row.training_seconds,
  backend: row.backend,
  weightBytes: row.weight_bytes,
  heldOutLoss: row.held_out_loss,
  championLoss: row.champion_loss,
});
