/** The wall clock, injected so that nothing below `main.ts` and the scheduled methods reads it by itself: epoch milliseconds. */
export type Clock = () => number;

/** Injection token of the clock. */
export const CLOCK = Symbol('Clock');
