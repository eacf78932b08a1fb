import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inferPeriod, modelability, toGrid } from './grid';
import { seeded } from './noise';

const START = 1_750_000_000_000;

describe('inferPeriod', () => {
  it('finds a nice period that most neighbours keep, in spite of jitter, gaps, duplicates and disorder', () => {
    const periods = [
      100, 1000, 5000, 10_000, 15_000, 20_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 86_400_000,
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...periods),
        fc.integer(),
        fc.integer({ min: 40, max: 300 }),
        (period, seed, n) => {
          const random = seeded(seed);
          const times: number[] = [];
          const kept: number[] = [];
          for (let i = 0; i < n; i++) {
            if (random.uniform() < 0.2) continue;
            kept.push(i);
            const time = START + i * period + Math.round((random.uniform() - 0.5) * 0.05 * period);
            times.push(time);
            if (random.uniform() < 0.2) times.splice(random.below(times.length), 0, time);
          }
          const neighbours = kept.filter((i, at) => kept[at - 1] === i - 1).length;
          fc.pre(neighbours > (kept.length - 1) / 2);
          expect(inferPeriod(times)).toBe(period);
        },
      ),
      {
        numRuns: 200,
        examples: [[100, 2045699162, 40]],
      },
    );
  });

  it('finds an unusual period without drift', () => {
    const times = Array.from({ length: 500 }, (_, i) => START + i * 7000 + ((i * 37) % 11) - 5);
    expect(inferPeriod(times)).toBe(7000);
  });

  it.each([[[]], [[START]], [[START, START]], [[NaN, START]]])('finds none in %j', (times) => {
    expect(inferPeriod(times)).toBeNull();
  });
});

describe('toGrid', () => {
  it('puts every sample on its step, the latest of a step first, and leaves the rest missing', () => {
    const grid = toGrid([3010, 1000, 990, 5000, 1010, 4000], [3, 1, 0.9, 5, 1.1, Infinity], 1000);
    expect(grid).toEqual({ periodMs: 1000, start: 1, values: Float64Array.from([1.1, NaN, 3, NaN, 5]) });
  });

  it('gives regular samples back', () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(
        values,
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.constantFrom(100, 1000, 60_000),
        (all, step, period) => {
          const times = all.map((_, i) => (step + i) * period);
          expect(toGrid(times, all, period)).toEqual({
            periodMs: period,
            start: step,
            values: Float64Array.from(all),
          });
        },
      ),
    );
  });

  it('keeps the newest part when a clock jumped by years', () => {
    const { start, values } = toGrid([0, START, START + 1000], [1, 2, 3], 1000, 500);
    expect(values.length).toBe(500);
    expect(start + 499).toBe((START + 1000) / 1000);
    expect([...values.slice(-2)]).toEqual([2, 3]);
  });

  it('of nothing is empty', () => expect(toGrid([], [], 1000).values.length).toBe(0));
});

describe('modelability', () => {
  const of = (values: number[]) =>
    modelability({ periodMs: 1000, start: 0, values: Float64Array.from(values) });
  it.each([
    ['empty: no sample has arrived yet', []],
    ['no usable value: all 3 samples are missing or not a number', [NaN, NaN, NaN]],
    ['too short: 1 sample so far, at least 64 are needed', [1]],
    ['constant: all 300 samples are 5, so there is nothing to learn yet', new Array<number>(300).fill(5)],
    [
      'mostly missing: 100 samples on 1000 steps (10.0 %), at least 20 % are needed',
      Array.from({ length: 1000 }, (_, i) => (i % 10 === 0 ? i : NaN)),
    ],
  ])('says "%s"', (reason, values) => expect(of(values)).toEqual({ ok: false, reason }));
  it('lets anything else be learnt', () => {
    expect(of(Array.from({ length: 64 }, (_, i) => i % 3))).toEqual({ ok: true });
  });
});
