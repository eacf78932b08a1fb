/** A real Prometheus scrapes Bellwether's own metrics, with a key, and writes them back. */
import 'reflect-metadata';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { AccessService } from '../../apps/backend/src/http/access.service';
import { removeFolder, temporaryFolder, until } from '../support/bellwether';

const url = process.env['DATABASE_URL']!;
const KEY = 'prometheus-spec-key-of-the-operator';

let app: NestExpressApplication;
let sql: Client;
let folder: string;
let prometheus: ChildProcess | undefined;
let output = '';

beforeAll(async () => {
  sql = new Client(url);
  await sql.connect();
  folder = await temporaryFolder();
  const database = new Database(url, { poolSize: 3, name: 'prometheus spec' });
  const config = readConfig({ LOG_LEVEL: 'silent', HOST: '0.0.0.0', API_KEY: KEY });
  app = await createServer({ config, clock: () => Date.now(), database });
  await app.listen(0, '127.0.0.1');
  await app.get(AccessService).ensureKey();
});
afterAll(async () => {
  if (prometheus?.kill('SIGKILL')) await once(prometheus, 'exit');
  await app?.close();
  await sql?.end();
  await removeFolder(folder);
});

async function startPrometheus(): Promise<void> {
  const { port } = app.getHttpServer().address() as AddressInfo;
  await writeFile(
    join(folder, 'prometheus.yml'),
    `
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: prometheus spec
    authorization: { credentials: ${KEY} }
    static_configs: [{ targets: ['127.0.0.1:${port}'] }]
remote_write:
  - url: http://127.0.0.1:${port}/api/v1/write
    authorization: { credentials: ${KEY} }
    queue_config: { batch_send_deadline: 200ms }
    write_relabel_configs:
      - { source_labels: [__name__], regex: 'up|bellwether_.*', action: keep }
`,
  );
  const args = [
    '--config.file=prometheus.yml',
    '--storage.tsdb.path=data',
    '--web.listen-address=127.0.0.1:0',
  ];
  prometheus = spawn(process.env['PROMETHEUS'] ?? 'prometheus', args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [prometheus.stdout!, prometheus.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  prometheus.on('error', (error) => (output += error.message));
}

/** The samples of a series of this Prometheus, oldest first. */
async function samplesOf(name: string): Promise<{ isCounter: boolean; timeMs: number; value: number }[]> {
  const { rows } = await sql.query(
    `SELECT s.is_counter, p.time, p.value FROM series s JOIN sample p ON p.series_id = s.id
     WHERE s.name = $1 AND s.labels ->> 'job' = 'prometheus spec' ORDER BY p.time`,
    [name],
  );
  return rows.map(({ is_counter, time, value }) => ({
    isCounter: is_counter as boolean,
    timeMs: (time as Date).getTime(),
    value: value as number,
  }));
}

test('what it scrapes is in the database, as often as it scrapes, and counters count', async () => {
  await startPrometheus();
  const written = await until(async () => {
    if (prometheus!.exitCode !== null || prometheus!.pid === undefined)
      throw new Error(`Prometheus did not run:\n${output}`);
    const samples = await samplesOf('bellwether_samples_written_total');
    return samples.length >= 4 && samples;
  });
  expect(written.every(({ isCounter }) => isCounter)).toBe(true);
  const values = written.map(({ value }) => value);
  expect(values).toEqual(values.toSorted((a, b) => a - b));
  expect(values.at(-1)).toBeGreaterThan(values[0]!);
  for (const [i, { timeMs }] of written.slice(1).entries())
    expect(Math.abs(timeMs - written[i]!.timeMs - 1_000)).toBeLessThan(900);

  const up = await samplesOf('up');
  expect(up.length).toBeGreaterThanOrEqual(4);
  expect(up.every(({ isCounter, value }) => value === 1 && !isCounter)).toBe(true);
  expect((await samplesOf('bellwether_series')).at(-1)!.value).toBeGreaterThan(0);
  expect(output).not.toMatch(/non-recoverable error/);
});
