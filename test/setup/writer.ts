/** Writes samples as the service does, down to the watermarks, without its queue. */
import { readConfig } from '../../apps/backend/src/config';
import type { Database } from '../../apps/backend/src/database/database';
import { IngestStore } from '../../apps/backend/src/ingest/ingest.store';
import { settle, type Rows } from '../../apps/backend/src/ingest/queue';
import { TouchedStore } from '../../apps/backend/src/ingest/touched.store';

export interface Writer {
  write(rows: Rows): Promise<void>;
}

export function makeWriter(nowMs: () => number, database: Database): Writer {
  const store = new IngestStore(readConfig({}), nowMs, database);
  const touchedStore = new TouchedStore(nowMs, database);
  return {
    async write(rows) {
      const { noteId, touched } = await store.write(settle(rows));
      await touchedStore.fold(touched);
      await touchedStore.clear([noteId]);
    },
  };
}
