import { describe, expect, it } from 'vitest';
import { seeded } from './noise';
import { noveltyScores, onsets } from './novelty';

const calm = (length: number): Float64Array => Float64Array.from(seeded(1).normals(length));
const zeros = (length: number): Float64Array => new Float64Array(length);

describe('novelty', () => {
  it('is −ln of the rank within the past while a value stays within it', () => {
    const values = Float64Array.from({ length: 101 }, (_, i) => (i < 100 ? i : 98.5));
    const scores = noveltyScores({ values, errors: new Float64Array(101).fill(NaN) });
    const rank = Math.log(101 / 1.5);
    // Every step was a record before; the last one is beaten by one of a hundred, and is no onset.
    expect(scores[100]).toBe(0);
    expect(scores[20]).toBeCloseTo(Math.log(21 / 0.5) + 1 / 19 / 0.03, 6);
    expect(rank).toBeGreaterThan(0);
  });

  it('grows with the margin of a record, in ranges of the past', () => {
    const at = (peak: number): number => {
      const values = calm(1000);
      values[999] = peak;
      return noveltyScores({ values, errors: zeros(1000) })[999]!;
    };
    const range = Math.max(...calm(999)) - Math.min(...calm(999));
    const highest = Math.max(...calm(999));
    expect(at(highest + 0.3 * range) - at(highest + 0.1 * range)).toBeCloseTo(0.2 / 0.03, 3);
  });

  it('is told once, when it begins', () => {
    expect([...onsets(Float64Array.of(1, 3, 2, 3, 4, 1, 1, 1), 3)]).toEqual([1, 3, 0, 0, 4, 0, 0, 0]);
    expect([...onsets(Float64Array.of(5, NaN, 1, 1, 2), 2)]).toEqual([5, NaN, 0, 0, 2]);
  });

  it('sees a shift that no single error shows', () => {
    // 3 standard deviations are little for one error, and much for twelve in a row.
    const errors = calm(6000).map((e, t) => e + (t >= 5000 ? 3 : 0));
    const scores = noveltyScores({ values: zeros(6000), errors });
    expect(Math.max(...scores.slice(5000, 5030))).toBeGreaterThan(2 + Math.max(...scores.slice(3000, 5000)));
    const single = errors.map((e, t) => (t === 5000 ? e : t > 5000 ? e - 3 : e));
    expect(noveltyScores({ values: zeros(6000), errors: single })[5000]).toBeLessThan(8);
  });

  it('says nothing of what a sample will be followed by', () => {
    const [values, errors] = [calm(600), calm(600)];
    const whole = noveltyScores({ values, errors });
    const part = noveltyScores({ values: values.slice(0, 400), errors: errors.slice(0, 400) });
    expect([...whole.slice(0, 400)]).toEqual([...part]);
  });

  it('leaves out what is missing', () => {
    const values = calm(200);
    values[150] = NaN;
    const scores = noveltyScores({ values, errors: zeros(200) });
    expect(scores[150]).toBeNaN();
    expect(scores.filter(Number.isNaN)).toHaveLength(1);
  });
});
