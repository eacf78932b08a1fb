/** What a browser spec begins and ends with: a Bellwether on a folder of its own, and a person in front of it. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type Embedded, startEmbedded } from '../../apps/backend/src/database/embedded/start';
import { buildEmbedded } from '../setup/embedded-build';
import { type Bellwether, removeFolder, startBellwether, temporaryFolder } from './bellwether';
import { type Person, startPerson } from './browser';

export interface Scene {
  bellwether: Bellwether;
  person: Person;
  /** Empty unless the spec writes to the database itself. */
  embedded: Embedded;
}

interface Staging {
  /** The database is started beside Bellwether, for a spec that writes to it. */
  hasOwnDatabase?: boolean;
  /** Complaints that are no failure. */
  forgives?: RegExp;
  /** Ends what else the spec has, after the server and before the database. */
  afterwards?: () => unknown;
}

/** Starts it before the tests, expects no complaints after each, and ends it; what it returns is filled in by the start. */
export function setScene(
  env: Record<string, string> = {},
  { hasOwnDatabase = false, forgives, afterwards }: Staging = {},
): Scene {
  const { bellwether, person, embedded } = { bellwether: {}, person: {}, embedded: {} } as Scene;
  let folder: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    if (hasOwnDatabase) {
      buildEmbedded();
      const dataDir = join(folder, 'database');
      Object.assign(embedded, await startEmbedded({ dataDir, log: () => undefined }));
    }
    const ownEnv = hasOwnDatabase ? { ...env, DATABASE_URL: embedded.url } : env;
    await Promise.all([
      startBellwether(folder, ownEnv).then((it) => Object.assign(bellwether, it)),
      startPerson().then((it) => Object.assign(person, it)),
    ]);
  });

  afterEach(() => expect(person.complaints().filter((one) => !forgives?.test(one))).toEqual([]));

  /** A start that failed half-way has left some of them out. */
  afterAll(async () => {
    await person.leave?.();
    await bellwether.stop?.();
    await afterwards?.();
    await embedded.stop?.();
    await removeFolder(folder);
  });

  return { bellwether, person, embedded };
}
