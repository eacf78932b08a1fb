/** The server around the API: its headers and limits, what is not there, and what is malformed. */
import 'reflect-metadata';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '@bellwether/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';

const MIB = 1024 * 1024;

let app: NestExpressApplication;
let dashboard: string;
let base: string;
let port: number;

beforeAll(async () => {
  dashboard = await mkdtemp(join(tmpdir(), 'bellwether-dashboard-'));
  await writeFile(join(dashboard, 'index.html'), '<p>overview');
  await writeFile(join(dashboard, '404.html'), '<p>not here');
  const database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'server spec' });
  const config = readConfig({ LOG_LEVEL: 'silent', MAX_BODY_MB: '2' });
  app = await createServer({ config, clock: () => Date.now(), database }, dashboard);
  await app.listen(0, '127.0.0.1');
  ({ port } = app.getHttpServer().address() as AddressInfo);
  base = `http://127.0.0.1:${port}`;
});
afterAll(async () => {
  await app?.close();
  await rm(dashboard, { recursive: true, force: true });
});

async function ask(path: string, options: RequestInit = {}) {
  const response = await fetch(base + path, options);
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const body = isJson && text ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body };
}
const post = (path: string, body: BodyInit, type = 'application/json') =>
  ask(path, { method: 'POST', body, headers: { 'content-type': type } });

/** An error as every client gets it; returns what it says. */
function detailOf({ status, headers, body }: Awaited<ReturnType<typeof ask>>, expected: number): string {
  expect(headers.get('content-type')).toContain('application/problem+json');
  const problem = Problem.parse(body);
  expect([status, problem.status]).toEqual([expected, expected]);
  return problem.detail;
}

describe('every answer', () => {
  test.each(['/', '/nothing/', '/api/v1/series', '/api/v1/nothing', '/health/live', '/metrics'])(
    'of %s keeps others from framing it, guessing its type, or learning its address',
    async (path) => {
      const { headers } = await ask(path, { headers: { accept: 'text/html' } });
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toMatch(/default-src 'self'.*frame-ancestors 'none'/);
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
    },
  );
});

describe('what is not there', () => {
  test('is the dashboard’s own page for a browser', async () => {
    const answer = await ask('/nothing/', { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect([answer.status, answer.body]).toEqual([404, '<p>not here']);
    expect((await ask('/')).body).toBe('<p>overview');
  });

  test.each(['/api/v1/nothing', '/api', '/api/v2/series', '/health', '/nothing.json'])(
    '%s is a problem for everybody else',
    async (path) => {
      expect(detailOf(await ask(path), 404)).toContain(`There is no GET ${path}`);
    },
  );
  test('is a problem for a browser too, where the API is', async () => {
    detailOf(await ask('/api/v1/nothing', { headers: { accept: 'text/html' } }), 404);
  });

  test.each([
    ['PUT', '/api/v1/series'],
    ['DELETE', '/api/v1/overview'],
    ['POST', '/health/live'],
    ['PATCH', '/'],
  ])('%s %s is no such thing', async (method, path) => {
    expect(detailOf(await ask(path, { method }), 404)).toContain(`There is no ${method} ${path}`);
  });

  test.each([
    ['GET', '/api/v1/series/ID', 'series'],
    ['GET', '/api/v1/series/ID/view', 'series'],
    ['PATCH', '/api/v1/series/ID', 'series'],
    ['DELETE', '/api/v1/series/ID', 'series'],
    ['GET', '/api/v1/alerts/ID', 'alert'],
    ['POST', '/api/v1/detectors/ID/train', 'detector'],
    ['GET', '/api/v1/channels/ID', 'channel'],
    ['DELETE', '/api/v1/channels/ID', 'channel'],
    ['GET', '/api/v1/channels/ID/notifications', 'channel'],
    ['POST', '/api/v1/channels/ID/test', 'channel'],
  ])('%s %s says which, and refuses what is no id', async (method, path, what) => {
    const to = (id: string) =>
      ask(path.replace('ID', id), {
        method,
        ...(method === 'PATCH'
          ? { body: '{"unit":"x"}', headers: { 'content-type': 'application/json' } }
          : {}),
      });
    expect(detailOf(await to('2000000000'), 404)).toBe(`There is no ${what} 2000000000.`);
    for (const id of ['abc', '0', '-1', '1.5', '99999999999', '1e99', '%00', '1%20OR%201=1'])
      expect(detailOf(await to(id), 400)).toContain('id');
  });

  test('nor is a file outside of the dashboard', async () => {
    for (const path of ['/..%2f..%2fpackage.json', '/%2e%2e/%2e%2e/package.json', '/.env', '/index.html%00'])
      expect((await ask(path, { headers: { accept: 'text/html' } })).body).not.toContain('bellwether');
  });
});

describe('malformed', () => {
  test.each(['/api/v1/series/%zz', '/api/v1/series/%E0%A4%A', '/api/v1/alerts/%'])(
    '%s is a 400',
    async (path) => {
      expect(detailOf(await ask(path), 400)).toBe('The address holds a malformed % sequence.');
    },
  );

  test.each([
    ['{"name": "x", }', 'line 1, column 15'],
    ['{\n"name": x}', 'line 2, column 9'],
    ['hello', 'line 1, column 1'],
    ['{"name"', 'line 1, column 8: the text ends'],
  ])('JSON %s says where', async (body, position) => {
    expect(detailOf(await post('/api/v1/channels', body), 400)).toContain(position);
  });

  test.each(['', ' ', 'null', '5', '"text"', '[]', 'true'])(
    'a body of %s says what is missing',
    async (body) => {
      expect(detailOf(await post('/api/v1/channels', body), 400)).toMatch(/name|object/);
    },
  );

  test('compressed bytes that are none are a 400', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await ask('/api/v1/channels', { method: 'POST', headers, body: 'not gzip' });
    expect(detailOf(answer, 400)).toContain('gzip');
  });

  test('an encoding or a charset that nobody knows is a 415', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'rot13' };
    detailOf(await ask('/api/v1/channels', { method: 'POST', headers, body: '{}' }), 415);
    detailOf(await post('/api/v1/channels', '{}', 'application/json; charset=klingon'), 415);
  });

  test('a request that is no HTTP is closed with a 400', async () => {
    expect(await raw('NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw('GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe('too large', () => {
  const object = (bytes: number) => JSON.stringify({ name: 'x'.repeat(bytes) });

  test('is more than 1 MiB of JSON, and MAX_BODY_MB would not help', async () => {
    const detail = detailOf(await post('/api/v1/channels', object(MIB)), 413);
    expect(detail).toContain('1 MiB');
    expect(detail).not.toContain('MAX_BODY_MB');
    expect(detailOf(await post('/api/v1/channels', object(MIB - 1_000)), 400)).toContain('name');
  });

  test.each(['/api/v1/samples', '/api/v1/samples/', '/API/v1/import?name=x'])(
    'is more than MAX_BODY_MB for %s',
    async (path) => {
      const detail = detailOf(await post(path, ' '.repeat(2 * MIB + 1)), 413);
      expect(detail).toContain('2 MiB');
      expect(detail).toContain('MAX_BODY_MB');
      detailOf(await post(path, ' '.repeat(2 * MIB)), 400);
    },
  );

  test('is a file above it, in a form', async () => {
    const form = new FormData();
    form.set('file', new Blob([' '.repeat(2 * MIB + 1)]), 'a.csv');
    const answer = await ask('/api/v1/import', { method: 'POST', body: form });
    expect(detailOf(answer, 413)).toContain('2 MiB');
  });

  test('is a header above 16 KiB', async () => {
    const answer = await raw(
      `GET /health/live HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 431 /);
  });
});

/** Sends bytes and reads all that comes back. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.on('end', () => resolve(text)).on('error', reject);
  });
}
