/** What a round is: a puller asks, writes and moves its cursor; a consumer writes what came and acknowledges it. */
import type { Payload, Refusal } from '@bellwether/contracts';
import { mergeRefusals, type Decoded } from '../ingest/ingest';
import type { Connect, Consumer } from './consumer';
import { decodeMessages, type Message } from './message';
import type { Occasion, Puller } from './puller';
import type { Work } from './run';
import { type Cursor, newestOf, printableRefusals } from './source';

/** What came of a round. */
export interface Outcome {
  cursor: Cursor | undefined;
  newestMs: number | undefined;
  written: number;
  refused: Refusal[];
}

/** What a source needs of Bellwether. */
export interface Desk {
  occasion(): Occasion;
  /** Throws where the writer is full. */
  ensureRoom(): void;
  /** Resolves once it is committed. */
  write(decoded: Decoded): Promise<{ written: number; refused: Refusal[] }>;
  report(outcome: Outcome): Promise<void>;
}

export function pullWork(puller: Puller, start: Cursor | undefined, desk: Desk): Work {
  const interruption = new AbortController();
  let cursor = start;
  return {
    async round() {
      desk.ensureRoom();
      const pulled = await puller(cursor, desk.occasion(), interruption.signal);
      const { written, refused } = await desk.write(pulled.decoded);
      pulled.done?.();
      cursor = pulled.cursor;
      await desk.report({ cursor, newestMs: undefined, written, refused });
      return pulled.nextInMs;
    },
    interrupt: () => interruption.abort(),
    close: () => Promise.resolve(),
  };
}

/** How often it is looked for a connection that broke without a word, and how often a quiet source reports. */
const QUIET_MS = 1_000;
const REPORT_QUIET_MS = 15_000;
/** How often a busy one does: its messages are acknowledged one batch after the other, whatever is reported. */
const REPORT_BUSY_MS = 1_000;

export function consumeWork(
  connect: Connect,
  payload: Payload,
  { desk, wake }: { desk: Desk; wake: () => void },
): Work {
  let consumer: Consumer | undefined;
  let isClosed = false;
  /** Taken, and not written yet: the database is away, or the writer full. */
  let taken: Message[] = [];
  let outcome: Outcome = nothing();
  let reportedMs = 0;

  const disconnect = async () => {
    const old = consumer;
    consumer = undefined;
    // They come again.
    taken = [];
    await old?.close();
  };
  const writeTaken = async (from: Consumer) => {
    const decoded = decodeMessages(taken, payload, desk.occasion().accept);
    const { written, refused } = await desk.write(decoded);
    outcome = add(outcome, { cursor: undefined, newestMs: newestOf(decoded.batch), written, refused });
    taken = [];
    try {
      await from.acknowledge();
    } catch (error) {
      // What the broker was not told comes again, by a new connection.
      await disconnect();
      throw error;
    }
  };
  const report = async () => {
    const { nowMs } = desk.occasion();
    const isQuiet = outcome.written === 0 && outcome.refused.length === 0;
    if (nowMs - reportedMs < (isQuiet ? REPORT_QUIET_MS : REPORT_BUSY_MS)) return;
    await desk.report(outcome);
    outcome = nothing();
    reportedMs = nowMs;
  };
  const receive = async (from: Consumer) => {
    if (taken.length === 0) taken = from.take();
    while (taken.length > 0 && !isClosed) {
      await writeTaken(from);
      await report();
      taken = from.take();
    }
    if (from.failure && !isClosed) throw from.failure;
  };
  return {
    async round() {
      if (isClosed) return QUIET_MS;
      try {
        consumer ??= await connect(wake);
        await receive(consumer);
      } finally {
        if (consumer?.failure) await disconnect();
      }
      await report();
      return QUIET_MS;
    },
    interrupt: () => void (isClosed = true),
    async close() {
      await disconnect();
      if (outcome.written > 0 || outcome.refused.length > 0) await desk.report(outcome);
    },
  };
}

const nothing = (): Outcome => ({ cursor: undefined, newestMs: undefined, written: 0, refused: [] });

const add = (a: Outcome, b: Outcome): Outcome => ({
  cursor: undefined,
  newestMs: Math.max(a.newestMs ?? -Infinity, b.newestMs ?? -Infinity),
  written: a.written + b.written,
  refused: mergeRefusals([...a.refused, ...printableRefusals(b.refused)]),
});
