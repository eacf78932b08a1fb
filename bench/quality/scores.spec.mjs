/** Memory and fusion, on scores short enough to see. */
import { describe, expect, it } from 'vitest';
import { leakyMemory, meanOfRanks, ranksOf } from './scores.mjs';

describe('a leaky memory', () => {
  it('moves by two in a season towards every score', () => {
    expect([...leakyMemory([0, 8, 8, 0], 4)]).toEqual([0, 4, 6, 3]);
  });

  it('carries on what it has where there is no score', () => {
    expect([...leakyMemory([NaN, 4, NaN, 0], 4)]).toEqual([NaN, 4, 4, 2]);
  });

  it('forgets at once where the season is no longer than two samples', () => {
    expect([...leakyMemory([1, 5, 3], 1)]).toEqual([1, 5, 3]);
  });

  it('takes 60 samples for a season where none was found', () => {
    expect(leakyMemory([0, 30], null)[1]).toBeCloseTo(1, 12);
  });
});

describe('ranks', () => {
  it.each([
    [
      [3, 1, 2, 9],
      [0.75, 0.25, 0.5, 1],
    ],
    [
      [5, 5, 1, 7],
      [0.625, 0.625, 0.25, 1],
    ],
    [
      [NaN, 2, 1],
      [NaN, 1, 0.5],
    ],
    [[NaN], [NaN]],
  ])('of %j are %j', (scores, ranks) => {
    expect([...ranksOf(Float64Array.from(scores))]).toEqual(ranks);
  });

  it('are averaged over the models that say something', () => {
    const fused = meanOfRanks([Float64Array.of(NaN, 1, 2, 100), Float64Array.of(0.4, 0.3, 0.2, 0.1)]);
    const expected = [1, (1 / 3 + 3 / 4) / 2, (2 / 3 + 2 / 4) / 2, (1 + 1 / 4) / 2];
    fused.forEach((rank, t) => expect(rank).toBeCloseTo(expected[t], 12));
  });
});
