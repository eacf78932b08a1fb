import { Inject, Injectable } from '@nestjs/common';
import type { Channel, ChannelKind, ChannelSecret, ChannelSettings, Severity } from '@bellwether/contracts';
import { Database } from '../database/database';

/** A channel as it is kept. */
export interface StoredChannel {
  id: number;
  kind: ChannelKind;
  name: string;
  isEnabled: boolean;
  selector: Channel['selector'];
  leastSeverity: Severity;
  groupWaitSeconds: number;
  sendResolved: boolean;
  repeatSeconds: number | null;
  settings: ChannelSettings;
  /** What is shown of its address. */
  place: string;
  sealed: Buffer | null;
  secretNames: ChannelSecret[];
  /** The address of a webhook from before, not sealed yet. */
  plainUrl: string | null;
}

export type ChannelWrite = Omit<StoredChannel, 'id' | 'plainUrl'>;

/** A channel, and what came of its notifications. */
export interface ChannelRecord extends StoredChannel {
  createdAt: Date;
  waiting: number;
  delivered: number;
  failed: number;
  lastDeliveredAt: Date | null;
  lastError: string | null;
}

const STORED = `
  c.id, c.kind, c.name, c.is_enabled AS "isEnabled", c.selector, c.least_severity AS "leastSeverity",
  c.group_wait_s AS "groupWaitSeconds", c.sends_resolved AS "sendResolved", c.repeat_s AS "repeatSeconds", c.settings, c.place, c.secrets AS sealed, c.secret_names AS "secretNames", c.url AS "plainUrl"`;

@Injectable()
export class ChannelStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** All channels, or the one with this id, oldest first. */
  async all(id?: number): Promise<ChannelRecord[]> {
    const { rows } = await this.database.query<ChannelRecord>(
      `SELECT ${STORED}, c.created_at AS "createdAt",
              count(n.id) FILTER (WHERE n.delivered_at IS NULL AND n.failed_at IS NULL)::int AS waiting,
              count(n.delivered_at)::int AS delivered, count(n.failed_at)::int AS failed,
              max(n.delivered_at) AS "lastDeliveredAt",
              (array_agg(n.last_error ORDER BY n.created_at DESC, n.event DESC)
                 FILTER (WHERE n.last_error IS NOT NULL))[1] AS "lastError"
       FROM channel c
       LEFT JOIN notification n ON n.channel_id = c.id
       WHERE $1::int IS NULL OR c.id = $1
       GROUP BY c.id
       ORDER BY c.id`,
      [id ?? null],
    );
    return rows;
  }

  async byId(id: number): Promise<ChannelRecord | undefined> {
    const [channel] = await this.all(id);
    return channel;
  }

  async stored(id: number): Promise<StoredChannel | undefined> {
    const { rows } = await this.database.query<StoredChannel>(
      `SELECT ${STORED} FROM channel c WHERE c.id = $1`,
      [id],
    );
    return rows[0];
  }

  /** Channels whose address is not sealed yet. */
  async plain(): Promise<StoredChannel[]> {
    const { rows } = await this.database.query<StoredChannel>(
      `SELECT ${STORED} FROM channel c WHERE c.url IS NOT NULL ORDER BY c.id`,
    );
    return rows;
  }

  /** The new channel's id, or undefined where there are `most` already. */
  async add(channel: ChannelWrite, most: number): Promise<number | undefined> {
    const { rows } = await this.database.query<{ id: number }>(
      `INSERT INTO channel (kind, name, is_enabled, selector, sends_resolved, repeat_s, settings, place, secrets, secret_names,
                            least_severity, group_wait_s)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
       WHERE (SELECT count(*) FROM channel) < $13
       RETURNING id`,
      [...columnsOf(channel), most],
    );
    return rows[0]?.id;
  }

  /** Whether there was one. Its address is sealed from then on. */
  async change(id: number, channel: ChannelWrite): Promise<boolean> {
    const { rowCount } = await this.database.query(
      `UPDATE channel c
       SET kind = $1, name = $2, is_enabled = $3, selector = $4, sends_resolved = $5, repeat_s = $6, settings = $7, place = $8,
           secrets = $9, secret_names = $10, least_severity = $11, group_wait_s = $12, url = NULL
       WHERE c.id = $13`,
      [...columnsOf(channel), id],
    );
    return rowCount === 1;
  }

  /** Whether there was one; its notifications go with it. */
  async remove(id: number): Promise<boolean> {
    const { rowCount } = await this.database.query('DELETE FROM channel c WHERE c.id = $1', [id]);
    return rowCount === 1;
  }
}

const columnsOf = (channel: ChannelWrite): unknown[] => [
  ...[channel.kind, channel.name, channel.isEnabled, channel.selector, channel.sendResolved],
  ...[channel.repeatSeconds, channel.settings, channel.place, channel.sealed, channel.secretNames],
  ...[channel.leastSeverity, channel.groupWaitSeconds],
];
