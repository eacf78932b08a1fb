/** Which earlier alerts are like one, drawn: a digit is how many band widths a sample lay off, `-` below what was expected. */
import { describe, expect, test } from 'vitest';
import { mostAlike, type Shape } from './likeness';

const HOUR = 3_600_000;
const BAND = { expected: 10, lower: 5, upper: 15 };

/** Alerts from drawings, an hour a letter: `..22..` lay twice the band above for two hours, `..vv..` as far below. */
function drawn(drawing: string, more: Partial<Shape> = {}): Shape {
  const run = /[1-9v]+/.exec(drawing)!;
  const [from, length] = [run.index, run[0].length];
  const isFiring = from + length === drawing.length;
  const off = run[0][0] === 'v' ? -2 : Number(run[0][0]);
  return {
    ...{ id: from, seriesId: 1, kind: 'anomaly', startsMs: from * HOUR, value: 10 + 10 * off, score: 4 },
    endsMs: isFiring ? null : (from + length) * HOUR,
    ...BAND,
    ...more,
  };
}

const alert = drawn('..........222.');
const alike = (...others: Shape[]) => mostAlike(alert, others).map(({ id, words }) => `${id}: ${words}`);

describe('an earlier alert is like this one', () => {
  for (const [name, other, expected] of [
    ['when it is its image', drawn('.222..........'), ['1: same direction, 3 h long, about as far off']],
    [
      'when it was half as far off',
      drawn('.1111.........'),
      ['1: same direction, 4 h long, half as far off'],
    ],
    [
      'when it was twice as far off',
      drawn('.444..........'),
      ['1: same direction, 3 h long, twice as far off'],
    ],
    [
      'when it was much farther off',
      drawn('.66...........'),
      ['1: same direction, 2 h long, much farther off'],
    ],
    ['not when it lay below', drawn('.vvv..........'), []],
    ['not when it is of another kind', drawn('.222..........', { kind: 'frozen' }), []],
    ['not when it came later', drawn('............22.'), []],
    ['not when it was far longer and farther off', { ...drawn('.9.......'), endsMs: 30 * HOUR }, []],
    [
      'when it fires still, which says nothing of its length',
      { ...drawn('.222..'), endsMs: null },
      ['1: same direction, still firing, about as far off'],
    ],
    [
      'when nothing was expected, by how strange it was',
      { ...drawn('.222..'), expected: null, lower: null, upper: null, score: 8 },
      ['1: 3 h long, twice as strange'],
    ],
    [
      'when it is of another series by this name',
      drawn('.222.', { seriesId: 2 }),
      ['1: same direction, 3 h long, about as far off'],
    ],
  ] as const)
    test(name, () => expect(alike(other)).toEqual(expected));
});

test('of other kinds, length is all there is to compare', () => {
  const silent = (drawing: string) =>
    drawn(drawing, { kind: 'silent', expected: null, lower: null, upper: null, score: null });
  expect(mostAlike(silent('.....222.'), [silent('.22..'), silent('...2.')])).toEqual([
    { id: 1, words: '2 h long' },
    { id: 3, words: '1 h long' },
  ]);
});

test('the most alike come first, those of its own series before others, the newer of equals before the older, five at most', () => {
  const image = drawn('222...........');
  const others = [
    { ...image, id: 1, score: 1.5 },
    { ...image, id: 2, seriesId: 2 },
    { ...image, id: 3 },
    { ...image, id: 4, startsMs: HOUR, endsMs: 4 * HOUR },
    { ...image, id: 5, score: 3 },
    { ...image, id: 6, score: 1 },
  ];
  expect(mostAlike(alert, others).map(({ id }) => id)).toEqual([4, 3, 5, 2, 1]);
});

test('what a firing alert is compared by leaves its length out', () => {
  const firing = { ...alert, endsMs: null };
  expect(mostAlike(firing, [drawn('2.............', { id: 9 })])).toEqual([
    { id: 9, words: 'same direction, 1 h long, about as far off' },
  ]);
});
