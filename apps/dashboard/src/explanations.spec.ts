import type { Explanation } from '@bellwether/contracts';
import { describe, expect, it } from 'vitest';
import {
  aroundMoment,
  historyInWords,
  leadInWords,
  othersInWords,
  recordInWords,
  surpriseInWords,
} from './explanations';

const MINUTE = 60_000;

describe('words of an explanation', () => {
  it.each([
    [-2 * MINUTE, '2 min before'],
    [90_000, '1 min 30 s after'],
    [0, 'at the same time'],
    [null, 'almost an anomaly'],
  ])('a lead of %s ms reads %s', (leadMs, words) => expect(leadInWords(leadMs)).toBe(words));

  it.each([
    [{ days: 30.3, asStrange: 3 }, 'one of 3 as strange in 30 days'],
    [{ days: 1.5, asStrange: 1 }, 'the only one as strange in 36 hours'],
    [{ days: 0, asStrange: 1 }, 'the only one as strange in 1 hour'],
    [null, null],
  ])('%o reads %s', (history, words) => expect(historyInWords(history)).toBe(words));

  it.each([
    [0, 0, /^No series is known to be related/],
    [0, 3, /^3 related series stayed calm\.$/],
    [2, 3, /^1 more related series was calmer\.$/],
    [2, 2, /^$/],
  ])('%i named of %i related', (named, siblingCount, words) => {
    const siblings = Array.from({ length: named }, () => ({}) as Explanation['siblings'][number]);
    expect(othersInWords({ siblings, siblingCount } as Explanation)).toMatch(words);
  });

  it('says how far over the threshold, and how often it was right', () => {
    expect([surpriseInWords(2.14), recordInWords({ right: 7, known: 9 })]).toEqual([
      '2.1 × its threshold',
      'right 7 of 9 times',
    ]);
  });
});

it('a moment is shown with an hour of minutes, or sixty periods, around it', () => {
  const at = '2026-01-01T12:00:00.000Z';
  const span = (periodMs: number | null) => {
    const { from, to } = aroundMoment(at, periodMs);
    return (to - from) / MINUTE;
  };
  expect([span(null), span(10_000), span(60 * MINUTE)]).toEqual([120, 20, 7200]);
});
