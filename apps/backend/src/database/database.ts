/** The one way to the database: a pool of `pg`, transactions, and a connection that listens. */
import { EventEmitter } from 'node:events';
import { Client, Pool, type PoolClient, type QueryResultRow } from 'pg';

export interface Queries {
  query<Row extends QueryResultRow = QueryResultRow>(
    sql: string,
    values?: unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>;
}

const CONNECTION_TIMEOUT_MS = 10_000;
const RELISTEN_MS = 1_000;

/** A database that cannot be reached: HTTP answers 503, loops try again. */
export class DatabaseAway extends Error {
  constructor(cause: unknown) {
    super(
      'The database cannot be reached: send this again in a few seconds, whatever part of it was written before.',
      { cause },
    );
  }
}

export class Database implements Queries {
  private readonly pool: Pool;
  private readonly notifications = new EventEmitter();
  private listener: Client | undefined;
  private relisten: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    private readonly url: string,
    options: { poolSize: number; name: string },
  ) {
    this.pool = new Pool({
      connectionString: url,
      max: options.poolSize,
      application_name: options.name,
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
      keepAlive: true,
    });
    // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
    this.pool.on('error', () => undefined);
  }

  async query<Row extends QueryResultRow>(sql: string, values?: unknown[]) {
    try {
      return await this.pool.query<Row>(sql, values);
    } catch (error) {
      throw isAway(error) ? new DatabaseAway(error) : error;
    }
  }

  /** Runs `work` in one transaction; an error rolls all of it back. Keep it short: it holds the embedded database alone. */
  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    let client: PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      throw new DatabaseAway(error);
    }
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((reason: Error) => (broken = reason));
      throw isAway(error) ? new DatabaseAway(error) : error;
    } finally {
      client.release(broken);
    }
  }

  /** Throws DatabaseAway when it cannot be reached, or does not answer in `withinMs`. */
  async ping(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new DatabaseAway(`no answer within ${withinMs} ms`)), withinMs);
    });
    try {
      await Promise.race([this.query('SELECT 1'), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async notify(channel: string, payloads: readonly string[]): Promise<void> {
    await this.query('SELECT pg_notify($1, p) FROM unnest($2::text[]) AS p', [channel, payloads]);
  }

  /** Calls `handle` for every payload notified on `channel`; survives a database that goes and comes back. */
  async listen(channel: string, handle: (payload: string) => void): Promise<void> {
    const isNew = this.notifications.listenerCount(channel) === 0;
    this.notifications.on(channel, handle);
    if (!this.listener) return this.connectListener();
    try {
      if (isNew) await this.listener.query(`LISTEN "${channel}"`);
    } catch (error) {
      // Whoever connects again listens to every channel.
      if (!isAway(error)) throw error;
    }
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.relisten);
    await this.listener?.end().catch(() => undefined);
    await this.pool.end();
  }

  private async connectListener(): Promise<void> {
    const client = new Client({
      connectionString: this.url,
      application_name: 'bellwether listener',
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
      keepAlive: true,
    });
    this.listener = client;
    const again = () => {
      if (this.isClosed || this.listener !== client) return;
      this.listener = undefined;
      this.relisten = setTimeout(() => void this.connectListener(), RELISTEN_MS);
    };
    client.on('error', again);
    client.on('end', again);
    client.on('notification', ({ channel, payload }) => this.notifications.emit(channel, payload ?? ''));
    try {
      await client.connect();
      for (const channel of this.notifications.eventNames())
        await client.query(`LISTEN "${String(channel)}"`);
    } catch {
      // Not reachable now: `again` tries until it is.
      again();
      void client.end().catch(() => undefined);
    }
  }
}

/** SQLSTATE classes 08 (connection) and 57P (server going down or starting), 53300 (too many connections), the socket's errors. */
function isAway(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  if (code?.startsWith('08') || code?.startsWith('57P') || code === '53300') return true;
  if (code && /^(ECONN|EPIPE|ENOTFOUND|ETIMEDOUT|EHOST|EAI_)/.test(code)) return true;
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    message ?? '',
  );
}
