import { describe, expect, test } from 'vitest';
import {
  cookie,
  hashKey,
  isOpen,
  isSessionOf,
  keyIn,
  makeKey,
  makeSession,
  needsKey,
  readSession,
  refusal,
} from './access';

const LOOPBACK = { HOST: '127.0.0.1', PUBLIC_URL: undefined };
const NETWORK = { HOST: '0.0.0.0', PUBLIC_URL: undefined };
const PROXIED = { HOST: '127.0.0.1', PUBLIC_URL: 'https://metrics.example/' };

test('a key is needed wherever others can come in', () => {
  expect(needsKey(LOOPBACK)).toBe(false);
  expect(needsKey({ HOST: '::1', PUBLIC_URL: 'http://[::1]:8080' })).toBe(false);
  expect(needsKey({ HOST: '127.0.0.1', PUBLIC_URL: 'http://localhost:9000' })).toBe(false);
  expect(needsKey(NETWORK)).toBe(true);
  expect(needsKey(PROXIED)).toBe(true);
});

describe('a path', () => {
  test.each([
    '/',
    '/series/',
    '/sign-in/',
    '/health/live',
    '/health/ready',
    '/api/v1/session',
    '/API/v1/Session/',
    '/api/v1/verdict-link',
  ])('%s is open', (path) => expect(isOpen(path)).toBe(true));
  test.each([
    '/api',
    '/api/v1/series',
    '/API/V1/series/',
    '/Api/docs',
    '/api/docs-yaml',
    '/api/v1/session/x',
    '/api/v1/sessions',
    '/api/v1/verdict-link/x',
    '/api/v1/verdict-links',
    '/metrics',
    '/write',
    '/api/v2/write',
    '/v1/metrics',
    '/query',
    '/METRICS/',
  ])('%s is closed', (path) => expect(isOpen(path)).toBe(false));
});

describe('on loopback', () => {
  const ask = (asker: object) =>
    refusal(
      { method: 'GET', host: 'localhost:8080', origin: undefined, site: undefined, ...asker },
      LOOPBACK,
    );

  test.each(['localhost:8080', 'LOCALHOST', '127.0.0.1:8080', '[::1]:8080'])('%s is this machine', (host) =>
    expect(ask({ host })).toBeUndefined(),
  );
  test.each([
    'evil.example',
    'localhost.evil.example:8080',
    '127.0.0.1.nip.io',
    '',
    undefined,
    'a b',
    '10.0.0.1',
  ])('a page that calls us %s is refused (DNS rebinding), even to read', (host) =>
    expect(ask({ host })).toContain('open it as localhost'),
  );

  test.each([
    ['curl', 'POST', undefined, undefined, true],
    ['our page', 'POST', 'http://localhost:8080', 'same-origin', true],
    ['our page in an old browser', 'DELETE', 'http://localhost:8080', undefined, true],
    ['the address bar', 'POST', undefined, 'none', true],
    ['a foreign page', 'POST', 'https://evil.example', 'cross-site', false],
    ['a foreign page in an old browser', 'PATCH', 'https://evil.example', undefined, false],
    ['a page on another port of this machine', 'POST', 'http://localhost:3000', 'same-site', false],
    ['a sandboxed frame', 'POST', 'null', undefined, false],
    ['a foreign form without an Origin', 'POST', undefined, 'cross-site', false],
    ['a foreign page that only reads, and sees nothing', 'GET', 'https://evil.example', 'cross-site', true],
  ])('%s: %s', (_, method, origin, site, isTaken) => {
    const reason = ask({ method, origin, site });
    if (isTaken) expect(reason).toBeUndefined();
    else expect(reason).toContain('set PUBLIC_URL');
  });
});

test('behind a proxy that changes the Host, the page of PUBLIC_URL is our own', () => {
  const asker = { method: 'POST', host: 'backend:8080', origin: 'https://metrics.example', site: undefined };
  expect(refusal(asker, PROXIED)).toBeUndefined();
  expect(refusal({ ...asker, origin: 'https://other.example' }, PROXIED)).toContain('another site');
});

test('on a network any Host will do, since a key is asked for', () => {
  const asker = { method: 'GET', host: 'metrics.lan', origin: undefined, site: undefined };
  expect(refusal(asker, NETWORK)).toBeUndefined();
});

describe('a session', () => {
  const key = { id: 7, hash: hashKey('a key') };
  const token = makeSession(key, 1_000);

  test('is its key’s until it expires', () => {
    expect(readSession(token)).toEqual({ keyId: 7, expiresAtMs: 1_000 });
    expect(isSessionOf(token, key, 999)).toBe(true);
    expect(isSessionOf(token, key, 1_000)).toBe(false);
  });

  test('that was tampered with is nobody’s', () => {
    const [id, expiry, signature] = token.split('.');
    const tampered = [
      `${id}.9999.${signature}`,
      `8.${expiry}.${signature}`,
      `${id}.${expiry}.${signature!.slice(1)}A`,
      `${token}.x`,
      `${id}.${expiry}.`,
      '',
    ];
    expect(tampered.map((one) => isSessionOf(one, key, 0))).toEqual(tampered.map(() => false));
    expect(isSessionOf(token, { ...key, hash: hashKey('another') }, 0)).toBe(false);
  });

  test('that claims an id no database could hold is not even looked up', () => {
    const claims = ['99999999999.1.x', '-1.1.x', '1e3.1.x', '1.1', 'x.y.z', '1.1.<>'];
    expect(claims.map(readSession)).toEqual(claims.map(() => undefined));
  });
});

test('keys are long, different, and fit a header', () => {
  const keys = Array.from({ length: 50 }, makeKey);
  expect(new Set(keys).size).toBe(50);
  for (const key of keys) expect(keyIn(`Bearer ${key}`)).toBe(key);
  for (const key of keys) expect(key).toMatch(/^bw_[\w-]{43}$/);
});

test('the header and the cookie are found among others', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const header of ['bearer abc', 'Token abc', basic('anyone:abc'), basic(':abc')])
    expect(keyIn(header)).toBe('abc');
  expect(keyIn(basic('anyone:a:b'))).toBe('a:b');
  for (const header of [
    undefined,
    '',
    'Basic abc',
    basic('abc'),
    basic('abc:'),
    'Bearer',
    'Bearer a b',
    'XBearer abc',
  ])
    expect(keyIn(header)).toBeUndefined();
  expect(cookie('a=1; bellwether_session=x.y.z;b=2', 'bellwether_session')).toBe('x.y.z');
  for (const header of [undefined, '', 'xbellwether_session=1', 'bellwether_session'])
    expect(cookie(header, 'bellwether_session')).toBeUndefined();
});
