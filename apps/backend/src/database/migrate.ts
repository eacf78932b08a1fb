/** Brings a database up to date: says in one message what stands in the way, else applies `migrations/*.sql` in order. */
import { join } from 'node:path';
import { Client } from 'pg';

export const MIGRATIONS = join(__dirname, '../../../../migrations');

/** The oldest TimescaleDB whose refresh policies take `buckets_per_batch`. */
const OLDEST_TIMESCALE = [2, 19] as const;

const MIGRATION_LOCK = 7_239_114;

/** Something about the database that its owner has to change; the message says what. */
export class DatabaseUnusable extends Error {}

export async function migrate(url: string, log: (line: string) => void): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: 'bellwether migrate',
  });
  // A connection that breaks between two statements fails the next one; unheard, the event would end the process.
  client.on('error', () => undefined);
  await connect(client, url);
  try {
    // Processes that start at once take turns; the runner's own lock would fail instead of waiting.
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await ensureTimescale(client);
    await applyMigrations(client, log);
    await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await client.end();
  }
}

async function connect(client: Client, url: string): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    throw new DatabaseUnusable(explainConnection(error as Error & { code?: string }, url));
  }
}

/** What stands between Bellwether and the database, and what to do; the password is in none of it. Pure. */
export function explainConnection(
  { code, message }: { code?: string | undefined; message: string },
  url: string,
): string {
  const { hostname, port, pathname, username, searchParams } = new URL(url);
  const place = `${hostname || searchParams.get('host') || 'localhost'}:${port || 5432}`;
  const user = decodeURIComponent(username) || (searchParams.get('user') ?? '');
  const name = decodeURIComponent(pathname.slice(1)) || user;
  if (code === '28P01')
    return `The database at ${place} refuses the password of user "${user}": correct DATABASE_URL.`;
  if (/password must be a string/.test(message))
    return `The database at ${place} wants a password of user "${user}": add it to DATABASE_URL, as in postgres://user:password@host/database.`;
  if (code === '28000')
    return `The database at ${place} does not let user "${user}" in (${message}): correct the user in DATABASE_URL, or allow it in pg_hba.conf.`;
  if (code === '3D000')
    return `The database "${name}" does not exist at ${place}: create it (createdb ${name}) or change DATABASE_URL.`;
  if (/CERT|UNABLE_TO_(GET_ISSUER|VERIFY)/.test(code ?? ''))
    return `The certificate of the database at ${place} cannot be verified (${code}): add sslrootcert=/path/to/ca.crt to DATABASE_URL, or sslmode=no-verify to trust it unseen.`;
  if (code === '42501')
    return `User "${user}" may not connect to the database "${name}" at ${place}: GRANT CONNECT ON DATABASE "${name}" to it.`;
  return `No connection to the database at ${place} (${code ?? message}): start it, or correct DATABASE_URL. Without DATABASE_URL Bellwether uses its own embedded database.`;
}

async function ensureTimescale(client: Client): Promise<void> {
  const { rows } = await client.query<{ available: string | null; installed: string | null }>(
    `SELECT (SELECT a.default_version FROM pg_available_extensions a WHERE a.name = 'timescaledb') AS available,
            (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'timescaledb') AS installed`,
  );
  const found = rows[0]!;
  const problem = explainExtension(found);
  if (problem) throw new DatabaseUnusable(problem);
  if (!found.installed) await createExtension(client);
}

/** What is wrong with the TimescaleDB of a server, and what to do; undefined when nothing is. Pure. */
export function explainExtension({
  available,
  installed,
}: {
  /** The version that CREATE EXTENSION would install, and the one this database has. */
  available: string | null;
  installed: string | null;
}): string | undefined {
  const version = installed ?? available;
  const needed = OLDEST_TIMESCALE.join('.');
  if (!version)
    return `The PostgreSQL server has no TimescaleDB extension: install TimescaleDB ${needed} or newer on it (https://docs.timescale.com/self-hosted), or leave DATABASE_URL out to use the embedded database.`;
  if (!isTooOld(version)) return undefined;
  if (available && !isTooOld(available))
    return `This database still has TimescaleDB ${version}, and Bellwether needs ${needed} or newer: the server has ${available}; run ALTER EXTENSION timescaledb UPDATE in it.`;
  return `TimescaleDB ${version} is too old: Bellwether needs ${needed} or newer. Upgrade it on the server${installed ? ', then run ALTER EXTENSION timescaledb UPDATE in this database' : ''}.`;
}

const isTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major < OLDEST_TIMESCALE[0] || (major === OLDEST_TIMESCALE[0] && minor < OLDEST_TIMESCALE[1]);
};

async function createExtension(client: Client): Promise<void> {
  try {
    await client.query('CREATE EXTENSION IF NOT EXISTS timescaledb');
  } catch (error) {
    throw new DatabaseUnusable(explainCreation((error as Error).message));
  }
}

/** Why TimescaleDB could not be enabled, by what the server said, and what to do. Pure. */
export function explainCreation(message: string): string {
  if (/preload/.test(message))
    return `TimescaleDB is installed but not loaded: add timescaledb to shared_preload_libraries in postgresql.conf and restart the server.`;
  return `TimescaleDB is installed but could not be enabled by this user (${message}): run CREATE EXTENSION timescaledb in this database as a superuser, once.`;
}

async function applyMigrations(client: Client, log: (line: string) => void): Promise<void> {
  const { runner } = await import('node-pg-migrate');
  // One transaction around the look at what was applied and the rest. The embedded database is one session for all its
  // clients, where a lock of the session keeps nobody out; a transaction does.
  await client.query('BEGIN');
  try {
    const applied = await runner({
      dbClient: client,
      dir: MIGRATIONS,
      migrationsTable: 'migration',
      direction: 'up',
      singleTransaction: true,
      noLock: true,
      log: () => undefined,
    });
    await client.query('COMMIT');
    for (const { name } of applied) log(`migrated ${name}`);
  } catch (error) {
    const problem = explainMigration((error as Error).message);
    throw problem ? new DatabaseUnusable(problem) : error;
  }
}

/**
 * Why the schema could not be brought up to date, and what to do; undefined for what nobody foresaw. By the words: the runner
 * keeps the code of some errors and drops that of others. Pure.
 */
export function explainMigration(message: string): string | undefined {
  const [denied] = /(permission denied for|must be owner of) [^\n]*/.exec(message) ?? [];
  if (denied)
    return `The database user may not bring the schema up to date (${denied}): GRANT CREATE ON SCHEMA public to it, or make it the owner of the database and its tables.`;
  if (/read-only transaction/.test(message))
    return 'The database takes no writes (read-only): DATABASE_URL has to name the primary, not a replica.';
  return undefined;
}
