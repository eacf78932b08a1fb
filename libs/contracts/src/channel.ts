/** A channel: where notifications go. */
import { z } from 'zod';
import { Instant } from './time';

export const ChannelInput = z
  .object({
    kind: z.literal('webhook').default('webhook'),
    name: z.string().trim().min(1).max(100),
    url: z.url({ protocol: /^https?$/, error: 'the url is not an http(s) address' }).max(2000),
  })
  .strict();
export type ChannelInput = z.infer<typeof ChannelInput>;

export const Channel = ChannelInput.extend({
  id: z.number().int(),
  createdAt: Instant,
  /** Notifications that wait or are being retried. */
  waiting: z.number().int(),
  delivered: z.number().int(),
  /** Given up after the last retry. */
  failed: z.number().int(),
  lastDeliveredAt: Instant.nullable(),
  lastError: z.string().nullable(),
});
export type Channel = z.infer<typeof Channel>;

/** The body of a webhook. `id` repeats when a delivery is retried: receivers may drop what they have seen. */
export const NotificationBody = z.object({
  id: z.string(),
  event: z.enum(['alert.firing', 'alert.resolved', 'test']),
  sentAt: Instant,
  alert: z.unknown(),
  link: z.string().nullable(),
});
export type NotificationBody = z.infer<typeof NotificationBody>;

export const ChannelTest = z.object({ delivered: z.boolean(), detail: z.string() });
export type ChannelTest = z.infer<typeof ChannelTest>;
