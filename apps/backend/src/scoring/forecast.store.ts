import { Inject, Injectable } from '@nestjs/common';
import type { Forecast } from '@bellwether/contracts';
import { Database } from '../database/database';

/** Quantiles in the order of `LEVELS`, each with one value per step of the horizon. Times are epoch milliseconds. */
export interface IssuedForecast {
  seriesId: number;
  modelId: number;
  startsAt: number;
  periodMs: number;
  quantiles: number[][];
}

@Injectable()
export class ForecastStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async add(forecasts: IssuedForecast[], issuedAt: Date): Promise<void> {
    for (const { seriesId, modelId, startsAt, periodMs, quantiles } of forecasts) {
      await this.database.query(
        `INSERT INTO forecast (series_id, issued_at, model_id, starts_at, period_ms, q05, q25, q50, q75, q95)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (series_id, issued_at) DO NOTHING`,
        [seriesId, issuedAt, modelId, new Date(startsAt), periodMs, ...quantiles],
      );
    }
  }

  /** The forecast issued last. */
  async latest(seriesId: number): Promise<Forecast | null> {
    const { rows } = await this.database.query<ForecastRow>(
      `SELECT f.issued_at, f.starts_at, f.period_ms::float8 AS period_ms, f.q05, f.q25, f.q50, f.q75, f.q95
       FROM forecast f
       WHERE f.series_id = $1
       ORDER BY f.issued_at DESC
       LIMIT 1`,
      [seriesId],
    );
    return rows[0] ? toForecast(rows[0]) : null;
  }
}

interface ForecastRow {
  issued_at: Date;
  starts_at: Date;
  period_ms: number;
  q05: number[];
  q25: number[];
  q50: number[];
  q75: number[];
  q95: number[];
}

const toForecast = ({ issued_at, starts_at, period_ms, ...quantiles }: ForecastRow): Forecast => ({
  issuedAt: issued_at.toISOString(),
  time: quantiles.q50.map((_, step) => starts_at.getTime() + step * period_ms),
  ...quantiles,
});
