/** Silences as a person reads and writes them: matchers, times on the clocks of two zones, presets, and the fields of the form. */
import type {
  Matcher,
  MatcherOp,
  Occurrence,
  Schedule,
  ScheduleInput,
  Silence,
  SilenceInput,
} from '@bellwether/contracts';
import { counted, duration } from './words';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const MORNING_HOUR = 8;
const NAME_LABEL = '__name__';
const MAX_MATCHERS = 10;
const MAX_CHARACTERS = 64;
const QUARTER = 15 * MINUTE;
const WEEK_HOURS = 168;

export const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

export const OPS: readonly MatcherOp[] = ['=', '!=', '=~', '!~'];

/** When a silence is to act; the first three begin now. */
export const WHENS = ['1 h', '4 h', 'Until morning', 'From, to', 'Daily', 'Weekly'] as const;
export type When = (typeof WHENS)[number];

/** The time zone of this browser: for what is shown once the page is alive, since pages are made beforehand. */
export const viewerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What the form holds; times are those of `datetime-local`, on the clock of this browser. */
export interface Fields {
  kind: Silence['kind'];
  matchers: Matcher[];
  when: When;
  from: string;
  to: string;
  days: number[];
  at: string;
  hours: string;
  timeZone: string;
  until: string;
  comment: string;
}

export const EMPTY_MATCHER: Matcher = { label: NAME_LABEL, op: '=', value: '' };

/** `name = cpu` for a matcher of the name, `host =~ web-.*` for one of a label. */
export function matcherInWords({ label, op, value }: Matcher): string {
  const what = label === NAME_LABEL ? 'name' : label === 'name' ? 'label name' : label;
  return `${what} ${op} ${value === '' ? 'nothing' : value}`;
}

export function beginning(
  matchers: Matcher[],
  nowMs: number,
  timeZone: string,
  week: WeeklyWindow | null = null,
): Fields {
  return {
    ...{ kind: 'silence', matchers: matchers.length > 0 ? matchers : [EMPTY_MATCHER], when: '1 h' },
    ...{ from: localInput(nowMs), to: localInput(nowMs + HOUR) },
    ...{ days: [6, 7], at: '22:00', hours: '8', timeZone, until: '', comment: '' },
    ...(week === null ? {} : { when: 'Weekly', ...week }),
  };
}

/** A silence in the fields of the form. */
export function fieldsOf(silence: Silence, nowMs: number, timeZone: string): Fields {
  const { kind, matchers, schedule, comment } = silence;
  const first = { ...beginning(matchers, nowMs, timeZone), kind, comment };
  const from = localInput(Date.parse(schedule.from));
  if (schedule.kind === 'once')
    return { ...first, when: 'From, to', from, to: localInput(Date.parse(schedule.to)) };
  return {
    ...first,
    when: schedule.kind === 'daily' ? 'Daily' : 'Weekly',
    from,
    days: schedule.kind === 'weekly' ? schedule.days : first.days,
    at: schedule.at,
    hours: String(schedule.durationMinutes / 60),
    timeZone: schedule.timeZone,
    until: schedule.until === null ? '' : localInput(Date.parse(schedule.until)),
  };
}

/** What the form says, for the API; `known` is the schedule that is changed, whose beginning stays unless it was typed anew. */
export function inputOf(fields: Fields, nowMs: number, known?: Schedule): SilenceInput {
  const { kind, matchers, comment } = fields;
  return { kind, matchers, comment, schedule: scheduleOf(fields, nowMs, known) };
}

function scheduleOf(fields: Fields, nowMs: number, known: Schedule | undefined): ScheduleInput {
  const { when, days, at, timeZone } = fields;
  if (when === 'From, to') return { kind: 'once', ...beginOf(fields, known), to: instant(fields.to) };
  if (when !== 'Daily' && when !== 'Weekly')
    return { kind: 'once', to: new Date(endOf(when, nowMs)).toISOString() };
  const recurring = {
    ...{ at, durationMinutes: Math.round(Number(fields.hours) * 60), timeZone },
    until: fields.until === '' ? null : instant(fields.until),
    ...(known === undefined || known.kind === 'once' ? {} : { from: known.from }),
  };
  return when === 'Daily'
    ? { kind: 'daily', ...recurring }
    : { kind: 'weekly', days: days.toSorted((a, b) => a - b), ...recurring };
}

/** To the minute a typed time is as known; what is known has seconds. */
function beginOf({ from }: Fields, known: Schedule | undefined): { from?: string } {
  if (known !== undefined && localInput(Date.parse(known.from)) === from) return { from: known.from };
  return { from: instant(from) };
}

/** Of a preset: an hour, four, or eight in the morning of the next day. */
export function endOf(when: When, nowMs: number): number {
  if (when === '1 h') return nowMs + HOUR;
  if (when === '4 h') return nowMs + 4 * HOUR;
  const now = new Date(nowMs);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, MORNING_HOUR).getTime();
}

/** The text of a `datetime-local`, on the clock of this browser. */
export function localInput(timeMs: number): string {
  const offset = new Date(timeMs).getTimezoneOffset() * MINUTE;
  return new Date(timeMs - offset).toISOString().slice(0, 16);
}

/** A half typed time is left as it is: the API says what is wrong with it. */
function instant(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}

/** `Sat, 7 Nov, 22:00` on the clock of a zone; the year where it is another. */
export function moment(timeMs: number, timeZone: string, nowMs: number): string {
  const hasYear = new Date(timeMs).getUTCFullYear() !== new Date(nowMs).getUTCFullYear();
  return new Date(timeMs).toLocaleString('en-GB', {
    ...{ weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone },
    ...(hasYear ? { year: 'numeric' } : {}),
  });
}

/** `Sat, 7 Nov, 22:00 to Sun, 8 Nov, 06:00`; the second day only where it is another. */
export function occurrenceInWords({ from, to }: Occurrence, timeZone: string, nowMs: number): string {
  const [begin, end] = [Date.parse(from), Date.parse(to)].map((time) => moment(time, timeZone, nowMs)) as [
    string,
    string,
  ];
  const day = (text: string) => text.slice(0, text.lastIndexOf(','));
  return `${begin} to ${day(begin) === day(end) ? end.slice(end.lastIndexOf(',') + 2) : end}`;
}

/** The zone a silence is on the clock of; one that acts once is on nobody's. */
export const zoneOf = ({ schedule }: Silence): string | null =>
  schedule.kind === 'once' ? null : schedule.timeZone;

/** `every day at 22:00 for 8 h`; what acts once is said by its occurrence. */
export function scheduleInWords(schedule: Schedule): string {
  if (schedule.kind === 'once')
    return `once, for ${duration(toMinute(Date.parse(schedule.to) - Date.parse(schedule.from)))}`;
  const { at, durationMinutes, timeZone } = schedule;
  const days = schedule.kind === 'daily' ? 'every day' : `every ${listed(schedule.days)}`;
  return `${days} at ${at} for ${duration(durationMinutes * MINUTE)}, ${timeZone} time`;
}

/** A request takes a moment: an hour from now is asked for an instant before it begins. */
const toMinute = (ms: number): number => Math.max(MINUTE, Math.round(ms / MINUTE) * MINUTE);

function listed(days: number[]): string {
  const names = days.map((day) => DAYS[day - 1]!);
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

export const heldInWords = (held: number): string =>
  held === 0 ? 'none yet' : counted(held, 'notification');

/** Labels of the form, for what the API says about a field. */
const NAMES: [RegExp, string][] = [
  [/^matchers\.(\d+)\.\w+/, 'Matcher'],
  [/^matchers/, 'Matchers'],
  [/^schedule\.durationMinutes/, 'Lasts'],
  [/^schedule\.timeZone/, 'Time zone'],
  [/^schedule\.at/, 'Begins at'],
  [/^schedule\.(\w)(\w*)/, ''],
];

/** `matchers.0.value: …` is `Matcher 1: …` in the form. */
export function inFormWords(message: string): string {
  for (const [path, name] of NAMES) {
    const found = path.exec(message);
    if (!found) continue;
    const rest = message.slice(found[0].length).replace(/^(\.\w+)*/, '');
    if (name === '') return `${found[1]!.toUpperCase()}${found[2]}${rest}`;
    return `${name}${name === 'Matcher' ? ` ${Number(found[1]) + 1}` : ''}${rest}`;
  }
  return message;
}

/** What recurs every week on the clock of a zone. */
export type WeeklyWindow = Pick<Fields, 'days' | 'at' | 'hours' | 'timeZone'>;

/** The week's window that an alert was in, on the clock of this browser, in whole quarters of an hour; `now` ends one that fires. */
export function weekOf(alert: { startsAt: string; endsAt: string | null }, nowMs: number): WeeklyWindow {
  const from = Math.floor(Date.parse(alert.startsAt) / QUARTER) * QUARTER;
  const end = alert.endsAt === null ? nowMs : Date.parse(alert.endsAt);
  const length = Math.max(QUARTER, Math.ceil((end - from) / QUARTER) * QUARTER);
  const begin = new Date(from);
  return {
    days: [begin.getDay() === 0 ? DAYS.length : begin.getDay()],
    at: localInput(from).slice(-5),
    hours: String(Math.min(length / HOUR, WEEK_HOURS)),
    timeZone: viewerZone(),
  };
}

/** `every Monday at 06:45 for 30 min`. */
export const weekInWords = ({ days, at, hours }: WeeklyWindow): string =>
  `every ${listed(days)} at ${at} for ${duration(Number(hours) * HOUR)}`;

/** The page of silences with a new one begun for exactly this series; every week, if that is said. */
export function silenceHref(
  series: { name: string; labels: Record<string, string> },
  week?: WeeklyWindow,
): string {
  const labels = Object.entries(series.labels).slice(0, MAX_MATCHERS - 1);
  const matchers = [[NAME_LABEL, series.name] as const, ...labels].map(([label, value]) => ({
    ...{ label, op: '=', value },
  }));
  const asked = { matchers: JSON.stringify(matchers), ...(week && { week: JSON.stringify(week) }) };
  return `/silences/?${new URLSearchParams(asked).toString()}`;
}

/** The weekly window out of the address; null where it asks for none that the form could hold. */
export function weekIn(text: string | null): WeeklyWindow | null {
  if (text === null) return null;
  try {
    const given: unknown = JSON.parse(text);
    return isWeek(given) ? given : null;
  } catch {
    return null;
  }
}

function isWeek(one: unknown): one is WeeklyWindow {
  const { days, at, hours, timeZone } = (one ?? {}) as Partial<Record<string, unknown>>;
  return (
    Array.isArray(days) &&
    days.length > 0 &&
    new Set(days).size === days.length &&
    days.every((day) => Number.isInteger(day) && day >= 1 && day <= DAYS.length) &&
    [at, hours, timeZone].every((text) => typeof text === 'string' && text.length <= MAX_CHARACTERS)
  );
}

/** Matchers out of the address; null where it asks for no new silence. */
export function matchersIn(text: string | null): Matcher[] | null {
  if (text === null) return null;
  try {
    const given: unknown = JSON.parse(text);
    return Array.isArray(given) ? given.filter(isMatcher).slice(0, MAX_MATCHERS) : [];
  } catch {
    return [];
  }
}

function isMatcher(one: unknown): one is Matcher {
  const { label, op, value } = (one ?? {}) as Partial<Record<string, unknown>>;
  return typeof label === 'string' && typeof value === 'string' && OPS.some((known) => known === op);
}
