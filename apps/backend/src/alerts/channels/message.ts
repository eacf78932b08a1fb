/** Messages: what a notification says, before it takes the form of a kind of channel. Pure. */
import type { Alert, ChannelInput, ChannelKind, NotificationEvent } from '@bellwether/contracts';

export interface Message {
  /** Stays the same when it is sent again. */
  id: string;
  event: NotificationEvent;
  /** How often the same was told before. */
  repetition: number;
  /** The id of the first message about this alert to this channel: what belongs together. */
  thread: string;
  sentAtMs: number;
  /** Null in a test. */
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

export const json = (url: string, body: unknown, headers: Record<string, string> = {}): HttpRequest => ({
  url,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** `Firing: http_requests{env=prod}`. */
export function headline({ event, repetition, alert }: Message): string {
  if (!alert) return 'Test of a channel';
  const word = event === 'alert.resolved' ? 'Resolved' : repetition > 0 ? 'Still firing' : 'Firing';
  return `${word}: ${seriesOf(alert)}`;
}

export const sentence = ({ alert }: Message): string =>
  alert?.why ?? 'It works: Bellwether tells of alerts here.';

/** `name{key=value, …}`. */
export function seriesOf({ series: { name, labels } }: Alert): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length > 0 ? `${name}{${pairs.join(', ')}}` : name;
}

/** What stands in a table beside the sentence. */
export function facts({ alert }: Message): [name: string, value: string][] {
  if (!alert) return [];
  return [
    ['Since', utc(alert.startsAt)],
    ...(alert.endsAt ? [['Until', utc(alert.endsAt)] as [string, string]] : []),
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
