/** The NAB score against values by hand and against every threshold tried on its own. */
import { describe, expect, it } from 'vitest';
import { randomScores } from './baselines.mjs';
import { nabScore, normalised, rawScore } from './nab.mjs';

const labelled = (drawing) => Array.from(drawing, (sign) => (sign === 'x' ? 1 : 0));
/** One score per sample: a digit, or a dot for zero. */
const scored = (drawing) => Array.from(drawing, (sign) => (sign === '.' ? 0 : Number(sign)));
const file = (labels, scores, trainEnd = 0) => ({
  labels: labelled(labels),
  scores: scored(scores),
  trainEnd,
});

describe('the score of a file at a threshold', () => {
  it.each([
    ['a hit at the left edge of the window is worth one', '....xxxx....', '....1.......', 1],
    ['a later hit in the window adds nothing', '....xxxx....', '....1.1.....', 1],
    ['a hit halfway is worth 0.84828 / 0.98661', '....xxxx....', '......1.....', 0.84828 / 0.98661],
    ['a window without a hit costs one', '....xxxx....', '............', -1],
    ['before the first window a false positive costs 0.11', '....xxxx....', '11..1.......', 1 - 0.22],
    ['three widths after a window it costs 0.11', '.xxxx.........', '.1............1', 1],
    [
      'one width after a window it costs 0.11 · 0.98661',
      '.xxxx.........',
      '.1.....1......',
      1 - 0.11 * 0.98661,
    ],
    ['without a window only false positives count', '............', '1.....1.....', -0.22],
    ['windows count one by one', '.xx...xx....', '.1..........', 0],
  ])('%s', (_, labels, scores, expected) => {
    const { raw } = rawScore(file(labels, scores.slice(0, labels.length)), 1);
    expect(raw).toBeCloseTo(expected, 5);
  });

  it('leaves the probationary period out', () => {
    expect(rawScore(file('....xxxx....', '11..1...1...', 2), 1)).toMatchObject({
      windows: 1,
      tp: 1,
      fp: 1,
      fn: 3,
      tn: 5,
    });
    expect(rawScore(file('xx..xxxx....', '11..1.......', 2), 1)).toMatchObject({ windows: 1, raw: 1 });
  });
});

describe('the NAB score', () => {
  it('is 100 for the first sample of each window alone', () => {
    expect(nabScore([file('....xxxx....', '....1.......')]).score).toBeCloseTo(100, 12);
  });

  it('is 0 where it is best to raise nothing', () => {
    const silent = nabScore([file('....................xx', '......................')]);
    expect(silent).toEqual({ score: 0, raw: -1, threshold: Infinity, windows: 1 });
  });

  it('takes one threshold for all files', () => {
    const alone = [file('....xxxx....', '....2...99..'), file('....xxxx....', '....9.......')];
    expect(nabScore(alone).threshold).toBe(2);
    expect(nabScore(alone).raw).toBeCloseTo(rawScore(alone[0], 2).raw + rawScore(alone[1], 2).raw, 12);
  });

  it('is the best of all thresholds', () => {
    const drawings = ['......xxxxxx......xxx...', '........................', '....xx..................'];
    const files = drawings.map((drawing, seed) => ({
      labels: labelled(drawing),
      scores: randomScores(drawing.length, seed).map((score) => Math.round(score * 15)),
      trainEnd: 3,
    }));
    const at = (threshold) => files.reduce((sum, each) => sum + rawScore(each, threshold).raw, 0);
    const sums = [Infinity, ...Array.from({ length: 16 }, (_, score) => score)].map(at);
    expect(nabScore(files).raw).toBeCloseTo(Math.max(...sums), 12);
    expect(at(nabScore(files).threshold)).toBeCloseTo(Math.max(...sums), 12);
  });

  it('raises nothing where there is no score', () => {
    const { scores, ...rest } = file('....xxxx....', '9...1.......');
    const missing = scores.map((score) => (score === 9 ? NaN : score));
    expect(nabScore([{ ...rest, scores: missing }]).score).toBeCloseTo(100, 12);
  });

  it('is no number without a window', () => {
    expect(nabScore([file('............', '.1..........')]).score).toBeNaN();
    expect(normalised(0, 4)).toBe(50);
  });
});
