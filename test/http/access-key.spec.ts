/** The key of an installation: made and printed at the first start on a network, never to be seen again. Against the build. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SESSION_COOKIE } from '../../apps/backend/src/http/access';
import { type Bellwether, removeFolder, startBellwether, temporaryFolder } from '../support/bellwether';

const KEY = 'access-key-spec-key-of-the-operator';
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

describe('the first start on a network', () => {
  let folder: string;
  let bellwether: Bellwether | undefined;
  beforeEach(async () => (folder = await temporaryFolder()));
  afterEach(async () => {
    await bellwether?.stop();
    await removeFolder(folder);
  });
  const begin = async (env: Record<string, string> = {}) =>
    (bellwether = await startBellwether(folder, {
      HOST: '0.0.0.0',
      ROLES: 'api',
      LOG_LEVEL: 'trace',
      ...env,
    }));
  const KEYS = /bw_[\w-]{43}/g;

  test('prints a key once, keeps only its hash, and says neither key, cookie nor body in its log', async () => {
    const first = await begin();
    const [key, ...more] = first.output().match(KEYS)!;
    expect(more).toEqual([]);
    const authorization = `Bearer ${key}`;
    const secret = 'a-secret-body';
    const cookie = `${SESSION_COOKIE}=1.2.a-secret-cookie`;
    const headers = { authorization, cookie, 'content-type': 'application/json' };
    expect((await fetch(`${first.url}/api/v1/series`, { headers })).status).toBe(200);
    const send = (path: string, body: string) => fetch(first.url + path, { method: 'POST', headers, body });
    await send('/api/v1/samples', `[{"series":"${secret}","time":1,"value":"${secret}"}]`);
    await send('/api/v1/channels', `{"name":"${secret}`);
    await send('/api/v1/session', JSON.stringify({ key: secret }));
    await send(`/api/v1/import?name=${secret}`, `time,value\n${secret},1`);
    expect((await send('/api/v1/session', JSON.stringify({ key }))).status).toBe(200);

    const sql = new Client((await readFile(join(folder, 'database.url'), 'utf8')).trim());
    await sql.connect();
    // Something that goes wrong inside is logged, with its request.
    await sql.query('ALTER TABLE channel RENAME TO away');
    expect(
      (await send('/api/v1/channels', JSON.stringify({ name: secret, url: 'http://x.example' }))).status,
    ).toBe(500);
    await sql.query('ALTER TABLE away RENAME TO channel');
    const { rows } = await sql.query('SELECT k.name, k.hash FROM api_key k');
    expect(rows).toEqual([{ name: 'first', hash: expect.any(Buffer) }]);
    expect(JSON.stringify(rows)).not.toContain(key);
    await sql.end();

    await first.stop();
    expect(first.output()).toContain('unexpected error');
    expect(first.output().match(KEYS)).toEqual([key]);
    expect(first.output()).not.toContain('secret');

    const second = await begin();
    expect(second.output()).not.toMatch(KEYS);
    expect((await fetch(`${second.url}/api/v1/series`, { headers: { authorization } })).status).toBe(200);
  });

  test('that fails on a taken port leaves no key behind that nobody has seen', async () => {
    const taken = createTcpServer().listen(0, '0.0.0.0');
    await once(taken, 'listening');
    const PORT = String((taken.address() as AddressInfo).port);
    await expect(begin({ PORT })).rejects.toThrow(/Port \d+ is taken/);
    taken.close();
    expect((await begin()).output()).toMatch(KEYS);
  });

  test('prints no key where the operator gives one', async () => {
    const { url, output } = await begin({ API_KEY: KEY });
    expect(output()).not.toMatch(KEYS);
    expect(output()).not.toContain(KEY);
    expect((await fetch(`${url}/api/v1/series`, bearer(KEY))).status).toBe(200);
  });
});
