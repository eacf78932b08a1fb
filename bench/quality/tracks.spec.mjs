/** From rows to grids. */
import { describe, expect, it } from 'vitest';
import { collectionsOf, configOf, gridOf, univariate } from './tracks.mjs';

const minutes = (...at) => Float64Array.from(at, (minute) => minute * 60_000);
const file = { hasTime: true, intervalMs: 60_000, channels: 1, features: 1, trainEnd: 2 };

describe('a grid', () => {
  it('keeps a step without a row missing, and of two rows in a step the later', () => {
    const series = { ...file, timestamps: minutes(7, 8.1, 10, 10.2), values: Float64Array.of(1, 2, 3, 4) };
    const { grid, stepOf, trainSteps } = gridOf(series);
    expect(grid).toMatchObject({ periodMs: 60_000, start: 7, features: 1 });
    expect([...grid.values]).toEqual([1, 2, NaN, 4]);
    expect([...stepOf]).toEqual([0, 1, 3, 3]);
    expect(trainSteps).toBe(2);
  });

  it('is the rows themselves where timestamps are step numbers', () => {
    const timestamps = Float64Array.of(100, 101, 102);
    const series = {
      ...file,
      hasTime: false,
      features: 2,
      timestamps,
      values: Float64Array.of(1, 2, 3, 4, 5, 6),
    };
    const { grid, stepOf } = gridOf(series);
    expect(grid).toMatchObject({ periodMs: 60_000, start: 0 });
    expect([...grid.values]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...stepOf]).toEqual([0, 1, 2]);
  });
});

it('knows no calendar where there is no time', () => {
  const models = {
    defaultConfig: (kind, periodMs, features) => ({ kind, periodMs, features, cycles: ['day'] }),
  };
  const config = configOf(models, 'vae', { ...file, channels: 3 });
  expect(config).toEqual({ kind: 'vae', periodMs: 60_000, features: 3, cycles: ['day'] });
  expect(configOf(models, 'vae', { ...file, hasTime: false, intervalMs: NaN })).toMatchObject({
    periodMs: 60_000,
    cycles: [],
  });
});

describe('a forecast collection', () => {
  it('is a network for each data set and interval', () => {
    const entry = (dataset, intervalMs, task = 'fc') => ({ dataset, intervalMs, task });
    const entries = [entry('a', 1), entry('b', 1), entry('a', 1), entry('a', 2), entry('c', 1, 'ad_u')];
    const sizes = collectionsOf(entries).map(({ name, entries }) => [name, entries.length]);
    expect(sizes).toEqual([
      ['a', 2],
      ['b', 1],
      ['a', 1],
    ]);
  });

  it('makes a series of every feature', () => {
    const series = { ...file, timestamps: minutes(5, 6), values: Float64Array.of(1, 2, 3, 4), features: 2 };
    const [first, second] = univariate(series);
    expect(first).toMatchObject({ start: 5, features: 1, values: Float64Array.of(1, 3) });
    expect([...second.values]).toEqual([2, 4]);
  });
});
