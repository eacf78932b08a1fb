import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { always, type AlertRule, follow, quiet, type Scored } from './alert';
import { floorFor, previewOf, replay, watchPreviewOf } from './verdict';

const rule: AlertRule = { fireAfter: 3, resolveAfter: 2, direction: 'both', smallestChange: null };
const SCORES: Record<string, number> = { '.': 0.5, x: 3.25, m: 5, s: 12, X: 15 };

const at = (i: number): Date => new Date(Date.UTC(2026, 0, 1, 0, i));
const scored = (story: string): Scored[] =>
  [...story].map((letter, i) => ({
    ...{ time: at(i), value: i, expected: 0, lower: 0, upper: 0, threshold: 3, vrnnShare: 0.5 },
    score: SCORES[letter]!,
  }));

describe('the floor of a false alarm is the smallest that keeps it quiet', () => {
  test.each([
    ['xxx', 3.26],
    ['mmm', 5.01],
    ['mxm', 3.26],
    ['s', 5.22],
    ['.x.', 0],
    ['XXX', undefined],
  ])('%s → %s', (story, floor) => {
    const found = floorFor(scored(story), rule);
    if (floor === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(floor, 9);
  });

  test('whatever the alert looks like', () => {
    const stories = fc.string({ unit: fc.constantFrom('.', 'x', 'm', 's'), minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(stories, (story) => {
        const samples = scored(story);
        const floor = floorFor(samples, rule)!;
        const under = (least: number) =>
          follow(
            quiet,
            samples.map((one) => ({ ...one, threshold: Math.max(3, least) })),
            always(rule),
          ).alerts.length;
        expect(under(floor)).toBe(0);
        if (floor > 0) expect(under(floor - 0.01)).toBeGreaterThan(0);
      }),
    );
  });
});

describe('a replay', () => {
  const story = 'xxx....mmm....xxx....sss..';
  const replayed = (floor: number, confirmed: [number, number | null][] = []) =>
    replay(scored(story), rule, {
      floor,
      confirmed: confirmed.map(([from, to]) => ({ startsAt: at(from), endsAt: to === null ? null : at(to) })),
    });

  test('counts the alerts that are left', () => {
    expect(replayed(3.26)).toMatchObject({ before: 4, after: 2, confirmedLost: 0 });
    expect(replayed(5.01)).toMatchObject({ before: 4, after: 1 });
  });

  test('says which confirmed ones would be lost', () => {
    expect(
      replayed(5.01, [
        [7, 12],
        [21, null],
      ]),
    ).toMatchObject({ confirmedLost: 1 });
  });

  test('is said in words', () => {
    expect(previewOf('false_alarm', replayed(3.26)).detail).toMatch(
      /^This series would have raised 2 fewer alerts in 30 days \(2 instead of 4\), no confirmed one lost\./,
    );
    expect(previewOf('false_alarm', replayed(5.01, [[7, 12]])).detail).toContain('1 confirmed one lost');
    expect(previewOf('false_alarm', null)).toMatchObject({ isPossible: false });
    expect(previewOf('real', null)).toMatchObject({ isPossible: true, replay: null });
  });
});

test.each([
  ['silent', 'false_alarm', /silent only after a quarter longer/],
  ['frozen', 'false_alarm', /frozen only after a quarter more/],
  ['cadence', 'false_alarm', /nothing is said of this pace/],
  ['cadence', 'new_normal', /becomes the period/],
  ['breach', 'false_alarm', /has to be surer/],
  ['breach', 'expected', /a recurring silence/],
] as const)('what is said of an alert that is %s: %s', (of, kind, detail) => {
  const preview = watchPreviewOf(of, kind);
  expect(preview).toMatchObject({ kind, isPossible: true, replay: null });
  expect(preview.detail).toMatch(detail);
});
