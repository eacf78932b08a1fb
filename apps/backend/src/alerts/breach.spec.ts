import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEVELS } from '../scoring/scoring';
import { breachOf, claimsOf, type Outlook, probabilityBeyond } from './breach';

/** A forecast whose quantiles at each step lie around these medians: −20, −10, 0, +10, +20. */
const outlook = (medians: number[], startsMs = 0): Outlook => ({
  ...{ startsMs, periodMs: 1_000 },
  quantiles: [-20, -10, 0, 10, 20].map((off) => medians.map((median) => median + off)),
});
const above = (limit: number) => ({ side: 'above' as const, limit });
const below = (limit: number) => ({ side: 'below' as const, limit });

describe('the probability of being beyond a limit', () => {
  const at = (one: { side: 'above' | 'below'; limit: number }) => probabilityBeyond(outlook([50]), 0, one);
  test('lies between the quantiles by line', () => {
    expect(at(above(50))).toBeCloseTo(0.5);
    expect(at(above(55))).toBeCloseTo(0.375);
    expect(at(below(40))).toBeCloseTo(0.25);
  });
  test('says no more of the tails than is known', () => {
    expect(
      [at(above(1)), at(above(99)), at(below(1)), at(below(99))].map((p) => Number(p.toFixed(2))),
    ).toEqual([0.95, 0.05, 0.05, 0.95]);
  });
  test('falls as the limit moves away, and both sides are all there is', () => {
    const number = fc.double({ min: -100, max: 200, noNaN: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        expect(at(above(low))).toBeGreaterThanOrEqual(at(above(high)) - 1e-12);
        expect(at(above(a)) + at(below(a))).toBeCloseTo(1);
      }),
    );
  });
  test('has a level for each quantile', () => {
    expect(LEVELS).toEqual([0.05, 0.25, 0.5, 0.75, 0.95]);
  });
});

describe('what is said of limits', () => {
  const asked = { limits: { upper: 90, lower: 10 }, probability: 0.8 };
  const newest = { timeMs: -1_000, value: 50 };

  test('is the first step at which the forecast is sure enough', () => {
    expect(breachOf(newest, outlook([60, 80, 92, 110]), asked)).toMatchObject({
      ...{ phase: 'coming', side: 'above', limit: 90, atMs: 3_000, value: 110 },
    });
    expect(breachOf(newest, outlook([60, -5]), asked)).toMatchObject({
      side: 'below',
      limit: 10,
      atMs: 1_000,
    });
  });
  test('is what is so already, whatever the forecast says', () => {
    expect(breachOf({ timeMs: 0, value: 95 }, outlook([50]), asked)).toEqual({
      ...{ phase: 'beyond', side: 'above', limit: 90, value: 95 },
    });
  });
  test('is nothing where the forecast is calm, is none, or is of the past', () => {
    expect(breachOf(newest, outlook([60, 80]), asked)).toBeNull();
    expect(breachOf(newest, null, asked)).toBeNull();
    expect(breachOf({ timeMs: 5_000, value: 50 }, outlook([60, 120]), asked)).toBeNull();
    expect(
      breachOf(newest, outlook([120]), { limits: { upper: null, lower: null }, probability: 0.8 }),
    ).toBeNull();
  });
});

describe('statements of the past', () => {
  const asked = { limits: { upper: 90, lower: null }, probability: 0.8, nowMs: 100_000 };
  const rising = (startsMs: number) => outlook([50, 70, 110], startsMs);

  test('are one where they overlap', () => {
    expect(claimsOf([rising(0), rising(1_000), rising(2_000), rising(3_000)], asked)).toEqual([
      { fromMs: 0, untilMs: 3_000, ...above(90) },
      { fromMs: 3_000, untilMs: 6_000, ...above(90) },
    ]);
  });
  test('are none that told the present, or whose time has not come', () => {
    expect(claimsOf([outlook([110, 110])], asked)).toEqual([]);
    expect(claimsOf([rising(98_500)], asked)).toEqual([]);
  });
});
