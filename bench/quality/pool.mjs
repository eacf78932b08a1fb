/**
 * Spreads tasks over worker processes. A process works on one kind of model only, so that its peak memory is that kind's; one that
 * dies takes only its task with it.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

/**
 * @param {object[]} tasks in the order in which they are begun
 * @param {{jobs: number, args: string[], onDone: (task: object, outcome: {result?: object, error?: string}) => void}} options
 */
export async function work(tasks, { jobs, args, onDone }) {
  const waiting = [...tasks];
  const lane = async () => {
    let process;
    try {
      for (let task = waiting.shift(); task; task = waiting.shift()) {
        if (!process?.isAlive() || process.kind !== task.kind) {
          process?.end();
          process = await start(task.kind, args);
        }
        onDone(task, await process.ask(task));
      }
    } finally {
      process?.end();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, lane));
}

async function start(kind, args) {
  const child = fork(WORKER, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { isReady, error } = await answer(child);
  if (!isReady) throw new Error(`a worker did not start: ${error}`);
  return {
    kind,
    isAlive: () => child.connected,
    async ask(task) {
      const answered = answer(child);
      child.send(task);
      return answered;
    },
    end: () => child.connected && child.disconnect(),
  };
}

/** What a process says next; that it ended, if it says nothing more. */
function answer(child) {
  return new Promise((resolve) => {
    const done = (said) => {
      child.off('message', done).off('exit', died);
      resolve(said);
    };
    const died = (code, signal) => done({ error: `the process ended (${signal ?? code})` });
    child.on('message', done).on('exit', died);
  });
}
