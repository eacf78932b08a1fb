/**
 * What silences hold back, between the outbox and its senders. A word that an alert fires waits while its series is silenced,
 * and is sent afterwards if the alert still fires; else nothing is. That an alert has ended is told at once to whoever was told
 * before the silence that it fires: a receiver that counts what is open would never learn it.
 */
import type { Labels } from '@bellwether/contracts';
import type { Queries } from '../database/database';
import { testOf } from './matcher';
import { currentAt, merged, type Occurrence, occurrences } from './silence';
import { silencesWithin } from './silence.store';

interface Series {
  id: number;
  name: string;
  labels: Labels;
}

/** Of a silenced series: by which silences, and until when (ms) at least. */
export interface Hold {
  silenceIds: number[];
  untilMs: number;
}

interface WaitingRow extends Omit<Series, 'id'> {
  id: string;
  alert_id: number;
  channel_id: number;
  series_id: number;
  is_void: boolean;
}

/** Beyond so many, the next look finds the rest. */
const MOST_AT_ONCE = 5_000;

/** Those of these series that are silenced at `now`. */
export async function heldBy(
  queries: Queries,
  series: readonly Series[],
  now: Date,
): Promise<Map<number, Hold>> {
  const at = now.getTime();
  const active = (await silencesWithin(queries, { from: now, to: new Date(at + 1) })).flatMap((silence) => {
    const current = currentAt(silence, at);
    return current ? [{ id: silence.id, until: current.to, matches: testOf(silence.matchers) }] : [];
  });
  const holds = new Map<number, Hold>();
  for (const one of series) {
    const by = active.filter(({ matches }) => matches(one));
    if (by.length === 0) continue;
    const untilMs = Math.max(...by.map(({ until }) => until));
    holds.set(one.id, { silenceIds: by.map(({ id }) => id), untilMs });
  }
  return holds;
}

interface Taken {
  id: string;
  channelId: number;
}

/**
 * What `take` gets of the outbox, for channels that are not busy, without what silences hold back: that is put back as if it had
 * never been taken, and the next of its channel comes in its place.
 */
export async function passing<T extends Taken>(
  queries: Queries,
  { now, busy = [] }: { now: Date; busy?: number[] },
  take: (busy: number[]) => Promise<T[]>,
): Promise<T[]> {
  await dropEnded(queries);
  const taken = await take(busy);
  const held = await holdBack(
    queries,
    taken.map(({ id }) => id),
    now,
  );
  const free = taken.filter(({ id }) => !held.has(id));
  if (held.size === 0) return free;
  const served = [...busy, ...free.map(({ channelId }) => channelId)];
  return [...free, ...(await passing(queries, { now, busy: served }, take))];
}

/**
 * Puts back those of the taken notifications whose series is silenced, or whose alert ended while they were held; and
 * whatever else is due and silenced. Returns the ids of those that are not to be sent.
 */
async function holdBack(queries: Queries, taken: readonly string[], now: Date): Promise<Set<string>> {
  const waiting = taken.length > 0 ? await waitingWith(queries, taken, now) : [];
  if (waiting.length === 0) return new Set();
  const series = waiting.map(({ series_id, name, labels }) => ({ id: series_id, name, labels }));
  const holds = await heldBy(queries, series, now);
  const held = waiting.filter(({ series_id, is_void }) => is_void || holds.has(series_id));
  if (held.length === 0) return new Set();
  const causes = held.flatMap(({ series_id, alert_id, channel_id }) =>
    (holds.get(series_id)?.silenceIds ?? []).map((silence_id) => ({ silence_id, alert_id, channel_id })),
  );
  await queries.query(
    `WITH held AS (
       INSERT INTO silence_held (silence_id, alert_id, channel_id, held_at)
       SELECT h.silence_id, h.alert_id, h.channel_id, $1
       FROM unnest($2::int[], $3::int[], $4::int[]) AS h (silence_id, alert_id, channel_id)
       JOIN (SELECT s.id FROM silence s WHERE s.id = ANY($2::int[]) FOR KEY SHARE) s ON s.id = h.silence_id
       JOIN (SELECT a.id FROM alert a WHERE a.id = ANY($3::int[]) FOR KEY SHARE) a ON a.id = h.alert_id
       ON CONFLICT (silence_id, alert_id, channel_id) DO NOTHING)
     UPDATE notification n
     SET next_attempt_at = u.until, attempts = n.attempts - (n.id = ANY($7::uuid[]))::int
     FROM unnest($5::uuid[], $6::timestamptz[]) AS u (id, until)
     WHERE n.id = u.id AND n.delivered_at IS NULL AND n.failed_at IS NULL
       AND (n.id = ANY($7::uuid[]) OR n.next_attempt_at <= $1)`,
    [
      now,
      ...[causes.map((one) => one.silence_id), causes.map((one) => one.alert_id)],
      causes.map((one) => one.channel_id),
      held.map(({ id }) => id),
      held.map(({ series_id }) => new Date(holds.get(series_id)?.untilMs ?? now.getTime())),
      taken,
    ],
  );
  return new Set(held.map(({ id }) => id).filter((id) => taken.includes(id)));
}

/** Words that alerts fire: those taken, and all others that are due. Void: its alert ended while it was held. */
async function waitingWith(queries: Queries, taken: readonly string[], now: Date): Promise<WaitingRow[]> {
  const { rows } = await queries.query<WaitingRow>(
    `SELECT n.id, n.alert_id, n.channel_id, a.series_id, s.name, s.labels,
            a.ends_at IS NOT NULL AND EXISTS (
              SELECT FROM silence_held h WHERE h.alert_id = n.alert_id AND h.channel_id = n.channel_id) AS is_void
     FROM notification n
     JOIN alert a ON a.id = n.alert_id
     JOIN series s ON s.id = a.series_id
     WHERE n.event = 'alert.firing' AND n.delivered_at IS NULL AND n.failed_at IS NULL
       AND (n.id = ANY($1::uuid[]) OR n.next_attempt_at <= $2)
     ORDER BY (n.id = ANY($1::uuid[])) DESC
     LIMIT ${MOST_AT_ONCE}`,
    [taken, now],
  );
  return rows;
}

/**
 * Drops words that alerts fire which were held back while these ended; and that they have ended, where nobody can have heard
 * that they fire.
 */
async function dropEnded(queries: Queries): Promise<void> {
  await queries.query(
    `WITH dropped AS (
       DELETE FROM notification n
       USING alert a
       WHERE n.event = 'alert.firing' AND n.delivered_at IS NULL AND n.failed_at IS NULL
         AND a.id = n.alert_id AND a.ends_at IS NOT NULL
         AND EXISTS (SELECT FROM silence_held h WHERE h.alert_id = n.alert_id AND h.channel_id = n.channel_id)
       RETURNING n.alert_id, n.channel_id)
     DELETE FROM notification r
     USING dropped d
     WHERE r.alert_id = d.alert_id AND r.channel_id = d.channel_id AND r.event = 'alert.resolved'
       AND NOT EXISTS (
         SELECT FROM notification f
         WHERE f.alert_id = r.alert_id AND f.channel_id = r.channel_id AND f.event = 'alert.firing' AND f.attempts > 0)`,
  );
}

/** Tells again that these alerts fire, where that was dropped because they had ended and late samples have shown that they had not. */
export async function restore(queries: Queries, alertIds: readonly number[], now: Date): Promise<void> {
  await queries.query(
    `INSERT INTO notification (channel_id, alert_id, event, created_at, next_attempt_at)
     SELECT DISTINCT c.id, h.alert_id, 'alert.firing', $2::timestamptz, $2::timestamptz
     FROM silence_held h
     JOIN alert a ON a.id = h.alert_id
     JOIN (SELECT c.id FROM channel c FOR KEY SHARE) c ON c.id = h.channel_id
     WHERE h.alert_id = ANY($1::int[]) AND a.ends_at IS NULL
       AND NOT EXISTS (
         SELECT FROM notification n
         WHERE n.alert_id = h.alert_id AND n.channel_id = h.channel_id)`,
    [alertIds, now],
  );
}

/** When maintenance windows acted on these series within [from, to), in order and merged. */
export async function maintenanceOf(
  queries: Queries,
  seriesIds: readonly number[],
  { from, to }: Occurrence,
): Promise<Map<number, Occurrence[]>> {
  const silences = await silencesWithin(queries, {
    from: new Date(from),
    to: new Date(to),
    kind: 'maintenance',
  });
  if (silences.length === 0) return new Map();
  const { rows } = await queries.query<Series>(
    'SELECT s.id, s.name, s.labels FROM series s WHERE s.id = ANY($1::int[])',
    [seriesIds],
  );
  const windows = silences.map((silence) => ({
    matches: testOf(silence.matchers),
    all: occurrences(silence, from, to),
  }));
  return new Map(
    rows.map((series) => [
      series.id,
      merged(windows.filter(({ matches }) => matches(series)).flatMap(({ all }) => all)),
    ]),
  );
}
