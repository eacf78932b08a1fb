import { Inject, Injectable } from '@nestjs/common';
import type { Severity } from '@bellwether/contracts';
import { Database, type Queries } from '../database/database';
import { type FactsByKind, WATCH_KINDS, type WatchKind } from './statement';

/** An open alert of these kinds. */
export interface OpenAlert {
  id: number;
  seriesId: number;
  kind: WatchKind;
  startsMs: number;
  value: number;
  facts: FactsByKind[WatchKind];
}

export interface Opening {
  seriesId: number;
  kind: WatchKind;
  severity: Severity;
  ruleVersion: number;
  startsMs: number;
  /** The sample that says most: when it was, or will be, and its value. */
  peakMs: number;
  value: number;
  facts: FactsByKind[WatchKind];
}

export interface Ending {
  id: number;
  endsMs: number;
}

export interface Restating {
  id: number;
  peakMs: number;
  value: number;
  facts: FactsByKind[WatchKind];
}

export interface Samples {
  timesMs: number[];
  values: number[];
}

/** Only one process at a time decides what is open. */
const WATCH_LOCK = 7_239_117;

@Injectable()
export class WatchStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async open(): Promise<OpenAlert[]> {
    const { rows } = await this.database.query<OpenAlert>(
      `SELECT a.id, a.series_id AS "seriesId", a.kind, extract(epoch FROM a.starts_at)::float8 * 1000 AS "startsMs",
              a.peak_value AS value, a.facts
       FROM alert a
       WHERE a.ends_at IS NULL AND a.kind = ANY($1::text[])`,
      [WATCH_KINDS],
    );
    return rows.map((row) => ({ ...row, startsMs: Math.round(row.startsMs) }));
  }

  /** The newest samples of each of these series, as many as asked for, oldest first. */
  async samples(asked: readonly { id: number; count: number }[]): Promise<Map<number, Samples>> {
    if (asked.length === 0) return new Map();
    const { rows } = await this.database.query<{ id: number; times: number[]; values: number[] }>(
      `SELECT q.id, n.times, n.values
       FROM unnest($1::int[], $2::int[]) AS q(id, count)
       CROSS JOIN LATERAL (
         SELECT array_agg(round(extract(epoch FROM p.time) * 1000)::float8 ORDER BY p.time) AS times,
                array_agg(p.value ORDER BY p.time) AS values
         FROM (SELECT p.time, p.value FROM sample p WHERE p.series_id = q.id ORDER BY p.time DESC LIMIT q.count) p
       ) n
       WHERE n.times IS NOT NULL`,
      [asked.map(({ id }) => id), asked.map(({ count }) => count)],
    );
    return new Map(rows.map(({ id, times, values }) => [id, { timesMs: times, values }]));
  }

  /** When the run of equal values began that reaches `untilMs`; null: there is no such sample. */
  async runSince(seriesId: number, value: number, untilMs: number): Promise<number | null> {
    const { rows } = await this.database.query<{ at: number | null }>(
      `SELECT extract(epoch FROM min(p.time))::float8 * 1000 AS at
       FROM sample p
       WHERE p.series_id = $1 AND p.time <= $3 AND p.time > COALESCE(
         (SELECT o.time FROM sample o WHERE o.series_id = $1 AND o.time <= $3 AND o.value <> $2 ORDER BY o.time DESC LIMIT 1),
         '-infinity')`,
      [seriesId, value, new Date(untilMs)],
    );
    const at = rows[0]?.at ?? null;
    return at === null ? null : Math.round(at);
  }

  /** The first sample after a time, or the first of these that has another value than `other`; epoch ms. */
  async firstAfter(seriesId: number, afterMs: number, other?: number): Promise<number | null> {
    const { rows } = await this.database.query<{ at: number }>(
      `SELECT extract(epoch FROM p.time)::float8 * 1000 AS at
       FROM sample p
       WHERE p.series_id = $1 AND p.time > $2 AND ($3::float8 IS NULL OR p.value <> $3)
       ORDER BY p.time
       LIMIT 1`,
      [seriesId, new Date(afterMs), other ?? null],
    );
    return rows[0] ? Math.round(rows[0].at) : null;
  }

  async lock(queries: Queries): Promise<void> {
    await queries.query('SELECT pg_advisory_xact_lock($1)', [WATCH_LOCK]);
  }

  /**
   * Opens alerts where none of the kind is open; one that began at the same time and had ended goes on. Returns their ids and series.
   */
  async begin(queries: Queries, alerts: readonly Opening[]): Promise<{ id: number; seriesId: number }[]> {
    const { rows } = await queries.query<{ id: number; seriesId: number }>(
      `INSERT INTO alert AS a (series_id, kind, severity, rule_version, starts_at, peak_at, peak_value, facts)
       SELECT s.id, n.kind, n.severity, n.rule_version, n.starts_at, n.peak_at, n.value, n.facts
       FROM jsonb_to_recordset($1::jsonb) AS n(series_id int, kind text, severity text, rule_version int, starts_at timestamptz,
                                               peak_at timestamptz, value float8, facts jsonb)
       JOIN (SELECT s.id FROM series s WHERE s.id = ANY($2::int[]) FOR KEY SHARE) s ON s.id = n.series_id
       WHERE NOT EXISTS (SELECT FROM alert o WHERE o.series_id = n.series_id AND o.kind = n.kind AND o.ends_at IS NULL)
       ON CONFLICT ON CONSTRAINT alert_once DO UPDATE
       SET ends_at = NULL, facts = EXCLUDED.facts, peak_at = EXCLUDED.peak_at, peak_value = EXCLUDED.peak_value
       RETURNING a.id, a.series_id AS "seriesId"`,
      [
        JSON.stringify(
          alerts.map((one) => ({
            ...{ series_id: one.seriesId, kind: one.kind, severity: one.severity, facts: one.facts },
            ...{ rule_version: one.ruleVersion, starts_at: new Date(one.startsMs), value: one.value },
            peak_at: new Date(one.peakMs),
          })),
        ),
        alerts.map(({ seriesId }) => seriesId),
      ],
    );
    return rows;
  }

  /** Ends alerts that are open, a millisecond after their begin at the least. Returns their ids and series. */
  async end(queries: Queries, endings: readonly Ending[]): Promise<{ id: number; seriesId: number }[]> {
    const { rows } = await queries.query<{ id: number; seriesId: number }>(
      `UPDATE alert a SET ends_at = GREATEST(n.ends_at, a.starts_at + INTERVAL '1 millisecond')
       FROM unnest($1::int[], $2::timestamptz[]) AS n(id, ends_at)
       WHERE a.id = n.id AND a.ends_at IS NULL
       RETURNING a.id, a.series_id AS "seriesId"`,
      [endings.map(({ id }) => id), endings.map(({ endsMs }) => new Date(endsMs))],
    );
    return rows;
  }

  async restate(
    queries: Queries,
    restated: readonly Restating[],
  ): Promise<{ id: number; seriesId: number }[]> {
    const { rows } = await queries.query<{ id: number; seriesId: number }>(
      `UPDATE alert a SET facts = n.facts, peak_at = n.peak_at, peak_value = n.value
       FROM jsonb_to_recordset($1::jsonb) AS n(id int, facts jsonb, peak_at timestamptz, value float8)
       WHERE a.id = n.id AND a.ends_at IS NULL
       RETURNING a.id, a.series_id AS "seriesId"`,
      [
        JSON.stringify(
          restated.map(({ id, facts, peakMs, value }) => ({ id, facts, peak_at: new Date(peakMs), value })),
        ),
      ],
    );
    return rows;
  }
}
