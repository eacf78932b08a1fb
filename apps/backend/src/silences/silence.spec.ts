import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Matcher, Schedule, ScheduleInput } from '@bellwether/contracts';
import { testOf, whyNot } from './matcher';
import {
  activeAt,
  changed,
  currentAt,
  hasBegun,
  nextAfter,
  nextChange,
  occurrences,
  planned,
  type Silence,
  stateAt,
} from './silence';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const EVERYTHING: Matcher[] = [{ label: '__name__', op: '=~', value: '.+' }];

const silence = (schedule: Schedule, rest: Partial<Silence> = {}): Silence => ({
  ...{ kind: 'silence', matchers: EVERYTHING, comment: '', endedAtMs: null },
  schedule,
  ...rest,
});
const once = (from: string, to: string) =>
  silence({ kind: 'once', from: `2026-${from}:00Z`, to: `2026-${to}:00Z` });
const daily = (at: string, durationMinutes: number, timeZone = 'UTC', until: string | null = null) =>
  silence({ kind: 'daily', at, durationMinutes, timeZone, from: '2020-01-01T00:00:00.000Z', until });
const weekly = (days: number[], at: string, durationMinutes: number, timeZone = 'UTC') =>
  silence({
    kind: 'weekly',
    ...{ days, at, durationMinutes, timeZone, from: '2020-01-01T00:00:00.000Z', until: null },
  });

/** One character for each hour from `begin` on: # acts, . does not. */
function draw(of: Silence, begin: string, hours: number): string {
  const start = Date.parse(begin);
  return Array.from({ length: hours }, (_, hour) =>
    activeAt(of, { name: 'cpu', labels: {} }, start + hour * HOUR) ? '#' : '.',
  ).join('');
}

describe('a silence acts in [from, to)', () => {
  test.each<[string, Silence, string]>([
    ['once', once('11-02T03:00', '11-02T07:00'), '...####.................'],
    ['daily', daily('05:00', 120), '.....##.................'],
    ['daily, over midnight', daily('22:00', 240), '##....................##'],
    ['daily, all day', daily('09:00', 1440), '########################'],
    ['on Mondays', weekly([1], '20:00', 240), '....................####'],
    ['on Sundays, for longer than the day', weekly([7], '20:00', 600), '######..................'],
    ['on Tuesdays', weekly([2], '00:00', 1440), '........................'],
    ['daily, in Kolkata', daily('05:30', 120, 'Asia/Kolkata'), '##......................'],
  ])('%s', (_, of, drawing) => expect(draw(of, '2026-11-02T00:00:00Z', 24)).toBe(drawing));

  test('until it is ended, and never after', () => {
    const ended = { ...daily('05:00', 240), endedAtMs: Date.parse('2026-11-02T07:00:00Z') };
    expect(draw(ended, '2026-11-02T00:00:00Z', 36)).toBe('.....##.............................');
    expect(stateAt(ended, Date.parse('2026-11-02T06:00:00Z'))).toBe('active');
    expect(stateAt(ended, Date.parse('2026-11-02T07:00:00Z'))).toBe('past');
  });

  test('from when it is there, and until it is over, in the middle of its time too', () => {
    const between = daily('05:00', 240);
    between.schedule = {
      ...between.schedule,
      ...{ from: '2026-11-02T06:00:00Z', until: '2026-11-03T07:00:00Z' },
    };
    expect(draw(between, '2026-11-02T00:00:00Z', 36)).toBe('......###....................##.....');
  });
});

/** Local time of the day in the zone, and how many hours and minutes it lasts. */
describe('a clock that is set', () => {
  test.each([
    [
      'forward over it: begins when it is set',
      'Europe/Berlin',
      '2026-03-29',
      '02:30',
      '2026-03-29T01:00:00Z',
    ],
    ['forward, at the hour itself', 'Europe/Berlin', '2026-03-29', '02:00', '2026-03-29T01:00:00Z'],
    ['forward, before it', 'Europe/Berlin', '2026-03-29', '03:00', '2026-03-29T01:00:00Z'],
    ['back: the first of two', 'Europe/Berlin', '2026-10-25', '02:30', '2026-10-25T00:30:00Z'],
    ['back, after it', 'Europe/Berlin', '2026-10-25', '03:00', '2026-10-25T02:00:00Z'],
    ['forward in New York', 'America/New_York', '2026-03-08', '02:15', '2026-03-08T07:00:00Z'],
    ['back in New York', 'America/New_York', '2026-11-01', '01:15', '2026-11-01T05:15:00Z'],
    ['by half an hour, forward', 'Australia/Lord_Howe', '2026-10-04', '02:15', '2026-10-03T15:30:00Z'],
    ['by half an hour, back', 'Australia/Lord_Howe', '2026-04-05', '01:45', '2026-04-04T14:45:00Z'],
    ['never', 'Asia/Kolkata', '2026-03-29', '02:30', '2026-03-28T21:00:00Z'],
    ['over a whole day', 'Pacific/Apia', '2011-12-30', '10:00', '2011-12-30T10:00:00Z'],
  ])('%s', (_, zone, date, at, expected) => {
    const early = daily(at, 60, zone);
    early.schedule.from = '2010-01-01T00:00:00Z';
    const noon = Date.parse(`${date}T12:00:00Z`);
    const starts = occurrences(early, noon - 36 * HOUR, noon + 36 * HOUR).map(({ from }) => from);
    expect(starts).toContain(Date.parse(expected));
    // Lasts as long as it says, by the sun and not by the clock.
    const one = occurrences(early, Date.parse(expected), Date.parse(expected) + 1)[0]!;
    expect(one.to - one.from).toBe(HOUR);
  });

  test('back in autumn leaves an hour that a whole day does not cover', () => {
    expect(draw(daily('00:00', 1440, 'Europe/Berlin'), '2026-10-24T20:00:00Z', 30)).toBe(
      '##########################.###',
    );
  });

  test('forward in spring never has two at once', () => {
    const days = occurrences(
      daily('00:00', 1440, 'Europe/Berlin'),
      Date.parse('2026-03-28T12:00:00Z'),
      Date.parse('2026-03-31T12:00:00Z'),
    );
    expect(days.map(({ from, to }) => (to - from) / HOUR)).toEqual([24, 23, 24, 24]);
  });
});

/** Minute by minute, by what a clock on the wall of the zone reads. */
function slowly(schedule: Exclude<Schedule, { kind: 'once' }>, from: number, to: number): boolean[] {
  const clock = new Intl.DateTimeFormat('sv-SE', {
    timeZone: schedule.timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  const begun = new Set<string>();
  const active: boolean[] = [];
  let until = -Infinity;
  const lead = (schedule.durationMinutes + 2 * 1_440) * MINUTE;
  for (let at = from - lead; at < to; at += MINUTE) {
    const shown = clock.format(at);
    // Of the first minute nobody knows whether the clock has shown it before.
    for (const back of [1, 0]) {
      const date = clock.format(at - back * 86_400_000).slice(0, 10);
      const day = new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
      if (schedule.kind === 'weekly' && !schedule.days.includes(day)) continue;
      if (begun.has(date) || shown < `${date} ${schedule.at}`) continue;
      begun.add(date);
      if (at > from - lead) until = at + schedule.durationMinutes * MINUTE;
    }
    if (at >= from) active.push(at < until);
  }
  return active;
}

describe('over any change of the clock', () => {
  const changes = [
    ['Europe/Berlin', '2026-03-29T01:00Z'],
    ['Europe/Berlin', '2026-10-25T01:00Z'],
    ['America/New_York', '2026-03-08T07:00Z'],
    ['America/New_York', '2026-11-01T06:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
    ['Asia/Kolkata', '2026-06-01T00:00Z'],
    ['UTC', '2026-06-01T00:00Z'],
  ] as const;
  const two = (count: number) => String(count).padStart(2, '0');
  const case_ = fc.record({
    change: fc.constantFrom(...changes),
    // Most of it happens at night, and on the half hours of the change.
    at: fc.oneof(
      fc.tuple(fc.nat(23), fc.nat(59)),
      fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(0, 15, 30, 45)),
    ),
    durationMinutes: fc.oneof(fc.integer({ min: 1, max: 1440 }), fc.constant(1440)),
    days: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 })),
    offsetMinutes: fc.integer({ min: -2 * 1440, max: 1440 }),
    hours: fc.integer({ min: 1, max: 40 }),
  });

  test('it acts in those minutes that a clock on the wall says, half-open, and never twice at once', () => {
    fc.assert(
      fc.property(case_, ({ change: [zone, time], at, durationMinutes, days, offsetMinutes, hours }) => {
        const clock = `${two(at[0])}:${two(at[1])}`;
        const of = days ? weekly(days, clock, durationMinutes, zone) : daily(clock, durationMinutes, zone);
        const from = Date.parse(time) + offsetMinutes * MINUTE;
        const to = from + hours * HOUR;
        const found = occurrences(of, from, to);
        found.slice(1).forEach((one, i) => expect(one.from).toBeGreaterThanOrEqual(found[i]!.to));
        const active = Array.from({ length: hours * 60 }, (_, minute) =>
          found.some((one) => one.from <= from + minute * MINUTE && from + minute * MINUTE < one.to),
        );
        expect(active).toEqual(slowly(of.schedule as Exclude<Schedule, { kind: 'once' }>, from, to));
        const edge = nextChange(of, from)!;
        expect(currentAt(of, edge)?.from ?? edge).toBe(edge);
        expect(occurrences(of, from + 1, edge).every((one) => one.from <= from && one.to === edge)).toBe(
          true,
        );
      }),
      { numRuns: 150 },
    );
  });
});

describe('what comes next', () => {
  const at = (time: string) => Date.parse(`2026-11-${time}:00Z`);
  test('begins or ends', () => {
    const one = once('11-02T03:00', '11-02T07:00');
    expect(nextChange(one, at('01T00:00'))).toBe(at('02T03:00'));
    expect(nextChange(one, at('02T03:00'))).toBe(at('02T07:00'));
    expect(nextChange(one, at('02T07:00'))).toBeUndefined();
    const sundays = weekly([7], '20:00', 600);
    expect(nextAfter(sundays, at('02T05:00'))).toEqual({ from: at('08T20:00'), to: at('09T06:00') });
    expect(stateAt(sundays, at('02T05:00'))).toBe('active');
    expect(stateAt(sundays, at('02T06:00'))).toBe('upcoming');
  });

  test('may be nothing: what recurs is over with its last time', () => {
    const until = daily('20:00', 60, 'UTC', '2026-11-02T20:30:00Z');
    expect(nextChange(until, at('02T20:10'))).toBe(at('02T20:30'));
    expect(stateAt({ ...until }, at('02T20:30'))).toBe('past');
  });

  test('is found years ahead', () => {
    const later = daily('20:00', 60);
    later.schedule.from = '2031-01-01T00:00:00.000Z';
    expect(nextChange(later, at('02T00:00'))).toBe(Date.parse('2031-01-01T20:00:00Z'));
    expect(hasBegun(later, at('02T00:00'))).toBe(false);
  });
});

describe('matchers', () => {
  const says = (name: string, labels: Record<string, string>, ...matchers: string[]) =>
    testOf(
      matchers.map((text) => {
        const [, label, op, value] = /^(\w+)(=~|!~|!=|=)(.*)$/.exec(text)!;
        return { label: label!, op: op as Matcher['op'], value: value! };
      }),
    )({ name, labels });

  test.each([
    [['__name__=cpu'], true],
    [['__name__!=cpu'], false],
    [['host=a'], true],
    [['host=~a|b'], true],
    [['host=~b'], false],
    [['host!~b.*'], true],
    [['__name__=cpu', 'host=b'], false],
    [['absent='], true],
    [['absent!=x'], true],
    [['absent=~.+'], false],
    [['absent!~.+'], true],
    [['constructor='], true],
    [['name=label'], true],
  ])('%j', (matchers, expected) =>
    expect(says('cpu', { host: 'a', name: 'label' }, ...matchers)).toBe(expected),
  );

  test('that mean every series by accident are refused, as are those nobody understands', () => {
    const of = (label: string, op: Matcher['op'], value: string): Matcher => ({ label, op, value });
    expect(whyNot([of('host', '!=', 'a')])?.at).toBe('matchers');
    expect(whyNot([of('host', '=~', '.*')])?.at).toBe('matchers');
    expect(whyNot([of('host', '!=', 'a'), of('__name__', '=~', '.+')])).toBeUndefined();
    expect(whyNot([of('host', '=', 'a'), of('job', '=~', '(')])).toMatchObject({ at: 'matchers.1.value' });
  });
});

describe('a plan', () => {
  const now = Date.parse('2026-11-02T12:00:00Z');
  const zone = 'Europe/Berlin';
  const plan = (input: object, kind: Silence['kind'] = 'silence') =>
    planned(input as ScheduleInput, kind, now);

  test('begins now where it says nothing, and a silence no sooner', () => {
    const to = '2026-11-02T15:00:00+01:00';
    const expected = { kind: 'once', from: '2026-11-02T12:00:00.000Z', to: '2026-11-02T14:00:00.000Z' };
    expect(plan({ kind: 'once', to })).toEqual(expected);
    expect(plan({ kind: 'once', from: '2026-11-01T00:00:00Z', to })).toEqual(expected);
    expect(plan({ kind: 'once', from: '2026-11-01T00:00:00Z', to }, 'maintenance')).toMatchObject({
      from: '2026-11-01T00:00:00.000Z',
    });
  });

  test.each<[string, object, string, Silence['kind']?]>([
    ['past', { kind: 'once', to: '2026-11-02T11:00:00Z' }, 'schedule.to'],
    [
      'upside down',
      { kind: 'once', from: '2026-11-01T11:00:00Z', to: '2026-11-01T10:00:00Z' },
      'schedule.to',
      'maintenance',
    ],
    ['years', { kind: 'once', to: '2028-01-01T00:00:00Z' }, 'schedule.to'],
    [
      'a day of 25 hours',
      { kind: 'daily', at: '10:00', durationMinutes: 1500, timeZone: zone, until: null },
      'schedule.durationMinutes',
    ],
    [
      'two days that meet',
      { kind: 'weekly', days: [7, 1], at: '10:00', durationMinutes: 1441, timeZone: zone, until: null },
      'schedule.durationMinutes',
    ],
    [
      'an end before its first time',
      {
        kind: 'weekly',
        days: [1],
        at: '10:00',
        durationMinutes: 60,
        timeZone: zone,
        until: '2026-11-03T00:00:00Z',
      },
      'schedule.until',
    ],
  ])('of %s is refused', (_, input, at, kind) => expect(plan(input, kind)).toMatchObject({ at }));

  test('may last from Monday to Monday', () => {
    const week = {
      kind: 'weekly',
      days: [1],
      at: '10:00',
      durationMinutes: 10_080,
      timeZone: zone,
      until: null,
    };
    expect(plan(week)).toMatchObject({ from: '2026-11-02T12:00:00.000Z' });
  });
});

describe('a change', () => {
  const now = Date.parse('2026-11-02T05:00:00Z');
  const other: Matcher[] = [{ label: 'host', op: '=', value: 'a' }];
  const ahead = once('11-03T03:00', '11-03T07:00');
  const begun = once('11-02T03:00', '11-02T07:00');
  const over = once('11-01T03:00', '11-01T07:00');
  const to = (time: string) => ({ kind: 'once' as const, to: `2026-11-02T${time}:00Z` });

  test('before it begins may be of everything', () => {
    const schedule = { ...daily('10:00', 30).schedule, from: '2026-12-01T00:00:00.000Z' };
    expect(changed(ahead, { matchers: other, schedule, comment: 'x' }, now)).toMatchObject({
      ...{ matchers: other, schedule, comment: 'x' },
    });
  });

  test('then only of its end, while that lies ahead', () => {
    expect(changed(begun, { schedule: to('09:00') }, now)).toMatchObject({
      schedule: { from: '2026-11-02T03:00:00Z', to: '2026-11-02T09:00:00.000Z' },
    });
    expect(changed(begun, { schedule: to('04:00') }, now)).toMatchObject({ at: 'schedule.to' });
    expect(changed(begun, { matchers: other }, now)).toMatchObject({ at: 'matchers' });
    expect(changed(begun, { schedule: daily('10:00', 30).schedule }, now)).toMatchObject({ at: 'schedule' });
    expect(changed(over, { schedule: to('09:00') }, now)).toMatchObject({ at: 'schedule' });
  });

  test('of words, and of what later trainings make of it, is always possible', () => {
    for (const one of [ahead, begun, over])
      expect(changed(one, { comment: 'new', kind: 'maintenance' }, now)).toMatchObject({
        comment: 'new',
        kind: 'maintenance',
      });
  });
});
