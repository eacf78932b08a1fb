import { Inject, Injectable } from '@nestjs/common';
import { Database } from './database';

/** A policy of TimescaleDB: compression, retention, or the refresh of a continuous aggregate, whose name it has then. */
export interface Job {
  id: number;
  everyMs: number;
  aggregate: string | null;
}

/** What of an aggregate is not refreshed, epoch ms [fromMs, toMs), the width of its buckets, and what it is made of. */
export interface Stale {
  fromMs: number;
  toMs: number;
  bucketMs: number;
  source: Source;
}

/** A hypertable and its column of time, as SQL names them. */
export interface Source {
  table: string;
  column: string;
}

const KEPT_TABLES = ['sample', 'score'];
/** Chunks with an index by stretches of time, of which a smaller one is as quickly read whole. */
const BY_TIME = `
  FROM pg_index i
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_am a ON a.oid = x.relam AND a.amname = 'brin'
  WHERE pg_relation_size(i.indrelid) > 8 * 1024 * 1024`;

@Injectable()
export class PoliciesStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async jobs(): Promise<Job[]> {
    const { rows } = await this.database.query<{ id: number; every_ms: number; aggregate: string | null }>(
      `SELECT j.job_id AS id, extract(epoch FROM j.schedule_interval)::float8 * 1000 AS every_ms,
              CASE WHEN j.proc_name = 'policy_refresh_continuous_aggregate' THEN j.hypertable_name END AS aggregate
       FROM timescaledb_information.jobs j
       WHERE j.proc_name LIKE 'policy%' AND j.hypertable_name IS NOT NULL AND j.scheduled
       ORDER BY j.job_id`,
    );
    return rows.map(({ id, every_ms, aggregate }) => ({ id, everyMs: every_ms, aggregate }));
  }

  async run(jobId: number): Promise<void> {
    await this.database.query(`CALL run_job(${Number(jobId)})`);
  }

  /**
   * From the first change that the policy of an aggregate has not seen to where it ends; null: nothing. Read from TimescaleDB's own
   * catalog (times in µs), of which the embedded database has one version.
   */
  async stale({ id }: Pick<Job, 'id'>): Promise<Stale | null> {
    const { rows } = await this.database.query<{
      from_ms: number | null;
      to_ms: number;
      bucket_ms: number;
      source: Source;
    }>(
      `SELECT (SELECT min(GREATEST(l.lowest, k.first)) FROM (
                 SELECT h.lowest_modified_value AS lowest, h.greatest_modified_value AS greatest
                 FROM _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log h
                 WHERE h.hypertable_id = c.raw_hypertable_id
                 UNION ALL
                 SELECT m.lowest_modified_value, m.greatest_modified_value
                 FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log m
                 WHERE m.materialization_id = c.mat_hypertable_id
               ) l WHERE l.greatest >= k.first)::float8 / 1000 AS from_ms,
              extract(epoch FROM now() - (j.config->>'end_offset')::interval)::float8 * 1000 AS to_ms,
              extract(epoch FROM b.bucket_width::interval)::float8 * 1000 AS bucket_ms,
              json_build_object('table', format('%I.%I', r.schema_name, r.table_name), 'column', quote_ident(k.column_name)) AS source
       FROM timescaledb_information.jobs j
       JOIN _timescaledb_catalog.continuous_agg c ON c.mat_hypertable_id = (j.config->>'mat_hypertable_id')::int
       JOIN _timescaledb_catalog.continuous_aggs_bucket_function b ON b.mat_hypertable_id = c.mat_hypertable_id
       JOIN _timescaledb_catalog.hypertable r ON r.id = c.raw_hypertable_id
       CROSS JOIN LATERAL (
         SELECT min(s.range_start) AS first, min(d.column_name) AS column_name
         FROM _timescaledb_catalog.dimension d
         JOIN _timescaledb_catalog.dimension_slice s ON s.dimension_id = d.id
         WHERE d.hypertable_id = c.raw_hypertable_id
       ) k
       WHERE j.job_id = $1`,
      [id],
    );
    const [row] = rows;
    if (!row || row.from_ms === null) return null;
    const whole = (ms: number) => Math.floor(ms / row.bucket_ms) * row.bucket_ms;
    const [fromMs, toMs] = [whole(row.from_ms), whole(row.to_ms)];
    return fromMs < toMs ? { fromMs, toMs, bucketMs: row.bucket_ms, source: row.source } : null;
  }

  /** Lets the planner know, once of each chunk, that its rows lie about in the order of time; without, it reads the chunk whole. */
  async analyze(): Promise<void> {
    const { rows } = await this.database.query<{ chunk: string }>(
      `SELECT i.indrelid::regclass::text AS chunk ${BY_TIME} AND NOT EXISTS (SELECT FROM pg_statistic s WHERE s.starelid = i.indrelid)`,
    );
    for (const { chunk } of rows) await this.database.query(`ANALYZE ${chunk} (time)`);
  }

  /** Takes what was written since into the indexes by time; elsewhere autovacuum does. */
  async summarize(): Promise<void> {
    await this.database.query(`SELECT brin_summarize_new_values(i.indexrelid) ${BY_TIME}`);
  }

  /** Whether there are fewer rows than so many in [fromMs, toMs). */
  async isSparse({ table, column }: Source, fromMs: number, toMs: number, rows: number): Promise<boolean> {
    const { rows: found } = await this.database.query<{ count: number }>(
      `SELECT count(*)::int AS count
       FROM (SELECT FROM ${table} s WHERE s.${column} >= $1 AND s.${column} < $2 LIMIT $3) s`,
      [new Date(fromMs), new Date(toMs), rows],
    );
    return found[0]!.count < rows;
  }

  /** Refreshes [fromMs, toMs) of an aggregate. A CALL takes no parameters: the name is of the catalog, the times are numbers. */
  async refresh(aggregate: string, fromMs: number, toMs: number): Promise<void> {
    const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
    await this.database.query(
      `CALL refresh_continuous_aggregate('${aggregate.replaceAll("'", "''")}', '${from}', '${to}')`,
    );
  }

  /** Days after which samples and scores are dropped; 0 keeps them. All or nothing: a crash leaves no table without its policy. */
  async setRetention(days: number): Promise<void> {
    await this.database.transaction(async (queries) => {
      for (const table of KEPT_TABLES) {
        await queries.query('SELECT remove_retention_policy($1::text::regclass, if_exists => true)', [table]);
        if (days === 0) continue;
        await queries.query(
          'SELECT add_retention_policy($1::text::regclass, drop_after => make_interval(days => $2))',
          [table, days],
        );
      }
    });
  }
}
