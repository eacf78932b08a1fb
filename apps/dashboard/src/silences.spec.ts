import { type Schedule, Silence, SilenceInput } from '@bellwether/contracts';
import { describe, expect, it } from 'vitest';
import {
  beginning,
  endOf,
  fieldsOf,
  inFormWords,
  inputOf,
  localInput,
  matcherInWords,
  matchersIn,
  occurrenceInWords,
  scheduleInWords,
  silenceHref,
  weekIn,
  weekInWords,
  weekOf,
  WHENS,
} from './silences';

const NOW = Date.parse('2026-11-05T10:30:20.500Z');
const HOUR = 3_600_000;
const matchers = [{ label: 'host', op: '=~' as const, value: 'web-.*' }];
const weekly: Schedule = {
  ...{ kind: 'weekly', days: [6, 7], at: '22:00', durationMinutes: 450, timeZone: 'Europe/Berlin' },
  ...{ from: '2026-11-01T00:00:07.123Z', until: '2027-01-01T00:00:00.000Z' },
};
const { kind: _weekly, days: _days, ...clock } = weekly;
const daily: Schedule = { ...clock, kind: 'daily', until: null };
const once: Schedule = { kind: 'once', from: '2026-11-05T10:00:07.123Z', to: '2026-11-05T14:00:00.000Z' };
const silence = (schedule: Schedule): Silence =>
  Silence.parse({
    ...{ id: 1, kind: 'maintenance', matchers, schedule, comment: 'disks', createdAt: once.from },
    ...{ endedAt: null, endedBy: null, state: 'active', current: null, next: null, held: 0 },
    ...{ hasBegun: true, hasActed: false },
  });

describe('the form', () => {
  it.each(WHENS)('%s is something the API takes', (when) => {
    const input = inputOf({ ...beginning(matchers, NOW, 'Europe/Berlin'), when }, NOW);
    expect(SilenceInput.parse(input)).toMatchObject({ kind: 'silence', matchers });
  });

  it('counts hours from now, and the morning as the next day’s', () => {
    expect(endOf('4 h', NOW) - NOW).toBe(4 * HOUR);
    const morning = new Date(endOf('Until morning', NOW));
    expect([morning.getHours(), morning.getMinutes()]).toEqual([8, 0]);
    expect(morning.getTime()).toBeGreaterThan(NOW);
    expect(morning.getTime() - NOW).toBeLessThan(48 * HOUR);
  });

  it.each([[weekly], [once], [daily]])('takes a silence in and gives it back as it was: %#', (schedule) => {
    const fields = fieldsOf(silence(schedule), NOW, 'UTC');
    const input = inputOf(fields, NOW, schedule);
    expect(input).toMatchObject({ kind: 'maintenance', matchers, comment: 'disks' });
    expect({ ...input.schedule }).toEqual(JSON.parse(JSON.stringify(schedule)));
  });

  it('leaves a half typed time to the API, which says what is wrong with it', () => {
    const fields = { ...beginning(matchers, NOW, 'UTC'), when: 'From, to' as const, to: '' };
    expect(SilenceInput.safeParse(inputOf(fields, NOW)).success).toBe(false);
  });

  it('writes times as the field of the browser takes them', () =>
    expect(new Date(localInput(NOW)).getTime()).toBe(NOW - (NOW % 60_000)));
});

describe('in words', () => {
  it.each([
    [{ label: '__name__', op: '=', value: 'cpu' }, 'name = cpu'],
    [{ label: 'name', op: '!=', value: 'x' }, 'label name != x'],
    [{ label: 'host', op: '=', value: '' }, 'host = nothing'],
  ] as const)('%j', (matcher, words) => expect(matcherInWords(matcher)).toBe(words));

  it.each([
    [weekly, 'every Saturday and Sunday at 22:00 for 7 h 30 min, Europe/Berlin time'],
    [daily, 'every day at 22:00 for 7 h 30 min, Europe/Berlin time'],
    [once, 'once, for 4 h'],
  ])('a schedule: %#', (schedule, words) => expect(scheduleInWords(schedule)).toBe(words));

  it('an occurrence, on whose clock it is asked for', () => {
    const one = { from: '2026-11-07T21:00:00Z', to: '2026-11-08T04:30:00Z' };
    expect(occurrenceInWords(one, 'Europe/Berlin', NOW)).toBe('Sat 7 Nov, 22:00 to Sun 8 Nov, 05:30');
    expect(occurrenceInWords(one, 'Asia/Kolkata', NOW)).toBe('Sun 8 Nov, 02:30 to 10:00');
    expect(occurrenceInWords(one, 'UTC', NOW - 400 * 24 * HOUR)).toContain('2026');
  });

  it.each([
    ['matchers.1.value: a "(" is not closed.', 'Matcher 2: a "(" is not closed.'],
    ['matchers: each of them', 'Matchers: each of them'],
    ['schedule.to: it lies in the past', 'To: it lies in the past'],
    ['schedule.durationMinutes: too long', 'Lasts: too long'],
    ['There are 500 silences', 'There are 500 silences'],
  ])('%s', (message, words) => expect(inFormWords(message)).toBe(words));
});

describe('the weekly window of an alert', () => {
  // Where this runs decides the day and the hour: it is asked of the same clock.
  const on = (text: string) => new Date(text);
  it.each([
    [
      'in whole quarters',
      '2026-11-05T10:07:00',
      '2026-11-05T10:31:00',
      4,
      '10:00',
      'every Thursday at 10:00 for 45 min',
    ],
    [
      'a short one',
      '2026-11-08T23:59:00',
      '2026-11-09T00:00:00',
      7,
      '23:45',
      'every Sunday at 23:45 for 15 min',
    ],
    [
      'one that fires still',
      '2026-11-05T06:00:00',
      null,
      4,
      '06:00',
      'every Thursday at 06:00 for 4 h 30 min',
    ],
    [
      'one longer than a week',
      '2026-10-05T06:00:00',
      '2026-10-30T06:00:00',
      1,
      '06:00',
      'every Monday at 06:00 for 7 d',
    ],
  ])('%s', (_, from, to, day, at, words) => {
    const alert = { startsAt: on(from).toISOString(), endsAt: to === null ? null : on(to).toISOString() };
    const week = weekOf(alert, on('2026-11-05T10:30:00').getTime());
    expect(week).toMatchObject({ days: [day], at });
    expect(weekInWords(week)).toBe(words);
    const address = new URL(silenceHref({ name: 'cpu', labels: {} }, week), 'http://x');
    const read = weekIn(address.searchParams.get('week'))!;
    expect(read).toEqual(week);
    const input = inputOf(beginning(matchers, NOW, 'UTC', read), NOW);
    expect(SilenceInput.parse(input).schedule).toMatchObject({ kind: 'weekly', days: [day], at });
  });

  it.each([
    [null],
    ['{'],
    ['null'],
    ['{"days": [8], "at": "1", "hours": "1", "timeZone": "UTC"}'],
    ['{"days": [1]}'],
    ['{"days": [], "at": "06:00", "hours": "1", "timeZone": "UTC"}'],
    ['{"days": [1, 1], "at": "06:00", "hours": "1", "timeZone": "UTC"}'],
  ])('is none where the address says %s', (text) => expect(weekIn(text)).toBeNull());
});

describe('an address', () => {
  it('begins a silence for exactly one series', () => {
    const address = new URL(silenceHref({ name: 'cpu', labels: { host: 'a&b' } }), 'http://x');
    expect(matchersIn(address.searchParams.get('matchers'))).toEqual([
      { label: '__name__', op: '=', value: 'cpu' },
      { label: 'host', op: '=', value: 'a&b' },
    ]);
  });

  it.each([['{'], ['5'], ['[5, null, {"label": "a"}]']])(
    'that holds nonsense begins an empty one: %s',
    (text) => expect(matchersIn(text)).toEqual([]),
  );
  it('that says nothing begins none', () => expect(matchersIn(null)).toBeNull());
});
