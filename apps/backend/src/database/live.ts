/** Live events: what changed is told to every process through the database's NOTIFY, and from there to every open screen. */
import { LiveEvent } from '@bellwether/contracts';
import type { Database } from './database';

const CHANNEL = 'bellwether';

/** A payload of NOTIFY has less than 8,000 bytes: longer lists of series go in several. */
const IDS_PER_EVENT = 500;

export async function publish(database: Database, event: LiveEvent): Promise<void> {
  await database.notify(
    CHANNEL,
    split(event).map((part) => JSON.stringify(part)),
  );
}

export async function subscribe(database: Database, handle: (event: LiveEvent) => void): Promise<void> {
  await database.listen(CHANNEL, (payload) => {
    const event = read(payload);
    if (event) handle(event);
  });
}

/** Anybody may NOTIFY on a shared database, and a newer Bellwether may say what this one does not know: it is passed over. */
function read(payload: string): LiveEvent | undefined {
  try {
    return LiveEvent.safeParse(JSON.parse(payload)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function split(event: LiveEvent): LiveEvent[] {
  if (event.type === 'training') return [event];
  const { type, seriesIds } = event;
  const parts = Math.ceil(seriesIds.length / IDS_PER_EVENT);
  return Array.from({ length: parts }, (_, part) => ({
    type,
    seriesIds: seriesIds.slice(part * IDS_PER_EVENT, (part + 1) * IDS_PER_EVENT),
  }));
}
