import { describe, expect, test } from 'vitest';
import { breakAtGaps, resolve, stretch, type ViewRow } from './view';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

describe('the resolution of a stretch', () => {
  test.each([
    ['an hour of minutes is raw', 60 * MINUTE, MINUTE, 0, 'sample'],
    ['an hour of seconds is in 10-second buckets', 60 * MINUTE, 1_000, 10_000, 'sample'],
    ['a week of minutes reads minutes', 7 * DAY, MINUTE, 30 * MINUTE, 'sample_1m'],
    ['a season reads hours', 90 * DAY, MINUTE, 360 * MINUTE, 'sample_1h'],
    ['ten years read days', 3_650 * DAY, MINUTE, 7 * DAY, 'sample_1d'],
    ['a series without a period is never raw', 60 * MINUTE, null, 10_000, 'sample'],
  ])('%s', (_, span, periodMs, bucketMs, source) =>
    expect(resolve({ from: 0, to: span, points: 600, periodMs })).toEqual({ bucketMs, source }),
  );
});

test('a line breaks where samples are missing', () => {
  const row = (time: number): ViewRow => ({
    time,
    value: 1,
    min: 1,
    max: 1,
    expected: 1,
    lower: 0,
    upper: 2,
    score: 0,
  });
  const drawn = breakAtGaps([row(0), row(10), row(40), row(51)], 10).map(({ time, value }) =>
    value === null ? `(${time})` : time,
  );
  expect(drawn).toEqual([0, 10, '(20)', 40, 51]);
});

test('without a wish the newest 300 steps are shown', () => {
  const series = { firstAt: 0, lastAt: 1_000 * MINUTE, periodMs: MINUTE };
  expect(stretch({ from: undefined, to: undefined }, series)).toEqual({
    from: 700 * MINUTE + 1,
    to: 1_000 * MINUTE + 1,
  });
  expect(stretch({ from: undefined, to: undefined }, { ...series, lastAt: 10 * MINUTE }).from).toBe(0);
});
