/** What has been measured, one JSON line a task, so that a run that was interrupted goes on where it stopped. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { keepsScores, scoreFile } from './tasks.mjs';

const file = (out) => join(out, 'measured.jsonl');
export const scoresIn = (out) => join(out, 'scores');

/** Makes the folder; `isFresh` forgets what was measured before. */
export function openCache(out, { isFresh = false } = {}) {
  if (isFresh) {
    rmSync(file(out), { force: true });
    rmSync(scoresIn(out), { recursive: true, force: true });
  }
  mkdirSync(scoresIn(out), { recursive: true });
  const records = new Map(readLines(file(out)).map((record) => [record.key, record]));
  return {
    /** The result of a task, unless it failed, or its scores are needed and gone. */
    find(task) {
      const record = records.get(task.key);
      if (!record || record.error) return undefined;
      const hasScores = !keepsScores(task) || existsSync(join(scoresIn(out), scoreFile(task.key)));
      return hasScores ? record : undefined;
    },
    add(record) {
      records.set(record.key, record);
      appendFileSync(file(out), `${JSON.stringify(record)}\n`);
    },
  };
}

/** A line that an interrupted run left unfinished does not count. */
function readLines(path) {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  });
}

/** The built library: its version, and what its files hold. */
export function libraryVersion(folder) {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const hash = createHash('sha256');
  const files = readdirSync(join(folder, 'dist')).filter((name) => name.endsWith('.js'));
  for (const name of files.sort()) hash.update(name).update(readFileSync(join(folder, 'dist', name)));
  return `${version} ${hash.digest('hex').slice(0, 12)}`;
}
