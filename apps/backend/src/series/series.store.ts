import { Inject, Injectable } from '@nestjs/common';
import type { Labels, Series, SeriesChange } from '@bellwether/contracts';
import { unlimitDecompression } from '../database/compressed';
import { Database, type Queries } from '../database/database';
import { contains, toSeries, type SeriesRow } from './series';

export interface SeriesFilter {
  /** Found in the name or in a label's value, whatever the case. */
  search?: string;
  labels: Labels;
}

export interface Page {
  limit: number;
  offset: number;
}

/** Everything the API says about the series of `page`, a CTE: paginate first, look things up for its rows alone. */
const SERIES = `
  SELECT p.id, p.name, p.labels, p.unit, p.is_counter, p.rate_of, p.period_ms, p.period_is_set, p.upper_limit, p.lower_limit,
         p.breach_probability::float8 AS breach_probability, w.first_sample_at, w.last_sample_at,
         v.value AS last_value, n.score, n.peak_score, u.reason AS unmodelled, a.starts_at AS firing_since,
         EXISTS (SELECT FROM model m
                 WHERE m.period_ms = p.period_ms AND m.promoted_at IS NOT NULL AND m.retired_at IS NULL) AS has_champion,
         (SELECT r.step FROM training_run r
          WHERE r.period_ms = p.period_ms AND r.ended_at IS NULL
          ORDER BY r.started_at NULLS LAST, r.id LIMIT 1) AS training_step
  FROM page p
  LEFT JOIN watermark w ON w.series_id = p.id
  LEFT JOIN unmodelled u ON u.series_id = p.id
  LEFT JOIN LATERAL (
    SELECT min(a.starts_at) AS starts_at FROM alert a WHERE a.series_id = p.id AND a.ends_at IS NULL
  ) a ON true
  LEFT JOIN LATERAL (
    SELECT s.value FROM sample s WHERE s.series_id = p.id AND s.time = w.last_sample_at
  ) v ON true
  LEFT JOIN LATERAL (
    SELECT (array_agg(c.score ORDER BY c.time DESC))[1] AS score, max(c.score) AS peak_score
    FROM (SELECT c.time, c.score FROM score c WHERE c.series_id = p.id ORDER BY c.time DESC LIMIT 60) c
  ) n ON true`;

const FILTERED = `
  FROM series s
  WHERE s.labels @> $1::jsonb
    AND ($2::text IS NULL OR s.name ILIKE $2
         OR EXISTS (SELECT FROM jsonb_each_text(s.labels) l WHERE l.value ILIKE $2))`;

@Injectable()
export class SeriesStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** One page of the series that pass the filter, by name and labels, and how many pass in all. */
  async list(filter: SeriesFilter, page: Page): Promise<{ series: Series[]; total: number }> {
    const values = [
      JSON.stringify(filter.labels),
      filter.search === undefined ? null : contains(filter.search),
    ];
    const [rows, total] = await Promise.all([this.page(values, page), this.count(values)]);
    return { series: rows.map(toSeries), total };
  }

  /** In the order of `ids`; one that is not there is left out. */
  async byIds(ids: readonly number[]): Promise<Series[]> {
    if (ids.length === 0) return [];
    const { rows } = await this.database.query<SeriesRow>(
      `WITH page AS (SELECT s.* FROM series s WHERE s.id = ANY($1::int[])) ${SERIES}`,
      [ids],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.flatMap((id) => {
      const row = byId.get(id);
      return row ? [toSeries(row)] : [];
    });
  }

  async byId(id: number): Promise<Series | undefined> {
    return (await this.byIds([id]))[0];
  }

  /** Changes what is given and leaves the rest; false: there is no such series. A period of null is no longer set. */
  async change(id: number, { isCounter, ...fields }: SeriesChange): Promise<boolean> {
    return this.database.transaction(async (queries) => {
      if (isCounter !== undefined) await changeCounter(queries, id, isCounter);
      return changeFields(queries, id, fields);
    });
  }

  /**
   * Removes a series with its samples, scores and forecasts; false: there is no such series.
   * A counter takes its rate with it; one whose rate is removed is watched itself again. The series goes first: whoever writes samples of it meanwhile has either ended before or fails at its watermark.
   */
  async remove(id: number): Promise<boolean> {
    return this.database.transaction(async (queries) => {
      await unlimitDecompression(queries);
      return (await removeWith(queries, 'id = $1 OR rate_of = $1', id)).includes(id);
    });
  }

  /** The times (epoch ms) of the newest `limit` samples of each series that has any and whose period nobody has set. */
  async newestTimes(ids: readonly number[], limit: number): Promise<Map<number, number[]>> {
    const { rows } = await this.database.query<{ id: number; times: number[] }>(
      `SELECT s.id, n.times
       FROM series s
       CROSS JOIN LATERAL (
         SELECT array_agg(round(extract(epoch FROM t.time) * 1000)::float8) AS times
         FROM (SELECT p.time FROM sample p WHERE p.series_id = s.id ORDER BY p.time DESC LIMIT $2) t
       ) n
       WHERE s.id = ANY($1::int[]) AND NOT s.period_is_set AND n.times IS NOT NULL`,
      [ids, limit],
    );
    return new Map(rows.map(({ id, times }) => [id, times]));
  }

  /** Keeps inferred periods where nobody has set one; returns the series whose period this changed. */
  async saveInferred(periods: ReadonlyMap<number, number>): Promise<Set<number>> {
    if (periods.size === 0) return new Set();
    const { rows } = await this.database.query<{ id: number }>(
      `UPDATE series s
       SET period_ms = i.period_ms
       FROM unnest($1::int[], $2::bigint[]) AS i(id, period_ms)
       WHERE s.id = i.id AND NOT s.period_is_set AND s.period_ms IS DISTINCT FROM i.period_ms
       RETURNING s.id`,
      [[...periods.keys()], [...periods.values()]],
    );
    return new Set(rows.map(({ id }) => id));
  }

  private async page(values: unknown[], { limit, offset }: Page): Promise<SeriesRow[]> {
    const { rows } = await this.database.query<SeriesRow>(
      `WITH page AS (SELECT s.* ${FILTERED} ORDER BY s.name, s.labels, s.id LIMIT $3 OFFSET $4)
       ${SERIES}
       ORDER BY p.name, p.labels, p.id`,
      [...values, limit, offset],
    );
    return rows;
  }

  private async count(values: unknown[]): Promise<number> {
    const { rows } = await this.database.query<{ total: number }>(
      `SELECT count(*)::int AS total ${FILTERED}`,
      values,
    );
    return rows[0]!.total;
  }
}

async function changeFields(
  queries: Queries,
  id: number,
  { periodMs, unit, upperLimit, lowerLimit, breachProbability }: Omit<SeriesChange, 'isCounter'>,
): Promise<boolean> {
  const { rowCount } = await queries.query(
    `UPDATE series
     SET period_ms = CASE WHEN $2 THEN $3::bigint ELSE period_ms END,
         period_is_set = CASE WHEN $2 THEN $3::bigint IS NOT NULL ELSE period_is_set END,
         unit = CASE WHEN $4 THEN $5 ELSE unit END,
         upper_limit = CASE WHEN $6 THEN $7::float8 ELSE upper_limit END,
         lower_limit = CASE WHEN $8 THEN $9::float8 ELSE lower_limit END,
         breach_probability = CASE WHEN $10 THEN $11::real ELSE breach_probability END
     WHERE id = $1`,
    [
      ...[id, periodMs !== undefined, periodMs ?? null, unit !== undefined, unit || null],
      ...[upperLimit, lowerLimit, breachProbability].flatMap((value) => [value !== undefined, value ?? null]),
    ],
  );
  return rowCount === 1;
}

/** A rate that is new begins with the first sample of its counter: a note says that all of them were touched. */
async function changeCounter(queries: Queries, id: number, isCounter: boolean): Promise<void> {
  const { rowCount } = await queries.query(
    'UPDATE series SET is_counter = $2 WHERE id = $1 AND is_counter <> $2 AND rate_of IS NULL',
    [id, isCounter],
  );
  if (rowCount === 0) return;
  if (!isCounter) {
    await unlimitDecompression(queries);
    await removeWith(queries, 'rate_of = $1', id);
    return;
  }
  await queries.query(
    `INSERT INTO series (name, labels, unit, rate_of)
     SELECT 'rate(' || s.name || ')', s.labels, COALESCE(s.unit, '') || '/s', s.id FROM series s WHERE s.id = $1
     ON CONFLICT (name, md5(labels::text)) DO UPDATE SET rate_of = EXCLUDED.rate_of`,
    [id],
  );
  await queries.query(
    `INSERT INTO touched (at, samples, series_ids, firsts, lasts)
     SELECT '-infinity', 0, ARRAY[w.series_id], ARRAY[extract(epoch FROM w.first_sample_at)::float8 * 1000],
            ARRAY[extract(epoch FROM w.last_sample_at)::float8 * 1000]
     FROM watermark w WHERE w.series_id = $1`,
    [id],
  );
}

/** Removes the series of a condition on `id` with all that is theirs; returns their ids. */
async function removeWith(queries: Queries, condition: string, id: number): Promise<number[]> {
  const { rows } = await queries.query<{ id: number; rate_of: number | null }>(
    `DELETE FROM series WHERE ${condition} RETURNING id, rate_of`,
    [id],
  );
  const ids = rows.map((row) => row.id);
  for (const table of ['sample', 'score', 'forecast'])
    await queries.query(`DELETE FROM ${table} WHERE series_id = ANY($1::int[])`, [ids]);
  await queries.query('UPDATE series SET is_counter = false WHERE id = ANY($1::int[])', [
    rows.map(({ rate_of }) => rate_of),
  ]);
  return ids;
}
