/** Channels: what of one is secret, where its secrets may go, and what is shown of it. Pure. */
import type {
  ChannelChange,
  ChannelInput,
  ChannelKind,
  ChannelSecret,
  ChannelSettings,
} from '@bellwether/contracts';
import { REPEAT_S } from './channels/alertmanager';

export type Secrets = Partial<Record<ChannelSecret, string>>;

/** What of a kind is sealed: an address, where it alone lets whoever knows it in. */
const SECRETS: Record<ChannelKind, ChannelSecret[]> = {
  webhook: ['url', 'secret'],
  slack: ['url'],
  pagerduty: ['routingKey'],
  teams: ['url'],
  email: ['password'],
  alertmanager: ['password'],
  ntfy: ['url', 'token'],
};

/** The secret that goes to the address, and so may go to no other. A webhook's signs, and goes nowhere. */
const SENT: Partial<Record<ChannelKind, ChannelSecret>> = {
  pagerduty: 'routingKey',
  email: 'password',
  alertmanager: 'password',
  ntfy: 'token',
};

const ROUTING = [
  ...(['name', 'isEnabled', 'selector', 'leastSeverity', 'groupWaitSeconds'] as const),
  ...(['sendResolved', 'repeatHours'] as const),
] as const;
type Routing = Pick<ChannelInput, (typeof ROUTING)[number]>;

export interface ChannelParts {
  routing: Routing;
  settings: ChannelSettings;
  secrets: Secrets;
  place: string;
}

/** A channel as it is kept: what may be seen apart from what is sealed. */
export function partsOf({ kind, ...channel }: ChannelInput): ChannelParts {
  const { routing, details } = halvesOf(channel);
  const isSecret = ([key]: [string, unknown]) => SECRETS[kind].includes(key as ChannelSecret);
  const all = Object.entries(details);
  return {
    routing: routing as Routing,
    settings: Object.fromEntries(all.filter((entry) => !isSecret(entry))),
    secrets: Object.fromEntries(all.filter((entry) => isSecret(entry) && entry[1] !== null)),
    place: placeOf(details),
  };
}

function placeOf(details: { url?: string; host?: string; to?: string[] }): string {
  return details.to ? `${details.to.join(', ')} by ${details.host}` : new URL(details.url!).host;
}

/** The texts that must not be told: the secrets, and what of a secret address a receiver might repeat. */
export function secretsIn(channel: ChannelInput): string[] {
  const { secrets } = partsOf(channel);
  if (secrets.url === undefined) return Object.values(secrets);
  const { pathname, search } = new URL(secrets.url);
  return [...Object.values(secrets), pathname + search, pathname, search].filter((text) => text.length > 1);
}

/** What secrets are sealed to: where they are sent, as far as that is no secret itself. */
export const addressOf = (kind: ChannelKind, { url, host, port }: ChannelSettings): string =>
  JSON.stringify(['channel', kind, url ?? host ?? null, port ?? null]);

/** The routing a change asks for, and what it changes about how the channel is reached. */
export function halvesOf(change: ChannelChange): { routing: Partial<Routing>; details: ChannelChange } {
  const isRouting = ([key]: [string, unknown]) => (ROUTING as readonly string[]).includes(key);
  const all = Object.entries(change);
  return {
    routing: Object.fromEntries(all.filter(isRouting)),
    details: Object.fromEntries(all.filter((entry) => !isRouting(entry))),
  };
}

/** The secret that a change would send to another address without giving it anew. */
export function strayed(
  kind: ChannelKind,
  before: ChannelSettings & Secrets,
  details: ChannelChange,
): ChannelSecret | undefined {
  const secret = SENT[kind];
  if (!secret || before[secret] === undefined || details[secret] !== undefined) return undefined;
  const isElsewhere = (['url', 'host', 'port'] as const).some(
    (part) => details[part] !== undefined && details[part] !== before[part],
  );
  return isElsewhere ? secret : undefined;
}

/** Seconds after which it is told again of what still fires; null: never. */
export const repeatSeconds = ({
  kind,
  repeatHours,
}: Pick<ChannelInput, 'kind' | 'repeatHours'>): number | null =>
  kind === 'alertmanager' ? REPEAT_S : repeatHours && Math.round(repeatHours * 3_600);

export const repeatHours = (kind: ChannelKind, seconds: number | null): number | null =>
  kind === 'alertmanager' ? null : seconds && seconds / 3_600;
