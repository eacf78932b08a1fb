/** Messages: what a notification says, before it takes the form of a kind of channel. Pure. */
import type {
  Alert,
  ChannelInput,
  ChannelKind,
  NotificationEvent,
  ToldIncident,
} from '@bellwether/contracts';
import { counted, seriesName } from '../incident';

export interface Message {
  /** Stays the same when it is sent again. */
  id: string;
  event: NotificationEvent;
  /** How often it began again after it was told to be over. */
  episode: number;
  /** How often the same was told before. */
  repetition: number;
  /** The id of the first message about this incident to this channel: what belongs together. */
  thread: string;
  sentAtMs: number;
  /** Null in a test. */
  incident: ToldIncident | null;
  /** The first of its alerts; null in a test. */
  alert: Alert | null;
  /** The series page around the alert; null where nobody said what the dashboard's address is. */
  link: string | null;
  /** Where its reader says what the alert was, without a key; null in a test, and without an address. */
  verdictLink: string | null;
}

export type ChannelOf<Kind extends ChannelKind> = Extract<ChannelInput, { kind: Kind }>;

/** A POST. */
export interface HttpRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Other series that a message names. */
const MOST_NAMED = 5;

export const json = (url: string, body: unknown, headers: Record<string, string> = {}): HttpRequest => ({
  url,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** `Firing: http_requests{env=prod} and 2 more series`. */
export function headline(message: Message): string {
  return message.incident ? `${wordOf(message)}: ${message.incident.title}` : 'Test of a channel';
}

function wordOf({ event, episode, repetition, incident }: Message): string {
  if (event === 'incident.resolved') return incident?.mergedInto ? 'Merged' : 'Resolved';
  if (repetition > 0) return 'Still firing';
  return episode > 0 ? 'Firing again' : 'Firing';
}

/** What the first mover did; of more than one series, what else fires and why that belongs together. */
export function sentence(message: Message): string {
  const { alert, incident } = message;
  if (!alert || !incident) return 'It works: Bellwether tells of incidents here.';
  if (incident.mergedInto !== null)
    return `It goes on as a part of incident ${incident.mergedInto}. ${alert.why}`;
  return [alert.why, ...(incident.seriesCount > 1 ? [`${withIt(message)}.`, ...incident.reasons] : [])].join(
    ' ',
  );
}

/** `With it: errors{host=web-1} and 2 more series`. */
function withIt({ alert, incident }: Message): string {
  const names = [...new Set(incident!.alerts.map(seriesOf))].filter((name) => name !== seriesOf(alert!));
  const shown = names.slice(0, MOST_NAMED);
  const rest = incident!.seriesCount - 1 - shown.length;
  return `With it: ${[...shown, ...(rest > 0 ? [`${counted(rest, 'more series', 'more series')}`] : [])].join(', ')}`;
}

/** `name{key=value, …}`. */
export const seriesOf = ({ series }: Alert): string => seriesName(series);

/** What stands in a table beside the sentence. */
export function facts({ alert, incident }: Message): [name: string, value: string][] {
  if (!alert || !incident) return [];
  return [
    ['Since', utc(incident.startsAt)],
    ...(incident.endsAt ? [['Until', utc(incident.endsAt)] as [string, string]] : []),
    ['Severity', incident.severity],
    ...Object.entries(alert.series.labels),
  ];
}

/** `2026-11-23 14:05:00 UTC`. */
const utc = (instant: string): string => `${instant.slice(0, 19).replace('T', ' ')} UTC`;

/** The first `most` characters, with a … where something is missing. */
export function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
