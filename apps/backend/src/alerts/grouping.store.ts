import { Injectable } from '@nestjs/common';
import type { Queries } from '../database/database';
import { type Member, type Together, untilMs } from './grouping';
import type { Summary } from './incident';
import type { StoryEvent } from './incident.story';
import { WINDOW_MS } from './related';

/** Alerts beside a changed one that are looked at, the newest. */
const MOST_NEAR = 2_000;
/** Entries of a story that are kept: the first, and the newest. */
const MOST_EVENTS = 200;

/** Serializes grouping over all processes, so that what one decides on is what it writes to. */
const GROUPING_LOCK = 7_239_116;

interface MemberRow extends Omit<Member, 'startsMs' | 'endsMs'> {
  startsAt: Date;
  endsAt: Date | null;
}

export interface StoredIncident extends Summary {
  id: number;
}

/** An incident to write: new where nothing has its id yet. */
export interface IncidentWrite extends Summary {
  id: number;
  isReopened: boolean;
}

interface StoredRow extends Omit<Summary, 'startsMs' | 'endsMs'> {
  id: number;
  startsAt: Date;
  endsAt: Date | null;
}

export const MEMBER = `
  a.id, a.kind, a.severity, a.series_id AS "seriesId", s.name, s.labels, s.period_ms::float8 AS "periodMs", a.starts_at AS "startsAt",
  a.ends_at AS "endsAt", a.is_history AS "isHistory", a.peak_score AS score, a.incident_id AS "incidentId"`;

export const memberOf = ({ startsAt, endsAt, ...row }: MemberRow): Member => ({
  ...row,
  startsMs: startsAt.getTime(),
  endsMs: endsAt?.getTime() ?? null,
});

/** What grouping reads and writes: alerts in time, and the incidents they are parts of. */
@Injectable()
export class GroupingStore {
  async lock(queries: Queries): Promise<void> {
    await queries.query('SELECT pg_advisory_xact_lock($1)', [GROUPING_LOCK]);
  }

  async members(queries: Queries, alertIds: readonly number[]): Promise<Member[]> {
    return this.select(queries, 'WHERE a.id = ANY($1::int[])', [alertIds]);
  }

  async ofIncidents(queries: Queries, incidentIds: readonly number[]): Promise<Member[]> {
    return this.select(queries, 'WHERE a.incident_id = ANY($1::int[])', [incidentIds]);
  }

  /** Other alerts of these series that may meet one of these in time; and others that fell silent when one of these did. */
  async near(queries: Queries, changed: readonly Member[], seriesIds: readonly number[]): Promise<Member[]> {
    const silent = changed.filter(({ kind }) => kind === 'silent');
    const until = Math.max(...changed.map(untilMs));
    const farthest = Math.max(0, ...silent.map(({ periodMs }) => 2 * (periodMs ?? 0)));
    const starts = silent.map(({ startsMs }) => startsMs);
    return this.select(
      queries,
      `WHERE a.id <> ALL($1::int[]) AND (
         (a.series_id = ANY($2::int[]) AND a.starts_at < COALESCE($3::timestamptz, 'infinity')
           AND (a.ends_at IS NULL
             OR a.ends_at + GREATEST($5::float8, 3 * COALESCE(s.period_ms, 0)) * INTERVAL '1 millisecond' > $4))
         OR ($6 AND a.kind = 'silent'
           AND a.starts_at >= $7::timestamptz - GREATEST($9::float8, 2 * COALESCE(s.period_ms, 0)) * INTERVAL '1 millisecond'
           AND a.starts_at <= $8::timestamptz + GREATEST($9::float8, 2 * COALESCE(s.period_ms, 0)) * INTERVAL '1 millisecond'))
       ORDER BY a.starts_at DESC, a.id DESC
       LIMIT ${MOST_NEAR}`,
      [
        ...[changed.map(({ id }) => id), seriesIds],
        ...[
          until === Infinity ? null : new Date(until),
          new Date(Math.min(...changed.map(({ startsMs }) => startsMs))),
        ],
        ...[WINDOW_MS, silent.length > 0],
        ...(silent.length > 0
          ? [new Date(Math.min(...starts)), new Date(Math.max(...starts))]
          : [null, null]),
        farthest,
      ],
    );
  }

  private async select(queries: Queries, rest: string, values: unknown[]): Promise<Member[]> {
    const { rows } = await queries.query<MemberRow>(
      `SELECT ${MEMBER} FROM alert a JOIN series s ON s.id = a.series_id ${rest}`,
      values,
    );
    return rows.map(memberOf);
  }

  async stored(queries: Queries, incidentIds: readonly number[]): Promise<Map<number, StoredIncident>> {
    const { rows } = await queries.query<StoredRow>(
      `SELECT i.id, i.starts_at AS "startsAt", i.ends_at AS "endsAt", i.severity, i.is_history AS "isHistory",
              i.first_alert_id AS "firstAlertId", i.title, i.reasons, i.alert_count AS "alertCount", i.series_count AS "seriesCount"
       FROM incident i
       WHERE i.id = ANY($1::int[])`,
      [incidentIds],
    );
    return new Map(
      rows.map(({ startsAt, endsAt, ...row }) => [
        row.id,
        { ...row, startsMs: startsAt.getTime(), endsMs: endsAt?.getTime() ?? null },
      ]),
    );
  }

  /** Incidents whose alerts ended or are gone without a word of it: those of series that were deleted. */
  async orphaned(queries: Queries): Promise<number[]> {
    const { rows } = await queries.query<{ id: number }>(
      `SELECT i.id FROM incident i
       WHERE i.ends_at IS NULL AND NOT EXISTS (SELECT FROM alert a WHERE a.incident_id = i.id AND a.ends_at IS NULL)
       LIMIT ${MOST_NEAR}`,
    );
    return rows.map(({ id }) => id);
  }

  async together(queries: Queries, alertIds: readonly number[]): Promise<Together[]> {
    const { rows } = await queries.query<Together>(
      `SELECT t.alert_id AS a, t.other_id AS b, t.met, t.total
       FROM alert_together t
       WHERE t.alert_id = ANY($1::int[]) AND t.other_id = ANY($1::int[])
       ORDER BY t.alert_id, t.other_id`,
      [alertIds],
    );
    return rows;
  }

  async remember(queries: Queries, together: readonly Together[]): Promise<void> {
    await queries.query(
      `INSERT INTO alert_together (alert_id, other_id, met, total)
       SELECT t.a, t.b, t.met, t.total FROM jsonb_to_recordset($1::jsonb) AS t(a int, b int, met int, total int)
       ON CONFLICT (alert_id, other_id) DO NOTHING`,
      [JSON.stringify(together)],
    );
  }

  /** Numbers of incidents to come. */
  async numbers(queries: Queries, count: number): Promise<number[]> {
    const { rows } = await queries.query<{ id: number }>(
      `SELECT nextval(pg_get_serial_sequence('incident', 'id'))::int AS id FROM generate_series(1, $1::int)`,
      [count],
    );
    return rows.map(({ id }) => id);
  }

  /** What is acknowledged is no longer so once it has begun again. */
  async write(queries: Queries, incidents: readonly IncidentWrite[]): Promise<void> {
    await queries.query(
      `INSERT INTO incident AS i (id, starts_at, ends_at, severity, is_history, first_alert_id, title, reasons, alert_count, series_count,
                                  reopenings)
       OVERRIDING SYSTEM VALUE
       SELECT w.id, w.starts_at, w.ends_at, w.severity, w.is_history, w.first_alert_id, w.title, w.reasons, w.alert_count,
              w.series_count, w.reopened
       FROM jsonb_to_recordset($1::jsonb) AS w(id int, starts_at timestamptz, ends_at timestamptz, severity text, is_history boolean,
         first_alert_id int, title text, reasons text[], alert_count int, series_count int, reopened int)
       ON CONFLICT (id) DO UPDATE
       SET starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at, severity = EXCLUDED.severity, is_history = EXCLUDED.is_history,
           first_alert_id = EXCLUDED.first_alert_id, title = EXCLUDED.title, reasons = EXCLUDED.reasons,
           alert_count = EXCLUDED.alert_count, series_count = EXCLUDED.series_count,
           reopenings = i.reopenings + EXCLUDED.reopenings,
           acknowledged_at = CASE WHEN EXCLUDED.reopenings > 0 THEN NULL ELSE i.acknowledged_at END`,
      [JSON.stringify(incidents.map(columnsOf))],
    );
  }

  async assign(queries: Queries, moves: readonly { alertId: number; incidentId: number }[]): Promise<void> {
    await queries.query(
      `UPDATE alert a SET incident_id = m.incident_id
       FROM unnest($1::int[], $2::int[]) AS m(alert_id, incident_id)
       WHERE a.id = m.alert_id`,
      [moves.map(({ alertId }) => alertId), moves.map(({ incidentId }) => incidentId)],
    );
  }

  /** Those of whom somebody was told stay, as a part of another; they ended when they were merged. */
  async merge(queries: Queries, id: number, into: number, now: Date): Promise<void> {
    await queries.query(
      `UPDATE incident i SET merged_into = $2, ends_at = COALESCE(i.ends_at, GREATEST(i.starts_at, $3))
       WHERE i.id = $1`,
      [id, into, now],
    );
  }

  async remove(queries: Queries, ids: readonly number[]): Promise<void> {
    await queries.query('DELETE FROM incident i WHERE i.id = ANY($1::int[])', [ids]);
  }

  /** Adds to stories, and forgets what is in the middle of long ones. */
  async tell(
    queries: Queries,
    events: readonly (StoryEvent & { incidentId: number })[],
    now: Date,
  ): Promise<void> {
    await queries.query(
      `INSERT INTO incident_event (incident_id, at, kind, detail)
       SELECT e.incident_id, $1, e.kind, e.detail
       FROM unnest($2::int[], $3::text[], $4::text[]) WITH ORDINALITY AS e(incident_id, kind, detail, place)
       ORDER BY e.place`,
      [
        now,
        ...[events.map(({ incidentId }) => incidentId), events.map(({ kind }) => kind)],
        events.map(({ detail }) => detail),
      ],
    );
    await queries.query(
      `DELETE FROM incident_event e
       USING (SELECT o.id, row_number() OVER (PARTITION BY o.incident_id ORDER BY o.id) AS place,
                     count(*) OVER (PARTITION BY o.incident_id) AS total
              FROM incident_event o WHERE o.incident_id = ANY($1::int[])) o
       WHERE e.id = o.id AND o.place > 1 AND o.place <= o.total - ${MOST_EVENTS - 1}`,
      [[...new Set(events.map(({ incidentId }) => incidentId))]],
    );
  }
}

const columnsOf = (one: IncidentWrite) => ({
  id: one.id,
  starts_at: new Date(one.startsMs),
  ends_at: one.endsMs === null ? null : new Date(one.endsMs),
  severity: one.severity,
  is_history: one.isHistory,
  first_alert_id: one.firstAlertId,
  title: one.title,
  reasons: one.reasons,
  alert_count: one.alertCount,
  series_count: one.seriesCount,
  reopened: Number(one.isReopened),
});
