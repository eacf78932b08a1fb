/** A channel: where notifications go, and which. Each kind has its own address and secrets; secrets are written and never read again. */
import { z } from 'zod';
import { Alert, Severity } from './alert';
import { Labels, SeriesName } from './labels';
import { Instant } from './time';

const isWithoutUser = (url: string): boolean => {
  if (!URL.canParse(url)) return true;
  const { username, password } = new URL(url);
  return !username && !password;
};

const hasTopic = (url: string): boolean =>
  !URL.canParse(url) || /\/[\w-]{1,64}\/?$/.test(new URL(url).pathname);

const printable = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}]+$/u, 'it holds control characters');

const mailbox = z.email('not an email address').max(254);

/** Everything that a channel of some kind has. */
const fields = {
  name: z.string().trim().min(1).max(100),
  /** One that is paused is told of no new incident, and what waits for it goes on waiting. */
  isEnabled: z.boolean(),
  /** Only incidents that have an alert of a series with this name and these labels; an empty one: all. */
  selector: z.object({ name: SeriesName.optional(), labels: Labels.optional() }).strict(),
  /** Only incidents that have such an alert, at least as severe as this. */
  leastSeverity: Severity,
  /** Seconds that the first word of an incident waits, so that what joins meanwhile is in it. */
  groupWaitSeconds: z.number().int().min(0).max(600),
  /** Whether it is told that an incident is over. */
  sendResolved: z.boolean(),
  /** Hours after which it is told again of an incident that still fires, and that nobody has acknowledged; null: never. */
  repeatHours: z.number().min(1).max(720).nullable(),
  url: z
    .url({ protocol: /^https?$/, error: 'the url is not an http(s) address' })
    .max(2000)
    .refine(isWithoutUser, 'a user name or password in an address cannot be sent; leave it out.'),
  /** Signs what a webhook is sent, as in Standard Webhooks. */
  secret: z
    .string()
    .regex(
      /^whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
      'a signing secret is whsec_ and 24 to 64 random bytes in base64',
    )
    .nullable(),
  routingKey: z.string().regex(/^[A-Za-z0-9]{32}$/, 'a routing key has 32 letters and digits'),
  host: z.string().regex(/^[\w.:-]{1,253}$/, 'not the name or number of a host'),
  port: z.number().int().min(1).max(65_535),
  /** `starttls`: begins plain and must become TLS (587); `tls`: from the first byte (465); `none`: never. */
  tls: z.enum(['starttls', 'tls', 'none']),
  /** Takes a certificate that nobody vouches for. */
  allowsSelfSigned: z.boolean(),
  username: printable(200).nullable(),
  password: printable(1000).nullable(),
  from: mailbox,
  to: z.array(mailbox).min(1).max(20),
  token: printable(1000).nullable(),
  /** Of ntfy: 1 (least) to 5, while an incident fires. */
  priority: z.number().int().min(1).max(5),
};

const routing = {
  name: fields.name,
  isEnabled: fields.isEnabled.default(true),
  selector: fields.selector.default({}),
  leastSeverity: fields.leastSeverity.default('info'),
  groupWaitSeconds: fields.groupWaitSeconds.default(10),
  sendResolved: fields.sendResolved.default(true),
  repeatHours: fields.repeatHours.default(null),
};
const login = { username: fields.username.default(null), password: fields.password.default(null) };

const WebhookInput = z
  .object({
    kind: z.literal('webhook').default('webhook'),
    ...routing,
    url: fields.url,
    secret: fields.secret.default(null),
  })
  .strict();

const SlackInput = z.object({ kind: z.literal('slack'), ...routing, url: fields.url }).strict();

const PagerDutyInput = z
  .object({
    kind: z.literal('pagerduty'),
    ...routing,
    routingKey: fields.routingKey,
    /** The address before `/v2/enqueue`; https://events.eu.pagerduty.com in the EU. */
    url: fields.url.default('https://events.pagerduty.com'),
  })
  .strict();

/** The address that a workflow of Teams shows. */
const TeamsInput = z.object({ kind: z.literal('teams'), ...routing, url: fields.url }).strict();

const EmailInput = z
  .object({
    kind: z.literal('email'),
    ...routing,
    host: fields.host,
    port: fields.port.default(587),
    tls: fields.tls.default('starttls'),
    allowsSelfSigned: fields.allowsSelfSigned.default(false),
    ...login,
    from: fields.from,
    to: fields.to,
  })
  .strict();

/** `url` is the address before `/api/v2/alerts`; the password goes with HTTP's Basic. */
const AlertmanagerInput = z
  .object({
    kind: z.literal('alertmanager'),
    ...routing,
    repeatHours: z.null('an Alertmanager is told again every five minutes as it is').default(null),
    url: fields.url,
    ...login,
  })
  .strict();

const NtfyInput = z
  .object({
    kind: z.literal('ntfy'),
    ...routing,
    url: fields.url.refine(hasTopic, 'the address ends with a topic, like https://ntfy.sh/my-topic'),
    token: fields.token.default(null),
    priority: fields.priority.default(4),
  })
  .strict();

export const ChannelKind = z.enum([
  'webhook',
  'slack',
  'pagerduty',
  'teams',
  'email',
  'alertmanager',
  'ntfy',
]);
export type ChannelKind = z.infer<typeof ChannelKind>;

export const ChannelInput = z.discriminatedUnion(
  'kind',
  [WebhookInput, SlackInput, PagerDutyInput, TeamsInput, EmailInput, AlertmanagerInput, NtfyInput],
  {
    error: ({ code }) =>
      code === 'invalid_union' ? `not one of ${ChannelKind.options.join(', ')}` : undefined,
  },
);
export type ChannelInput = z.infer<typeof ChannelInput>;
/** As it may be sent: what has a default can be left out. */
export type NewChannel = z.input<typeof ChannelInput>;

/** What is left out stays as it is, and null removes a secret. A channel keeps its kind, and a kind takes its own fields only. */
export const ChannelChange = z.object(fields).partial().strict();
export type ChannelChange = z.infer<typeof ChannelChange>;

/** What is kept encrypted and never answered. The addresses of webhook, slack, teams and ntfy let whoever knows them in. */
export const ChannelSecret = z.enum(['url', 'secret', 'routingKey', 'password', 'token']);
export type ChannelSecret = z.infer<typeof ChannelSecret>;

/** The settings of a kind that are no secrets. */
export const ChannelSettings = z
  .object({
    url: fields.url,
    username: fields.username,
    ...{ host: fields.host, port: fields.port, tls: fields.tls, allowsSelfSigned: fields.allowsSelfSigned },
    ...{ from: fields.from, to: fields.to },
    priority: fields.priority,
  })
  .partial();
export type ChannelSettings = z.infer<typeof ChannelSettings>;

export const Channel = z.object({
  id: z.number().int(),
  kind: ChannelKind,
  name: z.string(),
  isEnabled: z.boolean(),
  selector: fields.selector,
  leastSeverity: Severity,
  groupWaitSeconds: z.number().int(),
  sendResolved: z.boolean(),
  repeatHours: z.number().nullable(),
  /** The host it sends to; of an email, who gets it. */
  place: z.string(),
  settings: ChannelSettings,
  secretsSet: z.array(ChannelSecret),
  createdAt: Instant,
  /** Notifications that wait or are being retried. */
  waiting: z.number().int(),
  delivered: z.number().int(),
  /** Given up after the last retry. */
  failed: z.number().int(),
  lastDeliveredAt: Instant.nullable(),
  /** What the newest attempt that failed said, of those that are not delivered since. */
  lastError: z.string().nullable(),
});
export type Channel = z.infer<typeof Channel>;

export const NotificationEvent = z.enum(['incident.firing', 'incident.resolved', 'test']);
export type NotificationEvent = z.infer<typeof NotificationEvent>;

/** An incident as a notification tells of it: of what fires, what is not silenced. */
export const ToldIncident = z.object({
  id: z.number().int(),
  /** In a few words: what the likely first mover is, and how many more series there are. */
  title: z.string(),
  severity: Severity,
  startsAt: Instant,
  endsAt: Instant.nullable(),
  /** The incident that it became a part of, and that goes on. */
  mergedInto: z.number().int().nullable(),
  /** Why its alerts belong together, a sentence each. */
  reasons: z.array(z.string()),
  alertCount: z.number().int(),
  seriesCount: z.number().int(),
  /** The likely first mover first, then by start; 10 at most. */
  alerts: z.array(Alert),
});
export type ToldIncident = z.infer<typeof ToldIncident>;

/** The body of a webhook. `id` repeats when a delivery is retried: receivers may drop what they have seen. */
export const NotificationBody = z.object({
  id: z.string(),
  event: NotificationEvent,
  /** Counts how often the incident began again after the receiver was told that it was over. */
  episode: z.number().int(),
  /** How often this was told before of an incident that still fires; a reminder has its own `id`. */
  repetition: z.number().int(),
  sentAt: Instant,
  /** A `ToldIncident`; null in a test. */
  incident: z.unknown(),
  /** The first of its alerts, the likely first mover; null in a test. */
  alert: z.unknown(),
  link: z.string().nullable(),
  /** Where whoever holds it may say what the alert was, without a key. */
  verdictLink: z.string().nullable(),
});
export type NotificationBody = z.infer<typeof NotificationBody>;

export const ChannelTest = z.object({ delivered: z.boolean(), detail: z.string() });
export type ChannelTest = z.infer<typeof ChannelTest>;

export const NotificationState = z.enum(['waiting', 'delivered', 'failed']);
export type NotificationState = z.infer<typeof NotificationState>;

/** A message about an incident to one channel. */
export const Notification = z.object({
  id: z.string(),
  event: NotificationEvent.exclude(['test']),
  incidentId: z.number().int(),
  /** The incident in a few words. */
  title: z.string(),
  episode: z.number().int(),
  repetition: z.number().int(),
  state: NotificationState,
  createdAt: Instant,
  attempts: z.number().int(),
  /** Null once it is delivered or given up. */
  nextAttemptAt: Instant.nullable(),
  deliveredAt: Instant.nullable(),
  failedAt: Instant.nullable(),
  lastError: z.string().nullable(),
  /** The likely first mover of the incident. */
  alert: Alert,
});
export type Notification = z.infer<typeof Notification>;

export const NotificationQuery = z.object({
  state: NotificationState.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});
export type NotificationQuery = z.infer<typeof NotificationQuery>;
