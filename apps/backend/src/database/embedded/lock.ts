/**
 * One process per data directory: two would destroy each other's cluster. The lock is a file with the process id of its
 * holder; it is stale once that process is gone, which a SIGKILL leaves behind.
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What identifies a process: its id, and where the system tells (Linux), when it began, since ids are used again. */
type Holder = { pid: number; began: string };

const RETRY_MS = 100;

/** Takes `<dataDir>/lock`, waiting up to `waitMs` for a holder that is about to end. Returns what gives it back. */
export async function lockDirectory(dataDir: string, waitMs: number): Promise<() => Promise<void>> {
  const path = join(dataDir, 'lock');
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    if (await tryLock(path)) return () => rm(path, { force: true });
    const holder = await readHolder(path);
    if (holder && isAlive(holder)) {
      if (waitedMs >= waitMs)
        throw new Error(
          `process ${holder.pid} is using the data directory ${dataDir}: stop it, or set another directory`,
        );
      await sleep(RETRY_MS);
    } else if (holder) {
      await removeStale(path, holder);
    }
  }
}

/** Creates the lock whole or not at all: a reader never sees it half written. */
async function tryLock(path: string): Promise<boolean> {
  const own = `${path}.${process.pid}`;
  await writeFile(own, JSON.stringify({ pid: process.pid, began: beganAt(process.pid) ?? '' }));
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(own, { force: true });
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return parseHolder(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined; // Given back in the meantime.
  }
}

/** A file that is no lock of ours is a holder that is not alive. */
function parseHolder(text: string): Holder {
  const [, pid = '0'] = /"pid":(\d+)/.exec(text) ?? [];
  const [, began = ''] = /"began":"(\d*)"/.exec(text) ?? [];
  return { pid: Number(pid), began };
}

/** Moves the lock away, and looks: if another process was faster and this is its new lock, it is put back. */
async function removeStale(path: string, stale: Holder): Promise<void> {
  const moved = `${path}.stale.${process.pid}`;
  try {
    await rename(path, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const holder = await readHolder(moved);
  if (holder?.pid !== stale.pid || holder.began !== stale.began) await link(moved, path);
  await rm(moved, { force: true });
}

function isAlive({ pid, began }: Holder): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process may not be signalled, but it is there.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = beganAt(pid);
  return now === undefined || began === '' || now === began;
}

/** When a process began, in clock ticks since boot; '-' for one that has ended and waits to be collected. */
function beganAt(pid: number): string | undefined {
  try {
    // The command in parentheses may hold spaces; after it come the state (field 3) and, 19 fields on, the start.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
    return fields?.[0] === 'Z' ? '-' : fields?.[19];
  } catch {
    return undefined; // No /proc here (macOS, Windows): the id alone has to do.
  }
}
