import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validAt } from '../registry/rule';
import {
  type AlertRule,
  type AlertRules,
  type AlertState,
  always,
  follow,
  hasFired,
  longest,
  memory,
  quiet,
  resume,
  type Scored,
} from './alert';

const THRESHOLD = 3;
const anyChange = { direction: 'both', smallestChange: null } as const;
const rule: AlertRule = { fireAfter: 3, resolveAfter: 2, ...anyChange };

/**
 * `.` calm, `x` just over the threshold, `k` a small spike, `m` a moderate one, `X` as strange as a score can be: all of them above
 * what was expected. As strange as `x`: `v` below it, `n` near it, `=` on it, `?` where nothing was expected.
 */
const SCORES: Record<string, number> = { '.': 0.5, x: 3.1, k: 3.7, m: 5, X: 15 };
const VALUES: Record<string, number> = { '.': 100, v: 50, n: 105, '=': 100 };

const scored = (story: string, at = 0): Scored[] =>
  [...story].map((letter, index) => sampleOf(letter, at + index));

const sampleOf = (letter: string, at: number): Scored => ({
  time: new Date(at * 60_000),
  value: VALUES[letter] ?? 150,
  expected: letter === '?' ? null : 100,
  lower: 90,
  upper: 110,
  score: SCORES[letter] ?? 3.1,
  threshold: THRESHOLD,
  vrnnShare: 0.5,
});

/** Draws the phase after each sample: 'F' firing, 'r' rising, '.' quiet. */
function draw(story: string, of: AlertRule | AlertRules = rule): string {
  const rules = 'direction' in of ? always(of) : of;
  let state: AlertState = quiet;
  return scored(story)
    .map((sample) => {
      state = follow(state, [sample], rules).state;
      return { firing: 'F', rising: 'r', quiet: '.' }[state.phase];
    })
    .join('');
}

describe('the alert machine', () => {
  for (const [name, story, expected] of [
    ['ignores a single anomaly', '..x.....', '..r.....'],
    ['ignores a single moderate spike', '..m.....', '..r.....'],
    ['fires on the third anomaly in a row', '..xxxx..', '..rrFFF.'],
    ['fires on one sample as improbable as three', '..X.....', '..FF....'],
    ['fires early when two together are as improbable as three', '..mm....', '..rFF...'],
    ['fires early when two together are nearly as improbable as three', '..mx....', '..rFF...'],
    ['does not when they are less so', '..kx....', '..rr....'],
    ['starts again after a calm sample that came before it fired', 'xx.xx.xxx', 'rr.rr.rrF'],
    ['survives one calm sample', 'xxx.xx..', 'rrFFFFF.'],
    ['needs its calm samples in a row', 'xxx.x.x.x..', 'rrFFFFFFFF.'],
    ['fires again after it resolved', 'X..X..', 'FF.FF.'],
  ] as const) {
    test(name, () => expect(draw(story)).toBe(expected));
  }

  test('resolves at the first calm sample where the rule says so', () => {
    expect(draw('xx.x', { ...rule, fireAfter: 1, resolveAfter: 1 })).toBe('FF.F');
  });

  test('starts at the first anomaly, ends at the last calm sample it needed, peaks at the strangest', () => {
    const { alerts } = follow(quiet, scored('.xxmx..'), always(rule, 4));
    expect(alerts).toEqual([
      { startsAt: new Date(60_000), endsAt: new Date(360_000), peak: scored('.xxmx..')[3], ruleVersion: 4 },
    ]);
  });

  test('is open at the end of its samples', () => {
    expect(follow(quiet, scored('xxx.'), always(rule)).alerts).toMatchObject([{ endsAt: null }]);
  });

  test('counts surprise in each sample’s own threshold', () => {
    const spike = { ...sampleOf('x', 0), score: 7.5, threshold: 4 };
    expect(follow(quiet, [spike], always(rule)).alerts).toHaveLength(0);
    expect(follow(quiet, [{ ...spike, threshold: 3 }], always(rule)).alerts).toHaveLength(1);
  });
});

const soon: AlertRule = { ...rule, fireAfter: 2 };

describe('a direction and a smallest change', () => {
  for (const [name, story, of, expected] of [
    ['above hears of what is above', 'xx.vv', { direction: 'above' }, 'rFF..'],
    ['below hears of what is below', 'xx.vv', { direction: 'below' }, '...rF'],
    ['both hears of either', 'xv...', {}, 'rFF..'],
    ['neither side is where it was expected', '==.==', { direction: 'above' }, '.....'],
    ['a change too small is calm', 'nn.xx', { smallestChange: { value: 10, isPercent: false } }, '...rF'],
    ['a change as small as asked counts', 'nn', { smallestChange: { value: 5, isPercent: false } }, 'rF'],
    ['a change is measured both ways', 'vv', { smallestChange: { value: 50, isPercent: false } }, 'rF'],
    [
      'a change in percent of what was expected',
      'xx',
      { smallestChange: { value: 50, isPercent: true } },
      'rF',
    ],
    ['a change in percent too small', 'xx', { smallestChange: { value: 51, isPercent: true } }, '..'],
    [
      'what is too near lets an alert end',
      'xxnnn',
      { smallestChange: { value: 9, isPercent: true } },
      'rFF..',
    ],
    [
      'where nothing was expected neither holds back',
      '??',
      { direction: 'below', smallestChange: { value: 9, isPercent: true } },
      'rF',
    ],
  ] as const) {
    test(name, () => expect(draw(story, { ...soon, ...of })).toBe(expected));
  }

  test('a percentage of nothing expected at zero is any change', () => {
    const zero = { ...sampleOf('x', 0), expected: 0, value: 0.001 };
    const of = { ...soon, fireAfter: 1, smallestChange: { value: 50, isPercent: true } };
    expect(follow(quiet, [zero], always(of)).alerts).toHaveLength(1);
  });
});

/** A version of the rule from each place on; the first was valid always. */
const versions = (...all: [number, Partial<AlertRule>][]): AlertRules =>
  all.map(([at, change], index) => ({
    ...{ ...rule, ...change, version: index + 1 },
    sinceMs: index === 0 ? -Infinity : at * 60_000,
  }));

describe('a rule that changes', () => {
  for (const [name, story, rules, expected] of [
    [
      'judges what was before by the rule of then',
      'xx.xx.',
      versions([0, {}], [3, { fireAfter: 2 }]),
      'rr.rFF',
    ],
    ['fires a run that the new rule has enough of', 'xxx', versions([0, { fireAfter: 9 }], [2, {}]), 'rrF'],
    ['asks a run for more', 'xxxx', versions([0, {}], [2, { fireAfter: 4 }]), 'rrrF'],
    ['goes on with an alert', 'xxxxx', versions([0, {}], [3, { fireAfter: 9 }]), 'rrFFF'],
    ['ends one sooner', 'xxx....', versions([0, { resolveAfter: 9 }], [5, { resolveAfter: 1 }]), 'rrFFF..'],
    ['ends one later', 'xxx....', versions([0, {}], [4, { resolveAfter: 4 }]), 'rrFFFF.'],
    [
      'calms what now lies on the other side',
      'xxxxx',
      versions([0, {}], [3, { direction: 'below' }]),
      'rrFF.',
    ],
  ] as const) {
    test(name, () => expect(draw(story, rules)).toBe(expected));
  }

  test('an alert says which version was valid when it began', () => {
    const rules = versions([0, {}], [1, {}], [2, {}]);
    const { alerts } = follow(quiet, scored('.xxx..xxx..'), rules);
    expect(alerts.map(({ ruleVersion }) => ruleVersion)).toEqual([2, 3]);
  });

  test('a version that came when the clock had gone back takes the place of the one before at once', () => {
    expect(validAt(versions([0, {}], [5, {}], [3, {}]), new Date(6 * 60_000)).version).toBe(3);
  });
});

const letters = fc.constantFrom('.', '.', 'x', 'x', 'm', 'X', 'v', 'n', '?');
const stories = fc.array(letters, { maxLength: 60 }).map((parts) => parts.join(''));
const rules = fc.record({
  fireAfter: fc.integer({ min: 1, max: 5 }),
  resolveAfter: fc.integer({ min: 1, max: 5 }),
  direction: fc.constantFrom('above' as const, 'below' as const, 'both' as const),
  smallestChange: fc.constantFrom(null, { value: 10, isPercent: true }),
});
const histories = fc
  .tuple(rules, fc.array(fc.tuple(fc.nat(60), rules), { maxLength: 3 }))
  .map(([first, later]) => versions([0, first], ...later.sort(([a], [b]) => a - b)));

describe('for every story and every history of the rule', () => {
  test('at most the last alert is open, and alerts do not overlap', () => {
    fc.assert(
      fc.property(stories, histories, (story, of) => {
        const { alerts } = follow(quiet, scored(story), of);
        for (const [index, { startsAt, endsAt }] of alerts.entries()) {
          const next = alerts[index + 1];
          if (next) expect(endsAt).not.toBeNull();
          if (endsAt) expect(endsAt > startsAt).toBe(true);
          if (next) expect(next.startsAt > endsAt!).toBe(true);
        }
      }),
    );
  });

  test('every fire has one end, but for the last that is open', () => {
    fc.assert(
      fc.property(stories, histories, (story, of) => {
        const { alerts, state } = follow(quiet, scored(story), of);
        const drawn = draw(story, of);
        expect(drawn.match(/F+/g)?.length ?? 0).toBe(alerts.length);
        expect(alerts.filter(({ endsAt }) => !endsAt)).toHaveLength(state.phase === 'firing' ? 1 : 0);
      }),
    );
  });

  test('as many anomalies in a row as the rule asks for always fire', () => {
    fc.assert(
      fc.property(rules, (drawn) => {
        const of = { ...drawn, direction: 'both' as const };
        expect(follow(quiet, scored('x'.repeat(of.fireAfter)), always(of)).alerts).toHaveLength(1);
        if (of.fireAfter === 1) return;
        expect(follow(quiet, scored('x'.repeat(of.fireAfter - 1)), always(of)).alerts).toHaveLength(0);
      }),
    );
  });

  test('what the new rule says of later samples changes nothing before it', () => {
    fc.assert(
      fc.property(stories, fc.nat(60), rules, rules, (story, cut, first, second) => {
        const changed = draw(story, versions([0, first], [cut, second]));
        expect(changed.slice(0, cut)).toBe(draw(story, first).slice(0, cut));
      }),
    );
  });

  test('folding in pieces tells the same as folding at once', () => {
    fc.assert(
      fc.property(stories, fc.nat(60), histories, (story, cut, of) => {
        const samples = scored(story);
        const first = follow(quiet, samples.slice(0, cut), of);
        const second = follow(first.state, samples.slice(cut), of);
        const pieces = [...first.alerts.filter(({ endsAt }) => endsAt), ...second.alerts];
        const whole = follow(quiet, samples, of);
        expect(pieces).toEqual(whole.alerts);
        expect(second.state).toEqual(whole.state);
      }),
    );
  });

  test('the state before a stretch can be had again from what is stored', () => {
    fc.assert(
      fc.property(stories, fc.nat(60), histories, (story, cut, of) => {
        const past = scored(story).slice(0, cut);
        const { state, alerts } = follow(quiet, past, of);
        const open = alerts.find(({ endsAt }) => endsAt === null);
        const seen = past.length === 0 ? [] : past.slice(-memory(validAt(of, past.at(-1)!.time)));
        expect(follow(resume(open, seen, of), scored(story).slice(cut), of)).toEqual(
          follow(state, scored(story).slice(cut), of),
        );
        for (const { startsAt } of alerts) {
          const at = past.findIndex(({ time }) => time.getTime() === startsAt.getTime());
          const length = longest(of, 'fireAfter', { from: startsAt, to: new Date(cut * 60_000) });
          expect(hasFired(startsAt, past.slice(at, at + length), of)).toBe(true);
        }
      }),
    );
  });
});
