import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate, fuse, surprise, tailProbability } from './calibration';
import { seeded } from './noise';

/** Draws of a generalized Pareto distribution (scale 1), by inversion. */
const pareto = (shape: number, n: number, seed: number): Float64Array => {
  const random = seeded(seed);
  return Float64Array.from({ length: n }, () => {
    const u = 1 - random.uniform();
    return shape === 0 ? -Math.log(u) : (u ** -shape - 1) / shape;
  });
};
const halfSquares = (n: number, seed: number) =>
  Float64Array.from(seeded(seed).normals(n), (e) => (e * e) / 2);

const lognormals = (n: number, seed: number) => Float64Array.from(seeded(seed).normals(n), Math.exp);
const uniforms = (n: number, seed: number) => {
  const random = seeded(seed);
  return Float64Array.from({ length: n }, () => random.uniform());
};
/** Squares of Student's t with five degrees of freedom. */
const studentSquares = (n: number, seed: number) => {
  const random = seeded(seed);
  return Float64Array.from({ length: n }, () => {
    const [own, ...others] = random.normals(6).map((e) => e * e);
    return (5 * own!) / others.reduce((sum, square) => sum + square, 0);
  });
};

/** Realised over promised false alarms at p, of each of 20 calibrations on 4,000 draws, judged by 400,000 others. */
function falseAlarms(draw: (n: number, seed: number) => Float64Array) {
  const fresh = draw(400_000, 1000).sort();
  const calibrations = Array.from({ length: 20 }, (_, i) => calibrate(draw(4000, 1 + i)));
  return (p: number): number[] =>
    calibrations.map((calibration) => {
      let [alarm, none] = [fresh.length, -1];
      while (alarm - none > 1) {
        const middle = (alarm + none) >> 1;
        if (tailProbability(calibration, fresh[middle]!) <= p) alarm = middle;
        else none = middle;
      }
      return (fresh.length - alarm) / fresh.length / p;
    });
}
const meanOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('calibration', () => {
  it.each([
    ['exponential', (n: number, seed: number) => pareto(0, n, seed)],
    ['heavy-tailed', (n: number, seed: number) => pareto(0.25, n, seed)],
    ['Gaussian surprise', halfSquares],
  ])('gives %s draws it has not seen uniform tail probabilities', (_, draw) => {
    const calibration = calibrate(draw(4000, 1));
    const fresh = [...draw(40_000, 2)].map((raw) => tailProbability(calibration, raw));
    for (const p of [0.5, 0.2, 0.1, 0.03, 0.01, 0.003]) {
      const share = fresh.filter((value) => value <= p).length / fresh.length;
      expect(share / p, `at ${p}`).toBeGreaterThan(0.65);
      expect(share / p, `at ${p}`).toBeLessThan(1.5);
    }
  });

  it.each([
    ['Gaussian surprise', halfSquares],
    ['exponential', (n: number, seed: number) => pareto(0, n, seed)],
    ['lognormal', lognormals],
    ['squared Student', studentSquares],
  ])('keeps what it promises of false alarms for %s scores', (_, draw) => {
    const at = falseAlarms(draw);
    const isKept = (factor: number) => factor >= 0.5 && factor <= 2;
    expect(at(1e-2).every(isKept)).toBe(true);
    // 4,000 scores do not tell any better: one calibration in twenty is further off.
    expect(at(1e-3).filter(isKept).length).toBeGreaterThanOrEqual(17);
    expect(isKept(meanOf(at(1e-3)))).toBe(true);
    expect(meanOf(at(1e-4))).toBeGreaterThan(1 / 3);
    expect(meanOf(at(1e-4))).toBeLessThan(3);
  });

  it('errs on the quiet side where scores are bounded, since no tail of it ends', () => {
    const at = falseAlarms(uniforms);
    for (const p of [1e-2, 1e-3, 1e-4]) expect(Math.max(...at(p)), `at ${p}`).toBeLessThanOrEqual(1);
  });

  it('finds the shape and scale of a known tail', () => {
    const { shape, scale } = calibrate(pareto(0.25, 20_000, 3));
    // Over the threshold u the excesses of a GPD are a GPD of the same shape and of scale 1 + ξu.
    const u = (0.1 ** -0.25 - 1) / 0.25;
    expect(shape).toBeGreaterThan(0.15);
    expect(shape).toBeLessThan(0.35);
    expect(scale / (1 + 0.25 * u)).toBeGreaterThan(0.85);
    expect(scale / (1 + 0.25 * u)).toBeLessThan(1.15);
  });

  it.each([0.005, 0.02, 0.03])('is not fooled by anomalies in its own history (share %f)', (share) => {
    const raw = pareto(0, 3000, 4);
    const dirty = raw.map((value, i) => (i < share * raw.length ? 60 + (i % 40) : value));
    expect(surprise(tailProbability(calibrate(dirty), 60))).toBeGreaterThan(5);
    const [clean, other] = [raw, dirty].map((scores) => surprise(tailProbability(calibrate(scores), 7)));
    expect(Math.abs(clean! - other!)).toBeLessThan(1);
  });

  it('takes for ordinary what came again and again, but not what came once', () => {
    const raw = [...pareto(0, 3000, 5)];
    const once = raw.map((value, i) => (i >= 700 && i < 720 ? 80 : value));
    const often = raw.map((value, i) => (i % 250 === 0 ? 80 : value));
    const [first, again] = [once, often].map((scores) => tailProbability(calibrate(scores), 80));
    expect(surprise(first!)).toBeGreaterThan(5);
    expect(again!).toBeCloseTo(11 / 3000, 6);
    expect(surprise(tailProbability(calibrate(often), 100))).toBeGreaterThan(5);
  });

  it('looks for what recurs in all of the history, however short what is fitted', () => {
    const raw = [...pareto(0, 3000, 6)].map((value, i) => (i % 500 === 10 && i < 2000 ? 80 : value));
    const newest = raw.slice(2400);
    expect(surprise(tailProbability(calibrate(newest), 80))).toBeGreaterThan(5);
    expect(tailProbability(calibrate(newest, raw), 80)).toBeCloseTo(3 / 3000, 6);
  });

  it('falls with the score, within (0, 1], whatever the history', () => {
    const scores = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 200 });
    fc.assert(
      fc.property(scores, fc.double({ noNaN: true }), fc.double({ noNaN: true }), (history, a, b) => {
        const calibration = JSON.parse(JSON.stringify(calibrate(history)));
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((raw) => tailProbability(calibration, raw));
        expect(low!).toBeGreaterThanOrEqual(high!);
        expect(high!).toBeGreaterThan(0);
        expect(low!).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  it('falls where what is fitted begins, too, however close two scores are', () => {
    const calibration = calibrate([4.4e-323, 0, 0]);
    expect(tailProbability(calibration, 3.5e-323)).toBeGreaterThanOrEqual(
      tailProbability(calibration, 4e-323),
    );
  });

  it('knows nothing without a history, and is small', () => {
    expect(tailProbability(calibrate([]), 1e9)).toBe(1);
    expect(tailProbability(calibrate([NaN, NaN]), 5)).toBe(1);
    expect(tailProbability(calibrate(pareto(0, 500, 1)), NaN)).toBe(1);
    expect(JSON.stringify(calibrate(pareto(0.3, 5000, 1).map((x) => -123.456 + x))).length).toBeLessThan(400);
  });

  it('hesitates after few samples', () => {
    const [few, many] = [8, 4000].map((n) => calibrate(halfSquares(n, 6)));
    expect(surprise(tailProbability(few!, 12))).toBeLessThan(surprise(tailProbability(many!, 12)));
  });
});

describe('fusion', () => {
  it.each([
    { vrnn: 1e-6, vae: 1e-6, surprise: 6, share: 0.5 },
    { vrnn: 1e-6, vae: 0.5, surprise: 5.7, share: 0.95 },
    { vrnn: 0.5, vae: 1e-6, surprise: 5.7, share: 0.05 },
    { vrnn: 1e-3, vae: null, surprise: 3, share: 1 },
    { vrnn: null, vae: 1e-3, surprise: 3, share: 0 },
    { vrnn: 1e-300, vae: 1, surprise: 15, share: 1 },
    { vrnn: 1, vae: 1, surprise: 0, share: 0.5 },
    { vrnn: null, vae: null, surprise: 0, share: 0 },
  ])('of $vrnn and $vae is a surprise of $surprise', ({ vrnn, vae, surprise, share }) => {
    const fused = fuse(vrnn, vae);
    expect(fused.surprise).toBeCloseTo(surprise, 1);
    expect(fused.vrnnShare).toBeCloseTo(share, 1);
  });

  it('stays a tail probability, whether both models agree or know nothing of each other', () => {
    const random = seeded(7);
    for (const agree of [true, false]) {
      const fused = Array.from({ length: 40_000 }, () => {
        const p = 1 - random.uniform();
        return fuse(p, agree ? p : 1 - random.uniform()).surprise;
      });
      for (const s of [1, 2, 3]) {
        const share = fused.filter((value) => value >= s).length / fused.length;
        expect(share * 10 ** s).toBeGreaterThan(0.6);
        expect(share * 10 ** s).toBeLessThan(1.5);
      }
    }
  });
});
