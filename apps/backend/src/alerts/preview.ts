/** Previews of a rule: what it would have raised on scores that are stored. Pure. */
import type { Replay, RulePreview } from '@bellwether/contracts';
import type { Rule } from '../registry/rule';
import { threshold } from '../scoring/scoring';
import { always, type AlertStretch, follow, quiet, type Scored } from './alert';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

export const PREVIEW_DAYS = 30;
export const MOST_SERIES = 100;
/** Scores of one series, and of all of them, that a preview looks at: a month of minutes, and ten times as many. */
export const MOST_OF_SERIES = 50_000;
export const MOST_SCORES = 500_000;
const MOST_EXAMPLES = 20;

export interface PreviewSeries {
  id: number;
  name: string;
  periodMs: number;
  /** The least threshold that verdicts on its alerts ask for; 0: none does. */
  floor: number;
}

/** A scored sample; its value is read only where its score may make it an anomaly. */
export interface PreviewScore {
  time: Date;
  score: number;
  expected: number | null;
  value: number | null;
}

/** The scores of a series, oldest first; calm ones that move no machine may be left out, but not the first and the last. */
export interface History extends PreviewSeries {
  scores: PreviewScore[];
}

const costOf = ({ periodMs }: Pick<PreviewSeries, 'periodMs'>): number =>
  Math.min(MOST_OF_SERIES, (PREVIEW_DAYS * DAY_MS) / periodMs);

/** The first of these series, at least one, that have no more than `most` scores together. */
export function affordable<T extends Pick<PreviewSeries, 'periodMs'>>(
  series: readonly T[],
  most = MOST_SCORES,
): T[] {
  let sum = 0;
  return series.filter((one, index) => (sum += costOf(one)) <= most || index === 0);
}

/** Series whose scores are read by one statement: other clients of the database take turns with it. */
export function statements<T extends Pick<PreviewSeries, 'periodMs'>>(series: readonly T[]): T[][] {
  const result: T[][] = [];
  let room = 0;
  for (const one of series) {
    const cost = costOf(one);
    if (cost > room) {
      result.push([]);
      room = MOST_OF_SERIES;
    }
    result.at(-1)!.push(one);
    room -= cost;
  }
  return result;
}

/** The threshold of a series under a rule. */
export const limitOf = (rule: Rule, { periodMs, floor }: Pick<PreviewSeries, 'periodMs' | 'floor'>): number =>
  Math.max(floor, threshold(rule, periodMs));

/** The alerts that a rule would have raised on one series. */
export function alertsOf(history: History, rule: Rule): AlertStretch[] {
  const limit = limitOf(rule, history);
  return follow(
    quiet,
    history.scores.map((one) => scoredOf(one, limit)),
    always(rule),
  ).alerts;
}

const scoredOf = ({ time, score, expected, value }: PreviewScore, limit: number): Scored => ({
  ...{ time, score, threshold: limit, expected, value: value ?? expected ?? 0 },
  ...{ lower: null, upper: null, vrnnShare: 0 },
});

/** What both rules would have raised on a series, and from when to when its scores are. */
export interface Replayed extends PreviewSeries {
  from: Date;
  to: Date;
  asked: AlertStretch[];
  present: AlertStretch[];
}

/** Undefined: it has no scores. */
export function replayed(
  { scores, ...series }: History,
  rules: { asked: Rule; present: Rule },
): Replayed | undefined {
  const [first, last] = [scores[0], scores.at(-1)];
  if (!first || !last) return undefined;
  return {
    ...series,
    from: first.time,
    to: new Date(last.time.getTime() + series.periodMs),
    asked: alertsOf({ ...series, scores }, rules.asked),
    present: alertsOf({ ...series, scores }, rules.present),
  };
}

interface Covered {
  from: Date;
  to: Date;
  /** Weeks from the first score to the last, and the weeks of each series together. */
  weeks: number;
  seriesWeeks: number;
}

/** What is said of the series of a detector that were replayed, of so many that it watches. */
export function previewOf(all: readonly Replayed[], seriesOf: number): RulePreview {
  if (all.length === 0) return nothing(seriesOf);
  const from = new Date(Math.min(...all.map((one) => one.from.getTime())));
  const to = new Date(Math.max(...all.map((one) => one.to.getTime())));
  const covered: Covered = {
    ...{ from, to, weeks: (to.getTime() - from.getTime()) / WEEK_MS },
    seriesWeeks: all.reduce((sum, one) => sum + (one.to.getTime() - one.from.getTime()) / WEEK_MS, 0),
  };
  const raised = (key: 'asked' | 'present'): Raised[] =>
    all.flatMap((one) => one[key].map((alert) => ({ ...alert, seriesId: one.id, name: one.name })));
  const asked = replayOf(raised('asked'), covered);
  const present = replayOf(raised('present'), covered);
  return {
    detail: inWords({ asked, present }, covered, [all.length, seriesOf]),
    ...{ seriesCount: all.length, seriesOf, asked, present },
    ...{ from: from.toISOString(), to: to.toISOString() },
  };
}

type Raised = AlertStretch & { seriesId: number; name: string };

function nothing(seriesOf: number): RulePreview {
  const replay = { alerts: 0, perWeek: 0, perSeriesWeek: 0, days: [], examples: [] };
  return {
    detail: `There are no scores yet: a preview needs series that have been scored in the newest ${PREVIEW_DAYS} days.`,
    ...{ seriesCount: 0, seriesOf, from: null, to: null, asked: replay, present: replay },
  };
}

function replayOf(raised: Raised[], { from, to, weeks, seriesWeeks }: Covered): Replay {
  const days = new Map<string, number>();
  for (let ms = from.getTime(); dayOf(new Date(ms)) <= dayOf(new Date(to.getTime() - 1)); ms += DAY_MS)
    days.set(dayOf(new Date(ms)), 0);
  for (const { startsAt } of raised) days.set(dayOf(startsAt), (days.get(dayOf(startsAt)) ?? 0) + 1);
  const newest = raised.toSorted((a, b) => b.startsAt.getTime() - a.startsAt.getTime());
  return {
    alerts: raised.length,
    perWeek: raised.length / weeks,
    perSeriesWeek: raised.length / seriesWeeks,
    days: [...days].map(([day, alerts]) => ({ day, alerts })),
    examples: newest.slice(0, MOST_EXAMPLES).map(({ seriesId, name, startsAt, endsAt }) => ({
      ...{ seriesId, name },
      ...{ startsAt: startsAt.toISOString(), endsAt: endsAt?.toISOString() ?? null },
    })),
  };
}

const dayOf = (time: Date): string => time.toISOString().slice(0, 10);

/** Less than a week is not stretched to one. */
function inWords(
  { asked, present }: { asked: Replay; present: Replay },
  { weeks }: Covered,
  [count, of]: [number, number],
): string {
  const series = count === of ? `${count} series` : `${count} of ${of} series`;
  if (weeks < 1)
    return `${plural(asked.alerts)} in ${short(weeks * 7)} days on ${series}; now ${present.alerts}.`;
  return `About ${plural(Number(short(asked.perWeek)))} a week on ${series}; now ${short(present.perWeek)}.`;
}

const plural = (count: number): string => `${count} ${count === 1 ? 'alert' : 'alerts'}`;
const short = (count: number): string => String(Number(count.toFixed(count < 10 ? 1 : 0)));
