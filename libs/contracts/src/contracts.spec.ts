import { describe, expect, test } from 'vitest';
import { Labels, LiveEvent, Sample, SeriesName } from './index';

describe('a sample', () => {
  test.each([
    ['with epoch milliseconds', { series: 'a', time: 1_700_000_000_000, value: 1 }],
    ['with ISO time in UTC', { series: 'a', time: '2026-01-01T00:00:00Z', value: -1.5 }],
    [
      'with ISO time and an offset',
      { series: 'a', labels: { host: 'b' }, time: '2026-01-01T00:00:00+02:00', value: 0 },
    ],
  ])('%s is taken', (_, sample) => expect(Sample.parse(sample)).toEqual(sample));

  test.each([
    ['without a value', { series: 'a', time: 1 }, 'value'],
    ['with a value that is no number', { series: 'a', time: 1, value: '5' }, 'value'],
    ['with an infinite value', { series: 'a', time: 1, value: Infinity }, 'value'],
    ['with a time that is none', { series: 'a', time: 'yesterday', value: 1 }, 'time'],
    ['without a name', { series: ' ', time: 1, value: 1 }, 'series'],
  ])('%s is refused, and the path says where', (_, sample, at) => {
    const result = Sample.safeParse(sample);
    expect(result.error?.issues[0]?.path).toEqual([at]);
  });
});

test('names and labels are bounded and printable', () => {
  expect(SeriesName.safeParse('x'.repeat(201)).success).toBe(false);
  expect(SeriesName.safeParse('a\u0000b').success).toBe(false);
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`l${i}`, 'v']));
  expect(Labels.safeParse(many).error?.issues[0]?.message).toBe('more than 20 labels');
});

test('a live event says which things changed, never the things', () => {
  expect(LiveEvent.safeParse({ type: 'samples', seriesIds: [1, 2] }).success).toBe(true);
  expect(LiveEvent.safeParse({ type: 'samples', value: 5 }).success).toBe(false);
});
