/** What each kind of channel is sent over HTTP. */
import type { ChannelInput } from '@bellwether/contracts';
import { alertmanager } from './alertmanager';
import type { ChannelOf, HttpRequest, Message } from './message';
import { ntfy } from './ntfy';
import { pagerduty } from './pagerduty';
import { slack } from './slack';
import { teams } from './teams';
import { webhook } from './webhook';

export type HttpChannel = Exclude<ChannelInput, { kind: 'email' }>;

const REQUESTS: {
  [Kind in HttpChannel['kind']]: (channel: ChannelOf<Kind>, message: Message) => HttpRequest;
} = { webhook, slack, pagerduty, teams, alertmanager, ntfy };

/** Every request says which notification it brings, for receivers that drop repetitions. */
export function requestOf(channel: HttpChannel, message: Message): HttpRequest {
  const make = REQUESTS[channel.kind] as (channel: HttpChannel, message: Message) => HttpRequest;
  const request = make(channel, message);
  const always = { 'Idempotency-Key': message.id, 'User-Agent': 'Bellwether' };
  return { ...request, headers: { ...request.headers, ...always } };
}
