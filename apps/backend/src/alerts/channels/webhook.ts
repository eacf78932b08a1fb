/**
 * Webhook: the notification as JSON, told apart from its repetitions by `Idempotency-Key` and `webhook-id`, and signed as Standard
 * Webhooks says: HMAC-SHA256 over `id.timestamp.body`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from 'node:crypto';
import type { NotificationBody } from '@bellwether/contracts';
import { type ChannelOf, type HttpRequest, json, type Message } from './message';

export function webhook({ url, secret }: ChannelOf<'webhook'>, message: Message): HttpRequest {
  const request = json(url, bodyOf(message));
  const timestamp = String(Math.floor(message.sentAtMs / 1_000));
  const headers = { ...request.headers, 'webhook-id': message.id, 'webhook-timestamp': timestamp };
  if (secret === null) return { ...request, headers };
  const signature = sign(secret, `${message.id}.${timestamp}.${request.body}`);
  return { ...request, headers: { ...headers, 'webhook-signature': signature } };
}

function bodyOf({ sentAtMs, ...message }: Message): NotificationBody {
  const { id, event, episode, repetition, incident, alert, link, verdictLink } = message;
  const sentAt = new Date(sentAtMs).toISOString();
  return { ...{ id, event, episode, repetition, sentAt }, ...{ incident, alert, link, verdictLink } };
}

function sign(secret: string, content: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
