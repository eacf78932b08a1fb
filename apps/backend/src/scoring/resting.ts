/** Series that could not be scored rest before they are tried again: 5 s, then twice as long each time, 10 minutes at most. */
const FIRST_MS = 5_000;
const LONGEST_MS = 10 * 60_000;
/** More than so many are forgotten, and tried at once. */
const MAX_RESTING = 10_000;

export interface Resting {
  /** Puts a series to rest; true when it has not failed since it last succeeded. */
  failed(seriesId: number, nowMs: number): boolean;
  succeeded(seriesIds: number[]): void;
  /** Series that are not to be tried now. */
  ids(nowMs: number): number[];
}

export function restingSeries(): Resting {
  const failures = new Map<number, { untilMs: number; restMs: number }>();
  return {
    failed(seriesId, nowMs) {
      if (failures.size >= MAX_RESTING) failures.clear();
      const before = failures.get(seriesId);
      const restMs = before ? Math.min(LONGEST_MS, 2 * before.restMs) : FIRST_MS;
      failures.set(seriesId, { untilMs: nowMs + restMs, restMs });
      return before === undefined;
    },
    succeeded(seriesIds) {
      if (failures.size > 0) for (const id of seriesIds) failures.delete(id);
    },
    ids: (nowMs) => [...failures].filter(([, { untilMs }]) => untilMs > nowMs).map(([id]) => id),
  };
}
