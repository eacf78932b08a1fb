/**
 * Who may use the one session: first come, first served; whoever is inside a transaction keeps the turn until it ends.
 */
import { setImmediate } from 'node:timers/promises';

/** Something that wants the session once. `take` answers whether it keeps the session for its next turn. */
export type Turn = { take(): Promise<boolean> };

export function createTurns(onFailure: (error: unknown) => void) {
  const waiting: Turn[] = [];
  let keeper: Turn | undefined;
  let isRunning = false;

  const next = (): Turn | undefined => {
    if (!keeper) return waiting.shift();
    const at = waiting.indexOf(keeper);
    return at < 0 ? undefined : waiting.splice(at, 1)[0];
  };

  const run = async (): Promise<void> => {
    isRunning = true;
    for (let turn = next(); turn; turn = next()) {
      keeper = (await turn.take()) ? turn : undefined;
      // The database blocks this thread: between two turns the sockets get theirs.
      await setImmediate();
    }
    isRunning = false;
  };

  /** Queues a turn; the same one at most once at a time. */
  const enqueue = (turn: Turn): void => {
    waiting.push(turn);
    if (!isRunning) run().catch(onFailure);
  };

  return {
    enqueue,
    /** Runs `work` alone, when its turn has come. */
    exclusively: <T>(work: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        enqueue({
          async take() {
            await work().then(resolve, reject);
            return false;
          },
        });
      }),
  };
}
