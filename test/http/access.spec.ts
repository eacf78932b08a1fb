/** Who gets in: on loopback only this machine's own pages, elsewhere only whoever holds a key. Over real sockets. */
import 'reflect-metadata';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { AccessService } from '../../apps/backend/src/http/access.service';
import { makeSession, SESSION_COOKIE, SESSION_MS } from '../../apps/backend/src/http/access';

const url = process.env['DATABASE_URL']!;
const KEY = 'access-spec-key-of-the-operator';
const NOW = Date.UTC(2026, 0, 31, 12);

let now = NOW;
let app: NestExpressApplication;
let port: number;

async function start(environment: Record<string, string>): Promise<void> {
  const database = new Database(url, { poolSize: 3, name: 'access spec' });
  const config = readConfig({ LOG_LEVEL: 'silent', ...environment });
  app = await createServer({ config, clock: () => now, database });
  await app.listen(0, '127.0.0.1');
  ({ port } = app.getHttpServer().address() as AddressInfo);
  await app.get(AccessService).ensureKey();
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** As it is, whatever a client library would make of it: path and Host are sent letter by letter. */
function ask(
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: object; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({
      port,
      path,
      method,
      agent: false,
      headers: { host: `localhost:${port}`, 'content-type': 'application/json', ...headers },
    });
    asking.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: text }),
      );
    });
    asking.end(body);
  });
}

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const withCookie = (token: string) => ({ headers: { cookie: `theme=dark; ${SESSION_COOKIE}=${token}` } });
const signIn = (key: string, headers = {}) =>
  ask('/api/v1/session', { method: 'POST', headers, body: JSON.stringify({ key }) });

describe('on loopback', () => {
  beforeAll(() => start({}));
  afterAll(() => app.close());

  test('nobody is asked for a key', async () => {
    for (const path of ['/api/v1/series', '/metrics', '/api/docs'])
      expect(await ask(path)).toMatchObject({ status: 200 });
    const session = await ask('/api/v1/session');
    expect(JSON.parse(session.body)).toEqual({ needsKey: false, isSignedIn: true });
  });

  test.each(['/api/v1/series', '/api/v1/events', '/metrics', '/api/docs', '/health/ready', '/'])(
    '%s is not shown to a page that gave this machine its own name',
    async (path) => {
      const answer = await ask(path, { headers: { host: 'rebound.example' } });
      expect(answer.status).toBe(403);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(JSON.parse(answer.body).detail).toContain('rebound.example');
    },
  );

  test('a foreign page changes nothing, and our own does', async () => {
    const post = (headers: object) => ask('/api/v1/demo', { method: 'DELETE', headers });
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post({ origin: 'null' })).status).toBe(403);
    expect((await post({ origin: `http://localhost:${port}` })).status).toBe(200);
    expect((await post({})).status).toBe(200);
  });

  test('a foreign page may not even make us read its body', async () => {
    const samples = JSON.stringify([{ series: 'access.foreign', time: NOW, value: 1 }]);
    const headers = { origin: 'https://evil.example', 'content-type': 'text/plain' };
    expect((await ask('/api/v1/samples', { method: 'POST', headers, body: samples })).status).toBe(403);
    expect(JSON.parse((await ask('/api/v1/series?search=access.foreign')).body)).toEqual([]);
  });
});

describe('on a network', () => {
  beforeAll(() => start({ HOST: '0.0.0.0', API_KEY: KEY }));
  afterAll(() => app.close());

  const closed = [
    '/api/v1/series',
    '/API/v1/series',
    '/Api/V1/Series/',
    '/api/v1/series?x=1',
    '/api/v1/overview',
    '/api/v1/events',
    '/api/v1/session/x',
    '/api/v1/nothing',
    '/metrics',
    '/metrics/',
    '/METRICS',
    '/api/docs',
    '/api/docs/',
    '/API/DOCS',
    '/api/docs/openapi.json',
    '/api/docs/swagger-ui-init.js',
    '/api/docs-json',
    '/api/docs-yaml',
    'http://elsewhere.example/api/v1/series',
  ];
  test.each(closed)('%s asks for a key', async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringContaining('application/problem+json'),
      'www-authenticate': 'Bearer',
    });
    expect(JSON.parse(answer.body)).toMatchObject({
      status: 401,
      detail: expect.stringContaining('/sign-in/'),
    });
  });

  test.each([
    '/%61pi/v1/series',
    '/%61%70%69/v1/series',
    '//api/v1/series',
    '/./api/v1/series',
    '/x/../api/v1/series',
    '/api%2fv1%2fseries',
    '/%6detrics',
    '/api;/v1/series',
    '/ api/v1/series'.replace(' ', '%20'),
    '\\api\\v1\\series',
  ])('%s is no way around it', async (path) => {
    const answer = await ask(path);
    expect([400, 401, 404]).toContain(answer.status);
    expect(answer.body).not.toContain('lastSampleAt');
    expect(answer.body).not.toContain('bellwether_');
  });

  test.each(['POST', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'OPTIONS'])(
    '%s asks for it as well',
    async (method) => {
      expect((await ask('/api/v1/series/1', { method })).status).toBe(401);
    },
  );

  test('a body is not read before the key is right', async () => {
    const body = 'x'.repeat(3 * 1024 * 1024);
    expect((await ask('/api/v1/channels', { method: 'POST', body })).status).toBe(401);
  });

  test('a right key opens, a wrong one does not', async () => {
    expect((await ask('/api/v1/series', bearer(KEY))).status).toBe(200);
    expect((await ask('/metrics', bearer(KEY))).status).toBe(200);
    expect((await ask('/api/docs', bearer(KEY))).status).toBe(200);
    for (const wrong of [`${KEY}x`, KEY.slice(1), KEY.toUpperCase(), "' OR 1=1", '%00', 'x'.repeat(5_000)])
      expect((await ask('/api/v1/series', bearer(wrong))).status).toBe(401);
    const basic = (password: string) => {
      const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
      return ask('/api/v1/series', { headers: { authorization } });
    };
    expect((await basic(KEY)).status).toBe(200);
    for (const wrong of [`${KEY}x`, '', 'admin']) expect((await basic(wrong)).status).toBe(401);
  });

  test('a path that is not there is told to who has a key', async () => {
    expect((await ask('/api/v1/nothing', bearer(KEY))).status).toBe(404);
  });

  test('health is open, for whoever restarts it', async () => {
    expect((await ask('/health/live')).status).toBe(200);
    expect((await ask('/health/ready')).status).toBe(200);
  });

  describe('a person signs in', () => {
    let token: string;

    test('from the page itself, with a cookie that no script reads and no other site sends', async () => {
      const host = 'metrics.lan:8080';
      const answer = await signIn(` ${KEY}\n`, { host, origin: `http://${host}` });
      expect(answer).toMatchObject({ status: 200, body: '{"needsKey":true,"isSignedIn":true}' });
      const [cookie] = answer.headers['set-cookie'] as string[];
      const [pair, ...attributes] = cookie!.split('; ');
      token = pair!.slice(SESSION_COOKIE.length + 1);
      expect(attributes).toEqual(
        expect.arrayContaining(['HttpOnly', 'SameSite=Strict', 'Path=/', `Max-Age=${SESSION_MS / 1000}`]),
      );
      expect(cookie).not.toContain(KEY);
    });

    test('and is let in with it', async () => {
      expect((await ask('/api/v1/series', withCookie(token))).status).toBe(200);
      expect((await ask('/api/docs', withCookie(token))).status).toBe(200);
      const session = await ask('/api/v1/session', withCookie(token));
      expect(JSON.parse(session.body)).toEqual({ needsKey: true, isSignedIn: true });
    });

    test('not with one that was tampered with', async () => {
      const [id, expiry, signature] = token.split('.');
      const later = makeSession({ id: Number(id), hash: Buffer.from('guess') }, Number(expiry) + 1);
      const tampered = [
        `${id}.${Number(expiry) + 1}.${signature}`,
        `${Number(id) + 1}.${expiry}.${signature}`,
        later,
        `99999999999.${expiry}.${signature}`,
        `${id}.${expiry}`,
        '..',
        '%',
      ];
      for (const one of tampered) expect((await ask('/api/v1/series', withCookie(one))).status).toBe(401);
    });

    test('not after it has expired', async () => {
      now = NOW + SESSION_MS - 1;
      expect((await ask('/api/v1/series', withCookie(token))).status).toBe(200);
      now = NOW + SESSION_MS;
      expect((await ask('/api/v1/series', withCookie(token))).status).toBe(401);
      now = NOW;
    });

    test('not with a wrong key, nor from another site', async () => {
      expect((await signIn('bw_wrong')).status).toBe(401);
      expect((await signIn(KEY, { origin: 'https://evil.example' })).status).toBe(403);
      expect((await signIn('')).status).toBe(400);
      const session = await ask('/api/v1/session');
      expect(JSON.parse(session.body)).toEqual({ needsKey: true, isSignedIn: false });
    });

    test('and out', async () => {
      const answer = await ask('/api/v1/session', { method: 'DELETE' });
      expect(answer.headers['set-cookie']).toEqual([
        expect.stringMatching(/^bellwether_session=;.*Expires=Thu, 01 Jan 1970/),
      ]);
    });
  });

  test('another API_KEY at a later start takes the place of all keys, and their sessions', async () => {
    const [cookie] = (await signIn(KEY)).headers['set-cookie'] as string[];
    const token = /=([^;]+)/.exec(cookie!)![1]!;
    await app.close();
    await start({ HOST: '0.0.0.0', API_KEY: 'another-key-of-the-operator' });
    expect((await ask('/api/v1/series', bearer(KEY))).status).toBe(401);
    expect((await ask('/api/v1/series', withCookie(token))).status).toBe(401);
    expect((await ask('/api/v1/series', bearer('another-key-of-the-operator'))).status).toBe(200);
  });
});

describe('behind a proxy that PUBLIC_URL tells of', () => {
  beforeAll(() => start({ PUBLIC_URL: 'https://metrics.example', API_KEY: KEY }));
  afterAll(() => app.close());

  test('a key is asked for, and the cookie is for https alone', async () => {
    expect((await ask('/api/v1/series')).status).toBe(401);
    const answer = await signIn(KEY, { host: 'backend:8080', origin: 'https://metrics.example' });
    expect(answer.headers['set-cookie']).toEqual([expect.stringContaining('Secure')]);
    expect(answer.headers['strict-transport-security']).toContain('max-age');
  });
});
