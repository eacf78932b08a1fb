/** Forecast scores against values by hand. */
import { describe, expect, it } from 'vitest';
import { randomScores } from './baselines.mjs';
import {
  geometricMean,
  interpolated,
  QUANTILES,
  scoreWindow,
  seasonalNaive,
  summarise,
  testOrigins,
} from './forecast.mjs';

/** The same nine quantiles at each step. */
const steady = (steps, quantiles) => Array.from({ length: steps }, () => quantiles).flat();

describe('test windows', () => {
  it.each([
    ['as many as fit', 100, 125, 8, [100, 108, 116]],
    [
      'ten of more, from the first block to the last',
      0,
      192,
      10,
      [0, 20, 40, 60, 80, 100, 120, 140, 160, 180],
    ],
    ['one', 700, 748, 48, [700]],
    ['none where none fits', 90, 100, 11, []],
  ])('are %s', (_, trainEnd, testEnd, horizon, expected) => {
    expect(testOrigins({ trainEnd, testEnd }, horizon)).toEqual(expected);
  });
});

describe('missing samples', () => {
  it.each([
    ['inside', [1, NaN, NaN, 4], [1, 2, 3, 4]],
    ['at the ends', [NaN, 2, NaN], [2, 2, 2]],
    ['nowhere', [1, 2], [1, 2]],
  ])('%s are filled', (_, values, expected) => {
    expect([...interpolated(values)]).toEqual(expected);
  });
});

describe('the seasonal naive forecast', () => {
  const past = [10, 20, 12, 20, 11, 23]; // changes over a season of 2: 2, 0, −1, 3; mean 1, variance 2.5

  it('repeats the last season in its median', () => {
    const quantiles = seasonalNaive(past, 4, 2);
    expect([0, 1, 2, 3].map((step) => quantiles[step * 9 + 4])).toEqual([11, 23, 11, 23]);
  });

  it('widens with the root of the seasons ahead', () => {
    const quantiles = seasonalNaive(past, 4, 2);
    const spread = (step) => quantiles[step * 9 + 8] - quantiles[step * 9 + 4];
    expect(spread(0)).toBeCloseTo(1.2815515655446004 * Math.sqrt(2.5), 12);
    expect(spread(2) / spread(1)).toBeCloseTo(Math.SQRT2, 12);
  });

  it('covers 80 % of a Gaussian random walk', () => {
    const uniform = randomScores(12 * 2000, 1);
    let level = 0;
    const walk = Float64Array.from(
      { length: 2000 },
      (_, t) => (level += uniform.subarray(12 * t, 12 * t + 12).reduce((sum, u) => sum + u, -6)),
    );
    const windows = Array.from({ length: 900 }, (_, i) => 1000 + i).map((origin) => {
      const seen = walk.subarray(0, origin);
      const actual = walk.subarray(origin, origin + 2);
      return scoreWindow({ past: seen, actual, quantiles: seasonalNaive(seen, 2, 1), season: 1 });
    });
    expect(Math.abs(summarise(windows).coverage - 0.8)).toBeLessThan(0.03);
  });
});

describe('the score of a window', () => {
  const past = [0, 1, 3, 4]; // mean change 4/3
  const score = (actual, quantiles) =>
    scoreWindow({ past, actual, quantiles: steady(actual.length, quantiles), season: 1 });

  it('divides the error of the median by the usual change', () => {
    expect(score([6, 2], [1, 1, 1, 1, 4, 5, 5, 5, 5]).mase).toBeCloseTo(2 / (4 / 3), 12);
  });

  it('gives a point forecast its relative absolute error as wQL', () => {
    const { wql } = summarise([score([6, 2], Array(9).fill(4))]);
    expect(wql).toBeCloseTo(QUANTILES.reduce((sum, q) => sum + 2 * (2 * q + 2 * (1 - q)), 0) / 9 / 8, 12);
  });

  it('weighs what lies above a high quantile most', () => {
    expect(score([1], [0, 0, 0, 0, 0, 0, 0, 0, 0]).loss).toBeCloseTo((2 * 4.5) / 9, 12);
    expect(score([-1], [-1, -1, -1, -1, -1, -1, -1, -1, 0]).loss).toBeCloseTo((2 * 0.1) / 9, 12);
  });

  it('counts what lies in the band', () => {
    expect(score([1, 2, 3, 4], [2, 2, 2, 2, 2, 2, 2, 2, 3])).toMatchObject({ inside: 2, count: 4 });
  });

  it('leaves missing samples out', () => {
    const band = [1, 1, 1, 1, 4, 5, 5, 5, 5];
    expect(score([6, NaN, 2], band)).toEqual(score([6, 2], band));
  });

  it('has no MASE where the past never changes', () => {
    expect(
      scoreWindow({ past: [1, 1], actual: [1], quantiles: steady(1, Array(9).fill(1)), season: 1 }).mase,
    ).toBeNaN();
  });
});

it('sums windows up: the mean MASE, the pooled wQL', () => {
  const windows = [
    { mase: 1, loss: 1, scale: 10, inside: 1, count: 2 },
    { mase: 3, loss: 5, scale: 20, inside: 2, count: 2 },
  ];
  expect(summarise(windows)).toEqual({ windows: 2, mase: 2, wql: 0.2, coverage: 0.75 });
});

it('takes the geometric mean of ratios', () => {
  expect(geometricMean([0.5, 2, 8])).toBeCloseTo(2, 12);
});
