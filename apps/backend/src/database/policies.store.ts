import { Inject, Injectable } from '@nestjs/common';
import { Database } from './database';

/** A policy of TimescaleDB: compression, retention, or the refresh of a continuous aggregate. */
export interface Job {
  id: number;
  everyMs: number;
}

const KEPT_TABLES = ['sample', 'score'];

@Injectable()
export class PoliciesStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async jobs(): Promise<Job[]> {
    const { rows } = await this.database.query<{ id: number; every_ms: number }>(
      `SELECT j.job_id AS id, extract(epoch FROM j.schedule_interval)::float8 * 1000 AS every_ms
       FROM timescaledb_information.jobs j
       WHERE j.proc_name LIKE 'policy%' AND j.hypertable_name IS NOT NULL AND j.scheduled
       ORDER BY j.job_id`,
    );
    return rows.map(({ id, every_ms }) => ({ id, everyMs: every_ms }));
  }

  async run(jobId: number): Promise<void> {
    await this.database.query(`CALL run_job(${Number(jobId)})`);
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
