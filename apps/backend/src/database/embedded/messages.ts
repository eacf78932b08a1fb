/** What the process that serves the embedded database and its parent tell each other, over Node's IPC channel. */
import type { UpkeepRules } from './upkeep';

export type StartOrder = {
  kind: 'start';
  dataDir: string;
  /** 0 takes any free one. */
  port: number;
  password: string;
  requestBytes?: number;
  idleInTransactionMs?: number;
  upkeep?: UpkeepRules;
  /** How long to wait for a predecessor that is about to end. */
  lockWaitMs?: number;
};

export type ToChild = StartOrder | { kind: 'stop' };

export type ToParent =
  { kind: 'ready'; port: number } | { kind: 'failed'; reason: string } | { kind: 'log'; text: string };
