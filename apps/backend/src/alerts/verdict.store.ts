import { Inject, Injectable } from '@nestjs/common';
import type { AlertKind, Verdict, VerdictInput } from '@bellwether/contracts';
import { Database } from '../database/database';
import type { FactsByKind, WatchKind } from './statement';

/** The alert a verdict is about. */
export interface Judged {
  kind: AlertKind;
  /** Of other kinds than anomalies. */
  facts: FactsByKind[WatchKind] | null;
  seriesId: number;
  periodMs: number | null;
  startsAt: Date;
  endsAt: Date | null;
}

@Injectable()
export class VerdictStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async alert(alertId: number): Promise<Judged | undefined> {
    const { rows } = await this.database.query<Judged>(
      `SELECT a.kind, a.facts, a.series_id AS "seriesId", s.period_ms::float8 AS "periodMs", a.starts_at AS "startsAt", a.ends_at AS "endsAt"
       FROM alert a
       JOIN series s ON s.id = a.series_id
       WHERE a.id = $1`,
      [alertId],
    );
    return rows[0];
  }

  /** Alerts of a series that people said to be real, since. */
  async confirmed(seriesId: number, since: Date): Promise<{ startsAt: Date; endsAt: Date | null }[]> {
    const { rows } = await this.database.query<{ startsAt: Date; endsAt: Date | null }>(
      `SELECT a.starts_at AS "startsAt", a.ends_at AS "endsAt"
       FROM verdict v
       JOIN alert a ON a.id = v.alert_id
       WHERE v.kind = 'real' AND a.kind = 'anomaly' AND a.series_id = $1 AND a.starts_at >= $2`,
      [seriesId, since],
    );
    return rows;
  }

  /** The newest verdict on an alert is the one that holds. Undefined where the alert is gone. */
  async give(
    alertId: number,
    { kind, comment }: VerdictInput,
    { floor, at }: { floor: number | null; at: Date },
  ): Promise<Verdict | undefined> {
    const { rowCount } = await this.database.query(
      `INSERT INTO verdict (alert_id, kind, comment, floor, given_at)
       SELECT a.id, $2, $3, $4, $5 FROM alert a WHERE a.id = $1
       ON CONFLICT (alert_id) DO UPDATE
       SET kind = EXCLUDED.kind, comment = EXCLUDED.comment, floor = EXCLUDED.floor, given_at = EXCLUDED.given_at`,
      [alertId, kind, comment, floor, at],
    );
    return rowCount === 1 ? { alertId, kind, comment, givenAt: at.toISOString() } : undefined;
  }

  /** Makes this the period of a series, for whoever measures by it: the samples come so far apart now. */
  async setPeriod(seriesId: number, periodMs: number): Promise<void> {
    await this.database.query('UPDATE series s SET period_ms = round($2::float8)::bigint WHERE s.id = $1', [
      seriesId,
      periodMs,
    ]);
  }

  /** Whether there was one. */
  async takeBack(alertId: number): Promise<boolean> {
    const { rowCount } = await this.database.query('DELETE FROM verdict v WHERE v.alert_id = $1', [alertId]);
    return rowCount === 1;
  }
}
