import { Inject, Injectable } from '@nestjs/common';
import {
  type Labels,
  type Matcher,
  NAME_LABEL,
  type Schedule,
  type SilenceKind,
} from '@bellwether/contracts';
import { Database, type Queries } from '../database/database';
import type { Silence } from './silence';

/** What whoever sends or trains needs of one. */
export interface KnownSilence extends Silence {
  id: number;
}

/** A silence as it is kept. */
export interface StoredSilence extends KnownSilence {
  createdAtMs: number;
  endedBy: string | null;
  /** How many notifications it has held back. */
  held: number;
  /** When the newest training began. */
  trainedAtMs: number | null;
}

/** What is written of one. */
export type NewSilence = Pick<Silence, 'kind' | 'matchers' | 'schedule' | 'comment'>;

export interface Candidate {
  id: number;
  name: string;
  labels: Labels;
  isFiring: boolean;
}

type Recurrence =
  | { kind: 'daily'; at: string; durationMinutes: number; timeZone: string }
  | { kind: 'weekly'; days: number[]; at: string; durationMinutes: number; timeZone: string };

interface KnownRow {
  id: number;
  kind: SilenceKind;
  matchers: Matcher[];
  comment: string;
  begins_at: Date;
  until: Date | null;
  recurrence: Recurrence | null;
  ended_at: Date | null;
}

interface SilenceRow extends KnownRow {
  created_at: Date;
  ended_by: string | null;
  held: number;
  trained_at: Date | null;
}

const KNOWN = 's.id, s.kind, s.matchers, s.comment, s.begins_at, s.until, s.recurrence, s.ended_at';
const SELECT = `
  SELECT ${KNOWN}, s.created_at, s.ended_by,
         (SELECT count(*)::int FROM silence_held h WHERE h.silence_id = s.id) AS held,
         (SELECT max(r.started_at) FROM training_run r) AS trained_at`;

/** Whether silence `s` is over for good at $1. */
const IS_OVER = 'COALESCE(LEAST(s.ended_at, s.until) <= $1, false)';
const SERIES_PER_QUERY = 1_000;

@Injectable()
export class SilenceStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** All that are not over, and the newest `past` of the others. */
  async all(now: Date, past: number): Promise<StoredSilence[]> {
    const { rows } = await this.database.query<SilenceRow>(
      `WITH chosen AS (
         (SELECT s.* FROM silence s WHERE NOT ${IS_OVER})
         UNION ALL
         (SELECT s.* FROM silence s WHERE ${IS_OVER} ORDER BY LEAST(s.ended_at, s.until) DESC, s.id DESC LIMIT $2))
       ${SELECT} FROM chosen s`,
      [now, past],
    );
    return rows.map(silenceOf);
  }

  async byId(id: number): Promise<StoredSilence | undefined> {
    const { rows } = await this.database.query<SilenceRow>(`${SELECT} FROM silence s WHERE s.id = $1`, [id]);
    return rows[0] && silenceOf(rows[0]);
  }

  /** The new silence's id, or undefined where `most` are not over yet. */
  async add(silence: NewSilence, now: Date, most: number): Promise<number | undefined> {
    const { rows } = await this.database.query<{ id: number }>(
      `INSERT INTO silence (kind, matchers, comment, begins_at, until, recurrence, created_at)
       SELECT $2, $3, $4, $5, $6, $7, $1
       WHERE (SELECT count(*) FROM silence s WHERE NOT ${IS_OVER}) < $8
       RETURNING id`,
      [now, ...columnsOf(silence), most],
    );
    return rows[0]?.id;
  }

  /** Changes it to what `decide` says of it as it is, or leaves it where that throws; undefined: there is none. */
  async change(
    id: number,
    now: Date,
    decide: (before: StoredSilence) => NewSilence,
  ): Promise<StoredSilence | undefined> {
    return this.database.transaction(async (queries) => {
      const before = await locked(queries, id);
      if (!before) return undefined;
      const after = decide(before);
      await queries.query(
        `UPDATE silence SET kind = $2, matchers = $3, comment = $4, begins_at = $5, until = $6, recurrence = $7
         WHERE id = $1`,
        [id, ...columnsOf(after)],
      );
      await letGo(queries, id, now);
      return { ...before, ...after };
    });
  }

  /** Ends it, and lets go what it held; false: it was over already, or there is none. */
  async end(id: number, by: string, now: Date): Promise<boolean> {
    return this.database.transaction(async (queries) => {
      const { rowCount } = await queries.query(
        `UPDATE silence s SET ended_at = $1, ended_by = $3 WHERE s.id = $2 AND NOT ${IS_OVER}`,
        [now, id, by],
      );
      if (rowCount === 1) await letGo(queries, id, now);
      return rowCount === 1;
    });
  }

  /** Removes it unless `check` throws; undefined: there is none. */
  async remove(id: number, check: (before: StoredSilence) => void): Promise<StoredSilence | undefined> {
    return this.database.transaction(async (queries) => {
      const before = await locked(queries, id);
      if (!before) return undefined;
      check(before);
      await queries.query('DELETE FROM silence s WHERE s.id = $1', [id]);
      return before;
    });
  }

  /** Series that alerts may be about, piece by piece; those that cannot match are left out where the database can tell. */
  async *candidates(matchers: readonly Matcher[]): AsyncGenerator<Candidate[]> {
    const equal = matchers.filter(({ op, value }) => op === '=' && value !== '');
    const name = equal.find(({ label }) => label === NAME_LABEL)?.value ?? null;
    const labels = equal
      .filter(({ label }) => label !== NAME_LABEL)
      .map(({ label, value }) => [label, value]);
    for (let after = 0; ;) {
      const { rows } = await this.database.query<Omit<Candidate, 'isFiring'> & { is_firing: boolean }>(
        `SELECT s.id, s.name, s.labels,
                EXISTS (SELECT FROM alert a WHERE a.series_id = s.id AND a.ends_at IS NULL) AS is_firing
         FROM series s
         WHERE s.id > $1 AND NOT s.is_counter AND ($2::text IS NULL OR s.name = $2) AND s.labels @> $3::jsonb
         ORDER BY s.id
         LIMIT ${SERIES_PER_QUERY}`,
        [after, name, JSON.stringify(Object.fromEntries(labels))],
      );
      yield rows.map(({ is_firing, ...series }) => ({ ...series, isFiring: is_firing }));
      if (rows.length < SERIES_PER_QUERY) return;
      after = rows.at(-1)!.id;
    }
  }
}

/** Silences, of this kind where one is given, that may act within [from, to). */
export async function silencesWithin(
  queries: Queries,
  { from, to, kind }: { from: Date; to: Date; kind?: SilenceKind },
): Promise<KnownSilence[]> {
  const { rows } = await queries.query<KnownRow>(
    `SELECT ${KNOWN}
     FROM silence s
     WHERE s.begins_at < $2 AND NOT ${IS_OVER} AND ($3::text IS NULL OR s.kind = $3)
     ORDER BY s.id`,
    [from, to, kind ?? null],
  );
  return rows.map(knownOf);
}

/** What it holds back is looked at again now. */
async function letGo(queries: Queries, silenceId: number, now: Date): Promise<void> {
  await queries.query(
    `UPDATE notification n SET next_attempt_at = $2
     FROM silence_held h
     WHERE h.silence_id = $1 AND n.incident_id = h.incident_id AND n.channel_id = h.channel_id AND n.event = 'incident.firing'
       AND n.delivered_at IS NULL AND n.failed_at IS NULL AND n.next_attempt_at > $2`,
    [silenceId, now],
  );
}

async function locked(queries: Queries, id: number): Promise<StoredSilence | undefined> {
  const { rows } = await queries.query<SilenceRow>(
    `${SELECT} FROM silence s WHERE s.id = $1 FOR UPDATE OF s`,
    [id],
  );
  return rows[0] && silenceOf(rows[0]);
}

function columnsOf({ kind, matchers, comment, schedule }: NewSilence): unknown[] {
  const { from, until, recurrence } = split(schedule);
  return [
    ...[kind, JSON.stringify(matchers), comment, from, until],
    recurrence && JSON.stringify(recurrence),
  ];
}

function split(schedule: Schedule) {
  if (schedule.kind === 'once') return { from: schedule.from, until: schedule.to, recurrence: null };
  const { from, until, ...recurrence } = schedule;
  return { from, until, recurrence };
}

const knownOf = (row: KnownRow): KnownSilence => ({
  id: row.id,
  kind: row.kind,
  matchers: row.matchers,
  schedule: scheduleOf(row),
  comment: row.comment,
  endedAtMs: row.ended_at?.getTime() ?? null,
});

const silenceOf = (row: SilenceRow): StoredSilence => ({
  ...knownOf(row),
  createdAtMs: row.created_at.getTime(),
  endedBy: row.ended_by,
  held: row.held,
  trainedAtMs: row.trained_at?.getTime() ?? null,
});

function scheduleOf({ begins_at, until, recurrence }: KnownRow): Schedule {
  const from = begins_at.toISOString();
  if (recurrence) return { ...recurrence, from, until: until?.toISOString() ?? null };
  return { kind: 'once', from, to: until!.toISOString() };
}
