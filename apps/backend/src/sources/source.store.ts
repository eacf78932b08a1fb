import { Inject, Injectable } from '@nestjs/common';
import type { Refusal, SourceSettings } from '@bellwether/contracts';
import { Database } from '../database/database';
import type { Cursor } from './source';

/** A source as it is kept. */
export interface StoredSource {
  id: number;
  name: string;
  isEnabled: boolean;
  settings: SourceSettings;
  sealed: Buffer | null;
  secretNames: string[];
  version: number;
  createdAt: Date;
  cursor: Cursor | undefined;
  cursorAt: Date | null;
  lastSuccessAt: Date | null;
  lastError: string | null;
  lastErrorAt: Date | null;
  samplesWritten: number;
  refused: Refusal[];
}

interface SourceRow {
  id: number;
  name: string;
  is_enabled: boolean;
  settings: SourceSettings;
  secrets: Buffer | null;
  secret_names: string[];
  version: number;
  created_at: Date;
  cursor: string | null;
  cursor_at: Date | null;
  last_success_at: Date | null;
  last_error: string | null;
  last_error_at: Date | null;
  samples_written: number;
  refused: Refusal[];
}

const COLUMNS = `s.id, s.name, s.is_enabled, s.settings, s.secrets, s.secret_names, s.version, s.created_at, s.cursor,
  s.cursor_at, s.last_success_at, s.last_error, s.last_error_at, s.samples_written::float8 AS samples_written, s.refused`;

export interface NewSource {
  name: string;
  isEnabled: boolean;
  settings: SourceSettings;
  sealed: Buffer | null;
  secretNames: string[];
}

/** Whoever runs a source, and which version of it: what an older one has to say does not count any more. */
export interface Holder {
  id: number;
  version: number;
  claimedBy: string;
}

@Injectable()
export class SourceStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** All sources, or the one with this id, oldest first. */
  async all(id?: number): Promise<StoredSource[]> {
    const { rows } = await this.database.query<SourceRow>(
      `SELECT ${COLUMNS} FROM source s WHERE $1::int IS NULL OR s.id = $1 ORDER BY s.id`,
      [id ?? null],
    );
    return rows.map(sourceOf);
  }

  async byId(id: number): Promise<StoredSource | undefined> {
    const [source] = await this.all(id);
    return source;
  }

  /** The new source's id, or undefined where there are `most` already. */
  async add(source: NewSource, most: number): Promise<number | undefined> {
    const { name, isEnabled, settings, sealed, secretNames } = source;
    const { rows } = await this.database.query<{ id: number }>(
      `INSERT INTO source (name, is_enabled, settings, secrets, secret_names)
       SELECT $1, $2, $3, $4, $5
       WHERE (SELECT count(*) FROM source) < $6
       RETURNING id`,
      [name, isEnabled, JSON.stringify(settings), sealed, secretNames, most],
    );
    return rows[0]?.id;
  }

  /**
   * Changes a source that still has this version; `goesOn`: from where it is, else from its beginning. The claim stays with whoever
   * has it, so that it is not run twice while the older version ends.
   */
  async change(id: number, version: number, to: NewSource & { goesOn: boolean }): Promise<boolean> {
    const { rowCount } = await this.database.query(
      `UPDATE source s
       SET name = $3, is_enabled = $4, settings = $5, secrets = $6, secret_names = $7, version = s.version + 1,
           cursor = CASE WHEN $8 THEN s.cursor END, cursor_at = CASE WHEN $8 THEN s.cursor_at END,
           last_error = NULL, last_error_at = NULL
       WHERE s.id = $1 AND s.version = $2`,
      [id, version, to.name, to.isEnabled, JSON.stringify(to.settings), to.sealed, to.secretNames, to.goesOn],
    );
    return rowCount === 1;
  }

  /** Whether there was one; its series and samples stay. */
  async remove(id: number): Promise<boolean> {
    const { rowCount } = await this.database.query('DELETE FROM source s WHERE s.id = $1', [id]);
    return rowCount === 1;
  }

  /**
   * The enabled sources that `claimedBy` runs from now on, or still: those that nobody has, and its own. By the clock of the
   * database, which all processes have in common.
   */
  async claim(claimedBy: string, leaseMs: number): Promise<StoredSource[]> {
    const { rows } = await this.database.query<SourceRow & { is_mine: boolean; is_due: boolean }>(
      `SELECT ${COLUMNS}, coalesce(s.claimed_by = $1 AND s.claimed_until > now(), false) AS is_mine,
              (s.claimed_until IS NULL OR s.claimed_until <= now()
               OR (s.claimed_by = $1 AND s.claimed_until < now() + make_interval(secs => $2 / 2000.0))) AS is_due
       FROM source s
       WHERE s.is_enabled
       ORDER BY s.id`,
      [claimedBy, leaseMs],
    );
    const due = rows.filter(({ is_due }) => is_due).map(({ id }) => id);
    const renewed = due.length === 0 ? [] : await this.renew(claimedBy, leaseMs, due);
    return rows.filter(({ id, is_mine }) => is_mine || renewed.includes(id)).map(sourceOf);
  }

  /** Gives back what `claimedBy` has. */
  async release(claimedBy: string): Promise<void> {
    await this.database.query(
      'UPDATE source s SET claimed_by = NULL, claimed_until = NULL WHERE s.claimed_by = $1',
      [claimedBy],
    );
  }

  /** What came of a round. A broker's cursor is only a time, and never goes back. */
  async report(
    { id, version, claimedBy }: Holder,
    round: {
      at: Date;
      cursor: Cursor | undefined;
      newestAt: Date | undefined;
      written: number;
      refused: Refusal[];
    },
  ): Promise<void> {
    const { at, cursor, newestAt, written, refused } = round;
    await this.database.query(
      `UPDATE source s
       SET last_success_at = $4, last_error = NULL, last_error_at = NULL, cursor = COALESCE($5, s.cursor),
           cursor_at = COALESCE($6, GREATEST(s.cursor_at, $7)), samples_written = s.samples_written + $8, refused = $9
       WHERE s.id = $1 AND s.version = $2 AND s.claimed_by = $3`,
      [
        ...[id, version, claimedBy, at, cursor?.position ?? null, cursor ? new Date(cursor.atMs) : null],
        ...[newestAt ?? null, written, JSON.stringify(refused)],
      ],
    );
  }

  async fail({ id, version, claimedBy }: Holder, at: Date, error: string): Promise<void> {
    await this.database.query(
      `UPDATE source s SET last_error = $4, last_error_at = $5
       WHERE s.id = $1 AND s.version = $2 AND s.claimed_by = $3`,
      [id, version, claimedBy, error, at],
    );
  }

  /** Of these, the ones that are now, or still, `claimedBy`'s: of two that ask at once, one gets a source. */
  private async renew(claimedBy: string, leaseMs: number, ids: number[]): Promise<number[]> {
    const { rows } = await this.database.query<{ id: number }>(
      `UPDATE source s SET claimed_by = $1, claimed_until = now() + make_interval(secs => $2 / 1000.0)
       WHERE s.id = ANY($3::int[]) AND s.is_enabled
         AND (s.claimed_by = $1 OR s.claimed_until IS NULL OR s.claimed_until <= now())
       RETURNING s.id`,
      [claimedBy, leaseMs, ids],
    );
    return rows.map(({ id }) => id);
  }
}

const sourceOf = (row: SourceRow): StoredSource => ({
  id: row.id,
  name: row.name,
  isEnabled: row.is_enabled,
  settings: row.settings,
  sealed: row.secrets,
  secretNames: row.secret_names,
  version: row.version,
  createdAt: row.created_at,
  cursor: row.cursor === null ? undefined : { position: row.cursor, atMs: row.cursor_at!.getTime() },
  cursorAt: row.cursor_at,
  lastSuccessAt: row.last_success_at,
  lastError: row.last_error,
  lastErrorAt: row.last_error_at,
  samplesWritten: row.samples_written,
  refused: row.refused,
});
