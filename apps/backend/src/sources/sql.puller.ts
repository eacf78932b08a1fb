/** Reads a table page by page, and again and again a little before its end, for rows that come late. */
import type { SqlSettings } from '@bellwether/contracts';
import type { Decoded } from '../ingest/ingest';
import type { Occasion, Puller } from './puller';
import type { Secrets } from './source';
import { advance, decodeRows, literal, nextFrom, type Progress, unseen } from './sql';
import { readOldest, readPage } from './sql.store';

/** Rows of the overlap that are remembered; beyond it they are written again, which changes nothing. */
const MAX_SEEN = 200_000;
const TRIAL_ROWS = 1_000;

export function sqlPuller(settings: SqlSettings, { password }: Secrets): Puller {
  let progress: Progress | undefined;
  /** Of the sweep before, and of the one that is under way. */
  let seen = new Set<string>();
  let sweeping = new Set<string>();
  return async (cursor, { nowMs, accept }) => {
    progress ??= { reached: cursor, sweep: undefined };
    const from = nextFrom(settings, progress, { nowMs, oldestMs: accept.oldestMs });
    // Rows of the future wait: a cursor beyond the clock would pass over what comes before.
    const rows = await readOldest(settings, password, { from, to: literal(nowMs, settings.timeFormat) });
    const { fresh, keys } = unseen(rows, seen);
    const decoded = decodeRows(fresh, settings, accept);
    const next = advance(progress, rows);
    const done = () => {
      progress = next;
      keys.forEach((key) => sweeping.size < MAX_SEEN && sweeping.add(key));
      if (next.sweep !== undefined) return;
      seen = sweeping;
      sweeping = new Set();
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
