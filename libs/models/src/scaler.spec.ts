import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitScaler, fitStepScalers, logSlope, toRaw, toScaled } from './scaler';
import { seeded } from './noise';

describe('a scaler', () => {
  const value = fc.double({ min: -1e12, max: 1e12, noNaN: true });

  it('never divides by zero, and keeps the order of whatever it is given', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), value, value, (values, a, b) => {
        const scaler = fitScaler(values);
        expect(scaler.scale).toBeGreaterThan(0);
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((v) => toScaled(scaler, v));
        expect(Number.isFinite(low!) && Number.isFinite(high!)).toBe(true);
        expect(low!).toBeLessThanOrEqual(high!);
      }),
    );
  });

  it('undoes itself', () => {
    const scaler = { median: 3, scale: 2 };
    for (const v of [-1e6, -20, 3, 4, 11.1, 500, 1e9])
      expect(toRaw(scaler, toScaled(scaler, v))).toBeCloseTo(v, 3);
    expect(toScaled(scaler, NaN)).toBeNaN();
    expect(toScaled(scaler, Infinity)).toBeNaN();
  });

  it('is not moved by spikes, and tames them', () => {
    const values = seeded(1)
      .normals(1000)
      .map((e, i) => (i % 50 === 0 ? 1e9 : 10 + e));
    const scaler = fitScaler(values);
    expect(scaler.median).toBeCloseTo(10, 0);
    expect(scaler.scale).toBeGreaterThan(0.8);
    expect(scaler.scale).toBeLessThan(1.2);
    expect(toScaled(scaler, 1e9)).toBeLessThan(30);
  });

  it('has the slope that finite differences have', () => {
    const scaler = { median: 3, scale: 2 };
    for (const v of [-40, 0, 5, 15, 90]) {
      const slope = (toScaled(scaler, v + 1e-4) - toScaled(scaler, v - 1e-4)) / 2e-4;
      expect(logSlope(scaler, v)).toBeCloseTo(Math.log(slope), 5);
    }
  });

  it('by logarithms undoes itself, keeps the order below zero, and has the slope that finite differences have', () => {
    const values = seeded(2)
      .normals(400)
      .map((e) => 20 * Math.exp(e));
    values[7] = 0;
    const [scaler] = fitStepScalers(values, 1, { isLogarithmic: true });
    expect(scaler!.offset).toBeGreaterThan(0);
    for (const v of [0, 0.01, 3, 20, 4000]) {
      expect(toRaw(scaler!, toScaled(scaler!, v))).toBeCloseTo(v, 3);
      const slope = (toScaled(scaler!, v + 1e-4) - toScaled(scaler!, v - 1e-4)) / 2e-4;
      expect(logSlope(scaler!, v)).toBeCloseTo(Math.log(slope), 4);
    }
    const falling = [10, 0, -1, -10, -1e6].map((v) => toScaled(scaler!, v));
    falling.reduce((higher, lower) => (expect(lower).toBeLessThan(higher), lower));
    expect(toRaw(scaler!, -50)).toBe(0);
  });

  it.each([
    ['negative', [1, 2, -1, 3]],
    ['constant', [5, 5, 5, 5]],
    ['mostly zero', [0, 0, 0, 7]],
  ])('takes no logarithm of %s samples', (_, values) =>
    expect(fitStepScalers(values, 1, { isLogarithmic: true })[0]!.offset).toBeUndefined(),
  );
});
