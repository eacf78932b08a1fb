import { describe, expect, test } from 'vitest';
import { breakAtGaps, resolve, stretch, usualStep, type ViewRow } from './view';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

describe('the resolution of a stretch', () => {
  test.each([
    ['an hour of minutes is raw', 60 * MINUTE, MINUTE, 0, 'sample'],
    ['an hour of seconds is in 10-second buckets', 60 * MINUTE, 1_000, 10_000, 'sample'],
    ['a week of minutes is exact', 7 * DAY, MINUTE, 30 * MINUTE, 'sample'],
    ['two years of hours are exact', 730 * DAY, 60 * MINUTE, 2 * DAY, 'sample'],
    ['two weeks of minutes read hours', 14 * DAY, MINUTE, 60 * MINUTE, 'sample_1h'],
    ['a day of seconds reads minutes', DAY, 1_000, 5 * MINUTE, 'sample_1m'],
    ['a season reads hours', 90 * DAY, MINUTE, 360 * MINUTE, 'sample_1h'],
    ['ten years read days', 3_650 * DAY, MINUTE, 7 * DAY, 'sample_1d'],
    ['a series without a period is never raw', 60 * MINUTE, null, 10_000, 'sample'],
  ])('%s', (_, span, periodMs, bucketMs, source) =>
    expect(resolve({ from: 0, to: span, points: 600, periodMs })).toEqual({ bucketMs, source }),
  );

  test('what holds few samples is exact, however wide it is', () => {
    const wide = { from: 0, to: 3_650 * DAY, points: 600, periodMs: MINUTE };
    expect(resolve({ ...wide, heldMs: 2 * DAY })).toEqual({ bucketMs: 7 * DAY, source: 'sample' });
    expect(resolve({ ...wide, heldMs: 20 * DAY })).toEqual({ bucketMs: 7 * DAY, source: 'sample_1d' });
  });
});

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

test('a line breaks where samples are missing', () => {
  const drawn = breakAtGaps([row(0), row(10), row(40), row(51)], 10).map(({ time, value }) =>
    value === null ? `(${time})` : time,
  );
  expect(drawn).toEqual([0, 10, '(20)', 40, 51]);
});

test('a series without a period breaks by its usual step, not by the width of a bucket', () => {
  const rows = [0, 60, 120, 300, 360].map(row);
  expect(usualStep(rows)).toBe(60);
  expect(breakAtGaps(rows, usualStep(rows)).filter(({ value }) => value === null)).toHaveLength(1);
  expect([usualStep([]), usualStep([row(5)])]).toEqual([0, 0]);
});

test('without a wish the newest 300 steps are shown', () => {
  const series = { firstAt: 0, lastAt: 1_000 * MINUTE, periodMs: MINUTE };
  expect(stretch({ from: undefined, to: undefined }, series)).toEqual({
    from: 700 * MINUTE + 1,
    to: 1_000 * MINUTE + 1,
  });
  expect(stretch({ from: undefined, to: undefined }, { ...series, lastAt: 10 * MINUTE }).from).toBe(0);
});

test('what is asked for is what is shown', () => {
  const series = { firstAt: 0, lastAt: 1_000 * MINUTE, periodMs: MINUTE };
  expect(stretch({ from: 5, to: 9 }, series)).toEqual({ from: 5, to: 9 });
  expect(stretch({ from: 5, to: undefined }, series)).toEqual({ from: 5, to: 1_000 * MINUTE + 1 });
  const later = 2_000 * MINUTE;
  expect(stretch({ from: later, to: undefined }, series)).toEqual({ from: later, to: later + 1 });
  expect(stretch({ from: undefined, to: MINUTE }, series)).toEqual({ from: 0, to: MINUTE });
});
