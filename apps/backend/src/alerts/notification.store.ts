import { Inject, Injectable } from '@nestjs/common';
import type { NotificationBody } from '@bellwether/contracts';
import { Database, type Queries } from '../database/database';

/** A notification taken from the outbox, to be sent by whoever took it. */
export interface Claimed {
  id: string;
  channelId: number;
  url: string;
  alertId: number;
  event: Exclude<NotificationBody['event'], 'test'>;
  /** Counts this attempt. */
  attempts: number;
}

interface ClaimedRow {
  id: string;
  channel_id: number;
  url: string;
  alert_id: number;
  event: Claimed['event'];
  attempts: number;
}

/** The outbox: written with what it tells of, emptied by the notification service. */
@Injectable()
export class NotificationStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Tells every channel that these alerts fire. */
  async fire(queries: Queries, alertIds: readonly number[], now: Date): Promise<void> {
    await queries.query(
      `WITH target AS (SELECT c.id FROM channel c FOR KEY SHARE)
       INSERT INTO notification (channel_id, alert_id, event, created_at, next_attempt_at)
       SELECT t.id, a.id, 'alert.firing', $2, $2
       FROM unnest($1::int[]) AS a(id)
       CROSS JOIN target t
       ON CONFLICT (channel_id, alert_id, event) DO NOTHING`,
      [alertIds, now],
    );
  }

  /**
   * Tells whoever was told that these alerts fire which of them have ended; a word that one has ended is taken back where it
   * fires again and the word is not out yet.
   */
  async resolve(queries: Queries, alertIds: readonly number[], now: Date): Promise<void> {
    await queries.query(
      `INSERT INTO notification (channel_id, alert_id, event, created_at, next_attempt_at)
       SELECT n.channel_id, n.alert_id, 'alert.resolved', $2, $2
       FROM notification n
       JOIN alert a ON a.id = n.alert_id
       JOIN (SELECT c.id FROM channel c FOR KEY SHARE) c ON c.id = n.channel_id
       WHERE n.alert_id = ANY($1::int[]) AND n.event = 'alert.firing' AND a.ends_at IS NOT NULL
       ON CONFLICT (channel_id, alert_id, event) DO NOTHING`,
      [alertIds, now],
    );
    await queries.query(
      `DELETE FROM notification n
       USING alert a
       WHERE a.id = n.alert_id AND a.ends_at IS NULL AND n.alert_id = ANY($1::int[])
         AND n.event = 'alert.resolved' AND n.attempts = 0`,
      [alertIds],
    );
  }

  /**
   * Takes the oldest due notification of each channel, or of this one, that is not in `busy`. The lease is written before anything is sent:
   * whoever dies in between leaves a row that is due again at `leaseUntil`, with the same id. That an alert has ended waits
   * until the same channel was told, or could not be told, that it fires.
   */
  async claim(options: {
    now: Date;
    leaseUntil: Date;
    busy?: number[];
    channelId?: number;
  }): Promise<Claimed[]> {
    const { rows } = await this.database.query<ClaimedRow>(
      `UPDATE notification n
       SET attempts = n.attempts + 1, next_attempt_at = $2
       FROM (
         SELECT d.id, c.url
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
         WHERE c.id <> ALL($3::int[]) AND ($4::int IS NULL OR c.id = $4)
       ) due
       WHERE n.id = due.id
       RETURNING n.id, n.channel_id, due.url, n.alert_id, n.event, n.attempts`,
      [options.now, options.leaseUntil, options.busy ?? [], options.channelId ?? null],
    );
    return rows.map((row) => ({
      id: row.id,
      channelId: row.channel_id,
      url: row.url,
      alertId: row.alert_id,
      event: row.event,
      attempts: row.attempts,
    }));
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
      `UPDATE notification n SET next_attempt_at = $2, last_error = $3
       WHERE n.id = $1 AND n.delivered_at IS NULL AND n.failed_at IS NULL`,
      [id, at, error],
    );
  }

  async failed(id: string, at: Date, error: string): Promise<void> {
    await this.database.query(
      `UPDATE notification n SET failed_at = $2, last_error = $3
       WHERE n.id = $1 AND n.delivered_at IS NULL AND n.failed_at IS NULL`,
      [id, at, error],
    );
  }
}
