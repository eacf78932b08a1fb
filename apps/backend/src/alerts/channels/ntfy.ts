/**
 * ntfy: published as JSON, which goes to the server's root and names the topic.
 * https://docs.ntfy.sh/publish/#publish-as-json
 */
import {
  type ChannelOf,
  headline,
  type HttpRequest,
  json,
  type Message,
  sentence,
  shortened,
} from './message';

/** Of a message that an incident is over, or only for information: ntfy's default. */
const CALM_PRIORITY = 3;
/** Bytes of a message are 4,096; a character has four at most. */
const MESSAGE = 1_000;
const TITLE = 200;
const TAGS = {
  'incident.firing': 'warning',
  'incident.resolved': 'white_check_mark',
  test: 'information_source',
};

export function ntfy({ url, token, priority }: ChannelOf<'ntfy'>, message: Message): HttpRequest {
  const { server, topic } = partsOf(url);
  const isCalm = message.event === 'incident.resolved' || message.incident?.severity === 'info';
  const body = {
    topic,
    title: shortened(headline(message), TITLE),
    message: shortened(sentence(message), MESSAGE),
    priority: isCalm ? Math.min(priority, CALM_PRIORITY) : priority,
    tags: [TAGS[message.event]],
    ...(message.link ? { click: message.link } : {}),
    ...(message.verdictLink
      ? { actions: [{ action: 'view', label: 'Was it real?', url: message.verdictLink }] }
      : {}),
  };
  return json(server, body, token === null ? {} : { Authorization: `Bearer ${token}` });
}

function partsOf(url: string): { server: string; topic: string } {
  const server = new URL(url);
  const path = server.pathname.replace(/\/$/, '');
  server.pathname = path.slice(0, path.lastIndexOf('/') + 1);
  return { server: server.href, topic: path.slice(path.lastIndexOf('/') + 1) };
}
