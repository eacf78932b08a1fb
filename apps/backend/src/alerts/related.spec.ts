/** Which series are related, drawn as labels and as alerts side by side. */
import { describe, expect, test } from 'vitest';
import {
  firedTogether,
  MOST_CARRIERS,
  oftenTogether,
  type Past,
  relationsOf,
  type Shared,
  tells,
} from './related';

/** Series by their place, each a list of labels; a label is shared as the store finds it. */
function shared(series: string[]): Shared[] {
  const all = series.map((labels) => labels.split(' ').filter(Boolean));
  return [...new Set(all.flat())].map((label) => {
    const [key, value] = label.split('=') as [string, string];
    return {
      ...{ key, value },
      seriesIds: all.flatMap((labels, id) => (labels.includes(label) ? [id] : [])),
      hasOther: all.flat().some((other) => other.startsWith(`${key}=`) && other !== label),
    };
  });
}

const past = (own: [number, number], other: [number, number]): Past => ({
  own: { met: own[0], total: own[1] },
  other: { met: other[0], total: other[1] },
});

describe('a label', () => {
  for (const [name, series, related] of [
    ['relates the series of a host', ['host=a', 'host=a', 'host=b'], [1]],
    ['relates nothing where all have it', ['env=x job=a', 'env=x job=b', 'env=x job=c'], []],
    ['relates nothing where it says what sort of place it is', ['env=prod', 'env=prod', 'env=test'], []],
    ['relates nothing of the demo', ['demo=nab host=a', 'demo=nab host=b', 'demo=nab host=c'], []],
    ['relates nothing that has none', ['', '', 'host=a'], []],
    ['relates by each of several', ['host=a job=x', 'host=a job=y', 'host=b job=x'], [1, 2]],
  ] as const)
    test(name, () =>
      expect(relationsOf(0, shared([...series]), []).map(({ seriesId }) => seriesId)).toEqual(related),
    );

  test('says too little where many carry it', () => {
    const host = (count: number) => shared([...Array<string>(count).fill('host=a'), 'host=b'])[0]!;
    expect([tells(host(MOST_CARRIERS)), tells(host(MOST_CARRIERS + 1))]).toEqual([true, false]);
  });
});

describe('alerts of before', () => {
  for (const [name, one, expected] of [
    ['relate what always came together', past([3, 3], [3, 3]), 'fired together 3 of 3 times before'],
    ['relate by the rarer one', past([2, 9], [2, 2]), 'fired together 2 of 2 times before'],
    [
      'relate what came together half of the time',
      past([2, 4], [2, 9]),
      'fired together 2 of 4 times before',
    ],
    ['do not relate what met once', past([1, 1], [1, 1]), null],
    ['do not relate what met by chance', past([2, 5], [2, 9]), null],
  ] as const)
    test(name, () => expect(firedTogether(one) ? oftenTogether(one) : null).toBe(expected));
});

test('a series is named once, with the label that fewest carry', () => {
  const found = relationsOf(0, shared(['job=x host=a', 'job=x host=a', 'job=x host=b', 'job=y']), [
    { seriesId: 1, ...past([3, 3], [3, 3]) },
    { seriesId: 9, ...past([4, 5], [4, 7]) },
  ]);
  expect(found).toEqual([
    { seriesId: 1, words: 'same host=a' },
    { seriesId: 2, words: 'same job=x' },
    { seriesId: 9, words: 'fired together 4 of 5 times before' },
  ]);
});
