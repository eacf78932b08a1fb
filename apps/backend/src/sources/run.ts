/** One source that runs: round after round, never two at once, later and later while it fails. */
import type { Clock } from '../clock';
import { DatabaseAway } from '../database/database';
import { SecretUnusable } from '../database/secret';
import { RequestError } from '../http/problem';
import { backoffMs, SourceError } from './source';

export interface Work {
  /** Fetches, writes and reports; returns the milliseconds until there is more to do. */
  round(): Promise<number>;
  /** Nothing more is fetched; what is being written is finished. */
  interrupt(): void;
  /** Called when no round is under way. */
  close(): Promise<void>;
}

export interface Run {
  /** Starts a round where one is due; returns at once. `random` gives numbers in [0, 1) that spread what is tried again. */
  tick(random: () => number): void;
  /** There is something to do now. */
  wake(): void;
  /** Resolves when nothing is under way. */
  stop(): Promise<void>;
}

export interface Outside {
  now: Clock;
  /** Notes why the source failed; the second time on, too. */
  failed(error: SourceError | SecretUnusable, failures: number): Promise<void>;
  /** Something nobody foresaw. */
  broke(error: unknown): Promise<void>;
}

/** A database that is away, or a writer that is full, is not the source's fault: it waits so long. */
const WAIT_MS = 1_000;

export function startRun(work: Work, outside: Outside): Run {
  let dueMs = 0;
  let failures = 0;
  /** It failed, or has to wait: what arrives does not start it before it is due. */
  let isResting = false;
  let isWoken = false;
  let isStopped = false;
  let busy: Promise<void> | undefined;
  let random: () => number = () => 0;

  const rest = async (error: unknown): Promise<void> => {
    // Cut off by `stop`: no failure of the source.
    if (isStopped) return;
    isResting = true;
    if (error instanceof DatabaseAway || error instanceof RequestError) {
      dueMs = outside.now() + (error instanceof RequestError ? (error.retryAfter ?? 1) * 1_000 : WAIT_MS);
      return;
    }
    failures++;
    dueMs = outside.now() + backoffMs(failures, random());
    await (error instanceof SourceError || error instanceof SecretUnusable
      ? outside.failed(error, failures)
      : outside.broke(error));
  };
  const round = async (): Promise<void> => {
    isWoken = false;
    try {
      const nextInMs = await work.round();
      dueMs = outside.now() + nextInMs;
      failures = 0;
      isResting = false;
    } catch (error) {
      // What cannot even be noted is tried again like everything else.
      await rest(error).catch(() => undefined);
    }
  };
  const isDue = () => !isStopped && !busy && (outside.now() >= dueMs || (isWoken && !isResting));
  const start = () => {
    if (!isDue()) return;
    busy = round().finally(() => {
      busy = undefined;
      // There is more already: others get their turn in between.
      if (isDue()) setImmediate(start);
    });
  };
  return {
    tick(given) {
      random = given;
      start();
    },
    wake() {
      isWoken = true;
      start();
    },
    async stop() {
      isStopped = true;
      work.interrupt();
      await busy;
      await work.close();
    },
  };
}
