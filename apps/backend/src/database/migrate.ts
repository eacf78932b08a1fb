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
  await connect(client, url);
  try {
    await ensureTimescale(client);
    await applyMigrations(client, log);
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

function explainConnection({ code, message }: Error & { code?: string }, url: string): string {
  const { hostname, port, pathname, username } = new URL(url);
  const place = `${hostname}:${port || 5432}`;
  if (code === '28P01' || code === '28000')
    return `The database at ${place} refuses user "${username}": check the user and password in DATABASE_URL.`;
  if (code === '3D000')
    return `The database "${pathname.slice(1)}" does not exist at ${place}: create it (createdb ${pathname.slice(1)}) or change DATABASE_URL.`;
  return `No connection to the database at ${place} (${code ?? message}): start it, or correct DATABASE_URL. Without DATABASE_URL Bellwether uses its own embedded database.`;
}

async function ensureTimescale(client: Client): Promise<void> {
  const { rows } = await client.query<{ available: string | null; installed: string | null }>(
    `SELECT (SELECT a.default_version FROM pg_available_extensions a WHERE a.name = 'timescaledb') AS available,
            (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'timescaledb') AS installed`,
  );
  const { available, installed } = rows[0]!;
  const needed = OLDEST_TIMESCALE.join('.');
  if (!available && !installed) {
    throw new DatabaseUnusable(
      `The PostgreSQL server has no TimescaleDB extension: install TimescaleDB ${needed} or newer on it, or leave DATABASE_URL out to use the embedded database.`,
    );
  }
  if (isTooOld(installed ?? available!)) {
    throw new DatabaseUnusable(
      `TimescaleDB ${installed ?? available} is too old: Bellwether needs ${needed} or newer. Upgrade it, then run ALTER EXTENSION timescaledb UPDATE.`,
    );
  }
  if (!installed) await createExtension(client);
}

const isTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major < OLDEST_TIMESCALE[0] || (major === OLDEST_TIMESCALE[0] && minor < OLDEST_TIMESCALE[1]);
};

async function createExtension(client: Client): Promise<void> {
  try {
    await client.query('CREATE EXTENSION IF NOT EXISTS timescaledb');
  } catch (error) {
    throw new DatabaseUnusable(
      `TimescaleDB is installed but may not be enabled by this user (${(error as Error).message}): run CREATE EXTENSION timescaledb in this database as a superuser, once.`,
    );
  }
}

async function applyMigrations(client: Client, log: (line: string) => void): Promise<void> {
  const { runner } = await import('node-pg-migrate');
  // The runner's own lock fails instead of waiting when two processes start at once.
  await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    const applied = await runner({
      dbClient: client,
      dir: MIGRATIONS,
      migrationsTable: 'migration',
      direction: 'up',
      noLock: true,
      log: () => undefined,
    });
    for (const { name } of applied) log(`migrated ${name}`);
  } catch (error) {
    throw explainMigration(error as Error & { code?: string });
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  }
}

function explainMigration(error: Error & { code?: string }): Error {
  if (error.code !== '42501') return error;
  return new DatabaseUnusable(
    `The database user may not create tables (${error.message}): GRANT CREATE ON SCHEMA public to it, or make it the owner of the database.`,
  );
}
