/**
 * What PostgreSQL's background processes would do: there are none in WebAssembly. Without checkpoints the write-ahead log
 * grows for ever (234 MB per 3 million rows) and a restart after a kill replays all of it; without VACUUM dead rows stay,
 * plans go by guesses, and transaction ids run out.
 */
import type { Bridge } from './bridge';
import type { Engine } from './session';

export type UpkeepRules = {
  /** How often the write-ahead log is looked at. */
  everyMs: number;
  /** Written since the last checkpoint, above which there is one. */
  checkpointBytes: number;
  /** Time between two rounds of VACUUM, and from the start to the first. */
  vacuumEveryMs: number;
};

export const DEFAULT_UPKEEP: UpkeepRules = {
  everyMs: 5_000,
  checkpointBytes: 64 * 1024 * 1024,
  vacuumEveryMs: 6 * 60 * 60 * 1000,
};

const WAL_POSITION = `SELECT (pg_current_wal_lsn() - '0/0')::float8 AS bytes`;
const TABLES = `
  SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p'`;

/** Runs until the function it returns is called; an error goes to `log`, and the next round tries again. */
export function startUpkeep(
  { exclusively }: Pick<Bridge, 'exclusively'>,
  engine: Engine,
  rules: UpkeepRules,
  log: (text: string) => void,
): () => void {
  let checkpointAt: number | undefined;
  let isStopped = false;

  const checkpoint = async (): Promise<void> => {
    const position = (await engine.rows<{ bytes: number }>(WAL_POSITION))[0]?.bytes ?? 0;
    // Opening the cluster ended with a checkpoint.
    checkpointAt ??= position;
    if (position - checkpointAt < rules.checkpointBytes) return;
    await engine.rows('CHECKPOINT');
    checkpointAt = position;
  };

  /** One table a turn, so that clients wait for one table at most. */
  const vacuum = async (): Promise<void> => {
    const tables = await exclusively(() => engine.rows<{ name: string }>(TABLES));
    for (const { name } of tables) {
      if (isStopped) return;
      await exclusively(() => vacuumTable(engine, name));
    }
  };

  /** Repeats `work`, skipping a round while the last one is still busy. */
  const repeat = (what: string, everyMs: number, work: () => Promise<void>): NodeJS.Timeout => {
    let isBusy = false;
    return setInterval(() => {
      if (isBusy) return;
      isBusy = true;
      work()
        .catch((error: Error) => isStopped || log(`${what} failed: ${error.message}`))
        .finally(() => (isBusy = false));
    }, everyMs);
  };

  const checkpoints = repeat('CHECKPOINT', rules.everyMs, () => exclusively(checkpoint));
  const vacuums = repeat('VACUUM', rules.vacuumEveryMs, vacuum);
  return () => {
    isStopped = true;
    clearInterval(checkpoints);
    clearInterval(vacuums);
  };
}

/** A chunk may have been dropped since the list was made: then there is nothing to do. */
async function vacuumTable(engine: Engine, name: string): Promise<void> {
  const exists = `SELECT to_regclass('${name.replaceAll("'", "''")}') IS NOT NULL AS "isThere"`;
  const [row] = await engine.rows<{ isThere: boolean }>(exists);
  if (row?.isThere) await engine.rows(`VACUUM (ANALYZE) ${name}`);
}
