/** Reads a table page by page, and again and again a little before its end, for rows that come late. */
import type { SqlSettings } from '@bellwether/contracts';
import type { Decoded } from '../ingest/ingest';
import type { Occasion, Puller } from './puller';
import type { Secrets } from './source';
import { advance, decodeRows, literal, nextFrom, type Progress, remember, type Seen, unseen } from './sql';
import { readOldest, readPage } from './sql.store';

const TRIAL_ROWS = 1_000;

export function sqlPuller(settings: SqlSettings, { password }: Secrets): Puller {
  let progress: Progress | undefined;
  /** Of the sweep before, and of the one that is under way. */
  let seen: Seen = new Map();
  let sweeping: Seen = new Map();
  return async (cursor, { nowMs, accept }) => {
    progress ??= { reached: cursor, sweep: undefined };
    const from = nextFrom(settings, progress, { nowMs, oldestMs: accept.oldestMs });
    // Rows of the future wait: a cursor beyond the clock would pass over what comes before.
    const rows = await readOldest(settings, password, { from, to: literal(nowMs, settings.timeFormat) });
    const decoded = decodeRows(unseen(rows, seen), settings, accept);
    const next = advance(progress, rows);
    const done = () => {
      progress = next;
      remember(sweeping, rows, (next.reached?.atMs ?? 0) - settings.overlapMs);
      if (next.sweep !== undefined) return;
      seen = sweeping;
      sweeping = new Map();
    };
    return {
      decoded,
      cursor: next.reached,
      nextInMs: next.sweep === undefined ? settings.intervalMs : 0,
      done,
    };
  };
}

/** What the newest rows hold. */
export async function trySql(
  settings: SqlSettings,
  { password }: Secrets,
  { nowMs, accept }: Occasion,
): Promise<Decoded> {
  const { backfillMs, timeFormat } = settings;
  const from = literal(Math.max(nowMs - backfillMs, accept.oldestMs - 1), timeFormat);
  const rows = await readPage(settings, password, {
    from,
    to: literal(nowMs, timeFormat),
    order: 'newest',
    rows: TRIAL_ROWS,
  });
  return decodeRows(rows, settings, accept);
}
