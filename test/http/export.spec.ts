/** Scores go out: a real Prometheus takes them by remote write, through refusals and outages, and scrapes the newest. */
import 'reflect-metadata';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { ExportService } from '../../apps/backend/src/exports/export.service';
import { ExportStore } from '../../apps/backend/src/exports/export.store';
import { removeFolder, temporaryFolder, until } from '../support/bellwether';

const SECOND = 1_000;
const NOW = Date.now();

let database: Database;
let app: NestExpressApplication;
let base: string;
let folder: string;
let prometheus: ChildProcess | undefined;
let output = '';
let nowMs = NOW;

beforeAll(async () => {
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 3, name: 'export spec' });
  app = await createServer({ config: readConfig({ LOG_LEVEL: 'silent' }), clock: () => NOW, database });
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  folder = await temporaryFolder();
});
afterAll(async () => {
  if (prometheus?.kill('SIGKILL')) await once(prometheus, 'exit');
  await app?.close();
  await removeFolder(folder);
});

const exporter = (url: string, env: Record<string, string> = {}) =>
  new ExportService(readConfig({ REMOTE_WRITE_URL: url, ...env }), () => nowMs, new ExportStore(database));

/** A series with a score each second up to `NOW`, oldest first: 0, 1, 2 … */
async function scored(name: string, count: number, labels = {}): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    'INSERT INTO series (name, labels, period_ms) VALUES ($1, $2, 1000) RETURNING id',
    [name, JSON.stringify(labels)],
  );
  const id = rows[0]!.id;
  await database.query(
    `INSERT INTO score (series_id, time, score, threshold, expected, lower, upper, vrnn_share)
     SELECT $1, to_timestamp($2::float8 / 1000) - ($3 - 1 - i) * INTERVAL '1 second', i, 3, i + 100, NULL, i + 200, 0.5
     FROM generate_series(0, $3::int - 1) i`,
    [id, NOW, count],
  );
  return id;
}
const waiting = async (id: number): Promise<number> =>
  (await database.query('SELECT FROM unsent u WHERE u.series_id = $1', [id])).rowCount!;
const sendAll = async (service: ExportService): Promise<void> => {
  while (await service.round());
};

describe('to a real Prometheus', () => {
  let address: string;

  beforeAll(async () => {
    const { port } = app.getHttpServer().address() as AddressInfo;
    await writeFile(
      join(folder, 'prometheus.yml'),
      `
scrape_configs:
  - job_name: scores
    scrape_interval: 1s
    metrics_path: /metrics/scores
    static_configs: [{ targets: ['127.0.0.1:${port}'] }]
`,
    );
    const args = [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=data',
      '--web.listen-address=127.0.0.1:0',
    ];
    prometheus = spawn(
      process.env['PROMETHEUS'] ?? 'prometheus',
      [...args, '--web.enable-remote-write-receiver'],
      {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [prometheus.stdout!, prometheus.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    prometheus.on('error', (error) => (output += error.message));
    address = await until(() => {
      if (prometheus!.exitCode !== null || prometheus!.pid === undefined)
        throw new Error(`Prometheus did not run:\n${output}`);
      const found = /Listening on".*?(127\.0\.0\.1:\d+)/.exec(output)?.[1];
      return found && `http://${found}`;
    });
    await until(async () => (await fetch(`${address}/-/ready`).catch(() => undefined))?.ok);
  });

  const query = async (promql: string) => {
    const response = await fetch(
      `${address}/api/v1/query?${new URLSearchParams({ query: promql }).toString()}`,
    );
    const { data } = (await response.json()) as {
      data: {
        result: { metric: Record<string, string>; values?: [number, string][]; value?: [number, string] }[];
      };
    };
    return data.result;
  };

  test('every score arrives by remote write, with its time', async () => {
    const id = await scored('export.sent', 60, { 'data.center': 'b' });
    const service = exporter(`${address}/api/v1/write`);
    await service.note([{ seriesId: id, from: new Date(NOW - 29 * SECOND) }]);
    await sendAll(service);
    expect(await waiting(id)).toBe(0);

    const [found, ...others] = await query('bellwether_score{series="export.sent",job=""}[10m]');
    expect(others).toEqual([]);
    expect(found!.metric).toMatchObject({ series: 'export.sent', data_center: 'b' });
    expect(found!.values!.map(([, value]) => Number(value))).toEqual(
      Array.from({ length: 30 }, (_, i) => 30 + i),
    );
    expect(Math.round(found!.values!.at(-1)![0] * 1000)).toBe(NOW);
    expect(await query('bellwether_lower{series="export.sent"}')).toEqual([]);
    const [upper] = await query('bellwether_upper{series="export.sent",job=""}');
    expect(Number(upper!.value![1])).toBe(259);
  });

  test('what it will never take is given up, and what follows is sent', async () => {
    const [old, fresh] = [await scored('export.refused', 3), await scored('export.taken', 3)];
    const service = exporter(`${address}/api/v1/write`);
    await service.note([{ seriesId: old, from: new Date(NOW - 10 * SECOND) }]);
    await sendAll(service);
    await database.query(
      'UPDATE score SET score = 99 WHERE series_id = $1 AND time < to_timestamp($2::float8 / 1000)',
      [old, NOW],
    );
    await service.note([{ seriesId: old, from: new Date(NOW - 10 * SECOND) }]);
    await sendAll(service);
    await service.note([{ seriesId: fresh, from: new Date(NOW - 10 * SECOND) }]);
    await sendAll(service);
    expect([await waiting(old), await waiting(fresh)]).toEqual([0, 0]);
    expect(await query('bellwether_score{series="export.taken",job=""}')).toHaveLength(1);
    const [kept] = await query('bellwether_score{series="export.refused",job=""}[10m]');
    expect(kept!.values!.map(([, value]) => value)).toEqual(['0', '1', '2']);
  });

  test('it scrapes the newest of each', async () => {
    await scored('export.scraped', 3);
    const [found] = await until(async () => {
      const result = await query('bellwether_score{series="export.scraped",job="scores"}');
      return result.length > 0 && result;
    });
    expect(Number(found!.value![1])).toBe(2);
  });
});

test('what is told by scrape is the newest, of series that still send, and not of Bellwether itself', async () => {
  await scored('export.current', 5);
  await scored('bellwether_series', 5);
  const silent = await scored('export.silent', 5);
  await database.query("UPDATE score SET time = time - INTERVAL '1 hour' WHERE series_id = $1", [silent]);
  const response = await fetch(`${base}/metrics/scores`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain;.* version=0\.0\.4/);
  const text = await response.text();
  expect(text).toContain('bellwether_score{series="export.current"} 4\n');
  expect(text).toContain('bellwether_upper{series="export.current"} 204\n');
  expect(text).not.toContain('export.silent');
  expect(text).not.toContain('series="bellwether_');
});

describe('to a receiver that comes and goes', () => {
  let server: Server;
  let answers: { status: number; retryAfter?: string }[] = [];
  let received: { authorization: string | undefined; version: string | undefined; bytes: number }[] = [];
  let address: string;

  beforeAll(async () => {
    server = createHttpServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { status, retryAfter } = answers.shift() ?? { status: 204 };
        const version = request.headers['x-prometheus-remote-write-version'] as string | undefined;
        received.push({
          authorization: request.headers.authorization,
          version,
          bytes: Buffer.concat(chunks).length,
        });
        response.writeHead(status, retryAfter ? { 'retry-after': retryAfter } : {}).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `127.0.0.1:${(server.address() as AddressInfo).port}/write`;
  });
  afterAll(() => server?.close());

  test('it is tried again, when it is time, and nothing is lost', async () => {
    const id = await scored('export.again', 5);
    [answers, received] = [[{ status: 500 }, { status: 429, retryAfter: '30' }], []];
    const service = exporter(`http://user:pass%40word@${address}`);
    await service.note([{ seriesId: id, from: new Date(NOW - 10 * SECOND) }]);
    const attempts: number[] = [];
    for (const afterMs of [0, 500, 600, 20_000, 10_000]) {
      nowMs += afterMs;
      await sendAll(service);
      attempts.push(received.length);
    }
    expect(attempts).toEqual([1, 1, 2, 2, 3]);
    expect(await waiting(id)).toBe(0);
    expect(received[2]).toMatchObject({
      authorization: `Basic ${Buffer.from('user:pass@word').toString('base64')}`,
      version: '0.1.0',
    });
  });

  test('more than one request holds goes out in several, under a bearer token', async () => {
    const id = await scored('export.many', 1_234);
    [answers, received] = [[], []];
    const service = exporter(`http://${address}`, { REMOTE_WRITE_TOKEN: 'secret-token' });
    await service.note([{ seriesId: id, from: new Date(NOW - 2_000 * SECOND) }]);
    await sendAll(service);
    expect(received.map(({ authorization }) => authorization)).toEqual(Array(3).fill('Bearer secret-token'));
    expect(await waiting(id)).toBe(0);
  });

  test('a score that changes while it is sent is sent again', async () => {
    const id = await scored('export.late', 5);
    const store = new ExportStore(database);
    await store.note([{ seriesId: id, from: new Date(NOW - 2 * SECOND) }]);
    const unsent = await store.oldest(500);
    await store.note([{ seriesId: id, from: new Date(NOW - 4 * SECOND) }]);
    await store.sent(unsent);
    const [again] = await store.oldest(500);
    expect(again).toMatchObject({ seriesId: id, sinceMs: NOW - 4 * SECOND });
    expect(again!.rows.map(({ score }) => score)).toEqual([0, 1, 2, 3, 4]);
    await store.sent([again!]);
    expect(await waiting(id)).toBe(0);
  });

  test('without an address nothing is noted', async () => {
    const id = await scored('export.off', 5);
    const service = new ExportService(readConfig({}), () => nowMs, new ExportStore(database));
    await service.note([{ seriesId: id, from: new Date(NOW - 10 * SECOND) }]);
    expect([await waiting(id), await service.round()]).toEqual([0, false]);
  });
});
