/** Channels as a form shows and reads them. */
import { type Channel, ChannelChange, ChannelInput, ChannelKind } from '@bellwether/contracts';
import { describe, expect, test } from 'vitest';
import {
  beginning,
  changeIn,
  type Fields,
  healthOf,
  inFormWords,
  isKept,
  KINDS,
  newChannel,
  onlyInWords,
  selectorInWords,
  SPECS,
} from './channels';

const TYPED: Record<ChannelKind, Fields> = {
  webhook: { url: 'https://b.example/hook' },
  slack: { url: 'https://hooks.slack.com/services/T/B/x' },
  pagerduty: { routingKey: '0123456789abcdef0123456789abcdef' },
  teams: { url: 'https://b.example/w' },
  email: { host: 'smtp.b.example', from: 'a@b.example', to: 'c@b.example\n\n d@b.example ' },
  alertmanager: { url: 'http://am:9093' },
  ntfy: { url: 'https://ntfy.sh/t' },
};

describe.each(ChannelKind.options)('%s', (kind) => {
  test('is taken by the API as its form begins, with the least that is needed', () => {
    const channel = newChannel(kind, { ...beginning(kind), ...TYPED[kind] });
    expect(ChannelInput.parse(channel)).toMatchObject({ kind, name: KINDS[kind].name, sendResolved: true });
  });

  test('has a field for everything that is its own, and no other', () => {
    const own = Object.keys(ChannelInput.parse(newChannel(kind, { ...beginning(kind), ...TYPED[kind] })));
    const routing = ['kind', 'name', 'isEnabled', 'selector', 'leastSeverity', 'groupWaitSeconds'].concat([
      ...['sendResolved', 'repeatHours'],
    ]);
    expect(SPECS[kind].map(({ name }) => name).sort()).toEqual(
      own.filter((name) => !routing.includes(name)).sort(),
    );
  });
});

const channel = {
  ...{ id: 1, kind: 'email', name: 'Mail', isEnabled: true, sendResolved: false, repeatHours: 4 },
  ...{ leastSeverity: 'warning', groupWaitSeconds: 30 },
  selector: { name: 'latency', labels: { env: 'prod', 'a b': 'c=d' } },
  settings: { host: 'h', port: 465, tls: 'tls', username: 'me', from: 'a@b.example', to: ['c@b.example'] },
  secretsSet: ['password'],
} as unknown as Channel;

test('a channel that is opened and saved untouched stays as it is', () => {
  const change = changeIn('email', beginning('email', channel));
  expect(ChannelChange.parse(change)).toEqual({
    ...{ name: 'Mail', selector: channel.selector, sendResolved: false, repeatHours: 4 },
    ...{ leastSeverity: 'warning', groupWaitSeconds: 30 },
    ...{ ...channel.settings, allowsSelfSigned: false },
  });
});

test('a secret is never in the form; left empty it is kept, typed it is replaced, ticked it goes', () => {
  const fields = beginning('email', channel);
  expect([isKept(channel, 'password'), isKept(channel, 'host'), isKept(undefined, 'password')]).toEqual([
    ...[true, false, false],
  ]);
  expect(fields['password']).toBe('');
  expect(changeIn('email', fields)).not.toHaveProperty('password');
  expect(changeIn('email', { ...fields, password: ' new ' }).password).toBe(' new ');
  expect(changeIn('email', { ...fields, 'password.remove': 'on' }).password).toBeNull();
});

test('a selector reads as it is written', () => {
  expect(selectorInWords(channel.selector)).toBe('latency, env=prod, a b=c=d');
  expect(selectorInWords({})).toBe('');
});

test.each([
  [{}, 'info', ''],
  [{}, 'critical', 'only of critical'],
  [{ name: 'latency' }, 'warning', 'only of latency, warning or critical'],
] as const)('what it is told of: %j from %s on', (selector, leastSeverity, words) =>
  expect(onlyInWords({ selector, leastSeverity })).toBe(words),
);

test('a refusal names fields as the form does', () => {
  expect(inFormWords('email', 'to.0: not an email address; repeatHours: too small')).toBe(
    'To: not an email address; Remind every: too small',
  );
});

test.each([
  ['paused', { isEnabled: false, failed: 1 }],
  ['unused', {}],
  ['unused', { waiting: 1 }],
  ['working', { delivered: 2 }],
  ['retrying', { delivered: 2, waiting: 1, lastError: 'no' }],
  ['failing', { delivered: 2, waiting: 1, failed: 1, lastError: 'no' }],
])('a channel is %s after %j', (health, after) => {
  expect(healthOf({ isEnabled: true, waiting: 0, delivered: 0, failed: 0, lastError: null, ...after })).toBe(
    health,
  );
});
