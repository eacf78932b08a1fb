import { Inject, Injectable } from '@nestjs/common';
import type { Channel, ChannelInput } from '@bellwether/contracts';
import { Database } from '../database/database';

interface ChannelRow {
  id: number;
  kind: Channel['kind'];
  name: string;
  url: string;
  created_at: Date;
  waiting: number;
  delivered: number;
  failed: number;
  last_delivered_at: Date | null;
  last_error: string | null;
}

@Injectable()
export class ChannelStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** All channels, or the one with this id, oldest first. */
  async all(id?: number): Promise<Channel[]> {
    const { rows } = await this.database.query<ChannelRow>(
      `SELECT c.id, c.kind, c.name, c.url, c.created_at,
              count(n.id) FILTER (WHERE n.delivered_at IS NULL AND n.failed_at IS NULL)::int AS waiting,
              count(n.delivered_at)::int AS delivered, count(n.failed_at)::int AS failed,
              max(n.delivered_at) AS last_delivered_at,
              (array_agg(n.last_error ORDER BY n.created_at DESC, n.event DESC)
                 FILTER (WHERE n.last_error IS NOT NULL))[1] AS last_error
       FROM channel c
       LEFT JOIN notification n ON n.channel_id = c.id
       WHERE $1::int IS NULL OR c.id = $1
       GROUP BY c.id
       ORDER BY c.id`,
      [id ?? null],
    );
    return rows.map(channelOf);
  }

  async byId(id: number): Promise<Channel | undefined> {
    const [channel] = await this.all(id);
    return channel;
  }

  /** The new channel's id, or undefined where there are `most` already. */
  async add({ kind, name, url }: ChannelInput, most: number): Promise<number | undefined> {
    const { rows } = await this.database.query<{ id: number }>(
      `INSERT INTO channel (kind, name, url)
       SELECT $1, $2, $3
       WHERE (SELECT count(*) FROM channel) < $4
       RETURNING id`,
      [kind, name, url, most],
    );
    return rows[0]?.id;
  }

  /** Whether there was one; its notifications go with it. */
  async remove(id: number): Promise<boolean> {
    const { rowCount } = await this.database.query('DELETE FROM channel c WHERE c.id = $1', [id]);
    return rowCount === 1;
  }
}

const channelOf = (row: ChannelRow): Channel => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  url: row.url,
  createdAt: row.created_at.toISOString(),
  waiting: row.waiting,
  delivered: row.delivered,
  failed: row.failed,
  lastDeliveredAt: row.last_delivered_at?.toISOString() ?? null,
  lastError: row.last_error,
});
