/** Related series around an alert, drawn: a letter a minute, `x` an anomaly, `m` almost one, `.` calm; the alert begins at `|`. */
import { describe, expect, test } from 'vitest';
import { around, historyOf, siblingsOf, type Surprise } from './sibling';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SURPRISE: Record<string, number> = { '.': 0.2, m: 0.8, x: 1, X: 3 };

/** The strangest letter of each series; series are numbered by their place. */
const surprises = (...series: string[]): Surprise[] =>
  series.map((letters, seriesId) => {
    const all = [...letters].map((letter) => SURPRISE[letter]!);
    const surprise = Math.max(...all);
    const first = all.findIndex((one) => one >= 1);
    return {
      ...{ seriesId, surprise, value: 1, expected: 2, peakAt: new Date(all.indexOf(surprise) * MINUTE) },
      anomalyAt: first < 0 ? null : new Date(first * MINUTE),
    };
  });

const seen = (begins: string, ...series: string[]) =>
  siblingsOf(
    begins.indexOf('|') * MINUTE,
    series.map((_, seriesId) => ({ seriesId, name: 'cpu', labels: {}, unit: null, relation: 'same host=a' })),
    surprises(...series),
  ).map(({ seriesId, leadMs }) => [seriesId, leadMs === null ? null : leadMs / MINUTE]);

describe('a related series', () => {
  for (const [name, series, expected] of [
    ['led when it was an anomaly before', ['..xxX.'], [[0, -2]]],
    ['followed when it was one after', ['.....x'], [[0, 1]]],
    ['was almost one', ['...m..'], [[0, null]]],
    ['is left out where it was calm', ['......'], []],
    [
      'comes first when it was the most surprised',
      ['.....x', '....X.', '...m..'],
      [
        [1, 0],
        [0, 1],
        [2, null],
      ],
    ],
  ] as const)
    test(name, () => expect(seen('....|.', ...series)).toEqual(expected));

  test('is one of eight at most', () => {
    expect(seen('|', ...Array<string>(12).fill('x'))).toHaveLength(8);
  });
});

test('related series are looked at as far around an alert as its story may reach', () => {
  const [startsMs, nowMs] = [100 * HOUR, 200 * HOUR];
  const looked = (periodMs: number | null, endsMs: number | null) => {
    const { from, to } = around({ startsMs, endsMs }, periodMs, nowMs);
    return [(from.getTime() - startsMs) / MINUTE, (to.getTime() - startsMs) / MINUTE];
  };
  expect(looked(1000, startsMs + HOUR)).toEqual([-1, 61]);
  expect(looked(MINUTE, startsMs + HOUR)).toEqual([-15, 75]);
  expect(looked(HOUR, startsMs + HOUR)).toEqual([-180, 240]);
  expect(looked(null, null)).toEqual([-45, 100 * 60 + 45]);
});

test('what is known of the days before is said with how many they are, and not at all where nothing is', () => {
  const day = (count: number) => new Date(count * 24 * HOUR);
  const peak = day(40).getTime();
  expect(historyOf(peak, { scoredSince: day(9.75), asStrange: 2 })).toEqual({ days: 30.25, asStrange: 2 });
  expect(historyOf(peak, { scoredSince: null, asStrange: 2 })).toBeNull();
  expect(historyOf(peak, { scoredSince: day(1), asStrange: null })).toBeNull();
});
