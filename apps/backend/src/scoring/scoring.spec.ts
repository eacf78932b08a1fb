import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calibrate } from '@bellwether/models';
import { restingSeries } from './resting';
import {
  PIECE,
  STEPS_PER_ROUND,
  WARM_UP,
  type Waiting,
  judge,
  nextStep,
  planRound,
  threshold,
} from './scoring';

const waiting = (change: Partial<Waiting>): Waiting => ({
  seriesId: 1,
  from: 1_000,
  newest: 1_000,
  stateStep: undefined,
  longestGap: 40,
  ...change,
});
const MINUTE = 60_000;

describe('a round', () => {
  test.each<[string, Partial<Waiting>, { start: number; usesState: boolean }]>([
    [
      'goes on from the state that expects this step',
      { stateStep: 1_000 },
      { start: 1_000, usesState: true },
    ],
    ['goes on over a gap the models can bear', { stateStep: 960 }, { start: 1_000, usesState: true }],
    [
      'plays the past again after a longer one',
      { stateStep: 959 },
      { start: 1_000 - WARM_UP, usesState: false },
    ],
    [
      'plays the past again before a late sample',
      { stateStep: 1_001 },
      { start: 1_000 - WARM_UP, usesState: false },
    ],
    ['plays the past again without a state', {}, { start: 1_000 - WARM_UP, usesState: false }],
  ])('%s', (_, change, expected) =>
    expect(planRound([waiting(change)])).toEqual([{ seriesId: 1, from: 1_000, to: 1_001, ...expected }]),
  );

  test('takes what is live before an import, and gives the import what is left', () => {
    const live = Array.from({ length: 300 }, (_, i) => waiting({ seriesId: i + 2, stateStep: 1_000 }));
    const round = planRound([waiting({ newest: 100_000 }), ...live]);
    expect(round.slice(0, 300).map(({ seriesId }) => seriesId)).toEqual(live.map(({ seriesId }) => seriesId));
    const imported = round.filter(({ seriesId }) => seriesId === 1);
    expect(imported.length).toBeGreaterThan(30);
    imported.forEach(({ from, to }, i) =>
      expect([from, to]).toEqual([1_000 + i * PIECE, 1_000 + (i + 1) * PIECE]),
    );
  });

  test('only the first piece of a series goes on from its state', () => {
    const round = planRound([waiting({ newest: 5_000, stateStep: 1_000 })]);
    expect(round.map(({ usesState }) => usesState)).toEqual([true, ...round.slice(1).map(() => false)]);
    expect(round.slice(1).every(({ start, from }) => start === from - WARM_UP)).toBe(true);
  });

  const anyWaiting = fc.record({
    from: fc.integer({ min: 0, max: 5_000 }),
    length: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 100_000 })),
    stateStep: fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined }),
    longestGap: fc.integer({ min: 8, max: 48 }),
  });

  test('is bounded, cuts without holes, and never uses a state that is too new or too old', () => {
    fc.assert(
      fc.property(fc.array(anyWaiting, { minLength: 1, maxLength: 40 }), (some) => {
        const all = some.map(({ length, ...one }, seriesId) => ({
          ...one,
          seriesId,
          newest: one.from + length - 1,
        }));
        const round = planRound(all);
        const played = round.reduce((sum, { start, to }) => sum + to - start, 0);
        expect(played).toBeLessThanOrEqual(STEPS_PER_ROUND + WARM_UP + PIECE);
        expect(round.length).toBeGreaterThan(0);
        for (const { seriesId, from, newest, stateStep } of all) {
          const own = round.filter((piece) => piece.seriesId === seriesId);
          own.forEach((piece, i) => {
            expect(piece.from).toBe(i === 0 ? from : own[i - 1]!.to);
            expect(piece.to).toBeGreaterThan(piece.from);
            expect(piece.to).toBeLessThanOrEqual(newest + 1);
            expect(piece.to - piece.from).toBeLessThanOrEqual(PIECE);
            if (piece.usesState) expect(stateStep).toBeLessThanOrEqual(piece.start);
          });
        }
      }),
    );
  });

  test('after round a series of any length ends at its newest sample', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200_000 }), (length) => {
        const newest = 1_000 + length - 1;
        let scored = 0;
        for (let from: number | null = 1_000; from !== null;) {
          const pieces = planRound([waiting({ from, newest })]);
          scored += pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0);
          from = nextStep(newest, pieces);
        }
        expect(scored).toBe(length);
      }),
      { numRuns: 50, examples: [[PIECE], [PIECE + 1], [STEPS_PER_ROUND], [STEPS_PER_ROUND + 1]] },
    );
  });
});

describe('the threshold', () => {
  const anyRule = fc.record({
    alertBudget: fc.double({ min: 0.01, max: 500, noNaN: true }),
    fireAfter: fc.integer({ min: 1, max: 20 }),
  });
  const anyPeriod = fc.integer({ min: 10, max: 30 * 86_400_000 });

  test('stays within what can be told, whatever is asked for', () => {
    fc.assert(
      fc.property(anyRule, anyPeriod, (rule, periodMs) => {
        expect(threshold(rule, periodMs)).toBeGreaterThanOrEqual(1);
        expect(threshold(rule, periodMs)).toBeLessThanOrEqual(6);
      }),
    );
  });

  test('never falls with a smaller budget, a shorter period, or a shorter run that fires', () => {
    fc.assert(
      fc.property(
        anyRule,
        anyPeriod,
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (rule, periodMs, share) => {
          const limit = threshold(rule, periodMs);
          expect(
            threshold({ ...rule, alertBudget: share * rule.alertBudget }, periodMs),
          ).toBeGreaterThanOrEqual(limit);
          expect(threshold(rule, Math.max(1, share * periodMs))).toBeGreaterThanOrEqual(limit);
          expect(
            threshold({ ...rule, fireAfter: Math.ceil(share * rule.fireAfter) }, periodMs),
          ).toBeGreaterThanOrEqual(limit);
        },
      ),
    );
  });

  test('of one sample that fires is the budget itself: one in so many samples', () => {
    expect(10 ** threshold({ alertBudget: 1, fireAfter: 1 }, MINUTE)).toBeCloseTo(
      (7 * 86_400_000) / MINUTE,
      6,
    );
  });
});

describe('a judgement', () => {
  const calibration = calibrate(Float64Array.from({ length: 2_000 }, (_, i) => -Math.log((i + 0.5) / 2_000)));

  test.each([
    ['neither model could score', undefined, NaN],
    ['there are no models', undefined, undefined],
  ])('is none when %s', (_, vrnn, vae) =>
    expect(judge({ vrnn, vae }, { vrnn: calibration, vae: calibration })).toBeUndefined(),
  );

  test('is of the model that can score when the other cannot', () => {
    expect(judge({ vrnn: 6, vae: NaN }, { vrnn: calibration, vae: calibration })).toMatchObject({
      vrnnShare: 1,
    });
    expect(judge({ vrnn: undefined, vae: 6 }, { vrnn: undefined, vae: calibration })).toMatchObject({
      vrnnShare: 0,
    });
  });

  test('of a stranger score is a greater surprise', () => {
    const surprises = [0, 1, 3, 6, 12, 40].map(
      (raw) => judge({ vrnn: raw, vae: raw }, { vrnn: calibration, vae: calibration })!.surprise,
    );
    expect(surprises).toEqual(surprises.toSorted((a, b) => a - b));
    expect(new Set(surprises).size).toBe(6);
  });
});

describe('a series that could not be scored', () => {
  test('rests, longer each time, and is told of once until it succeeds', () => {
    const resting = restingSeries();
    expect(resting.failed(7, 0)).toBe(true);
    expect([resting.ids(4_999), resting.ids(5_000)]).toEqual([[7], []]);
    expect(resting.failed(7, 5_000)).toBe(false);
    expect([resting.ids(14_999), resting.ids(15_000)]).toEqual([[7], []]);
    for (let i = 0; i < 20; i++) resting.failed(7, 15_000);
    expect([resting.ids(15_000 + 599_999), resting.ids(15_000 + 600_000)]).toEqual([[7], []]);
    resting.succeeded([7]);
    expect(resting.ids(15_001)).toEqual([]);
    expect(resting.failed(7, 20_000)).toBe(true);
  });
});
