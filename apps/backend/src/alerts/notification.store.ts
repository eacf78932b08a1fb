import { Inject, Injectable } from '@nestjs/common';
import type { Notification, NotificationQuery, NotificationState } from '@bellwether/contracts';
import { Database } from '../database/database';
import { passing } from '../silences/held.store';

interface ClaimOptions {
  now: Date;
  leaseUntil: Date;
  busy?: number[];
  channelId?: number;
}

/** A notification taken from the outbox, to be sent by whoever took it. */
export interface Claimed {
  id: string;
  channelId: number;
  incidentId: number;
  event: Notification['event'];
  episode: number;
  repetition: number;
  /** The first notification of the same incident to the same channel. */
  thread: string;
  /** Counts this attempt. */
  attempts: number;
  /** Attempts that failed before this one; one that was cut off is none of them. */
  failures: number;
}

/** A notification, with the likely first mover of the incident that it is about. */
export interface Listed {
  id: string;
  incidentId: number;
  title: string;
  alertId: number | null;
  event: Notification['event'];
  episode: number;
  repetition: number;
  createdAt: Date;
  attempts: number;
  nextAttemptAt: Date;
  deliveredAt: Date | null;
  failedAt: Date | null;
  lastError: string | null;
}

const IN_STATE: Record<NotificationState, string> = {
  waiting: 'n.delivered_at IS NULL AND n.failed_at IS NULL',
  delivered: 'n.delivered_at IS NOT NULL',
  failed: 'n.failed_at IS NOT NULL',
};

/** The outbox: written with what it tells of, emptied by the notification service. */
@Injectable()
export class NotificationStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /**
   * Tells again of incidents that still fire, and that nobody has acknowledged, where the last word of it is as old as the channel says. A
   * reminder takes the place of the one before, so that an incident that fires for weeks leaves two rows to a channel. What keeps an
   * Alertmanager from forgetting goes on in any case.
   */
  async remind(now: Date): Promise<void> {
    await this.database.query(
      `WITH due AS (
         SELECT last.id, last.channel_id, last.incident_id, last.episode, last.repetition, last.thread
         FROM channel c
         JOIN notification last ON last.channel_id = c.id AND last.event = 'incident.firing'
           AND COALESCE(last.delivered_at, last.failed_at) + c.repeat_s * INTERVAL '1 second' <= $1
         JOIN incident i ON i.id = last.incident_id AND i.ends_at IS NULL
         WHERE c.is_enabled AND (i.acknowledged_at IS NULL OR c.kind = 'alertmanager') AND NOT EXISTS (
           SELECT FROM notification newer
           WHERE newer.channel_id = last.channel_id AND newer.incident_id = last.incident_id AND newer.event = 'incident.firing'
             AND (newer.episode, newer.repetition) > (last.episode, last.repetition))
       ), replaced AS (
         DELETE FROM notification n USING due d WHERE n.id = d.id AND n.repetition > 0
       )
       INSERT INTO notification (channel_id, incident_id, event, episode, repetition, thread, created_at, next_attempt_at)
       SELECT d.channel_id, d.incident_id, 'incident.firing', d.episode, d.repetition + 1, COALESCE(d.thread, d.id), $1, $1
       FROM due d
       ON CONFLICT (channel_id, incident_id, event, episode, repetition) DO NOTHING`,
      [now],
    );
  }

  /** Drops the reminders of an incident that are not out yet. */
  async quieten(incidentId: number): Promise<void> {
    await this.database.query(
      `DELETE FROM notification n
       USING channel c
       WHERE c.id = n.channel_id AND c.kind <> 'alertmanager' AND n.incident_id = $1 AND n.repetition > 0
         AND n.attempts = 0 AND n.delivered_at IS NULL`,
      [incidentId],
    );
  }

  /**
   * Takes the oldest due notification of each channel, or of this one, that is neither in `busy` nor paused. The lease is written
   * before anything is sent: whoever dies in between leaves a row that is due again at `leaseUntil`, with the same id. That an
   * incident is over waits until the same channel was told, or could not be told, that it fires; and each episode for the one before.
   * What a silence holds back is left.
   */
  claim(options: ClaimOptions): Promise<Claimed[]> {
    return passing(this.database, options, (busy) => this.take({ ...options, busy }));
  }

  private async take(options: ClaimOptions): Promise<Claimed[]> {
    const { rows } = await this.database.query<Claimed>(
      `UPDATE notification n
       SET attempts = n.attempts + 1, next_attempt_at = $2
       FROM (
         SELECT d.id
         FROM channel c
         CROSS JOIN LATERAL (
           SELECT w.id
           FROM notification w
           WHERE w.channel_id = c.id AND w.delivered_at IS NULL AND w.failed_at IS NULL AND w.next_attempt_at <= $1
             AND NOT EXISTS (
               SELECT FROM notification f
               WHERE f.channel_id = w.channel_id AND f.incident_id = w.incident_id AND f.delivered_at IS NULL AND f.failed_at IS NULL
                 AND (f.episode < w.episode
                   OR (f.episode = w.episode AND w.event = 'incident.resolved' AND f.event = 'incident.firing')))
           ORDER BY w.created_at, w.event, w.id
           LIMIT 1
           FOR UPDATE SKIP LOCKED
         ) d
         WHERE c.is_enabled AND c.id <> ALL($3::int[]) AND ($4::int IS NULL OR c.id = $4)
       ) due
       WHERE n.id = due.id
       RETURNING n.id, n.channel_id AS "channelId", n.incident_id AS "incidentId", n.event, n.episode, n.repetition, n.attempts,
         n.failures, COALESCE(n.thread, n.id) AS thread`,
      [options.now, options.leaseUntil, options.busy ?? [], options.channelId ?? null],
    );
    return rows;
  }

  async delivered(id: string, at: Date): Promise<void> {
    await this.database.query(
      `UPDATE notification n SET delivered_at = $2, last_error = NULL
       WHERE n.id = $1 AND n.delivered_at IS NULL`,
      [id, at],
    );
  }

  async retry(id: string, at: Date, error: string): Promise<void> {
    await this.database.query(
      `UPDATE notification n SET next_attempt_at = $2, last_error = $3, failures = n.failures + 1
       WHERE n.id = $1 AND n.delivered_at IS NULL AND n.failed_at IS NULL`,
      [id, at, error],
    );
  }

  async failed(id: string, at: Date, error: string): Promise<void> {
    await this.database.query(
      `UPDATE notification n SET failed_at = $2, last_error = $3, failures = n.failures + 1
       WHERE n.id = $1 AND n.delivered_at IS NULL AND n.failed_at IS NULL`,
      [id, at, error],
    );
  }

  /** Drops one that there is nothing to tell of any more. */
  async drop(id: string): Promise<void> {
    await this.database.query('DELETE FROM notification n WHERE n.id = $1', [id]);
  }

  /** Notifications of a channel, newest first, and how many there are. */
  async list(
    channelId: number,
    { state, limit, offset }: NotificationQuery,
  ): Promise<{ listed: Listed[]; total: number }> {
    const where = `WHERE n.channel_id = $1 AND ${state ? IN_STATE[state] : 'true'}`;
    const [{ rows: listed }, { rows: counts }] = await Promise.all([
      this.database.query<Listed>(
        `SELECT n.id, n.incident_id AS "incidentId", i.title, i.first_alert_id AS "alertId", n.event, n.episode, n.repetition,
                n.created_at AS "createdAt", n.attempts, n.next_attempt_at AS "nextAttemptAt", n.delivered_at AS "deliveredAt",
                n.failed_at AS "failedAt", n.last_error AS "lastError"
         FROM notification n
         JOIN incident i ON i.id = n.incident_id
         ${where}
         ORDER BY n.created_at DESC, n.event DESC, n.id
         LIMIT $2 OFFSET $3`,
        [channelId, limit, offset],
      ),
      this.database.query<{ total: number }>(`SELECT count(*)::int AS total FROM notification n ${where}`, [
        channelId,
      ]),
    ]);
    return { listed, total: counts[0]!.total };
  }

  /**
   * Makes one that was given up due again, from its first attempt on. Not where the channel has been told meanwhile that the incident
   * is over, or has begun again: a late word would stand for the newer one.
   */
  async again(
    channelId: number,
    id: string,
    now: Date,
  ): Promise<'waits' | 'unknown' | 'not failed' | 'over'> {
    const { rowCount } = await this.database.query(
      `UPDATE notification n
       SET failed_at = NULL, attempts = 0, failures = 0, next_attempt_at = $3
       WHERE n.id = $2 AND n.channel_id = $1 AND n.failed_at IS NOT NULL
         AND NOT EXISTS (
           SELECT FROM notification r
           WHERE r.channel_id = n.channel_id AND r.incident_id = n.incident_id AND r.delivered_at IS NOT NULL
             AND (r.episode > n.episode
               OR (r.episode = n.episode AND n.event = 'incident.firing' AND r.event = 'incident.resolved')))`,
      [channelId, id, now],
    );
    if (rowCount === 1) return 'waits';
    const { rows } = await this.database.query<{ failed: boolean }>(
      'SELECT n.failed_at IS NOT NULL AS failed FROM notification n WHERE n.id = $2 AND n.channel_id = $1',
      [channelId, id],
    );
    if (!rows[0]) return 'unknown';
    return rows[0].failed ? 'over' : 'not failed';
  }
}
