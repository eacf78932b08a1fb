import { describe, expect, test } from 'vitest';
import type { AlertStretch, Scored } from './alert';
import { correct, type Correction, HISTORY_MS, type StoredAlert } from './correction';

const HOUR = 3_600_000;
const NOW = Date.parse('2025-11-22T12:00:00Z');

/** Draws alerts over one series: each run of one letter is one, a letter at the very end is open; capitals were told of. */
function stretches(picture: string): AlertStretch[] {
  return [...picture.matchAll(/([a-zA-Z])\1*/g)].map((match) => {
    const end = match.index + match[0].length;
    return {
      startsAt: timeOf(match.index),
      endsAt: end === picture.length ? null : timeOf(end),
      peak: peakAt(match.index),
      ruleVersion: 1,
    };
  });
}

const timeOf = (minute: number): Date => new Date(NOW - HOUR + minute * 60_000);

const peakAt = (minute: number, score = 9): Scored => ({
  time: timeOf(minute),
  value: 1,
  expected: 0,
  lower: -1,
  upper: 1,
  score,
  threshold: 3,
  vrnnShare: 0.5,
});

const stored = (picture: string, isHistory = false): StoredAlert[] =>
  stretches(picture).map((stretch, index) => ({
    ...stretch,
    id: index + 1,
    isHistory,
    wasTold: /[A-Z]/.test(picture[(stretch.startsAt.getTime() - timeOf(0).getTime()) / 60_000]!),
  }));

const at = { nowMs: NOW, newestMs: NOW };

/** `1~` changed, `1-` removed, `1!` withdrawn, `+` added, in that order. */
const draw = ({ change, remove, withdraw, add }: Correction): string =>
  [
    ...change.map(({ id }) => `${id}~`),
    ...remove.map((id) => `${id}-`),
    ...withdraw.map((id) => `${id}!`),
    ...add.map(() => '+'),
  ].join(' ');

describe('a correction', () => {
  for (const [name, before, after, expected] of [
    ['leaves alone what is as it was', '..aaa..', '..aaa..', ''],
    ['adds what is new', '.......', '..aaa..', '+'],
    ['ends what has ended', '..aaaa', '..aa..', '1~'],
    ['opens again what goes on', '..AA..', '..aaaa', '1~'],
    ['moves a start without making a new alert of it', '..AAA..', '.aaaa..', '1~'],
    ['removes what nobody was told of', '..aaa..', '.......', '1-'],
    ['withdraws what somebody was told of', '..AAA..', '.......', '1!'],
    ['goes on with the first of two that have become one', '.aa.bb.', '.aaaaa.', '1~ 2-'],
    ['goes on with the one somebody was told of', '.aa.BB.', '.aaaaa.', '2~ 1-'],
    ['keeps both when of both somebody was told', '.AA.BB.', '.aaaaa.', '1~ 2!'],
    ['splits one into itself and a new one', '.AAAAA.', '.aa.bb.', '1~ +'],
    ['never gives one alert the start of another', '.aaa.bb', '..b.bbb', '1~ 2~'],
  ] as const) {
    test(name, () => expect(draw(correct(stored(before), stretches(after), at))).toBe(expected));
  }

  test('grows a peak', () => {
    const [stretch] = stretches('..aaaa');
    const grown = { ...stretch!, peak: peakAt(4, 12) };
    expect(correct(stored('..aaaa'), [grown], at).change).toMatchObject([{ id: 1, stretch: grown }]);
  });

  test('says which version of the rule it is by now', () => {
    const [stretch] = stretches('..aaa..');
    const moved = { ...stretch!, ruleVersion: 2 };
    expect(correct(stored('..aaa..'), [moved], at).change).toMatchObject([{ id: 1, stretch: moved }]);
  });

  test('calls history what was over for more than a day when it was found', () => {
    const late = { nowMs: NOW + HISTORY_MS, newestMs: NOW + HISTORY_MS };
    expect(correct([], stretches('.aa.'), late).add).toMatchObject([{ isHistory: true }]);
    expect(correct([], stretches('.aa.'), at).add).toMatchObject([{ isHistory: false }]);
  });

  test('calls history what is open where the scores end more than a day ago', () => {
    const late = { nowMs: NOW + HISTORY_MS + HOUR, newestMs: NOW };
    expect(correct([], stretches('.aa'), late).add).toMatchObject([{ isHistory: true }]);
  });

  test('makes news of history that goes on now, and never history of news', () => {
    const revived = correct(stored('.aaa', true), stretches('.aaa'), at);
    expect(revived).toMatchObject({ revive: [1], change: [{ id: 1, isHistory: false }] });
    const late = { nowMs: NOW + 2 * HISTORY_MS, newestMs: NOW };
    expect(correct(stored('.AAA'), stretches('.aa.'), late).change).toMatchObject([{ isHistory: false }]);
  });
});
