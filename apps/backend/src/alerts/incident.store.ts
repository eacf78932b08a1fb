import { Inject, Injectable } from '@nestjs/common';
import type { IncidentEvent, IncidentQuery, Labels, Severity } from '@bellwether/contracts';
import { Database } from '../database/database';
import type { Member } from './grouping';
import { MEMBER, memberOf } from './grouping.store';

/** An incident as it is kept. */
export interface IncidentRecord {
  id: number;
  severity: Severity;
  startsAt: Date;
  endsAt: Date | null;
  acknowledgedAt: Date | null;
  isHistory: boolean;
  reopenings: number;
  mergedInto: number | null;
  title: string;
  reasons: string[];
  alertCount: number;
  seriesCount: number;
}

/** A series that fires in an incident. */
export interface FiringSeries {
  incidentId: number;
  id: number;
  name: string;
  labels: Labels;
}

const RECORD = `
  i.id, i.severity, i.starts_at AS "startsAt", i.ends_at AS "endsAt", i.acknowledged_at AS "acknowledgedAt",
  i.is_history AS "isHistory", i.reopenings, i.merged_into AS "mergedInto", i.title, i.reasons, i.alert_count AS "alertCount",
  i.series_count AS "seriesCount"`;

/** Alerts that are shown of an incident, and those of one that a notification chooses from. */
const MOST_SHOWN = 20;
const MOST_CHOSEN_FROM = 1_000;

/** Incidents as people see them. */
@Injectable()
export class IncidentStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Newest first, without those that became a part of another. */
  async list({ state, limit, offset }: IncidentQuery): Promise<{ records: IncidentRecord[]; total: number }> {
    const where = `WHERE i.merged_into IS NULL AND ($1::text IS NULL OR ($1 = 'open') = (i.ends_at IS NULL))`;
    const [{ rows: records }, { rows: counts }] = await Promise.all([
      this.database.query<IncidentRecord>(
        `SELECT ${RECORD} FROM incident i ${where} ORDER BY i.starts_at DESC, i.id DESC LIMIT $2 OFFSET $3`,
        [state ?? null, limit, offset],
      ),
      this.database.query<{ total: number }>(`SELECT count(*)::int AS total FROM incident i ${where}`, [
        state ?? null,
      ]),
    ]);
    return { records, total: counts[0]!.total };
  }

  async byId(id: number): Promise<IncidentRecord | undefined> {
    const { rows } = await this.database.query<IncidentRecord>(
      `SELECT ${RECORD} FROM incident i WHERE i.id = $1`,
      [id],
    );
    return rows[0];
  }

  /** The alerts to show of each of these: the likely first mover, then by start. */
  async shown(incidentIds: readonly number[]): Promise<Map<number, number[]>> {
    const { rows } = await this.database.query<{ id: number; alertIds: number[] }>(
      `SELECT i.id, array_agg(a.id ORDER BY (a.id = i.first_alert_id) DESC, a.starts_at, a.id) AS "alertIds"
       FROM incident i
       CROSS JOIN LATERAL (
         SELECT a.id, a.starts_at FROM alert a
         WHERE a.incident_id = i.id
         ORDER BY (a.id = i.first_alert_id) DESC, a.starts_at, a.id
         LIMIT ${MOST_SHOWN}
       ) a
       WHERE i.id = ANY($1::int[])
       GROUP BY i.id`,
      [incidentIds],
    );
    return new Map(rows.map(({ id, alertIds }) => [id, alertIds]));
  }

  /** The series that fire in these, history left out. */
  async firing(incidentIds: readonly number[]): Promise<FiringSeries[]> {
    const { rows } = await this.database.query<FiringSeries>(
      `SELECT DISTINCT ON (a.incident_id, s.id) a.incident_id AS "incidentId", s.id, s.name, s.labels
       FROM alert a
       JOIN series s ON s.id = a.series_id
       WHERE a.incident_id = ANY($1::int[]) AND a.ends_at IS NULL AND NOT a.is_history`,
      [incidentIds],
    );
    return rows;
  }

  /** Its alerts, oldest first. Of one that became a part of another, the alert that moved first. */
  async members(incidentId: number): Promise<Member[]> {
    const { rows } = await this.database.query<Parameters<typeof memberOf>[0]>(
      `SELECT ${MEMBER}
       FROM alert a
       JOIN series s ON s.id = a.series_id
       WHERE a.incident_id = $1
          OR a.id = (SELECT i.first_alert_id FROM incident i WHERE i.id = $1 AND i.merged_into IS NOT NULL)
       ORDER BY a.starts_at, a.id
       LIMIT ${MOST_CHOSEN_FROM}`,
      [incidentId],
    );
    return rows.map(memberOf);
  }

  /** What happened to it, oldest first. */
  async trail(incidentId: number): Promise<IncidentEvent[]> {
    const { rows } = await this.database.query<Omit<IncidentEvent, 'at'> & { at: Date }>(
      'SELECT e.at, e.kind, e.detail FROM incident_event e WHERE e.incident_id = $1 ORDER BY e.id',
      [incidentId],
    );
    return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
  }

  /** Whether that changed anything: not where it is over, or acknowledged already. */
  acknowledge(id: number, now: Date): Promise<boolean> {
    return this.mark(
      `acknowledged_at = $2 WHERE i.acknowledged_at IS NULL AND i.ends_at IS NULL AND i.id = $1`,
      [id, now],
    );
  }

  /** Whether it was acknowledged. */
  takeBack(id: number): Promise<boolean> {
    return this.mark(
      `acknowledged_at = NULL WHERE i.acknowledged_at IS NOT NULL AND i.ends_at IS NULL AND i.id = $1`,
      [id],
    );
  }

  private async mark(rest: string, values: unknown[]): Promise<boolean> {
    const { rowCount } = await this.database.query(`UPDATE incident i SET ${rest}`, values);
    return rowCount === 1;
  }
}
