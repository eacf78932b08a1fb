/** Notifications: what a channel is told, and what follows from its answer. Pure. */
import type { Alert, Labels, NotificationEvent, Severity, ToldIncident } from '@bellwether/contracts';
import type { Member } from './grouping';
import { inOrder, isAtLeast, titleOf } from './incident';
import type { Message } from './channels/message';

/** A notification is given up after so many attempts, about a day after the first. */
export const MAX_ATTEMPTS = 12;
/** After so many when the receiver understood and said no: it is not likely to change its mind. */
const MAX_REFUSALS = 3;

const SECOND_MS = 1_000;
const FIRST_WAIT_MS = 5 * SECOND_MS;
const GROWTH = 3;
const LONGEST_WAIT_MS = 6 * 3_600_000;
/** A wait is spread by so much to either side, so that what failed together does not come back together. */
const JITTER = 0.2;
const LONGEST_ASKED_WAIT_MS = 3_600_000;
/** What a link shows around an alert at the least. */
const MARGIN_MS = 3_600_000;

/** What came of one attempt. */
export interface Outcome {
  delivered: boolean;
  /** For a person; never what of the channel is secret. */
  detail: string;
  /** HTTP status, where there was an answer. */
  status?: number;
  /** The receiver understood and said no, in other words than a status of HTTP. */
  isRefused?: boolean;
  /** Milliseconds the receiver asked to be left alone for. */
  retryAfterMs?: number;
}

export type Fate = { kind: 'delivered' } | { kind: 'failed' } | { kind: 'retry'; afterMs: number };

/** What to do after the `attempt`-th attempt (1, 2, …) that came to an end; `random` is in [0, 1). */
export function decide(outcome: Outcome, attempt: number, random: number): Fate {
  if (outcome.delivered) return { kind: 'delivered' };
  if (attempt >= attemptsFor(outcome)) return { kind: 'failed' };
  const asked = Math.min(outcome.retryAfterMs ?? 0, LONGEST_ASKED_WAIT_MS);
  return { kind: 'retry', afterMs: Math.max(backoffMs(attempt, random), asked) };
}

/** No answer, 5xx, 408, 425 and 429 may pass; 410 is a goodbye; every other answer is a refusal. */
function attemptsFor({ status, isRefused }: Outcome): number {
  if (isRefused) return MAX_REFUSALS;
  if (status === undefined || status >= 500 || [408, 425, 429].includes(status)) return MAX_ATTEMPTS;
  return status === 410 ? 1 : MAX_REFUSALS;
}

/** Wait after the `attempt`-th attempt: 5 s, 15 s, 45 s, … up to 6 h, each ± 20 %. */
export function backoffMs(attempt: number, random: number): number {
  const wait = Math.min(FIRST_WAIT_MS * GROWTH ** (attempt - 1), LONGEST_WAIT_MS);
  return Math.round(wait * (1 - JITTER + 2 * JITTER * random));
}

/** What a channel asks for. */
export interface Wanted {
  selector: { name?: string; labels?: Labels };
  leastSeverity: Severity;
}

export const isFor = ({ selector, leastSeverity }: Wanted, { name, labels, severity }: Member): boolean =>
  (selector.name === undefined || selector.name === name) &&
  Object.entries(selector.labels ?? {}).every(([key, value]) => labels[key] === value) &&
  isAtLeast(severity, leastSeverity);

/**
 * The alerts a message tells of, the likely first mover first: while an incident fires those that do and are not silenced, where there are
 * some; of one that is over all.
 */
export function chosen(
  members: readonly Member[],
  { event, isSilenced }: { event: NotificationEvent; isSilenced: (member: Member) => boolean },
): Member[] {
  if (event === 'incident.resolved') return inOrder(members);
  const firing = members.filter(({ endsMs, isHistory }) => endsMs === null && !isHistory);
  const among = firing.length > 0 ? firing : members;
  const heard = among.filter((member) => !isSilenced(member));
  return inOrder(heard.length > 0 ? heard : among);
}

/** What is told of an incident: `members` are chosen and in order, `alerts` as many of them as are shown. */
export function toldOf(
  incident: Pick<
    ToldIncident,
    'id' | 'title' | 'severity' | 'startsAt' | 'endsAt' | 'mergedInto' | 'reasons'
  >,
  members: readonly Member[],
  alerts: Alert[],
): ToldIncident {
  const count = new Set(members.map(({ seriesId }) => seriesId)).size;
  const { title, reasons, mergedInto } = incident;
  return {
    ...incident,
    title: mergedInto === null && members[0] ? titleOf(members[0], count) : title,
    reasons: count > 1 ? reasons : [],
    ...{ alertCount: members.length, seriesCount: count, alerts },
  };
}

export function messageOf(
  notification: Pick<Message, 'id' | 'event' | 'episode' | 'repetition' | 'thread'>,
  incident: ToldIncident | null,
  { baseUrl, verdictLink, nowMs }: { baseUrl: string | null; verdictLink: string | null; nowMs: number },
): Message {
  const { id, event, episode, repetition, thread } = notification;
  const alert = incident?.alerts[0] ?? null;
  const link = alert && baseUrl ? linkTo(alert, baseUrl) : baseUrl && `${baseUrl}/`;
  return { id, event, episode, repetition, thread, sentAtMs: nowMs, incident, alert, link, verdictLink };
}

/** The series page, showing the alert with at least its own length before and after it. */
function linkTo({ seriesId, startsAt, endsAt, peak }: Alert, baseUrl: string): string {
  const start = Date.parse(startsAt);
  const end = Date.parse(endsAt ?? peak.time);
  const margin = Math.max(MARGIN_MS, end - start);
  return `${baseUrl}/series/?id=${seriesId}&from=${start - margin}&to=${end + margin}`;
}

/** Where people reach the dashboard, without a slash at the end; null when the port is not known beforehand. */
export function baseUrlOf(config: { PUBLIC_URL?: string; HOST: string; PORT: number }): string | null {
  if (config.PUBLIC_URL) return config.PUBLIC_URL.replace(/\/+$/, '');
  if (config.PORT === 0) return null;
  const everywhere = ['0.0.0.0', '::', '[::]'].includes(config.HOST);
  const host = everywhere ? 'localhost' : config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST;
  return `http://${host}:${config.PORT}`;
}
