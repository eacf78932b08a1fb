import { SeriesChange } from '@bellwether/contracts';
import { describe, expect, test } from 'vitest';
import { inFormWords, limitFieldsOf, limitLines, limitsIn, limitsInWords, sureInWords } from './limits';

const none = { unit: '%', upperLimit: null, lowerLimit: null, breachProbability: null };

describe('limits', () => {
  test.each([
    [{}, null],
    [{ upperLimit: 90 }, 'at most 90 %'],
    [{ lowerLimit: 0 }, 'at least 0 %'],
    [{ upperLimit: 90, lowerLimit: 10 }, '10 % to 90 %'],
  ])('%j in words', (set, words) => expect(limitsInWords({ ...none, ...set })).toBe(words));

  test('are a line each', () =>
    expect(limitLines({ ...none, upperLimit: 90, lowerLimit: -5 })).toEqual([
      { value: 90, isUpper: true, words: 'upper limit: 90 %' },
      { value: -5, isUpper: false, words: 'lower limit: −5 %' },
    ]));

  test('say how sure a forecast has to be', () => {
    expect(sureInWords(none)).toContain('80 % sure');
    expect(sureInWords({ ...none, breachProbability: 0.55 })).toContain('55 % sure');
  });
});

describe('the form', () => {
  test.each([
    [none],
    [{ ...none, upperLimit: 1e-7, lowerLimit: -2.5, breachProbability: 0.57 }],
    [{ ...none, lowerLimit: 0, breachProbability: 0.925 }],
  ])('asks for what it was filled from: %j', ({ unit: _, ...limits }) => {
    expect(SeriesChange.parse(limitsIn(limitFieldsOf({ unit: '%', ...limits })))).toEqual(limits);
  });

  test('says what is refused by its own names', () =>
    expect(inFormWords('lowerLimit: 5 is not below the upper limit, 3; other: no')).toBe(
      'Lower limit: 5 is not below the upper limit, 3; other: no',
    ));
});
