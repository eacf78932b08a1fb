import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitScaler, logSlope, toRaw, toScaled } from './scaler';
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
});
