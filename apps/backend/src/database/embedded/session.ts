/**
 * Many clients on one PostgreSQL session: what each believes to be its own is kept apart here. Names of prepared
 * statements, the unnamed statement, settings (`SET`), channels (`LISTEN`) and open transactions are; what stays shared
 * is said in each file: SQL-level `PREPARE`, `DEALLOCATE ALL` and `DISCARD ALL`, session advisory locks, temporary tables.
 */
import type { ClientState, Request } from './client';
import { ownName, parsedName, usesEarlierUnnamed, withOwnNames } from './names';
import {
  type Answer,
  closeStatement,
  copyFail,
  type Message,
  query,
  readAnswer,
  sqlOf,
  sync,
  type TransactionStatus,
} from './protocol';
import {
  changedChannels,
  changesSettings,
  listenChanges,
  mentionsStdin,
  quotedIdentifier,
  quotedLiteral,
} from './sql';

/** The database: runs one request, whole, and answers with all its messages. */
export type Engine = {
  execute(request: Buffer): Promise<Buffer>;
  rows<Row>(sql: string): Promise<Row[]>;
};

/** What every client starts from. PGlite's own command line turns sequential scans off and echoes every Parse. */
const DEFAULT_SETTINGS = [
  'RESET ALL',
  'SET search_path = public',
  'SET enable_seqscan = on',
  'SET allow_system_table_mods = off',
  // There are no workers: a parallel plan would only be the slower one.
  'SET max_parallel_workers_per_gather = 0',
  'SET log_min_messages = warning',
  'SET client_min_messages = notice',
].join('; ');

const CHANGED_SETTINGS = `
  SELECT name, current_setting(name) AS setting FROM pg_settings
  WHERE source = 'session' AND name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')`;

const NO_COPY_DATA = 'the embedded database takes COPY FROM STDIN only as a simple query of its own';

/** What the session keeps of a client; `clients` below are all that are connected now. */
export type SessionClient = ClientState & { send(bytes: Buffer): void };

export function createSession(engine: Engine, clients: ReadonlySet<SessionClient>) {
  /** Whose unnamed statement the session holds. */
  let unnamedOwner: ClientState | undefined;
  /** Settings the session has; undefined where they are to be made again in any case. */
  let settingsNow: string | undefined = '';
  let defaults = new Map<string, string>();
  /** Who has a transaction open, or a request of which the Sync has not come yet (`status` undefined). */
  let holder: { client: ClientState; status: TransactionStatus | undefined } | undefined;

  const execute = async (request: Buffer, drop?: string): Promise<Answer> => {
    const answer = readAnswer(await engine.execute(request), drop);
    for (const { channel, bytes } of answer.notifications)
      for (const client of clients) if (client.channels.has(channel)) client.send(bytes);
    return answer;
  };

  /** A statement of the bridge's own; a simple query destroys the unnamed statement. */
  const command = (sql: string): Promise<Answer> => {
    unnamedOwner = undefined;
    return execute(query(sql));
  };

  // Settings.

  const changedSettings = async (): Promise<Map<string, string>> => {
    unnamedOwner = undefined;
    const rows = await engine.rows<{ name: string; setting: string }>(CHANGED_SETTINGS);
    return new Map(rows.map(({ name, setting }) => [name, setting]));
  };

  const useSettings = async (settings: string): Promise<void> => {
    if (settings === settingsNow) return;
    await command(DEFAULT_SETTINGS);
    if (settings !== '') await command(settings);
    settingsNow = settings;
  };

  const keepSettings = async (client: ClientState): Promise<void> => {
    const changed = [...(await changedSettings())].filter(
      ([name, setting]) => defaults.get(name) !== setting,
    );
    client.settings = changed
      .map(([name, setting]) => `SELECT set_config(${quotedLiteral(name)}, ${quotedLiteral(setting)}, false)`)
      .join('; ');
    client.hasTouchedSettings = false;
    // A RESET brought back PGlite's own defaults: the next turn makes ours again.
    settingsNow = undefined;
  };

  // Channels.

  const isWanted = (channel: string): boolean => [...clients].some(({ channels }) => channels.has(channel));

  const changeChannels = async (client: ClientState, isCommitted: boolean): Promise<void> => {
    const changes = client.changes;
    client.changes = [];
    if (!isCommitted || changes.length === 0) return;
    client.channels = changedChannels(client.channels, changes);
    if (changes.every(({ verb }) => verb === 'listen')) return;
    // The session has unlistened for everyone: those who still listen get their channels back.
    const wanted = new Set([...clients].flatMap(({ channels }) => [...channels]));
    for (const channel of wanted) await command(`LISTEN ${quotedIdentifier(channel)}`);
  };

  // Requests.

  const note = (client: ClientState, message: Message): void => {
    const name = parsedName(message);
    if (name === '') client.unnamed = message;
    if (name) client.statements.add(ownName(client.id, name));
    const sql = sqlOf(message);
    if (sql === undefined) return;
    client.changes.push(...listenChanges(sql));
    client.hasTouchedSettings ||= changesSettings(sql);
    client.mayCopyIn ||= message.type === 'P' && mentionsStdin(sql);
  };

  const asksForCopyData = (client: ClientState, { messages, drop }: Request): boolean =>
    drop === undefined &&
    (client.mayCopyIn || messages.some((message) => mentionsStdin(sqlOf(message) ?? '')));

  /** The request as the session is to get it, and the first message type to take out of its answer. */
  const prepare = (client: ClientState, request: Request): { bytes: Buffer; drop: string | undefined } => {
    const unnamed =
      unnamedOwner === client || !usesEarlierUnnamed(request.messages) ? undefined : client.unnamed;
    for (const message of request.messages) note(client, message);
    const parts = request.messages.map((message) => withOwnNames(message, client.id).bytes);
    if (request.messages.some(({ type }) => type === 'Q')) unnamedOwner = undefined;
    else if (unnamed || request.messages.some((message) => parsedName(message) === '')) unnamedOwner = client;
    if (unnamed) return { bytes: Buffer.concat([unnamed.bytes, ...parts]), drop: '1' };
    // The database aborts where a COPY finds no data at all: behind it there is always its end.
    if (asksForCopyData(client, request))
      return { bytes: Buffer.concat([...parts, copyFail(NO_COPY_DATA)]), drop: 'G' };
    return { bytes: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), drop: request.drop };
  };

  const run = async (client: SessionClient, request: Request): Promise<Answer> => {
    const { bytes, drop } = prepare(client, request);
    const answer = await execute(bytes, drop);
    client.send(answer.bytes);
    const isFlush = request.messages.at(-1)?.type === 'H';
    if (answer.status !== undefined || isFlush) return answer;
    // An error inside a COPY skips to a Sync that the COPY has swallowed.
    const { bytes: rest, status } = await execute(sync);
    client.send(rest);
    return { ...answer, status };
  };

  return {
    /** Once, before the first client. */
    async open(): Promise<void> {
      await command(DEFAULT_SETTINGS);
      defaults = await changedSettings();
    },

    /** Runs a request and answers its client; true while the client keeps the session to itself. */
    async serve(client: SessionClient, request: Request): Promise<boolean> {
      if (!holder) await useSettings(client.settings);
      const { status, hasFailed, tag } = await run(client, request);
      holder = status === 'I' ? undefined : { client, status };
      if (holder) return true;
      await changeChannels(client, !hasFailed && tag !== 'ROLLBACK');
      if (client.hasTouchedSettings) await keepSettings(client);
      return false;
    },

    /** Undoes what a client that is gone has left: its transaction, statements and channels. */
    async release(client: ClientState): Promise<void> {
      if (holder?.client === client) {
        const status = holder.status ?? (await execute(sync)).status;
        if (status !== 'I') await command('ROLLBACK');
        holder = undefined;
      }
      const closes = [...client.statements].map(closeStatement);
      if (closes.length > 0) await execute(Buffer.concat([...closes, sync]));
      for (const channel of client.channels)
        if (!isWanted(channel)) await command(`UNLISTEN ${quotedIdentifier(channel)}`);
    },

    /** Work of the house, over `engine.rows`, between two turns. */
    async serveHouse<T>(work: () => Promise<T>): Promise<T> {
      await useSettings('');
      unnamedOwner = undefined;
      return work();
    },
  };
}
