import { describe, expect, it } from 'vitest';
import { lagsOf, priorOf, unfolded, walk } from './autoregression';
import { columnsOf, fitPaths } from './autoregression.fit';
import { defaultConfig } from './config';
import type { ModelConfig } from './model';
import { seeded } from './noise';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('lags', () => {
  it.each([
    ['recent ones only', { season: null, periodMs: 7 * DAY }, 500, [1, 2, 3, 4]],
    [
      'around the season',
      { season: 12, periodMs: 30 * DAY },
      60,
      [1, 2, 3, 4, 10, 11, 12, 13, 14, 22, 23, 24, 25, 26],
    ],
    [
      'around the week of daily samples',
      { season: null, periodMs: DAY },
      30,
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15],
    ],
  ])('are %s, at most half of the history', (_, config, steps, lags) =>
    expect(lagsOf(config, steps).filter((lag) => lag <= 26)).toEqual(lags),
  );

  it('reach three seasons back, and never beyond what a state may hold', () => {
    expect(lagsOf({ season: 24, periodMs: HOUR }, 5000).at(-1)).toBe(170);
    expect(lagsOf({ season: 100, periodMs: 7 * DAY }, 5000).at(-1)).toBe(199);
  });

  it('begin as the mean of the same phase of three seasons', () => {
    const prior = priorOf({ season: 3, periodMs: 7 * DAY, lags: [1, 3, 5, 6, 9] });
    expect([...prior]).toEqual([0, 1 / 3, 0, 1 / 3, 1 / 3]);
  });
});

/** v_t = 0.5 v_{t−1} + 0.4 v_{t−6} + ε_t */
function process(seed: number, length: number): Float32Array {
  const values = seeded(seed)
    .normals(length)
    .map((e) => 0.3 * e);
  for (let t = 6; t < length; t++) values[t]! += 0.5 * values[t - 1]! + 0.4 * values[t - 6]!;
  return values;
}

const config: ModelConfig = {
  ...defaultConfig('vrnn', 7 * DAY),
  season: 6,
  cycles: [],
  lags: lagsOf({ season: 6, periodMs: 7 * DAY }, 400),
};
const seriesOf = (values: Float32Array) => ({ start: 0, features: 1, values, filled: values });
const past = new Float32Array(config.lags.at(-1)!).fill(NaN);

describe('a fitted path', () => {
  it('finds the process, and how much it leaves open', () => {
    const all = [1, 2, 3].flatMap((seed) => columnsOf(seriesOf(process(seed, 4000))));
    const { pooled, paths } = fitPaths(all, config);
    const at = (lag: number) => pooled.coefficients[config.lags.indexOf(lag)]!;
    expect(at(1)).toBeCloseTo(0.5, 1);
    expect(at(6)).toBeCloseTo(0.4, 1);
    for (const path of paths) expect(path.std).toBeCloseTo(0.3, 1);
  });

  it('lets a series of its own kind have coefficients of its own', () => {
    const flipped = process(4, 4000).map((value, t) => (t % 2 === 0 ? value : -value));
    const all = [process(1, 4000), process(2, 4000), flipped].flatMap((values) =>
      columnsOf(seriesOf(values)),
    );
    const { paths } = fitPaths(all, config);
    expect(paths[0]!.coefficients[0]).toBeCloseTo(0.5, 0.7);
    expect(paths[2]!.coefficients[0]).toBeLessThan(0);
  });

  it('has a prior where nothing is known', () => {
    const { paths } = fitPaths(columnsOf(seriesOf(new Float32Array(40).fill(NaN))), config);
    expect([...(paths[0]!.coefficients as Float64Array)].slice(0, -1)).toEqual([...priorOf(config)]);
  });
});

describe('a walk', () => {
  const { paths } = fitPaths(columnsOf(seriesOf(process(1, 4000))), config);
  const path = paths[0]!;
  const calendar = new Float32Array(200).fill(1);
  const go = (values: Float32Array) => walk(values, path, { past, calendar, wild: 0, longest: 5 });

  it('is unfolded from its own residuals', () => {
    const values = process(9, 120);
    const { past: heard } = go(values.slice(0, 60));
    const whole = go(values);
    const residuals = whole.residual.slice(60);
    unfolded(path, { past: heard, calendar, residuals }).forEach((value, i) =>
      expect(value).toBeCloseTo(values[60 + i]!, 4),
    );
  });

  it('takes a wild sample for a missing one, until there are too many', () => {
    const values = process(9, 120);
    const wild = values.slice();
    wild[50] = 40;
    const gap = values.slice();
    gap[50] = NaN;
    expect(go(wild).centre).toEqual(go(gap).centre);
    const gone = go(values.map((value, t) => (t < 60 ? value : value + 40)));
    expect(gone.centre[64]).toBeLessThan(5);
    expect(gone.centre[100]).toBeGreaterThan(10);
  });

  it('is wider while it has not heard all of its lags', () => {
    const { spread } = go(process(9, 120));
    expect(spread[3]!).toBeGreaterThan(1.2 * path.std);
    expect(spread[60]!).toBeCloseTo(path.std, 5);
  });
});
