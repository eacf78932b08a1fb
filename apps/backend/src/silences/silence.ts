/**
 * Silences: when they act, on what, and what of them may still be changed. Pure. Times are epoch milliseconds, stretches are
 * half-open, and no two occurrences of one silence overlap.
 */
import type { Matcher, Schedule, ScheduleInput, SilenceKind } from '@bellwether/contracts';
import { type Identity, testOf } from './matcher';
import { instantOf, wallAt } from './zone';

export interface Silence {
  kind: SilenceKind;
  matchers: Matcher[];
  schedule: Schedule;
  comment: string;
  /** When somebody ended it before its time. */
  endedAtMs: number | null;
}

/** [from, to) */
export interface Occurrence {
  from: number;
  to: number;
}

/** What cannot be done, where it says so, and what to do. */
export interface Refusal {
  at: string;
  detail: string;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const LONGEST_ONCE_MS = 366 * DAY_MS;
/** What recurs does so within a week; a clock set forward or back moves it by a day at most. */
const ROUND_MS = 16 * DAY_MS;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];

type Recurring = Exclude<Schedule, { kind: 'once' }>;

/** The occurrences that overlap [from, to), in order and whole. */
export function occurrences({ schedule, endedAtMs }: Silence, from: number, to: number): Occurrence[] {
  const begin = Date.parse(schedule.from);
  const end = Math.min(lastOf(schedule), endedAtMs ?? Infinity);
  const [low, high] = [Math.max(from, begin), Math.min(to, end)];
  if (low >= high) return [];
  const all = schedule.kind === 'once' ? [{ from: begin, to: end }] : recurrences(schedule, low, high);
  return all
    .map((one) => ({ from: Math.max(one.from, begin), to: Math.min(one.to, end) }))
    .filter((one) => one.from < one.to && one.from < high && one.to > low);
}

/** Of what recurs, those around [low, high): each from its time on the local clock, for its duration or until the next. */
function recurrences(schedule: Recurring, low: number, high: number): Occurrence[] {
  const { timeZone, at } = schedule;
  const durationMs = schedule.durationMinutes * MINUTE_MS;
  const days = schedule.kind === 'daily' ? EVERY_DAY : schedule.days;
  const [hours, minutes] = at.split(':').map(Number) as [number, number];
  const timeOfDay = (hours * 60 + minutes) * MINUTE_MS;
  const starts: number[] = [];
  const last = dayOf(timeZone, high) + 9 * DAY_MS;
  for (let day = dayOf(timeZone, low - durationMs) - 2 * DAY_MS; day <= last; day += DAY_MS)
    if (days.includes(weekday(day))) starts.push(instantOf(timeZone, day + timeOfDay));
  return starts.map((from, i) => ({ from, to: Math.min(from + durationMs, starts[i + 1] ?? Infinity) }));
}

/** Midnight of the day that the clock of the zone shows, as if UTC. */
const dayOf = (timeZone: string, atMs: number): number =>
  Math.floor(wallAt(timeZone, atMs) / DAY_MS) * DAY_MS;

/** 1 is Monday: 1970 began on a Thursday. */
const weekday = (dayMs: number): number => ((((dayMs / DAY_MS + 3) % 7) + 7) % 7) + 1;

/** The instant from which it never acts again. */
const lastOf = (schedule: Schedule): number =>
  Date.parse((schedule.kind === 'once' ? schedule.to : schedule.until) ?? NEVER);
/** Beyond any time that is let in. */
const NEVER = '9999-01-01T00:00:00Z';

/** The occurrence that acts at this instant. */
export const currentAt = (silence: Silence, atMs: number): Occurrence | undefined =>
  occurrences(silence, atMs, atMs + 1).find(({ from, to }) => from <= atMs && atMs < to);

/** Whether it acts on this series at this instant. */
export const activeAt = (silence: Silence, series: Identity, atMs: number): boolean =>
  currentAt(silence, atMs) !== undefined && testOf(silence.matchers)(series);

/** Stretches in order, those that meet as one. */
export function merged(stretches: readonly Occurrence[]): Occurrence[] {
  const result: Occurrence[] = [];
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

/** The first occurrence that begins after this instant. */
export function nextAfter(silence: Silence, atMs: number): Occurrence | undefined {
  const begin = Math.max(atMs, Date.parse(silence.schedule.from));
  return occurrences(silence, atMs, begin + ROUND_MS).find(({ from }) => from > atMs);
}

/** The first instant after this one at which an occurrence begins or ends; undefined: there is none. */
export function nextChange(silence: Silence, atMs: number): number | undefined {
  const current = currentAt(silence, atMs);
  return current ? current.to : nextAfter(silence, atMs)?.from;
}

/** Whether it has acted, as far as time goes. */
export function hasBegun(silence: Silence, nowMs: number): boolean {
  const begin = Date.parse(silence.schedule.from);
  return occurrences(silence, begin, Math.min(nowMs, begin + ROUND_MS)).length > 0;
}

export function stateAt(silence: Silence, nowMs: number): 'active' | 'upcoming' | 'past' {
  if (currentAt(silence, nowMs)) return 'active';
  return nextAfter(silence, nowMs) ? 'upcoming' : 'past';
}

/**
 * A schedule as it is kept, or why it cannot be. A silence cannot begin before it is there; a maintenance window may lie in
 * the past: the samples of then are left out from now on.
 */
export function planned(input: ScheduleInput, kind: SilenceKind, nowMs: number): Schedule | Refusal {
  const given = input.from === undefined ? nowMs : Date.parse(input.from);
  const from = kind === 'silence' ? Math.max(given, nowMs) : given;
  const schedule = { ...input, from: new Date(from).toISOString() };
  const end = lastOf(schedule);
  if (end <= from && end <= nowMs)
    return { at: endPath(schedule), detail: 'it lies in the past; only a maintenance window may' };
  if (end <= from) return { at: endPath(schedule), detail: 'it has to end after it begins' };
  return whyNotLong(schedule, from, end) ?? inUtc(schedule);
}

const endPath = ({ kind }: Schedule): string => (kind === 'once' ? 'schedule.to' : 'schedule.until');

function whyNotLong(schedule: Schedule, from: number, end: number): Refusal | undefined {
  if (schedule.kind === 'once')
    return end - from > LONGEST_ONCE_MS
      ? { at: 'schedule.to', detail: 'it lasts longer than 366 days; end it sooner, or let it recur' }
      : undefined;
  const room = smallestGap(schedule.kind === 'daily' ? EVERY_DAY : schedule.days) * 24 * 60;
  if (schedule.durationMinutes > room)
    return {
      at: 'schedule.durationMinutes',
      detail: `it has to end before it begins again, after ${room} minutes at most`,
    };
  const probe = { kind: 'silence' as const, matchers: [], comment: '', schedule, endedAtMs: null };
  return occurrences(probe, from, Math.min(end, from + ROUND_MS)).length === 0
    ? { at: 'schedule.until', detail: 'it ends before it has ever begun; choose a later end' }
    : undefined;
}

/** Days between two neighbouring days of the week. */
function smallestGap(days: readonly number[]): number {
  const sorted = days.toSorted((a, b) => a - b);
  return Math.min(...sorted.map((day, i) => (sorted[i + 1] ?? sorted[0]! + 7) - day));
}

const utc = (text: string): string => new Date(text).toISOString();

const inUtc = (schedule: Schedule): Schedule =>
  schedule.kind === 'once'
    ? { ...schedule, to: utc(schedule.to) }
    : { ...schedule, until: schedule.until && utc(schedule.until) };

export interface Change {
  kind?: SilenceKind | undefined;
  matchers?: Matcher[] | undefined;
  schedule?: ScheduleInput | undefined;
  comment?: string | undefined;
}

/**
 * A silence after a change, or why it cannot be: what it has done stays done. Before it begins everything may change; then
 * its end, if that lies ahead; its comment always, and its kind, which only later trainings ask for.
 */
export function changed(before: Silence, change: Change, nowMs: number): Silence | Refusal {
  const {
    matchers = before.matchers,
    schedule: input,
    comment = before.comment,
    kind = before.kind,
  } = change;
  const after = { ...before, kind, comment };
  const isFixed = hasBegun(before, nowMs) || stateAt(before, nowMs) === 'past';
  if (!isFixed) {
    const schedule = planned(input ?? before.schedule, kind, nowMs);
    return 'detail' in schedule ? schedule : { ...after, matchers, schedule };
  }
  if (!isSame(matchers, before.matchers)) return { at: 'matchers', detail: BEGUN };
  if (input === undefined) return after;
  const schedule = inUtc({
    ...input,
    from: input.from === undefined ? before.schedule.from : utc(input.from),
  });
  if (isSame(schedule, before.schedule)) return after;
  if (stateAt(before, nowMs) === 'past') return { at: 'schedule', detail: 'it is over; add a new one' };
  if (!isSame(withoutEnd(schedule), withoutEnd(before.schedule))) return { at: 'schedule', detail: BEGUN };
  if (lastOf(schedule) <= nowMs)
    return { at: endPath(schedule), detail: 'it lies in the past; to end it now, end it' };
  return whyNotLong(schedule, Date.parse(schedule.from), lastOf(schedule)) ?? { ...after, schedule };
}
const BEGUN = 'it has begun, and what it has done stays done; end it, and add a new one';

const withoutEnd = (schedule: Schedule): object =>
  schedule.kind === 'once' ? { ...schedule, to: null } : { ...schedule, until: null };

/** Whether they say the same, in whatever order their fields stand. */
function isSame(a: unknown, b: unknown): boolean {
  const written = (value: unknown): string =>
    JSON.stringify(value, (_, part: unknown) =>
      part !== null && typeof part === 'object' && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).toSorted(([x], [y]) => (x < y ? -1 : 1)))
        : part,
    );
  return written(a) === written(b);
}
