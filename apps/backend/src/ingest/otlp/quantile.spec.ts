import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Point } from './point';
import { estimate, explainBuckets } from './quantile';

const base: Point = { attributes: new Map(), startNs: 0, timeNs: 0, flags: 0 };
const explicit = (bounds: number[], buckets: number[], ends: Partial<Point> = {}) =>
  Object.fromEntries(estimate({ ...base, bounds, buckets, ...ends }, false));

describe('of explicit buckets', () => {
  // As Prometheus estimates them: from zero, evenly, and never above the last bound.
  test.each([
    [[10, 20], [10, 0, 0], { p50: 5, p90: 9, p99: 9.9 }],
    [[10, 20], [0, 10, 0], { p50: 15, p90: 19, p99: 19.9 }],
    [[10, 20], [0, 0, 10], { p50: 20, p90: 20, p99: 20 }],
    [[10, 20], [8, 0, 2], { p50: 6.25, p90: 20, p99: 20 }],
  ])('bounds %j, counts %j', (bounds, counts, expected) => {
    const found = explicit(bounds, counts);
    for (const [key, value] of Object.entries(expected)) expect(found[key]).toBeCloseTo(value, 9);
  });

  test('min and max end what has no bound', () => {
    const found = explicit([10], [0, 10], { min: 20, max: 30 });
    expect(found).toEqual({ p50: 20, p90: 28, p99: 29.8 });
    expect(explicit([], [10], { min: 2, max: 4 })['p50']).toBe(3);
    expect(explicit([], [10])).toEqual({});
    expect(explicit([-10, 0], [10, 0, 0])['p50']).toBe(-10);
  });
});

test('quantiles lie between the neighbours of what was observed, and do not cross', () => {
  const scale = 3;
  const index = (value: number) => Math.ceil(Math.log2(value) * 2 ** scale) - 1;
  const values = fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, (observed) => {
      const places = observed.map(index);
      const offset = Math.min(...places);
      const counts = Array.from({ length: Math.max(...places) - offset + 1 }, () => 0);
      for (const place of places) counts[place - offset]!++;
      const found = estimate({ ...base, scale, positive: { offset, counts } }, true).map(
        ([, value]) => value,
      );
      // A bucket is 2^(1/8) wide, and rounding may put a value at an edge into the one beside it.
      const slack = 2 ** (2 / 8);
      for (const value of found) {
        expect(value).toBeGreaterThanOrEqual(Math.min(...observed) / slack);
        expect(value).toBeLessThanOrEqual(Math.max(...observed) * slack);
      }
      expect([...found].sort((a, b) => a - b)).toEqual(found);
    }),
  );
});

test.each<[Partial<Point>, string | undefined]>([
  [{ bounds: [1, 2], buckets: [0, 0, 0] }, undefined],
  [{}, undefined],
  [{ bounds: [1], buckets: [0, 0, 0] }, '3 buckets and 1 bounds: there must be one bucket more'],
  [{ bounds: [2, 1], buckets: [0, 0, 0] }, 'the bounds of the buckets do not grow'],
  [{ bounds: [NaN], buckets: [0, 0] }, 'the bounds of the buckets do not grow'],
  [{ positive: { offset: 0, counts: Array.from({ length: 10_001 }, () => 0) } }, 'more than 10000 buckets'],
])('the buckets of %j', (point, problem) => {
  expect(explainBuckets({ ...base, ...point })).toBe(problem);
});
