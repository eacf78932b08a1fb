/** The link of a notification, where a key is asked for: it opens one alert, to say what it was, and nothing else. */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { VerdictLinkAnswer } from '@bellwether/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VerdictLinkService } from '../../apps/backend/src/alerts/verdict-link.service';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { VaultService } from '../../apps/backend/src/database/vault.service';
import { AccessService } from '../../apps/backend/src/http/access.service';

const NOW = Date.UTC(2026, 10, 20, 12);
const DAY = 86_400_000;
const config = readConfig({
  LOG_LEVEL: 'silent',
  HOST: '0.0.0.0',
  API_KEY: 'verdict-link-spec-key-of-the-operator',
  SECRET_KEY: 'a secret of thirty-two characters and more',
});

let database: Database;
let app: NestExpressApplication;
let base: string;
let alertId: number;
let nowMs = NOW;

beforeAll(async () => {
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 3, name: 'verdict link spec' });
  app = await createServer({ config, clock: () => nowMs, database });
  await app.listen(0, '127.0.0.1');
  await app.get(AccessService).ensureKey();
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/v1`;
  const { rows } = await database.query<{ id: number }>(
    `WITH s AS (INSERT INTO series (name, labels) VALUES ('verdict.link', jsonb_build_object('id', gen_random_uuid())) RETURNING id)
     INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
     SELECT s.id, $1::timestamptz, $1::timestamptz + INTERVAL '5 minutes', $1, 9, 4, 0.5, 3 FROM s RETURNING id`,
    [new Date(NOW - DAY)],
  );
  alertId = rows[0]!.id;
});
afterAll(() => app?.close());

const tokenOf = async (id: number, vault = config): Promise<string> => {
  const link = await new VerdictLinkService(() => NOW, new VaultService(vault)).make(id, 'https://b.example');
  expect(link).toMatch(/^https:\/\/b\.example\/verdict\/#/);
  return link!.split('#')[1]!;
};
const ask = (method: 'POST' | 'PUT', body: object) =>
  fetch(`${base}/verdict-link`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

test('it shows its alert and takes a verdict on it, without a key', async () => {
  const token = await tokenOf(alertId);
  const shown = VerdictLinkAnswer.parse(await (await ask('POST', { token, kind: 'real' })).json());
  expect(shown).toMatchObject({
    alert: { id: alertId, verdict: null },
    preview: { kind: 'real', isPossible: true },
    expiresAt: new Date(NOW + 30.5 * DAY).toISOString(),
  });
  expect((await ask('PUT', { token, kind: 'real', comment: 'by mail' })).status).toBe(200);
  const after = VerdictLinkAnswer.parse(await (await ask('POST', { token })).json());
  expect(after).toMatchObject({ alert: { verdict: 'real' }, preview: null });
});

test('it opens nothing else', async () => {
  const token = await tokenOf(alertId);
  for (const path of ['alerts', `alerts/${alertId}`, `alerts/${alertId}/verdict/preview?kind=real`])
    expect((await fetch(`${base}/${path}`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      401,
    );
});

test('one that is made up, changed, cut off, of another key, or expired is refused', async () => {
  const token = await tokenOf(alertId);
  const [id, expiry, signature] = token.split('.') as [string, string, string];
  const others = [
    `${Number(id) + 1}.${expiry}.${signature}`,
    `${id}.${Number(expiry) + 1}.${signature}`,
    `${id}.${expiry}.${signature.slice(0, -1)}`,
    `${id}.${expiry}.${'A'.repeat(43)}`,
    await tokenOf(alertId, readConfig({ SECRET_KEY: 'another secret of thirty-two characters' })),
    'x',
  ];
  for (const other of others)
    expect([other, (await ask('PUT', { token: other, kind: 'real' })).status]).toEqual([other, 403]);
  nowMs = NOW + 31 * DAY;
  const expired = await ask('POST', { token });
  expect([expired.status, ((await expired.json()) as { detail: string }).detail]).toEqual([
    403,
    expect.stringContaining('has expired'),
  ]);
  nowMs = NOW;
});

test('what is no request is refused before its token is looked at', async () => {
  for (const body of [
    {},
    { token: '' },
    { token: 'x'.repeat(201) },
    { token: 'x', kind: 'no' },
    { token: 5 },
  ])
    expect((await ask('POST', body)).status).toBe(400);
});
