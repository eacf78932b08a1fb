import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database';
import type { Claim, Outlook } from './breach';

const RECORD_DAYS = 30;
/** Forecasts of a series that its record is made of: the newest, and of these so many at the most. */
const MOST_FORECASTS = 20_000;
const MOST_OUTLOOKS = 500;

const OUTLOOK =
  'f.starts_at, f.period_ms::float8 AS period_ms, ARRAY[f.q05, f.q25, f.q50, f.q75, f.q95] AS quantiles';

interface OutlookRow {
  starts_at: Date;
  period_ms: number;
  quantiles: number[][];
}

const outlookOf = ({ starts_at, period_ms, quantiles }: OutlookRow): Outlook => ({
  startsMs: starts_at.getTime(),
  periodMs: period_ms,
  quantiles,
});

/** Forecasts, and what became of what they said. */
@Injectable()
export class BreachStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The newest forecast of each of these series. */
  async outlooks(ids: readonly number[]): Promise<Map<number, Outlook>> {
    const { rows } = await this.database.query<OutlookRow & { id: number }>(
      `SELECT q.id, f.*
       FROM unnest($1::int[]) AS q(id)
       CROSS JOIN LATERAL (
         SELECT ${OUTLOOK} FROM forecast f WHERE f.series_id = q.id ORDER BY f.issued_at DESC LIMIT 1
       ) f`,
      [ids],
    );
    return new Map(rows.map((row) => [row.id, outlookOf(row)]));
  }

  /** Forecasts of the last days, oldest first, about one for each stretch that one looks ahead. */
  async pastOutlooks(seriesId: number, now: Date): Promise<Outlook[]> {
    const { rows } = await this.database.query<OutlookRow>(
      `SELECT ${OUTLOOK}
       FROM (
         SELECT DISTINCT ON (n.stretch) n.issued_at
         FROM (
           SELECT f.issued_at, floor(extract(epoch FROM f.issued_at) * 1000 / (f.period_ms * cardinality(f.q50))) AS stretch
           FROM forecast f
           WHERE f.series_id = $1 AND f.issued_at > $2 AND f.issued_at < $3
           ORDER BY f.issued_at DESC
           LIMIT ${MOST_FORECASTS}
         ) n
         ORDER BY n.stretch DESC, n.issued_at
         LIMIT ${MOST_OUTLOOKS}
       ) n
       JOIN forecast f ON f.series_id = $1 AND f.issued_at = n.issued_at
       ORDER BY f.issued_at`,
      [seriesId, new Date(now.getTime() - RECORD_DAYS * 86_400_000), now],
    );
    return rows.map(outlookOf);
  }

  /** How many of these statements came true: a sample in their time lay beyond their limit. */
  async cameTrue(seriesId: number, claims: readonly Claim[]): Promise<number> {
    const { rows } = await this.database.query<{ count: number }>(
      `SELECT count(*)::int AS count
       FROM unnest($2::timestamptz[], $3::timestamptz[], $4::text[], $5::float8[]) AS c(since, until, side, breach)
       WHERE EXISTS (SELECT FROM sample p
                     WHERE p.series_id = $1 AND p.time >= c.since AND p.time < c.until
                       AND CASE WHEN c.side = 'above' THEN p.value > c.breach ELSE p.value < c.breach END)`,
      [
        seriesId,
        claims.map(({ fromMs }) => new Date(fromMs)),
        claims.map(({ untilMs }) => new Date(untilMs)),
        claims.map(({ side }) => side),
        claims.map(({ limit }) => limit),
      ],
    );
    return rows[0]!.count;
  }
}
