import { describe, expect, it } from 'vitest';
import { scoreDomain, tickLabel, timeTicks, valueDomain, valueTicks } from './axes';
import { EMPTY, type Row } from './rows';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const rowsOf = (...rows: Partial<Row>[]): Row[] => rows.map((row, i) => ({ ...EMPTY, time: i, ...row }));

describe('valueDomain', () => {
  it.each<[string, Row[], [number, number]]>([
    ['holds all samples with a little room', rowsOf({ value: 100 }, { value: 200 }), [94, 206]],
    ['holds the extremes of buckets', rowsOf({ value: 150, extent: [100, 200] }), [94, 206]],
    ['does not go below zero for room alone', rowsOf({ value: 0 }, { value: 100 }), [0, 106]],
    ['has height when the line is flat', rowsOf({ value: 10 }, { value: 10 }), [9, 11]],
    ['has a height when there is nothing', rowsOf({}), [0, 1]],
  ])('%s', (_, rows, domain) => {
    expect(valueDomain(rows)).toEqual(domain);
  });

  it('lets one wild band not flatten the line', () => {
    const [low, high] = valueDomain(
      rowsOf({ value: 100, band: [-9000, 9000] }, { value: 200, band: [90, 210] }),
    );
    expect([low, high]).toEqual([0, 318]);
  });
});

describe('valueTicks', () => {
  it.each<[[number, number], number[]]>([
    [
      [12, 78],
      [20, 40, 60],
    ],
    [
      [0, 1],
      [0, 0.2, 0.4, 0.6, 0.8, 1],
    ],
    [
      [-0.12, 0.35],
      [-0.1, 0, 0.1, 0.2, 0.3],
    ],
    [
      [1000.1, 1000.5],
      [1000.1, 1000.2, 1000.3, 1000.4, 1000.5],
    ],
    [[5, 5], []],
  ])('of %j are %j', (domain, ticks) => {
    expect(valueTicks(domain, 5)).toEqual(ticks);
  });
});

describe('limits', () => {
  const rows = rowsOf({ value: 40 }, { value: 60 });
  it.each([
    [[70], 70, true],
    [[30, 79], 79, true],
    [[95], 95, false],
  ])('%j: is %d shown? %s', (limits, limit, isShown) => {
    const [low, high] = valueDomain(rows, limits);
    expect(limit >= low && limit <= high).toBe(isShown);
  });

  it('do not flatten the line when they are far', () =>
    expect(valueDomain(rows, [1e6])).toEqual(valueDomain(rows)));
});

describe('scoreDomain', () => {
  it('always shows the threshold', () => {
    expect(scoreDomain(rowsOf({ score: 1 }), 4)).toEqual([0, 5]);
    expect(scoreDomain(rowsOf({ score: 10 }), 4)).toEqual([0, 11]);
    expect(scoreDomain([], null)).toEqual([0, 3]);
  });
});

describe('timeTicks', () => {
  const utc = () => 0;
  const india = () => 5.5 * HOUR;

  it('are on round times', () => {
    expect(timeTicks([0, 6 * HOUR], 6, utc)).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => n * HOUR));
  });

  it('are on local midnights where the stretch spans days', () => {
    expect(timeTicks([0, 3 * DAY], 3, india).map((time) => (time + 5.5 * HOUR) % DAY)).toEqual([0, 0, 0]);
  });

  it('are none in an empty stretch', () => {
    expect(timeTicks([5, 5], 4, utc)).toEqual([]);
  });
});

describe('tickLabel', () => {
  const time = Date.UTC(2024, 4, 1, 9, 30, 5);
  it.each([
    [60_000, '09:30:05'],
    [6 * HOUR, '09:30'],
    [3 * DAY, '1 May 09:30'],
    [30 * DAY, '1 May'],
    [800 * DAY, 'May 2024'],
  ])('over %d ms is %s', (span, label) => {
    expect(tickLabel(time, span, 'UTC')).toBe(label);
  });
});
