import { Inject, Injectable } from '@nestjs/common';
import type { Notification, NotificationQuery, NotificationState } from '@bellwether/contracts';
import { Database, type Queries } from '../database/database';
import { passing, restore } from '../silences/held.store';

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
  alertId: number;
  event: Notification['event'];
  repetition: number;
  /** The first notification of the same alert to the same channel. */
  thread: string;
  /** Counts this attempt. */
  attempts: number;
  /** Attempts that failed before this one; one that was cut off is none of them. */
  failures: number;
}

/** A notification, without the alert it is about. */
export interface Listed {
  id: string;
  alertId: number;
  event: Notification['event'];
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

  /** Tells every channel that wants to know of these series, and is not paused, that these alerts fire. */
  async fire(queries: Queries, alertIds: readonly number[], now: Date): Promise<void> {
    await queries.query(
      `WITH target AS (SELECT c.id, c.selector FROM channel c WHERE c.is_enabled FOR KEY SHARE)
       INSERT INTO notification (channel_id, alert_id, event, created_at, next_attempt_at)
       SELECT t.id, a.id, 'alert.firing', $2, $2
       FROM alert a
       JOIN series s ON s.id = a.series_id
       JOIN target t ON (t.selector->>'name' IS NULL OR s.name = t.selector->>'name')
         AND s.labels @> COALESCE(t.selector->'labels', '{}')
       WHERE a.id = ANY($1::int[])
       ON CONFLICT (channel_id, alert_id, event, repetition) DO NOTHING`,
      [alertIds, now],
    );
  }

  /**
   * Tells whoever was told that these alerts fire which of them have ended; a word that one has ended is taken back where it
   * fires again and the word is not out yet. Reminders that are not out yet are dropped with the end.
   */
  async resolve(queries: Queries, alertIds: readonly number[], now: Date): Promise<void> {
    await queries.query(
      `INSERT INTO notification (channel_id, alert_id, event, created_at, next_attempt_at)
       SELECT n.channel_id, n.alert_id, 'alert.resolved', $2, $2
       FROM notification n
       JOIN alert a ON a.id = n.alert_id
       JOIN (SELECT c.id FROM channel c WHERE c.sends_resolved FOR KEY SHARE) c ON c.id = n.channel_id
       WHERE n.alert_id = ANY($1::int[]) AND n.event = 'alert.firing' AND n.repetition = 0 AND a.ends_at IS NOT NULL
       ON CONFLICT (channel_id, alert_id, event, repetition) DO NOTHING`,
      [alertIds, now],
    );
    await queries.query(
      `DELETE FROM notification n
       USING alert a
       WHERE a.id = n.alert_id AND n.alert_id = ANY($1::int[])
         AND ((n.event = 'alert.resolved' AND n.attempts = 0 AND a.ends_at IS NULL)
           OR (n.repetition > 0 AND n.delivered_at IS NULL AND a.ends_at IS NOT NULL))`,
      [alertIds],
    );
    await restore(queries, alertIds, now);
  }

  /**
   * Tells again of alerts that still fire where the last word of it is as old as the channel says. A reminder takes the place of the
   * one before, so that an alert that fires for weeks leaves two rows to a channel.
   */
  async remind(now: Date): Promise<void> {
    await this.database.query(
      `WITH due AS (
         SELECT last.id, last.channel_id, last.alert_id, last.repetition
         FROM channel c
         JOIN notification last ON last.channel_id = c.id AND last.event = 'alert.firing'
           AND COALESCE(last.delivered_at, last.failed_at) + c.repeat_s * INTERVAL '1 second' <= $1
         JOIN alert a ON a.id = last.alert_id AND a.ends_at IS NULL
         WHERE c.is_enabled AND NOT EXISTS (
           SELECT FROM notification newer
           WHERE newer.channel_id = last.channel_id AND newer.alert_id = last.alert_id AND newer.event = 'alert.firing'
             AND newer.repetition > last.repetition)
       ), replaced AS (
         DELETE FROM notification n USING due d WHERE n.id = d.id AND n.repetition > 0
       )
       INSERT INTO notification (channel_id, alert_id, event, repetition, created_at, next_attempt_at)
       SELECT d.channel_id, d.alert_id, 'alert.firing', d.repetition + 1, $1, $1
       FROM due d
       ON CONFLICT (channel_id, alert_id, event, repetition) DO NOTHING`,
      [now],
    );
  }

  /**
   * Takes the oldest due notification of each channel, or of this one, that is neither in `busy` nor paused. The lease is written
   * before anything is sent: whoever dies in between leaves a row that is due again at `leaseUntil`, with the same id. That an
   * alert has ended waits until the same channel was told, or could not be told, that it fires. What a silence holds back is left.
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
               WHERE f.channel_id = w.channel_id AND f.alert_id = w.alert_id AND w.event = 'alert.resolved'
                 AND f.event = 'alert.firing' AND f.delivered_at IS NULL AND f.failed_at IS NULL)
           ORDER BY w.created_at, w.event, w.id
           LIMIT 1
           FOR UPDATE SKIP LOCKED
         ) d
         WHERE c.is_enabled AND c.id <> ALL($3::int[]) AND ($4::int IS NULL OR c.id = $4)
       ) due
       WHERE n.id = due.id
       RETURNING n.id, n.channel_id AS "channelId", n.alert_id AS "alertId", n.event, n.repetition, n.attempts, n.failures,
         COALESCE((SELECT f.id FROM notification f
                   WHERE f.channel_id = n.channel_id AND f.alert_id = n.alert_id AND f.event = 'alert.firing'
                     AND f.repetition = 0), n.id) AS thread`,
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

  /** Notifications of a channel, newest first, and how many there are. */
  async list(
    channelId: number,
    { state, limit, offset }: NotificationQuery,
  ): Promise<{ listed: Listed[]; total: number }> {
    const where = `WHERE n.channel_id = $1 AND ${state ? IN_STATE[state] : 'true'}`;
    const [{ rows: listed }, { rows: counts }] = await Promise.all([
      this.database.query<Listed>(
        `SELECT n.id, n.alert_id AS "alertId", n.event, n.repetition, n.created_at AS "createdAt", n.attempts,
                n.next_attempt_at AS "nextAttemptAt", n.delivered_at AS "deliveredAt", n.failed_at AS "failedAt",
                n.last_error AS "lastError"
         FROM notification n ${where}
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
   * Makes one that was given up due again, from its first attempt on. Not where the channel has been told meanwhile that the alert
   * is over: a late word that it fires would stand for ever.
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
           WHERE r.channel_id = n.channel_id AND r.alert_id = n.alert_id AND n.event = 'alert.firing'
             AND r.event = 'alert.resolved' AND r.delivered_at IS NOT NULL)`,
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
