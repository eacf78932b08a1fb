import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database';

/** Bellwether's own state, read when Prometheus asks. */
export interface ServiceState {
  series: number;
  unscored_series: number;
  scoring_lag_seconds: number;
  alerts_firing: number;
  incidents_open: number;
  notifications_waiting: number;
  notifications_failed: number;
  training_runs_open: number;
  training_runs_failed: number;
  champions: number;
  series_unsent: number;
}

@Injectable()
export class MetricsStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async read(): Promise<ServiceState> {
    const { rows } = await this.database.query<ServiceState & Record<string, number>>(
      `SELECT (SELECT count(*)::float8 FROM series) AS series,
              (SELECT count(*)::float8 FROM watermark w WHERE w.unscored_from IS NOT NULL OR w.scoring_from IS NOT NULL) AS unscored_series,
              (SELECT COALESCE(extract(epoch FROM now() - min(w.unscored_since)), 0)::float8 FROM watermark w
               WHERE w.unscored_from IS NOT NULL OR w.scoring_from IS NOT NULL) AS scoring_lag_seconds,
              (SELECT count(*)::float8 FROM alert a WHERE a.ends_at IS NULL) AS alerts_firing,
              (SELECT count(*)::float8 FROM incident i WHERE i.ends_at IS NULL) AS incidents_open,
              (SELECT count(*)::float8 FROM notification n WHERE n.delivered_at IS NULL AND n.failed_at IS NULL) AS notifications_waiting,
              (SELECT count(*)::float8 FROM notification n WHERE n.failed_at IS NOT NULL) AS notifications_failed,
              (SELECT count(*)::float8 FROM training_run r WHERE r.ended_at IS NULL) AS training_runs_open,
              (SELECT count(*)::float8 FROM training_run r WHERE r.error IS NOT NULL) AS training_runs_failed,
              (SELECT count(*)::float8 FROM model m WHERE m.promoted_at IS NOT NULL AND m.retired_at IS NULL) AS champions,
              (SELECT count(*)::float8 FROM unsent) AS series_unsent`,
    );
    return rows[0]!;
  }
}
