/**
 * What silences hold back, between the outbox and its senders. A word that an incident fires waits while every series that fires in
 * it, of those its channel is for, is silenced; it is sent afterwards if the incident still fires; else nothing is. That it is over is told
 * at once to whoever was told before the silence that it fires: a receiver that counts what is open would never learn it.
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

/** A word that waits, with a series that it is about: of those that fire, or of all where none does. */
interface WaitingRow {
  id: string;
  incident_id: number;
  channel_id: number;
  episode: number;
  is_void: boolean;
  series_id: number | null;
  name: string;
  labels: Labels;
}

type Waiting = Omit<WaitingRow, 'series_id' | 'name' | 'labels'> & { series: Series[] };

/** Beyond so many, the next look finds the rest. */
const MOST_AT_ONCE = 1_000;

/** Whether a channel `c` is for an alert `a` of a series `s`. */
export const REACHES = `(c.selector->>'name' IS NULL OR s.name = c.selector->>'name')
  AND s.labels @> COALESCE(c.selector->'labels', '{}')
  AND array_position(ARRAY['info', 'warning', 'critical'], a.severity)
    >= array_position(ARRAY['info', 'warning', 'critical'], c.least_severity)`;

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
 * Puts back those of the taken notifications all of whose series are silenced, or whose incident ended while they were held; and
 * whatever else is due and silenced. Returns the ids of those that are not to be sent.
 */
async function holdBack(queries: Queries, taken: readonly string[], now: Date): Promise<Set<string>> {
  const waiting = taken.length > 0 ? await waitingWith(queries, taken, now) : [];
  if (waiting.length === 0) return new Set();
  const series = new Map(waiting.flatMap((one) => one.series).map((one) => [one.id, one]));
  const holds = await heldBy(queries, [...series.values()], now);
  const held = waiting.flatMap((one) => {
    const hold = holdOfAll(one.series, holds);
    return hold || one.is_void ? [{ ...one, hold }] : [];
  });
  if (held.length === 0) return new Set();
  const causes = held.flatMap(({ hold, ...one }) =>
    (hold?.silenceIds ?? []).map((silenceId) => ({ silenceId, ...one })),
  );
  await queries.query(
    `WITH held AS (
       INSERT INTO silence_held (silence_id, incident_id, channel_id, episode, held_at)
       SELECT h.silence_id, h.incident_id, h.channel_id, h.episode, $1
       FROM unnest($2::int[], $3::int[], $4::int[], $5::int[]) AS h (silence_id, incident_id, channel_id, episode)
       JOIN (SELECT s.id FROM silence s WHERE s.id = ANY($2::int[]) FOR KEY SHARE) s ON s.id = h.silence_id
       JOIN (SELECT i.id FROM incident i WHERE i.id = ANY($3::int[]) FOR KEY SHARE) i ON i.id = h.incident_id
       ON CONFLICT (silence_id, incident_id, channel_id, episode) DO NOTHING)
     UPDATE notification n
     SET next_attempt_at = u.until, attempts = n.attempts - (n.id = ANY($8::uuid[]))::int
     FROM unnest($6::uuid[], $7::timestamptz[]) AS u (id, until)
     WHERE n.id = u.id AND n.delivered_at IS NULL AND n.failed_at IS NULL
       AND (n.id = ANY($8::uuid[]) OR n.next_attempt_at <= $1)`,
    [
      now,
      ...[causes.map((one) => one.silenceId), causes.map((one) => one.incident_id)],
      ...[causes.map((one) => one.channel_id), causes.map((one) => one.episode)],
      held.map(({ id }) => id),
      held.map(({ hold }) => new Date(hold?.untilMs ?? now.getTime())),
      taken,
    ],
  );
  return new Set(held.map(({ id }) => id).filter((id) => taken.includes(id)));
}

/** By what, and until when at least, all of these series are silenced: until the first of them is no longer. */
export function holdOfAll(
  series: readonly Pick<Series, 'id'>[],
  holds: ReadonlyMap<number, Hold>,
): Hold | undefined {
  const all = series.flatMap(({ id }) => holds.get(id) ?? []);
  if (all.length === 0 || all.length < series.length) return undefined;
  return {
    silenceIds: [...new Set(all.flatMap(({ silenceIds }) => silenceIds))],
    untilMs: Math.min(...all.map(({ untilMs }) => untilMs)),
  };
}

/** Words that incidents fire: those taken, and others that are due. Void: the incident ended while it was held. */
async function waitingWith(queries: Queries, taken: readonly string[], now: Date): Promise<Waiting[]> {
  const { rows } = await queries.query<WaitingRow>(
    `WITH due AS (
       SELECT n.id, n.incident_id, n.channel_id, n.episode, i.ends_at,
              i.ends_at IS NOT NULL AND EXISTS (
                SELECT FROM silence_held h
                WHERE h.incident_id = n.incident_id AND h.channel_id = n.channel_id AND h.episode = n.episode) AS is_void
       FROM notification n
       JOIN incident i ON i.id = n.incident_id
       WHERE n.event = 'incident.firing' AND n.delivered_at IS NULL AND n.failed_at IS NULL
         AND (n.id = ANY($1::uuid[]) OR n.next_attempt_at <= $2)
       ORDER BY (n.id = ANY($1::uuid[])) DESC
       LIMIT ${MOST_AT_ONCE})
     SELECT d.id, d.incident_id, d.channel_id, d.episode, d.is_void, r.id AS series_id, r.name, r.labels
     FROM due d
     JOIN channel c ON c.id = d.channel_id
     LEFT JOIN LATERAL (
       SELECT DISTINCT ON (s.id) s.id, s.name, s.labels
       FROM alert a
       JOIN series s ON s.id = a.series_id
       WHERE a.incident_id = d.incident_id AND NOT a.is_history AND ${REACHES}
         AND (a.ends_at IS NULL OR d.ends_at IS NOT NULL)
     ) r ON true`,
    [taken, now],
  );
  const each = new Map<string, Waiting>();
  for (const { series_id, name, labels, ...row } of rows) {
    const one = each.get(row.id) ?? { ...row, series: [] };
    if (series_id !== null) one.series.push({ id: series_id, name, labels });
    each.set(row.id, one);
  }
  return [...each.values()];
}

/**
 * Drops words that incidents fire which were held back while these ended; and that they are over, where nobody can have heard that
 * they fire.
 */
async function dropEnded(queries: Queries): Promise<void> {
  await queries.query(
    `WITH dropped AS (
       DELETE FROM notification n
       USING incident i
       WHERE n.event = 'incident.firing' AND n.delivered_at IS NULL AND n.failed_at IS NULL
         AND i.id = n.incident_id AND i.ends_at IS NOT NULL
         AND EXISTS (
           SELECT FROM silence_held h
           WHERE h.incident_id = n.incident_id AND h.channel_id = n.channel_id AND h.episode = n.episode)
       RETURNING n.incident_id, n.channel_id, n.episode)
     DELETE FROM notification r
     USING dropped d
     WHERE r.incident_id = d.incident_id AND r.channel_id = d.channel_id AND r.episode = d.episode
       AND r.event = 'incident.resolved'
       AND NOT EXISTS (
         SELECT FROM notification f
         WHERE f.incident_id = r.incident_id AND f.channel_id = r.channel_id AND f.episode = r.episode
           AND f.event = 'incident.firing' AND f.attempts > 0)`,
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
