/**
 * The database of the `store` and `http` suites: the one `DATABASE_URL` names, else an embedded TimescaleDB started here,
 * once, in a folder of its own that is removed afterwards. Suites share it: each keeps to series of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../../apps/backend/src/database/embedded/start';
import { migrate } from '../../apps/backend/src/database/migrate';
import { buildEmbedded } from './embedded-build';

export async function setup(): Promise<() => Promise<void>> {
  if (process.env['DATABASE_URL']) {
    await prepare(process.env['DATABASE_URL']);
    return () => Promise.resolve();
  }
  buildEmbedded();
  const dataDir = await mkdtemp(join(tmpdir(), 'bellwether-test-'));
  const database = await startEmbedded({ dataDir, log: (text) => process.stderr.write(`${text}\n`) });
  process.env['DATABASE_URL'] = database.url;
  await prepare(database.url);
  return async () => {
    delete process.env['DATABASE_URL'];
    await database.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

/** Brings the schema up to date. */
const prepare = (url: string): Promise<void> => migrate(url, () => undefined);
