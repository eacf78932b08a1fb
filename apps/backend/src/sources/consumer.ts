/** A broker that is connected: what came waits here until it is taken, and is acknowledged once it is written. */
import type { Message } from './message';

export interface Consumer {
  /** What came and was not taken yet. */
  take(): Message[];
  /** Tells the broker that everything that was taken is written. */
  acknowledge(): Promise<void>;
  /** Why the connection is of no use any more. */
  readonly failure: Error | undefined;
  /** What was taken and not acknowledged comes again. */
  close(): Promise<void>;
}

/** `wake` is called when something came, or failed. */
export type Connect = (wake: () => void) => Promise<Consumer>;

/** How long a trial listens, and what is enough. */
export const TRIAL_MS = 5_000;
export const TRIAL_MESSAGES = 200;

/** What comes in the time of a trial; the connection is closed, and nothing acknowledged. */
export async function listenOnce(connect: Connect): Promise<Message[]> {
  let wake = () => {};
  const consumer = await connect(() => wake());
  const messages: Message[] = [];
  const late = AbortSignal.timeout(TRIAL_MS);
  try {
    while (!late.aborted && messages.length < TRIAL_MESSAGES) {
      messages.push(...consumer.take());
      if (consumer.failure) throw consumer.failure;
      await new Promise<void>((next) => {
        wake = next;
        late.addEventListener('abort', () => next(), { once: true });
        if (late.aborted) next();
      });
    }
  } finally {
    await consumer.close();
  }
  return messages;
}
