import { expect, it } from 'vitest';
import { sparkPaths } from './spark';

const box = { width: 30, height: 10 };
const none = [null, null, null, null];
const spark = (value: (number | null)[]) => ({
  time: [0, 10, 20, 30],
  value,
  lower: none,
  upper: none,
  score: none,
});

it('draws one line through what is there', () => {
  expect(sparkPaths(spark([1, 1, 1, 1]), null, box).line).toBe('M0,5L10,5 20,5 30,5');
});

it('breaks where a sample is missing', () => {
  expect(sparkPaths(spark([1, 1, null, 1]), null, box).line).toBe('M0,5L10,5M30,5L30,5');
});

it('marks samples over the threshold', () => {
  const scored = { ...spark([1, 1, 1, 1]), score: [0, 5, null, 1] };
  expect(sparkPaths(scored, 3, box).marks).toEqual([{ x: 10, y: 5 }]);
});

it('draws nothing of nothing', () => {
  expect(sparkPaths(spark(none), 3, box)).toEqual({ line: '', band: '', marks: [] });
});
