import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AlertRule,
  type AlertState,
  follow,
  hasFired,
  memory,
  quiet,
  resume,
  type Scored,
} from './alert';

const THRESHOLD = 3;
const rule: AlertRule = { fireAfter: 3, resolveAfter: 2 };

/** `.` calm, `x` just over the threshold, `m` a moderate spike, `X` as strange as a score can be. */
const SCORES: Record<string, number> = { '.': 0.5, x: 3.1, m: 5, X: 15 };

const scored = (story: string, at = 0): Scored[] =>
  [...story].map((letter, index) => sampleOf(SCORES[letter]!, at + index));

const sampleOf = (score: number, at: number): Scored => ({
  time: new Date(at * 60_000),
  value: score * 10,
  expected: 1,
  lower: 0,
  upper: 2,
  score,
  threshold: THRESHOLD,
  vrnnShare: 0.5,
});

/** Draws the phase after each sample: 'F' firing, 'r' rising, '.' quiet. */
function draw(story: string, of: AlertRule = rule): string {
  let state: AlertState = quiet;
  return scored(story)
    .map((sample) => {
      state = follow(state, [sample], of).state;
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
    ['starts again after a calm sample that came before it fired', 'xx.xx.xxx', 'rr.rr.rrF'],
    ['survives one calm sample', 'xxx.xx..', 'rrFFFFF.'],
    ['needs its calm samples in a row', 'xxx.x.x.x..', 'rrFFFFFFFF.'],
    ['fires again after it resolved', 'X..X..', 'FF.FF.'],
  ] as const) {
    test(name, () => expect(draw(story)).toBe(expected));
  }

  test('resolves at the first calm sample where the rule says so', () => {
    expect(draw('xx.x', { fireAfter: 1, resolveAfter: 1 })).toBe('FF.F');
  });

  test('starts at the first anomaly, ends at the last calm sample it needed, peaks at the strangest', () => {
    const { alerts } = follow(quiet, scored('.xxmx..'), rule);
    expect(alerts).toEqual([
      { startsAt: new Date(60_000), endsAt: new Date(360_000), peak: scored('.xxmx..')[3] },
    ]);
  });

  test('is open at the end of its samples', () => {
    expect(follow(quiet, scored('xxx.'), rule).alerts).toMatchObject([{ endsAt: null }]);
  });

  test('counts surprise in each sample’s own threshold', () => {
    const spike = { ...sampleOf(9, 0), threshold: 4 };
    expect(follow(quiet, [spike], rule).alerts).toHaveLength(0);
    expect(follow(quiet, [{ ...spike, threshold: 3 }], rule).alerts).toHaveLength(1);
  });
});

const letters = fc.constantFrom('.', '.', 'x', 'x', 'm', 'X');
const stories = fc.array(letters, { maxLength: 60 }).map((parts) => parts.join(''));
const rules = fc.record({
  fireAfter: fc.integer({ min: 1, max: 5 }),
  resolveAfter: fc.integer({ min: 1, max: 5 }),
});

describe('for every story', () => {
  test('at most the last alert is open, and alerts do not overlap', () => {
    fc.assert(
      fc.property(stories, rules, (story, of) => {
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

  test('as many anomalies in a row as the rule asks for always fire', () => {
    fc.assert(
      fc.property(rules, (of) => {
        expect(follow(quiet, scored('x'.repeat(of.fireAfter)), of).alerts).toHaveLength(1);
        if (of.fireAfter === 1) return;
        expect(follow(quiet, scored('x'.repeat(of.fireAfter - 1)), of).alerts).toHaveLength(0);
      }),
    );
  });

  test('folding in pieces tells the same as folding at once', () => {
    fc.assert(
      fc.property(stories, fc.nat(60), rules, (story, cut, of) => {
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
      fc.property(stories, fc.nat(60), rules, (story, cut, of) => {
        const past = scored(story).slice(0, cut);
        const { state, alerts } = follow(quiet, past, of);
        const open = alerts.find(({ endsAt }) => endsAt === null);
        expect(follow(resume(open, past.slice(-memory(of)), of), scored(story).slice(cut), of)).toEqual(
          follow(state, scored(story).slice(cut), of),
        );
        for (const { startsAt } of alerts) {
          const at = past.findIndex(({ time }) => time.getTime() === startsAt.getTime());
          expect(hasFired(startsAt, past.slice(at, at + of.fireAfter), of)).toBe(true);
        }
      }),
    );
  });
});
