import { expect, test } from 'vitest';
import { schedulePeriods } from './period-schedule';

/** The sample counts at which a series is looked at, when one sample arrives at a time and no look changes anything. */
function looksOf(samples: number, hasPeriod = false): number[] {
  const schedule = schedulePeriods();
  const looks: number[] = [];
  for (let count = 1; count <= samples; count++) {
    const due = schedule.wrote(new Map([[7, 1]]), () => hasPeriod);
    if (due.length === 0) continue;
    looks.push(count);
    schedule.looked(due, new Map([[7, { count: Math.min(count, 200), isChanged: count === 1 }]]));
  }
  return looks;
}

test('looks as the samples double, then rarely', () => {
  expect(looksOf(5_000)).toEqual([1, 8, 16, 32, 64, 128, 256, 2256, 4256]);
});

test('looks later at a series that has a period since before the process started', () => {
  expect(looksOf(20, true)).toEqual([8, 16]);
});

test('looks once at a time', () => {
  const schedule = schedulePeriods();
  expect(schedule.wrote(new Map([[7, 100]]), () => false)).toEqual([7]);
  expect(schedule.wrote(new Map([[7, 100]]), () => false)).toEqual([]);
});
