import { Inject, Injectable } from '@nestjs/common';
import type { Severity } from '@bellwether/contracts';
import { Database, type Queries } from '../database/database';
import type { AlertStretch, Scored } from './alert';
import type { StoredAlert } from './correction';

/** A series from a time on. */
export interface From {
  seriesId: number;
  from: Date;
}

/** [from, to) */
export type Span = From & { to: Date };

/** An alert to write, with the series it belongs to and, where it is stored already, its id. */
export interface AlertWrite {
  id?: number;
  seriesId: number;
  stretch: AlertStretch;
  isHistory: boolean;
  severity: Severity;
}

type OfSeries<T> = Map<number, T[]>;

interface ScoredRow {
  series_id: number;
  time: Date;
  value: number;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  score: number;
  threshold: number;
  vrnn_share: number;
}

interface StoredRow extends Omit<ScoredRow, 'time'> {
  id: number;
  starts_at: Date;
  ends_at: Date | null;
  peak_at: Date;
  is_history: boolean;
  rule_version: number;
  was_told: boolean;
}

/** The value of each score's sample; OFFSET 0 keeps the planner from reading all samples for a few. */
const WITH_VALUE = `CROSS JOIN LATERAL (
         SELECT p.value FROM sample p WHERE p.series_id = s.series_id AND p.time = s.time OFFSET 0
       ) p`;

const SCORED = 's.series_id, s.time, s.score, s.threshold, s.expected, s.lower, s.upper, s.vrnn_share';

/** Serializes reviews over all processes, so that what one decides on is what it writes to. */
const REVIEW_LOCK = 7_239_115;

/** What a review reads and writes: scores, stored alerts, and the outbox; set-based over many series. */
@Injectable()
export class CorrectionStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Series that have an anomaly or an alert at or after `from`, and how many scores there are to look at. */
  async eventful(reviews: readonly From[]): Promise<Map<number, number>> {
    const { rows } = await this.database.query<{ series_id: number; scored: number }>(
      `SELECT q.series_id, c.scored
       FROM unnest($1::int[], $2::timestamptz[]) AS q(series_id, since)
       CROSS JOIN LATERAL (
         SELECT count(*)::int AS scored, bool_or(s.score >= s.threshold) AS has_anomaly
         FROM score s
         WHERE s.series_id = q.series_id AND s.time >= q.since AND s.time >= $3
       ) c
       WHERE c.has_anomaly
          OR EXISTS (SELECT FROM alert a
                     WHERE a.series_id = q.series_id AND a.kind = 'anomaly' AND (a.ends_at IS NULL OR a.ends_at >= q.since))`,
      [...columns(reviews), earliest(reviews)],
    );
    return new Map(rows.map((row) => [row.series_id, row.scored]));
  }

  async lock(queries: Queries): Promise<void> {
    await queries.query('SELECT pg_advisory_xact_lock($1)', [REVIEW_LOCK]);
  }

  /** The newest `count` scored samples before `from` of each series, oldest first. */
  async before(queries: Queries, reviews: readonly From[], count: number): Promise<OfSeries<Scored>> {
    const { rows } = await queries.query<ScoredRow>(
      `SELECT s.*, p.value
       FROM unnest($1::int[], $2::timestamptz[]) AS q(series_id, since)
       CROSS JOIN LATERAL (
         SELECT ${SCORED} FROM score s
         WHERE s.series_id = q.series_id AND s.time < q.since
         ORDER BY s.time DESC
         LIMIT $3
       ) s
       ${WITH_VALUE}
       ORDER BY s.series_id, s.time`,
      [...columns(reviews), count],
    );
    return scoredBySeries(rows);
  }

  /** The first `count` scored samples in [from, to) of each span, oldest first. */
  async opening(queries: Queries, spans: readonly Span[], count: number): Promise<Scored[][]> {
    const { rows } = await queries.query<ScoredRow & { span: number }>(
      `SELECT q.span::int, s.*, p.value
       FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS q(series_id, since, until, span)
       CROSS JOIN LATERAL (
         SELECT ${SCORED} FROM score s
         WHERE s.series_id = q.series_id AND s.time >= q.since AND s.time < q.until
         ORDER BY s.time
         LIMIT $4
       ) s
       ${WITH_VALUE}
       ORDER BY q.span, s.time`,
      [...columns(spans), spans.map(({ to }) => to), count],
    );
    const openings: Scored[][] = spans.map(() => []);
    for (const row of rows) openings[row.span - 1]!.push(scoredOf(row));
    return openings;
  }

  /** Samples of a series in [from, to) whose score reaches the threshold, the strangest first. */
  async strangest(
    queries: Queries,
    { seriesId, from, to }: Span,
    { limit, offset }: { limit: number; offset: number },
  ): Promise<Scored[]> {
    const { rows } = await queries.query<ScoredRow>(
      `SELECT ${SCORED}, p.value
       FROM score s
       ${WITH_VALUE}
       WHERE s.series_id = $1 AND s.time >= $2 AND s.time < $3 AND s.score >= s.threshold
       ORDER BY s.score DESC, s.time
       LIMIT $4 OFFSET $5`,
      [seriesId, from, to, limit, offset],
    );
    return rows.map(scoredOf);
  }

  /** Alerts of each series that are open, or ended at `from` or later, oldest first. */
  async stored(queries: Queries, spans: readonly From[]): Promise<OfSeries<StoredAlert>> {
    const { rows } = await queries.query<StoredRow>(
      `SELECT a.id, a.series_id, a.starts_at, a.ends_at, a.peak_at, a.peak_value AS value, a.peak_expected AS expected,
              a.peak_lower AS lower, a.peak_upper AS upper, a.peak_score AS score, a.threshold,
              a.peak_vrnn_share AS vrnn_share, a.is_history, a.rule_version,
              EXISTS (SELECT FROM notification n WHERE n.incident_id = a.incident_id) OR EXISTS (SELECT FROM verdict v WHERE v.alert_id = a.id) AS was_told
       FROM unnest($1::int[], $2::timestamptz[]) AS q(series_id, since)
       JOIN alert a ON a.series_id = q.series_id AND a.kind = 'anomaly' AND (a.ends_at IS NULL OR a.ends_at >= q.since)
       ORDER BY a.series_id, a.starts_at`,
      columns(spans),
    );
    return bySeries(rows, storedOf);
  }

  /**
   * The scored samples at `from` or later that can move the machine, oldest first: anomalies, and what follows within
   * `calm` samples of an anomaly or of `from`.
   */
  async since(queries: Queries, reviews: readonly From[], calm: number): Promise<OfSeries<Scored>> {
    const { rows } = await queries.query<ScoredRow>(
      `SELECT s.*, p.value
       FROM unnest($1::int[], $2::timestamptz[]) AS q(series_id, since)
       CROSS JOIN LATERAL (
         SELECT ${SCORED},
                bool_or(s.score >= s.threshold) OVER (last ROWS BETWEEN $3::int PRECEDING AND CURRENT ROW) AS is_near,
                row_number() OVER last AS place
         FROM score s
         WHERE s.series_id = q.series_id AND s.time >= q.since AND s.time >= $4
         WINDOW last AS (ORDER BY s.time)
       ) s
       ${WITH_VALUE}
       WHERE s.is_near OR s.place <= $3
       ORDER BY s.series_id, s.time`,
      [...columns(reviews), calm, earliest(reviews)],
    );
    return scoredBySeries(rows);
  }

  /** Time of the newest score of each series, epoch ms. */
  async newest(queries: Queries, seriesIds: readonly number[]): Promise<Map<number, number>> {
    const { rows } = await queries.query<{ series_id: number; time: Date }>(
      `SELECT q.series_id, s.time
       FROM unnest($1::int[]) AS q(series_id)
       CROSS JOIN LATERAL (
         SELECT s.time FROM score s WHERE s.series_id = q.series_id ORDER BY s.time DESC LIMIT 1
       ) s`,
      [seriesIds],
    );
    return new Map(rows.map((row) => [row.series_id, row.time.getTime()]));
  }

  /** Returns the incidents that they were a part of. */
  async remove(queries: Queries, ids: readonly number[]): Promise<number[]> {
    const sql = 'DELETE FROM alert a WHERE a.id = ANY($1::int[]) RETURNING a.incident_id AS id';
    const { rows } = await queries.query<{ id: number | null }>(sql, [ids]);
    return rows.flatMap(({ id }) => id ?? []);
  }

  /**
   * Ends alerts that the scores no longer show at the sample after their first. So short, one never reaches into a stretch
   * that is another's. Returns the ids of those that this changed.
   */
  async withdraw(queries: Queries, ids: readonly number[]): Promise<number[]> {
    const { rows } = await queries.query<{ id: number }>(
      `UPDATE alert a SET ends_at = w.ends_at
       FROM (
         SELECT o.id, coalesce((SELECT min(s.time) FROM score s WHERE s.series_id = o.series_id AND s.time > o.starts_at),
                               o.starts_at + INTERVAL '1 millisecond') AS ends_at
         FROM alert o
         WHERE o.id = ANY($1::int[])
       ) w
       WHERE a.id = w.id AND a.ends_at IS DISTINCT FROM w.ends_at
       RETURNING a.id`,
      [ids],
    );
    return rows.map(({ id }) => id);
  }

  async change(queries: Queries, alerts: readonly AlertWrite[]): Promise<void> {
    await queries.query(
      `UPDATE alert a
       SET starts_at = w.starts_at, ends_at = w.ends_at, peak_at = w.peak_at, peak_value = w.value,
           peak_expected = w.expected, peak_lower = w.lower, peak_upper = w.upper, peak_score = w.score,
           threshold = w.threshold, peak_vrnn_share = w.vrnn_share, is_history = w.is_history, rule_version = w.rule_version,
           severity = w.severity
       FROM unnest(${WRITE_TYPES}, $15::int[]) AS w(${WRITE_NAMES}, id)
       WHERE a.id = w.id`,
      [...writeColumns(alerts), alerts.map(({ id }) => id)],
    );
  }

  /** Returns the ids of the new alerts, and which are history. */
  async add(queries: Queries, alerts: readonly AlertWrite[]): Promise<{ id: number; isHistory: boolean }[]> {
    const { rows } = await queries.query<{ id: number; isHistory: boolean }>(
      `INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_expected, peak_lower, peak_upper,
                          peak_score, threshold, peak_vrnn_share, is_history, rule_version, severity)
       SELECT ${WRITE_NAMES} FROM unnest(${WRITE_TYPES}) AS w(${WRITE_NAMES})
       RETURNING id, is_history AS "isHistory"`,
      writeColumns(alerts),
    );
    return rows;
  }
}

const WRITE_NAMES =
  'series_id, starts_at, ends_at, peak_at, value, expected, lower, upper, score, threshold, vrnn_share, is_history, rule_version, severity';
const WRITE_TYPES = ['int', 'timestamptz', 'timestamptz', 'timestamptz']
  .concat(['float8', 'float8', 'float8', 'float8', 'real', 'real', 'real', 'boolean', 'int', 'text'])
  .map((type, at) => `$${at + 1}::${type}[]`)
  .join(', ');

const writeColumns = (alerts: readonly AlertWrite[]): unknown[] => [
  alerts.map(({ seriesId }) => seriesId),
  alerts.map(({ stretch }) => stretch.startsAt),
  alerts.map(({ stretch }) => stretch.endsAt),
  alerts.map(({ stretch }) => stretch.peak.time),
  ...(['value', 'expected', 'lower', 'upper', 'score', 'threshold', 'vrnnShare'] as const).map((key) =>
    alerts.map(({ stretch }) => stretch.peak[key]),
  ),
  alerts.map(({ isHistory }) => isHistory),
  alerts.map(({ stretch }) => stretch.ruleVersion),
  alerts.map(({ severity }) => severity),
];

const columns = (spans: readonly From[]): unknown[] => [
  spans.map(({ seriesId }) => seriesId),
  spans.map(({ from }) => from),
];

/** Said beside each series' own bound, because only a constant keeps old chunks out of the plan. */
const earliest = (reviews: readonly From[]): Date =>
  new Date(reviews.reduce((least, { from }) => Math.min(least, from.getTime()), Infinity));

const scoredOf = ({ series_id: _, vrnn_share: vrnnShare, ...row }: ScoredRow): Scored => ({
  time: row.time,
  value: row.value,
  expected: row.expected,
  lower: row.lower,
  upper: row.upper,
  score: row.score,
  threshold: row.threshold,
  vrnnShare,
});

const storedOf = (row: StoredRow): StoredAlert => ({
  id: row.id,
  startsAt: row.starts_at,
  endsAt: row.ends_at,
  peak: scoredOf({ ...row, time: row.peak_at }),
  isHistory: row.is_history,
  ruleVersion: row.rule_version,
  wasTold: row.was_told,
});

const scoredBySeries = (rows: ScoredRow[]): OfSeries<Scored> => bySeries(rows, scoredOf);

function bySeries<Row extends { series_id: number }, T>(rows: Row[], make: (row: Row) => T): OfSeries<T> {
  const result: OfSeries<T> = new Map();
  for (const row of rows) {
    const known = result.get(row.series_id);
    if (known) known.push(make(row));
    else result.set(row.series_id, [make(row)]);
  }
  return result;
}
