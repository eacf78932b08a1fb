import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  beat,
  frozenAfter,
  newestRun,
  paceOf,
  type Profile,
  profileOf,
  type Pulse,
  silentAfterMs,
} from './watch';
import { type Tolerance, wasLive } from './watch';

const PERIOD = 10_000;
const nothing: Tolerance = { silenceMs: 0, run: 0, pacesMs: [] };
const usual: Profile = { gapMs: PERIOD, longestRun: 2, repeats: 0.1, isRegular: true };

/** Samples of a drawing: `|` a sample, `.` a period without one. */
const timesOf = (drawing: string): number[] =>
  [...drawing].flatMap((letter, i) => (letter === '|' ? [i * PERIOD] : []));
/** The values of a drawing, a letter each. */
const valuesOf = (drawing: string): number[] => [...drawing].map((letter) => letter.charCodeAt(0));
const profileOfDrawing = (times: string, values: string) =>
  profileOf(
    timesOf(times.repeat(20)),
    valuesOf(values.repeat(20)).slice(0, timesOf(times.repeat(20)).length),
    PERIOD,
  );

describe('a profile', () => {
  test.each<[string, string, string, Partial<Profile>]>([
    [
      'of a regular series that never repeats itself',
      '||||||||||',
      'abcdefghij',
      { gapMs: PERIOD, longestRun: 1, repeats: 0, isRegular: true },
    ],
    ['knows a gap that recurs', '|||||||..|', 'abcdefghij', { gapMs: 3 * PERIOD, isRegular: false }],
    ['knows a run that recurs', '||||||||||', 'aaaabcdefg', { longestRun: 4 }],
  ])('%s', (_, times, values, expected) => {
    expect(profileOfDrawing(times, values)).toMatchObject(expected);
  });

  test('takes what happened twice for an accident', () => {
    const times = timesOf(`${'|'.repeat(60)}......${'|'.repeat(60)}......${'|'.repeat(60)}`);
    expect(
      profileOf(
        times,
        times.map((_, i) => i),
        PERIOD,
      ),
    ).toMatchObject({ gapMs: PERIOD, isRegular: true });
  });

  test('is not made of a few samples', () => {
    expect(profileOf(timesOf('|'.repeat(99)), valuesOf('a'.repeat(99)), PERIOD)).toBeNull();
  });
});

describe('silence', () => {
  const after = (profile: Profile | null, delayMs = 0, silenceMs = 0, periodMs = PERIOD) =>
    silentAfterMs({ periodMs, delayMs }, profile, { ...nothing, silenceMs });

  test('is longer than three periods, a minute, twice what is usual, and what was called a false alarm', () => {
    expect(after(null)).toBe(60_000);
    expect(after(usual, 0, 0, 60_000)).toBe(180_000);
    expect(after({ ...usual, gapMs: 100_000 })).toBe(200_000);
    expect(after(usual, 900_000)).toBe(1_800_000);
    expect(after(usual, 0, 400_000)).toBe(500_000);
  });
});

describe('a pulse', () => {
  const LIMIT = 60_000;
  /** Looks every 5 s; at each the newest sample is so many seconds old, `-` where there is nothing new. */
  const felt = (ages: (number | '-')[]): Pulse => {
    let pulse: Pulse | undefined;
    ages.forEach((age, i) => {
      const nowMs = 1e9 + i * 5_000;
      const lastMs = age === '-' ? pulse!.lastMs : nowMs - age * 1_000;
      pulse = beat(pulse, lastMs, { nowMs, beforeMs: nowMs - 5_000, limitMs: LIMIT });
    });
    return pulse!;
  };
  const isLive = (ages: (number | '-')[]) => wasLive(felt(ages), 3_600_000);

  test.each<[string, (number | '-')[], boolean]>([
    ['that goes on at two looks is live', [1, 1, 1], true],
    ['that was there once is not', [1, '-', '-', '-'], false],
    ['of an import of old samples is not', [9e6, 8e6, 7e6, 6e6], false],
    ['of an import that ends now is not', [9e6, 8e6, 1, '-', '-'], false],
    ['stays live while it is silent', [1, 1, 1, '-', '-', '-'], true],
  ])('%s', (_, ages, expected) => {
    expect(isLive(ages)).toBe(expected);
  });

  test('knows how late samples usually come', () => {
    expect(felt([1, 1, 1]).delayMs).toBe(1_000);
    expect(felt([1, '-', '-', '-', 1, '-', '-', '-', 1]).delayMs).toBe(16_000);
  });
});

describe('frozen', () => {
  test.each([
    ['is a run of twenty where values differ', usual, nothing, 20],
    ['is three times a run that recurs', { ...usual, longestRun: 30 }, nothing, 90],
    ['is more than what was called a false alarm', usual, { ...nothing, run: 40 }, 50],
    ['is nothing that repeats itself anyway', { ...usual, repeats: 0.6 }, nothing, Infinity],
    ['is nothing that is not known', null, nothing, Infinity],
  ])('%s', (_, profile, tolerance, expected) => {
    expect(frozenAfter(profile, tolerance)).toBe(expected);
  });

  test.each([
    ['abcaaa', 3],
    ['aaaa', 4],
    ['abca', 1],
  ])('%s ends with a run of %i', (drawing, expected) => {
    expect(newestRun(valuesOf(drawing))).toBe(expected);
  });
});

describe('the pace', () => {
  const pace = (drawing: string, profile: Profile | null = usual, tolerance = nothing) =>
    paceOf(timesOf(drawing), { periodMs: PERIOD }, profile, tolerance);
  const thirds = '|..'.repeat(21);

  test('that changed is told since its first gap', () => {
    expect(pace(`|||||${thirds}`)).toEqual({ sinceMs: 5 * PERIOD, paceMs: 3 * PERIOD });
  });
  test('is the same however often it is looked at', () => {
    for (const more of [0, 3, 20])
      expect(pace(`|||||${thirds}${'|..'.repeat(more)}`)?.sinceMs).toBe(5 * PERIOD);
  });
  test.each([
    ['that has a gap of the old one again', `|||||${thirds}||..|`],
    ['that ends with a gap of the old one', `|||||${thirds}||`],
  ])('%s is told since its first gap', (_, drawing) => {
    expect(pace(drawing)?.sinceMs).toBe(5 * PERIOD);
  });
  test('of any gaps that is told began with one of them', () => {
    const gap = fc.oneof(
      { arbitrary: fc.constant(3 * PERIOD), weight: 5 },
      { arbitrary: fc.constantFrom(PERIOD, 2 * PERIOD, 9 * PERIOD), weight: 1 },
    );
    fc.assert(
      fc.property(fc.array(gap, { minLength: 19, maxLength: 60 }), (gaps) => {
        const times = gaps.reduce((all, one) => [...all, all.at(-1)! + one], [0]);
        const told = paceOf(times, { periodMs: PERIOD }, usual, nothing);
        if (!told) return;
        const first = times.indexOf(told.sinceMs);
        expect(gaps[first]).toBe(told.paceMs);
      }),
    );
  });
  test.each([
    ['that is the period is no news', '|'.repeat(40)],
    ['with some gaps is no other', `${'|'.repeat(30)}..${'|'.repeat(8)}...${'|'.repeat(8)}`],
    ['that is none is not told', '|.|..|...||..|.|...|.|..|...||..|.|...|.|..|...||..|.|...'],
    ['of few samples is not told', '|||||||||||..|..|..|'],
  ])('%s', (_, drawing) => {
    expect(pace(drawing)).toBeNull();
  });
  test('of a series without one is not told, nor one that was called a false alarm', () => {
    expect(pace(thirds, { ...usual, isRegular: false })).toBeNull();
    expect(pace(thirds, null)).toBeNull();
    expect(pace(thirds, usual, { ...nothing, pacesMs: [3 * PERIOD] })).toBeNull();
  });
  test('of samples that are looked at in any order is never told of a series that keeps its period', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -0.1, max: 0.1, noNaN: true }), { minLength: 30, maxLength: 80 }),
        (jitter) => {
          const times = jitter.map((one, i) => (i + one) * PERIOD);
          expect(paceOf(times, { periodMs: PERIOD }, usual, nothing)).toBeNull();
        },
      ),
    );
  });
});
