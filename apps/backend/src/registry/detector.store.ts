import { Inject, Injectable } from '@nestjs/common';
import type { Detector, ModelKind } from '@bellwether/contracts';
import { Database } from '../database/database';
import { RULE_COLUMNS, type RuleRow, ruleOf } from './rule.store';
import { type Selector, WATCHES } from './selector';

interface DetectorRow extends RuleRow {
  id: number;
  name: string;
  selector: Selector;
  models: ModelKind[];
  horizon: number;
  rule_version: number;
  retrain_hours: number;
  series_count: number;
  period_ms: number | null;
}

@Injectable()
export class DetectorStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async all(): Promise<Detector[]> {
    const { rows } = await this.database.query<DetectorRow>(
      `SELECT d.id, d.name, d.selector, d.models, d.horizon, ${RULE_COLUMNS.map((name) => `d.${name}`).join(', ')}, d.rule_version,
              d.retrain_hours, w.series_count, w.period_ms
       FROM detector d
       CROSS JOIN LATERAL (
         SELECT count(*)::int AS series_count, (mode() WITHIN GROUP (ORDER BY s.period_ms))::float8 AS period_ms
         FROM series s
         WHERE ${WATCHES}
       ) w
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
  ...ruleOf(row),
  ruleVersion: row.rule_version,
  retrainHours: row.retrain_hours,
  seriesCount: row.series_count,
  periodMs: row.period_ms,
});
