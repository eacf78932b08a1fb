/** What of a channel is kept secret, and what may be sent where. */
import { ChannelInput } from '@bellwether/contracts';
import { describe, expect, test } from 'vitest';
import { addressOf, halvesOf, partsOf, repeatHours, repeatSeconds, secretsIn, strayed } from './channel';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const KEY = '0123456789abcdef0123456789abcdef';
const mail = { host: 'smtp.b.example', from: 'bellwether@b.example', to: ['a@b.example', 'c@b.example'] };

const KINDS: [given: object, place: string, secrets: string[], seen: string[]][] = [
  [{ url: 'https://b.example/hook?t=1', secret: SECRET }, 'b.example', ['url', 'secret'], []],
  [{ kind: 'slack', url: 'https://hooks.slack.com/services/T/B/x' }, 'hooks.slack.com', ['url'], []],
  [{ kind: 'pagerduty', routingKey: KEY }, 'events.pagerduty.com', ['routingKey'], ['url']],
  [{ kind: 'teams', url: 'https://b.example:8443/w?sig=1' }, 'b.example:8443', ['url'], []],
  [
    { kind: 'email', ...mail, username: 'me', password: 'hush' },
    'a@b.example, c@b.example by smtp.b.example',
    ['password'],
    ['host', 'port', 'tls', 'allowsSelfSigned', 'username', 'from', 'to'],
  ],
  [{ kind: 'alertmanager', url: 'http://am:9093' }, 'am:9093', [], ['url', 'username']],
  [{ kind: 'ntfy', url: 'https://ntfy.sh/t', token: 'tk_1' }, 'ntfy.sh', ['url', 'token'], ['priority']],
];
const channel = (given: object) => ChannelInput.parse({ name: 'x', ...given });

describe('a channel', () => {
  for (const [given, place, secrets, seen] of KINDS) {
    const one = channel(given);
    test(`of kind ${one.kind} shows where it is and keeps the rest`, () => {
      const parts = partsOf(one);
      expect(parts.place).toBe(place);
      expect(Object.keys(parts.secrets).sort()).toEqual(secrets.sort());
      expect(Object.keys(parts.settings).sort()).toEqual(seen.sort());
      expect(parts.routing).toMatchObject({ name: 'x', isEnabled: true, repeatHours: null });
    });
  }

  test('says nothing that a receiver could repeat of a secret address', () => {
    expect(secretsIn(channel({ url: 'https://b.example/hook?t=1' }))).toEqual([
      'https://b.example/hook?t=1',
      '/hook?t=1',
      '/hook',
      '?t=1',
    ]);
  });

  test('has its secrets sealed to where they go', () => {
    const settings = (given: object) =>
      addressOf('email', partsOf(channel({ kind: 'email', ...mail, ...given })).settings);
    expect(settings({})).not.toBe(settings({ host: 'elsewhere.example' }));
    expect(settings({})).not.toBe(settings({ port: 25 }));
    expect(settings({})).toBe(settings({ to: ['d@b.example'] }));
  });

  for (const [name, kind, before, change, expected] of [
    ['a password to another host', 'email', { host: 'a', password: 'p' }, { host: 'b' }, 'password'],
    ['a password to another port', 'email', { host: 'a', port: 1, password: 'p' }, { port: 2 }, 'password'],
    [
      'a password that is given anew',
      'email',
      { host: 'a', password: 'p' },
      { host: 'b', password: 'q' },
      undefined,
    ],
    ['no password', 'email', { host: 'a' }, { host: 'b' }, undefined],
    ['a password to whom it was for', 'email', { host: 'a', password: 'p' }, { host: 'a' }, undefined],
    ['a token to another topic', 'ntfy', { url: 'a', token: 't' }, { url: 'b' }, 'token'],
    [
      'a routing key to another server',
      'pagerduty',
      { url: 'a', routingKey: 'k' },
      { url: 'b' },
      'routingKey',
    ],
    [
      'a password to another Alertmanager',
      'alertmanager',
      { url: 'a', password: 'p' },
      { url: 'b' },
      'password',
    ],
    ['what only signs', 'webhook', { url: 'a', secret: 's' }, { url: 'b' }, undefined],
  ] as const)
    test(`would${expected ? '' : ' not'} let ${name} stray`, () =>
      expect(strayed(kind, before, change)).toBe(expected));

  test('has halves: whom it tells of what, and how it is reached', () => {
    expect(halvesOf({ name: 'y', sendResolved: false, port: 25 })).toEqual({
      routing: { name: 'y', sendResolved: false },
      details: { port: 25 },
    });
  });

  test('of Alertmanager is told again every five minutes, others as their owner says', () => {
    expect(repeatSeconds({ kind: 'alertmanager', repeatHours: null })).toBe(300);
    expect(repeatHours('alertmanager', 300)).toBeNull();
    expect(repeatSeconds({ kind: 'slack', repeatHours: 1.5 })).toBe(5_400);
    expect(repeatHours('slack', 5_400)).toBe(1.5);
    expect(repeatSeconds({ kind: 'slack', repeatHours: null })).toBeNull();
  });
});
