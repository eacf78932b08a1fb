import { describe, expect, test } from 'vitest';
import type { Rule } from '../registry/rule';
import { threshold } from '../scoring/scoring';
import { affordable, alertsOf, type History, limitOf, previewOf, replayed, statements } from './preview';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const rule: Rule = {
  ...{ alertBudget: 1, fireAfter: 2, resolveAfter: 2 },
  ...{ direction: 'both', smallestChange: null, kinds: ['anomaly'], severity: 'warning' },
};
const SCORES: Record<string, number> = { '.': 0.2, x: 1.4, X: 2.1 };

/** One letter is an hour; `X` is strange under a budget of one a week, `x` only where the budget is far larger. */
const history = (story: string, change: Partial<History> = {}): History => ({
  ...{ id: 7, name: 'cpu', periodMs: HOUR, floor: 0 },
  scores: [...story].map((letter, at) => ({
    ...{ time: new Date(START + at * HOUR), score: SCORES[letter]!, expected: 10 },
    value: letter === '.' ? null : 20,
  })),
  ...change,
});

const draw = (story: string, change: Partial<Rule> = {}, of: Partial<History> = {}): string => {
  const alerts = alertsOf(history(story, of), { ...rule, ...change });
  return [...story]
    .map((_, at) => {
      const time = new Date(START + at * HOUR);
      return alerts.some(({ startsAt, endsAt }) => startsAt <= time && (!endsAt || time < endsAt))
        ? 'F'
        : '.';
    })
    .join('');
};

describe('a replay', () => {
  test.each([
    ['takes the threshold of the asked budget, not the stored one', '.XX..xx..', {}, '.FFF.....'],
    ['hears more where the budget is larger', '.XX...xx...', { alertBudget: 7 }, '.FFF..FFF..'],
    ['asks for more in a row', '.XX...XXX...', { fireAfter: 4 }, '......FFFF..'],
    ['hears one side', '.XX...', { direction: 'below' as const }, '......'],
    ['leaves small changes out', '.XX...', { smallestChange: { value: 101, isPercent: true } }, '......'],
  ])('%s', (_, story, change, expected) => expect(draw(story, change)).toBe(expected));

  test('respects what verdicts have raised the threshold to', () => {
    expect(draw('.XX...', {}, { floor: 2.5 })).toBe('......');
    expect(limitOf(rule, { periodMs: HOUR, floor: 0 })).toBe(threshold(rule, HOUR));
  });
});

const preview = (asked: Partial<Rule>, ...all: History[]) =>
  previewOf(
    all
      .map((one) => replayed(one, { asked: { ...rule, ...asked }, present: rule }))
      .filter((one) => one !== undefined),
    12,
  );
const calm = (hours: number): string => '.'.repeat(hours);

describe('a preview', () => {
  const weeks = `${calm(50)}XX${calm(50)}xx${calm(2 * 168 - 104)}`;

  test('counts by week, by series and by day', () => {
    const said = preview({ alertBudget: 7 }, history(weeks), history(weeks, { id: 8 }));
    expect(said).toMatchObject({
      detail: 'About 2 alerts a week on 2 of 12 series; now 1.',
      ...{ seriesCount: 2, seriesOf: 12, from: '2026-01-01T00:00:00.000Z', to: '2026-01-15T00:00:00.000Z' },
      asked: { alerts: 4, perWeek: 2, perSeriesWeek: 1 },
      present: { alerts: 2, perWeek: 1, perSeriesWeek: 0.5 },
    });
    expect(said.asked.days).toHaveLength(14);
    expect(said.asked.days.filter(({ alerts }) => alerts > 0)).toEqual([
      { day: '2026-01-03', alerts: 2 },
      { day: '2026-01-05', alerts: 2 },
    ]);
  });

  test('shows the newest alerts, twenty at most', () => {
    const [newest] = preview({}, history('XX...XX')).asked.examples;
    expect(newest).toEqual({ seriesId: 7, name: 'cpu', startsAt: '2026-01-01T05:00:00.000Z', endsAt: null });
    expect(preview({}, history('XX..'.repeat(30))).asked.examples).toHaveLength(20);
  });

  test('does not make a week of two days', () => {
    expect(preview({ fireAfter: 4 }, history(`XX${calm(46)}`)).detail).toBe(
      '0 alerts in 2 days on 1 of 12 series; now 1.',
    );
  });

  test('says so where there are no scores yet', () => {
    expect(preview({}, history(''))).toMatchObject({ seriesCount: 0, from: null, asked: { alerts: 0 } });
    expect(preview({}, history('')).detail).toContain('no scores yet');
  });
});

describe('what a preview reads is bounded', () => {
  const of = (count: number, periodMs: number) => Array.from({ length: count }, () => ({ periodMs }));

  test.each([
    ['a hundred of an hour', of(100, HOUR), 100, 2],
    ['some of a minute', of(100, 60_000), 11, 11],
    ['few of a second', of(100, 1000), 10, 10],
    ['one, however many it has', of(1, 1), 1, 1],
  ])('%s', (_, series, taken, read) => {
    expect(affordable(series)).toHaveLength(taken);
    expect(statements(affordable(series))).toHaveLength(read);
  });
});
