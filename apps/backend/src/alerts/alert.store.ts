import { Inject, Injectable } from '@nestjs/common';
import type { Alert, AlertKind, AlertQuery, Labels, Severity, VerdictKind } from '@bellwether/contracts';
import { Database } from '../database/database';
import { explain } from './explanation';
import { type FactsByKind, state, type WatchKind } from './statement';

interface AlertRow {
  id: number;
  kind: AlertKind;
  severity: Severity;
  incident_id: number | null;
  series_id: number;
  name: string;
  labels: Labels;
  unit: string | null;
  period_ms: number | null;
  starts_at: Date;
  ends_at: Date | null;
  peak_at: Date;
  peak_value: number;
  peak_expected: number | null;
  peak_lower: number | null;
  peak_upper: number | null;
  /** Of anomalies; of other kinds these are null, and there are facts. */
  peak_score: number | null;
  peak_vrnn_share: number | null;
  facts: FactsByKind[WatchKind] | null;
  record: Alert['record'];
  is_history: boolean;
  rule_version: number;
  verdict: VerdictKind | null;
}

const SELECT = `
  SELECT a.id, a.kind, a.severity, a.incident_id, a.series_id, s.name, s.labels, s.unit, s.period_ms::float8 AS period_ms, a.starts_at, a.ends_at, a.peak_at, a.peak_value, a.peak_expected,
         a.peak_lower, a.peak_upper, a.peak_score, a.peak_vrnn_share, a.is_history, a.rule_version, v.kind AS verdict, a.facts,
         CASE a.kind WHEN 'anomaly' THEN NULL WHEN 'breach' THEN a.facts->'record' ELSE (
           SELECT jsonb_build_object('right', count(*) FILTER (WHERE pv.kind <> 'false_alarm'), 'known', count(*))
           FROM alert p
           JOIN verdict pv ON pv.alert_id = p.id
           WHERE p.series_id = a.series_id AND p.kind = a.kind AND p.starts_at < a.starts_at
           HAVING count(*) > 0) END AS record
  FROM alert a
  JOIN series s ON s.id = a.series_id
  LEFT JOIN verdict v ON v.alert_id = a.id`;

const NEWEST_FIRST = 'ORDER BY a.starts_at DESC, a.id DESC';
/** More than a screen can show. */
const MOST = 500;

@Injectable()
export class AlertStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Alerts that are firing now, newest first. */
  open(): Promise<Alert[]> {
    return this.select(`WHERE a.ends_at IS NULL ${NEWEST_FIRST} LIMIT ${MOST}`, []);
  }

  /** Alerts that ended at `sinceMs` (epoch) or later, newest first. */
  recent(sinceMs: number): Promise<Alert[]> {
    return this.select(`WHERE a.ends_at >= $1 ${NEWEST_FIRST} LIMIT ${MOST}`, [new Date(sinceMs)]);
  }

  /** Alerts of a series that overlap [from, to), newest first. */
  between(seriesId: number, from: Date, to: Date): Promise<Alert[]> {
    return this.select(
      `WHERE a.series_id = $1 AND a.starts_at < $3 AND (a.ends_at IS NULL OR a.ends_at > $2) ${NEWEST_FIRST} LIMIT ${MOST}`,
      [seriesId, from, to],
    );
  }

  async byId(id: number): Promise<Alert | undefined> {
    const [alert] = await this.select('WHERE a.id = $1', [id]);
    return alert;
  }

  byIds(ids: number[]): Promise<Alert[]> {
    return this.select('WHERE a.id = ANY($1::int[])', [ids]);
  }

  async list({ state, series, limit, offset }: AlertQuery): Promise<{ alerts: Alert[]; total: number }> {
    const where = `
      WHERE ($1::text IS NULL OR ($1 = 'firing') = (a.ends_at IS NULL)) AND ($2::bigint IS NULL OR a.series_id = $2)`;
    const values = [state ?? null, series ?? null];
    const [alerts, { rows }] = await Promise.all([
      this.select(`${where} ${NEWEST_FIRST} LIMIT $3 OFFSET $4`, [...values, limit, offset]),
      this.database.query<{ total: number }>(`SELECT count(*)::int AS total FROM alert a ${where}`, values),
    ]);
    return { alerts, total: rows[0]!.total };
  }

  private async select(rest: string, values: unknown[]): Promise<Alert[]> {
    const { rows } = await this.database.query<AlertRow>(`${SELECT} ${rest}`, values);
    return rows.map(alertOf);
  }
}

function alertOf(row: AlertRow): Alert {
  const peak = {
    value: row.peak_value,
    expected: row.peak_expected,
    lower: row.peak_lower,
    upper: row.peak_upper,
    score: row.peak_score,
    vrnnShare: row.peak_vrnn_share,
  };
  return {
    id: row.id,
    kind: row.kind,
    severity: row.severity,
    incidentId: row.incident_id,
    seriesId: row.series_id,
    series: { name: row.name, labels: row.labels, unit: row.unit },
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at?.toISOString() ?? null,
    peak: { time: row.peak_at.toISOString(), ...peak },
    why: whyOf(row),
    isHistory: row.is_history,
    record: row.record,
    ruleVersion: row.rule_version,
    verdict: row.verdict,
  };
}

function whyOf(row: AlertRow): string {
  const { starts_at: startsAt, ends_at: endsAt, peak_value: value, unit, record } = row;
  if (row.kind !== 'anomaly')
    return state(row.kind, row.facts as FactsByKind[WatchKind], { startsAt, endsAt, value, unit, record });
  const peak = {
    ...{
      time: row.peak_at,
      value,
      expected: row.peak_expected,
      lower: row.peak_lower,
      upper: row.peak_upper,
    },
    ...{ score: row.peak_score!, vrnnShare: row.peak_vrnn_share! },
  };
  return explain({ startsAt, endsAt, peak, unit, periodMs: row.period_ms });
}
