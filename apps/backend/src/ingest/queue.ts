/** Requests that wait to be written, and which of their rows go into the next statement. Pure but for the cursors it moves. */

export interface Waiting {
  /** Rows in all. */
  rows: number;
  /** Rows already handed out. */
  taken: number;
}

export interface Slice<T> {
  of: T;
  /** Rows [from, to). */
  from: number;
  to: number;
}

/** Rows of one request that go first when others wait: a large import does not hold up the small ones behind it. */
export const SHARE_ROWS = 1_000;

/** Takes up to `limit` rows, a share of each request in turn; requests that are handed out whole leave the queue. */
export function takeRows<T extends Waiting>(queue: T[], limit: number): Slice<T>[] {
  const slices = new Map<T, Slice<T>>();
  let room = limit;
  while (room > 0 && queue.length > 0) {
    const next = queue.shift()!;
    const count = Math.min(SHARE_ROWS, next.rows - next.taken, room);
    const slice = slices.get(next) ?? { of: next, from: next.taken, to: next.taken };
    slice.to += count;
    slices.set(next, slice);
    next.taken += count;
    room -= count;
    if (next.taken < next.rows) queue.push(next);
  }
  return [...slices.values()];
}

/** Rows of one statement, in columns; of several with one series and time the last stays, and the order is one for all. */
export interface Rows {
  seriesId: number[];
  timeMs: number[];
  value: number[];
}

/** Keeps the last of equal (series, time) and sorts: statements that lock rows in one order cannot block each other. */
export function settle({ seriesId, timeMs, value }: Rows): Rows {
  const compare = (a: number, b: number) => seriesId[a]! - seriesId[b]! || timeMs[a]! - timeMs[b]! || a - b;
  const order = seriesId.map((_, i) => i).sort(compare);
  const isLast = (i: number, at: number) => {
    const next = order[at + 1];
    return next === undefined || seriesId[i] !== seriesId[next] || timeMs[i] !== timeMs[next];
  };
  const kept = order.filter(isLast);
  return {
    seriesId: kept.map((i) => seriesId[i]!),
    timeMs: kept.map((i) => timeMs[i]!),
    value: kept.map((i) => value[i]!),
  };
}
