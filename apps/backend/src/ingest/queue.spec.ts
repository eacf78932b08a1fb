import fc from 'fast-check';
import { expect, test } from 'vitest';
import { settle, SHARE_ROWS, takeRows } from './queue';

const waiting = (rows: number[]) => rows.map((count, of) => ({ of, rows: count, taken: 0 }));

test('a large request lets the small ones behind it through', () => {
  const queue = waiting([50_000, 10, 20]);
  const slices = takeRows(queue, 2 * SHARE_ROWS).map(({ of, from, to }) => [of.of, from, to]);
  expect(slices).toEqual([
    [0, 0, 2 * SHARE_ROWS - 30],
    [1, 0, 10],
    [2, 0, 20],
  ]);
  expect(queue.map(({ of }) => of)).toEqual([0]);
});

test('every row is handed out once, in order, and no statement is too large', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5_000 })),
      fc.integer({ min: 1, max: 9_000 }),
      (rows, limit) => {
        const queue = waiting(rows);
        const done = rows.map(() => 0);
        while (queue.length > 0) {
          const slices = takeRows(queue, limit);
          expect(slices.reduce((sum, { from, to }) => sum + to - from, 0)).toBeLessThanOrEqual(limit);
          for (const { of, from, to } of slices) {
            expect(from).toBe(done[of.of]);
            done[of.of] = to;
          }
        }
        expect(done).toEqual(rows);
      },
    ),
  );
});

test('of rows with one series and time the last stays', () => {
  expect(settle({ seriesId: [2, 1, 2, 2], timeMs: [5, 9, 3, 5], value: [1, 2, 3, 4] })).toEqual({
    seriesId: [1, 2, 2],
    timeMs: [9, 3, 5],
    value: [2, 3, 4],
  });
});
