import { expect, it } from 'vitest';
import { calendarWidth, cyclesOf, cyclesWithin, writeCalendar } from './calendar';

const HOUR = 3_600_000;

it.each([
  [60_000, ['hour', 'day', 'week', 'year']],
  [HOUR, ['day', 'week', 'year']],
  [24 * HOUR, ['week', 'year']],
  [7 * 24 * HOUR, ['year']],
  [91 * 24 * HOUR, []],
])('steps of %i ms show %j', (period, cycles) => expect(cyclesOf(period)).toEqual(cycles));

it('keeps only cycles that the history repeats', () => {
  expect(cyclesWithin(['hour', 'day', 'week'], 60_000, 300)).toEqual(['hour']);
  expect(cyclesWithin(['hour', 'day', 'week'], 60_000, 4 * 1440)).toEqual(['hour', 'day']);
});

it('says the same a cycle later, something else half a cycle later, and ends with a one', () => {
  const at = (step: number) => {
    const into = new Float32Array(calendarWidth(['day']));
    writeCalendar(into, 0, { cycles: ['day'], step, periodMs: HOUR });
    return into;
  };
  expect(at(486_000 + 24)).toEqual(at(486_000));
  expect(at(486_000 + 12)).not.toEqual(at(486_000));
  expect(at(-1)).toEqual(at(23));
  expect(at(5).at(-1)).toBe(1);
});
