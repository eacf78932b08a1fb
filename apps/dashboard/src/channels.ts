/** Channels as a person sees them: their kinds in words, and their settings as the fields of a form. Pure. */
import type {
  Channel,
  ChannelChange,
  ChannelKind,
  ChannelSecret,
  NewChannel,
  Severity,
} from '@bellwether/contracts';

/** What stands in a form, by the name of the field: its text; a ticked box is `on`. */
export type Fields = Partial<Record<string, string>>;

export const KINDS: Record<ChannelKind, { name: string; how: string }> = {
  webhook: { name: 'Webhook', how: 'Any address that takes JSON by POST.' },
  slack: {
    name: 'Slack',
    how: 'In Slack: an app with Incoming Webhooks, added to a channel; its address goes here.',
  },
  pagerduty: {
    name: 'PagerDuty',
    how: 'In PagerDuty: a service’s integration “Events API V2”; its integration key goes here.',
  },
  teams: {
    name: 'Teams',
    how: 'In Teams: the workflow “Post to a channel when a webhook request is received”; its address goes here.',
  },
  email: {
    name: 'Email',
    how: 'Through a mail server (SMTP) that lets you send, with a picture of the chart.',
  },
  alertmanager: {
    name: 'Alertmanager',
    how: 'A Prometheus Alertmanager, which groups, routes and silences by its own rules.',
  },
  ntfy: { name: 'ntfy', how: 'A topic of ntfy.sh or of a server of your own, subscribed to on a phone.' },
};

export const isKind = (text: string): text is ChannelKind => text in KINDS;

/** One field of a kind. */
export interface Spec {
  name: keyof ChannelChange;
  label: string;
  type: 'text' | 'url' | 'email' | 'number' | 'password' | 'lines' | 'tick' | 'choice';
  /** Not needed. */
  isOptional?: boolean;
  hint?: string;
  placeholder?: string;
  /** What it begins with. */
  first?: string;
  min?: number;
  max?: number;
  /** Value and words of each option. */
  options?: [string, string][];
}

const LOGIN: Spec[] = [
  { name: 'username', label: 'User name', type: 'text', isOptional: true },
  { name: 'password', label: 'Password', type: 'password', isOptional: true },
];

export const SPECS: Record<ChannelKind, Spec[]> = {
  webhook: [
    { name: 'url', label: 'Webhook address', type: 'url', placeholder: 'https://example.org/hook' },
    {
      ...{ name: 'secret', label: 'Signing secret', type: 'password', isOptional: true },
      hint: 'Lets the receiver check who sends (Standard Webhooks). Copy it there before you save.',
    },
  ],
  slack: [
    {
      ...{ name: 'url', label: 'Webhook address', type: 'url' },
      placeholder: 'https://hooks.slack.com/services/…',
    },
  ],
  pagerduty: [
    { name: 'routingKey', label: 'Integration key', type: 'password', hint: '32 letters and digits.' },
    {
      ...{ name: 'url', label: 'Address of PagerDuty', type: 'url' },
      first: 'https://events.pagerduty.com',
      hint: 'In the EU: https://events.eu.pagerduty.com.',
    },
  ],
  teams: [
    { name: 'url', label: 'Workflow address', type: 'url', placeholder: 'https://….logic.azure.com/…' },
  ],
  email: [
    { name: 'host', label: 'Mail server', type: 'text', placeholder: 'smtp.example.org' },
    { name: 'port', label: 'Port', type: 'number', min: 1, max: 65_535, first: '587' },
    {
      ...{ name: 'tls', label: 'Encryption', type: 'choice', first: 'starttls' },
      options: [
        ['starttls', 'STARTTLS (usually port 587)'],
        ['tls', 'TLS (usually port 465)'],
        ['none', 'none'],
      ],
    },
    ...LOGIN,
    { name: 'from', label: 'From', type: 'email', placeholder: 'bellwether@example.org' },
    {
      name: 'to',
      label: 'To',
      type: 'lines',
      placeholder: 'oncall@example.org',
      hint: 'One address a line.',
    },
    { name: 'allowsSelfSigned', label: 'Take a certificate that nobody vouches for', type: 'tick' },
  ],
  alertmanager: [
    {
      ...{ name: 'url', label: 'Address', type: 'url', placeholder: 'http://localhost:9093' },
      hint: 'What stands before /api/v2/alerts.',
    },
    ...LOGIN,
  ],
  ntfy: [
    { name: 'url', label: 'Topic address', type: 'url', placeholder: 'https://ntfy.sh/my-topic' },
    { name: 'token', label: 'Access token', type: 'password', isOptional: true },
    {
      ...{ name: 'priority', label: 'Priority', type: 'choice', first: '4' },
      options: [
        ['5', '5, urgent'],
        ['4', '4, high'],
        ['3', '3, default'],
        ['2', '2, low'],
        ['1', '1, least'],
      ],
    },
  ],
};

const SECRETS: ChannelSecret[] = ['url', 'secret', 'routingKey', 'password', 'token'];
const isSecret = (name: string): name is ChannelSecret => (SECRETS as string[]).includes(name);

/** Whether a secret of this name is kept already: it is then written only to be replaced. */
export const isKept = (channel: Channel | undefined, name: string): boolean =>
  channel !== undefined && isSecret(name) && channel.secretsSet.includes(name);

/** What a form begins with. */
export function beginning(kind: ChannelKind, channel?: Channel): Fields {
  const firsts = SPECS[kind].map(({ name, first = '' }) => [name, first]);
  const begun: Fields = Object.fromEntries(firsts) as Fields;
  if (!channel)
    return {
      ...begun,
      name: KINDS[kind].name,
      leastSeverity: 'info',
      groupWaitSeconds: '10',
      sendResolved: 'on',
    };
  const { name, selector, leastSeverity, groupWaitSeconds, sendResolved, repeatHours, settings } = channel;
  const settled = Object.entries(settings).map(([key, value]) => [key, written(value)]);
  return {
    ...begun,
    ...(Object.fromEntries(settled) as Fields),
    ...{ name, 'selector.name': selector.name ?? '', repeatHours: repeatHours?.toString() ?? '' },
    'selector.labels': pairs(selector.labels ?? {}).join('\n'),
    ...{ leastSeverity, groupWaitSeconds: String(groupWaitSeconds) },
    sendResolved: sendResolved ? 'on' : '',
  };
}

function written(value: string | number | boolean | string[] | null): string {
  if (value === null) return '';
  if (Array.isArray(value)) return value.join('\n');
  return typeof value === 'boolean' ? (value ? 'on' : '') : String(value);
}

const pairs = (labels: Record<string, string>): string[] =>
  Object.entries(labels).map(([key, value]) => `${key}=${value}`);

/** `latency, env=prod`; of all series: nothing. */
export const selectorInWords = ({ name, labels = {} }: Channel['selector']): string =>
  [...(name === undefined ? [] : [name]), ...pairs(labels)].join(', ');

/** What it is told of, where that is not everything: `only of latency, env=prod, warning or critical`. */
export function onlyInWords({
  selector,
  leastSeverity,
}: Pick<Channel, 'selector' | 'leastSeverity'>): string {
  const severity = { info: '', warning: 'warning or critical', critical: 'critical' }[leastSeverity];
  const parts = [selectorInWords(selector), severity].filter((part) => part !== '');
  return parts.length === 0 ? '' : `only of ${parts.join(', ')}`;
}

export type Health = 'paused' | 'unused' | 'working' | 'retrying' | 'failing';

/** `retrying` while something waits that failed before. */
export function healthOf(
  channel: Pick<Channel, 'isEnabled' | 'waiting' | 'delivered' | 'failed' | 'lastError'>,
): Health {
  if (!channel.isEnabled) return 'paused';
  if (channel.failed > 0) return 'failing';
  if (channel.waiting > 0 && channel.lastError !== null) return 'retrying';
  return channel.delivered > 0 ? 'working' : 'unused';
}

// Fields to what the API takes, and judges

const text = (fields: Fields, name: string): string => fields[name]?.trim() ?? '';

function lines(fields: Fields, name: string): string[] {
  return text(fields, name)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** `env=prod`; without a =, a label that is empty. */
function labelIn(line: string): [string, string] {
  const equals = line.includes('=') ? line.indexOf('=') : line.length;
  return [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
}

function routingIn(fields: Fields): ChannelChange {
  const name = text(fields, 'selector.name');
  const labels = lines(fields, 'selector.labels').map(labelIn);
  const hours = text(fields, 'repeatHours');
  return {
    name: text(fields, 'name'),
    selector: {
      ...(name === '' ? {} : { name }),
      ...(labels.length > 0 ? { labels: Object.fromEntries(labels) } : {}),
    },
    leastSeverity: (fields['leastSeverity'] ?? 'info') as Severity,
    groupWaitSeconds: Number(text(fields, 'groupWaitSeconds')),
    sendResolved: fields['sendResolved'] === 'on',
    repeatHours: hours === '' ? null : Number(hours),
  };
}

/** A secret that is left empty stays as it was; one whose box `… .remove` is ticked goes. */
function valueOf(fields: Fields, { name, type, isOptional }: Spec): unknown {
  if (type === 'tick') return fields[name] === 'on';
  if (type === 'lines') return lines(fields, name);
  if (fields[`${name}.remove`] === 'on') return null;
  const typed = type === 'password' ? (fields[name] ?? '') : text(fields, name);
  if (typed === '') return isOptional === true && !isSecret(name) ? null : undefined;
  return type === 'number' || name === 'priority' ? Number(typed) : typed;
}

export function changeIn(kind: ChannelKind, fields: Fields): ChannelChange {
  const given = SPECS[kind].map((spec) => [spec.name, valueOf(fields, spec)] as const);
  return {
    ...routingIn(fields),
    ...(Object.fromEntries(given.filter(([, value]) => value !== undefined)) as ChannelChange),
  };
}

export const newChannel = (kind: ChannelKind, fields: Fields): NewChannel =>
  ({ kind, ...changeIn(kind, fields) }) as NewChannel;

/** A refusal names paths (`selector.labels: …`); a person knows the field by its label. */
export function inFormWords(kind: ChannelKind, refusal: string): string {
  const labels: Record<string, string> = {
    name: 'Name',
    selector: 'Only these series',
    repeatHours: 'Remind every',
    leastSeverity: 'Least severity',
    groupWaitSeconds: 'Waits for what joins',
  };
  for (const { name, label } of SPECS[kind]) labels[name] = label;
  return refusal.replace(/(^|; )(\w+)(?:\.[\w.]+)?(?=:)/g, (path, before: string, name: string) =>
    name in labels ? `${before}${labels[name]}` : path,
  );
}
