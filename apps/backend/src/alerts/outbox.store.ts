import { Injectable } from '@nestjs/common';
import type { Queries } from '../database/database';
import { REACHES } from '../silences/held.store';

/** What happened to incidents. */
export interface Told {
  /** All that changed. */
  incidentIds: readonly number[];
  /** Alerts that are a reason to tell of their incident. */
  alertIds: readonly number[];
  /** Incidents that were over and go on by themselves, not because another became a part of them. */
  reopenedIds: readonly number[];
  /** Whether an incident lost alerts to another. */
  hasMoved: boolean;
}

/** A notification that nobody can have heard: it waits for its first attempt. */
const UNHEARD = 'n.attempts = 0 AND n.delivered_at IS NULL AND n.failed_at IS NULL';

/** Decides whom to tell of an incident, in the transaction that changes it. Each channel is told once of each episode. */
@Injectable()
export class OutboxStore {
  async follow(
    queries: Queries,
    { incidentIds, alertIds, reopenedIds, hasMoved }: Told,
    now: Date,
  ): Promise<void> {
    if (hasMoved) await this.forget(queries, incidentIds);
    if (alertIds.length > 0) {
      await this.fire(queries, { alertIds, reopenedIds }, now);
      await this.wake(queries, alertIds, now);
    }
    await this.resolve(queries, incidentIds, now);
  }

  /**
   * Tells every channel that one of these alerts is for, and that is not paused, that its incident fires: where it was not told, or was
   * told that it is over. A channel that is told of no ends is told again of what was over.
   */
  private async fire(
    queries: Queries,
    { alertIds, reopenedIds }: { alertIds: readonly number[]; reopenedIds: readonly number[] },
    now: Date,
  ): Promise<void> {
    await queries.query(
      `WITH c AS (
         SELECT c.id, c.selector, c.least_severity, c.group_wait_s, c.sends_resolved FROM channel c WHERE c.is_enabled FOR KEY SHARE
       ), reached AS (
         SELECT DISTINCT c.id AS channel_id, c.group_wait_s, c.sends_resolved, a.incident_id, i.ends_at
         FROM alert a
         JOIN incident i ON i.id = a.incident_id
         JOIN series s ON s.id = a.series_id
         JOIN c ON ${REACHES}
         WHERE a.id = ANY($1::int[])
       )
       INSERT INTO notification (channel_id, incident_id, event, episode, thread, created_at, next_attempt_at)
       SELECT r.channel_id, r.incident_id, 'incident.firing', COALESCE(last.episode + 1, 0), last.thread, $2::timestamptz,
              $2::timestamptz + r.group_wait_s * INTERVAL '1 second'
       FROM reached r
       LEFT JOIN LATERAL (
         SELECT n.episode, min(COALESCE(n.thread, n.id)::text)::uuid AS thread,
                bool_or(n.event = 'incident.resolved' AND NOT (${UNHEARD})) AS is_ended,
                bool_or(n.event = 'incident.firing' AND n.attempts > 0) AS is_begun
         FROM notification n
         WHERE n.channel_id = r.channel_id AND n.incident_id = r.incident_id
         GROUP BY n.episode
         ORDER BY n.episode DESC
         LIMIT 1
       ) last ON true
       WHERE last.episode IS NULL
          OR (r.ends_at IS NULL
            AND (last.is_ended OR (NOT r.sends_resolved AND last.is_begun AND r.incident_id = ANY($3::int[]))))
       ON CONFLICT (channel_id, incident_id, event, episode, repetition) DO NOTHING`,
      [alertIds, now, reopenedIds],
    );
  }

  /** What a silence holds back is looked at again: what has joined may not be silenced. */
  private async wake(queries: Queries, alertIds: readonly number[], now: Date): Promise<void> {
    await queries.query(
      `UPDATE notification n SET next_attempt_at = $2
       FROM silence_held h, (SELECT DISTINCT a.incident_id FROM alert a WHERE a.id = ANY($1::int[])) a
       WHERE n.incident_id = a.incident_id AND n.event = 'incident.firing' AND n.delivered_at IS NULL AND n.failed_at IS NULL
         AND n.next_attempt_at > $2
         AND h.incident_id = n.incident_id AND h.channel_id = n.channel_id AND h.episode = n.episode`,
      [alertIds, now],
    );
  }

  /**
   * Tells whoever was told that these incidents fire which of them are over; a word that one is over is taken back where it goes on
   * and the word is not out yet. Reminders that are not out yet are dropped with the end.
   */
  private async resolve(queries: Queries, incidentIds: readonly number[], now: Date): Promise<void> {
    await queries.query(
      `INSERT INTO notification (channel_id, incident_id, event, episode, thread, created_at, next_attempt_at)
       SELECT n.channel_id, n.incident_id, 'incident.resolved', n.episode, COALESCE(n.thread, n.id), $2, $2
       FROM notification n
       JOIN incident i ON i.id = n.incident_id
       JOIN (SELECT c.id FROM channel c WHERE c.sends_resolved FOR KEY SHARE) c ON c.id = n.channel_id
       WHERE n.incident_id = ANY($1::int[]) AND n.event = 'incident.firing' AND n.repetition = 0
         AND i.ends_at IS NOT NULL AND NOT EXISTS (
           SELECT FROM notification later
           WHERE later.channel_id = n.channel_id AND later.incident_id = n.incident_id AND later.episode > n.episode)
       ON CONFLICT (channel_id, incident_id, event, episode, repetition) DO NOTHING`,
      [incidentIds, now],
    );
    await queries.query(
      `DELETE FROM notification n
       USING incident i
       WHERE i.id = n.incident_id AND n.incident_id = ANY($1::int[])
         AND ((n.event = 'incident.resolved' AND ${UNHEARD} AND i.ends_at IS NULL)
           OR (n.repetition > 0 AND n.delivered_at IS NULL AND i.ends_at IS NOT NULL))`,
      [incidentIds],
    );
  }

  /** Drops what nobody has heard where an incident has no alert any more that its channel is for. */
  private async forget(queries: Queries, incidentIds: readonly number[]): Promise<void> {
    await queries.query(
      `DELETE FROM notification n
       USING channel c
       WHERE c.id = n.channel_id AND n.incident_id = ANY($1::int[]) AND ${UNHEARD}
         AND NOT EXISTS (
           SELECT FROM alert a
           JOIN series s ON s.id = a.series_id
           WHERE a.incident_id = n.incident_id AND NOT a.is_history AND ${REACHES})
         AND NOT EXISTS (
           SELECT FROM notification f
           WHERE f.channel_id = n.channel_id AND f.incident_id = n.incident_id AND f.episode = n.episode AND f.attempts > 0)`,
      [incidentIds],
    );
  }

  /**
   * An incident has become a part of another. A channel that was told of the first alone goes on to be told on its thread; one that was
   * told of both is told that the first is over, or no more of it if it has not heard of it yet.
   */
  async merge(queries: Queries, { from, into }: { from: number; into: number }, now: Date): Promise<void> {
    await queries.query(
      `UPDATE silence_held h SET incident_id = $2
       WHERE h.incident_id = $1 AND NOT EXISTS (
         SELECT FROM silence_held o
         WHERE o.silence_id = h.silence_id AND o.channel_id = h.channel_id AND o.incident_id = $2 AND o.episode = h.episode)`,
      [from, into],
    );
    await queries.query(
      `UPDATE notification n SET incident_id = $2
       WHERE n.incident_id = $1 AND NOT EXISTS (
         SELECT FROM notification o WHERE o.channel_id = n.channel_id AND o.incident_id = $2)`,
      [from, into],
    );
    await queries.query(
      `DELETE FROM notification n
       WHERE n.incident_id = $1 AND ((${UNHEARD}) OR (n.repetition > 0 AND n.delivered_at IS NULL))`,
      [from],
    );
    await queries.query(
      `INSERT INTO notification (channel_id, incident_id, event, episode, thread, created_at, next_attempt_at)
       SELECT n.channel_id, n.incident_id, 'incident.resolved', n.episode, COALESCE(n.thread, n.id), $2, $2
       FROM notification n
       JOIN (SELECT c.id FROM channel c WHERE c.sends_resolved AND c.kind <> 'alertmanager' FOR KEY SHARE) c ON c.id = n.channel_id
       WHERE n.incident_id = $1 AND n.event = 'incident.firing' AND n.repetition = 0 AND NOT EXISTS (
         SELECT FROM notification later
         WHERE later.channel_id = n.channel_id AND later.incident_id = n.incident_id AND later.episode > n.episode)
       ON CONFLICT (channel_id, incident_id, event, episode, repetition) DO NOTHING`,
      [from, now],
    );
  }
}
