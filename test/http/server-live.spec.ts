/** What machines and open screens hear of a running server: health, metrics, live events. */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { LiveEvent } from '@bellwether/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';

const url = process.env['DATABASE_URL']!;

let app: NestExpressApplication;
let base: string;

beforeAll(async () => {
  const database = new Database(url, { poolSize: 4, name: 'server live spec' });
  app = await createServer({
    config: readConfig({ LOG_LEVEL: 'silent' }),
    clock: () => Date.now(),
    database,
  });
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
});
afterAll(() => app?.close());

async function ask(path: string) {
  const response = await fetch(base + path);
  const { status, headers } = response;
  const isJson = /json/.test(headers.get('content-type') ?? '');
  return { status, headers, body: (isJson ? await response.json() : await response.text()) as unknown };
}
const post = (path: string, body: string) =>
  fetch(base + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });

describe('health and metrics', () => {
  test('it lives and is ready', async () => {
    expect(await ask('/health/live')).toMatchObject({ status: 200, body: { status: 'live' } });
    expect(await ask('/health/ready')).toMatchObject({ status: 200, body: { status: 'ready' } });
  });

  test('it lives and is not ready, with a database that is not there', async () => {
    const database = new Database('postgres://x:secret@127.0.0.1:9/x', { poolSize: 1, name: 'server spec' });
    const alone = await createServer({
      config: readConfig({ LOG_LEVEL: 'silent' }),
      clock: () => 0,
      database,
    });
    // Without the modules' own beginnings, which want a database: main does not come this far without one.
    await alone.init().catch(() => undefined);
    await alone.getHttpAdapter().listen(0);
    const { port } = alone.getHttpServer().address() as AddressInfo;
    const live = await fetch(`http://127.0.0.1:${port}/health/live`);
    expect(live.status).toBe(200);
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`);
    expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await ready.text()).not.toContain('secret');
    await alone.close();
  });

  test('metrics count what was written and refused', async () => {
    const read = async (name: string) => {
      const { body } = await ask('/metrics');
      return Number(new RegExp(`^bellwether_${name} (.*)$`, 'm').exec(body as string)![1]);
    };
    const before = [await read('samples_written_total'), await read('samples_refused_total')];
    const sample = { series: 'server.metrics', time: Date.now(), value: 1 };
    await post('/api/v1/samples', JSON.stringify([sample, { ...sample, value: 'x' }]));
    const after = [await read('samples_written_total'), await read('samples_refused_total')];
    expect(after).toEqual(before.map((count) => count + 1));
    expect(await read('series')).toBeGreaterThanOrEqual(1);
    for (const name of [
      'unscored_series',
      'scoring_lag_seconds',
      'alerts_firing',
      'champions',
      'training_runs_open',
    ])
      expect(await read(name)).toBeGreaterThanOrEqual(0);
  });

  test('metrics are in the text format of Prometheus', async () => {
    const { headers, body } = await ask('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain;.*version=0\.0\.4/);
    const lines = (body as string).trim().split('\n');
    const isLine = /^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? [-+\w.]+)?$/;
    expect(lines.filter((line) => !isLine.test(line))).toEqual([]);
    expect(lines).toContain('# TYPE bellwether_samples_written_total counter');
  });
});

describe('live events', () => {
  /** Reads the stream until `isEnough`. */
  async function listen(isEnough: (text: string) => boolean, act: () => Promise<unknown>): Promise<string> {
    const control = new AbortController();
    const response = await fetch(`${base}/api/v1/events`, { signal: control.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    await act();
    let text = '';
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (isEnough(text)) break;
    }
    control.abort();
    return text;
  }
  const messages = (text: string) =>
    text
      .split('\n\n')
      .filter((block) => !/^event:/m.test(block))
      .flatMap((block) => /^data: (.*)$/m.exec(block)?.[1] ?? [])
      .map((data) => LiveEvent.parse(JSON.parse(data)));

  test('an unnamed message tells of samples that came', async () => {
    const sample = { series: 'server.live', time: Date.now(), value: 1 };
    const text = await listen(
      (text) => text.includes('"samples"'),
      () => post('/api/v1/samples', JSON.stringify([sample])),
    );
    const { body } = await ask('/api/v1/series?search=server.live');
    const { id } = (body as { id: number }[])[0]!;
    expect(messages(text)).toContainEqual({ type: 'samples', seriesIds: expect.arrayContaining([id]) });
  });

  test('what others say on the same channel is passed over', async () => {
    const sql = new Client(url);
    await sql.connect();
    for (const payload of ['hello', '{"type":"unheard of"}', '{}', ''])
      await sql.query('SELECT pg_notify($1, $2)', ['bellwether', payload]);
    const text = await listen(
      (text) => text.includes('"alerts"'),
      () => sql.query(`SELECT pg_notify('bellwether', '{"type":"alerts","seriesIds":[7]}')`),
    );
    await sql.end();
    expect(messages(text)).toContainEqual({ type: 'alerts', seriesIds: [7] });
  });

  test('a screen that stays open does not hold up the end', async () => {
    const database = new Database(url, { poolSize: 2, name: 'server spec' });
    const other = await createServer({
      config: readConfig({ LOG_LEVEL: 'silent' }),
      clock: () => 0,
      database,
    });
    await other.listen(0, '127.0.0.1');
    const { port } = other.getHttpServer().address() as AddressInfo;
    const open = await fetch(`http://127.0.0.1:${port}/api/v1/events`);
    await other.close();
    expect(await open.text()).not.toContain('data: {');
  });
});
