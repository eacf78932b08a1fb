/** What is asked for samples, again and again, from where it stood. */
import type { Acceptance, Decoded } from '../ingest/ingest';
import type { Cursor } from './source';

export interface Occasion {
  nowMs: number;
  accept: Acceptance;
}

export interface Pulled {
  decoded: Decoded;
  cursor: Cursor | undefined;
  /** 0: there is more already. */
  nextInMs: number;
  /** Called once it is written. */
  done?: () => void;
}

export type Puller = (cursor: Cursor | undefined, occasion: Occasion, signal: AbortSignal) => Promise<Pulled>;
