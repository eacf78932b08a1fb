import { Inject, Injectable } from '@nestjs/common';
import type { Detector, ModelKind } from '@bellwether/contracts';
import { Database } from '../database/database';
import { type Selector, WATCHES } from './selector';

interface DetectorRow {
  id: number;
  name: string;
  selector: Selector;
  models: ModelKind[];
  horizon: number;
  alert_budget: number;
  fire_after: number;
  resolve_after: number;
  retrain_hours: number;
  series_count: number;
}

@Injectable()
export class DetectorStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async all(): Promise<Detector[]> {
    const { rows } = await this.database.query<DetectorRow>(
      `SELECT d.id, d.name, d.selector, d.models, d.horizon, d.alert_budget, d.fire_after, d.resolve_after, d.retrain_hours,
              (SELECT count(*)::int FROM series s WHERE ${WATCHES}) AS series_count
       FROM detector d
       ORDER BY d.id`,
    );
    return rows.map(toDetector);
  }

  async byId(id: number): Promise<Detector | undefined> {
    return (await this.all()).find((detector) => detector.id === id);
  }

  /** The detector that watches a series; undefined: none does, as of a counter, whose rate is watched. */
  async ofSeries(seriesId: number): Promise<Detector | undefined> {
    const { rows } = await this.database.query<{ id: number }>(
      `SELECT d.id FROM detector d JOIN series s ON ${WATCHES} WHERE s.id = $1`,
      [seriesId],
    );
    return rows[0] && this.byId(rows[0].id);
  }
}

const toDetector = (row: DetectorRow): Detector => ({
  id: row.id,
  name: row.name,
  selector: row.selector,
  models: row.models,
  horizon: row.horizon,
  alertBudget: row.alert_budget,
  fireAfter: row.fire_after,
  resolveAfter: row.resolve_after,
  retrainHours: row.retrain_hours,
  seriesCount: row.series_count,
});
