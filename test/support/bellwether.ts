/**
 * Bellwether as a person starts it: the built backend in processes of its own, on a free port, with its own embedded database
 * in a folder that outlives a kill. Tests that use it see what a user sees.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const MAIN = resolve(__dirname, '../../apps/backend/dist/main.js');

export interface Bellwether {
  url: string;
  output: () => string;
  get<T>(path: string): Promise<T>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** As Ctrl-C does. */
  stop(): Promise<void>;
  /** As `kill -9` of everything does. */
  kill(): Promise<void>;
  pid: number;
}

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'bellwether-'));
export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 5 });

/** Starts it on `folder` and waits until it says that it is ready; throws with its output when it ends before. */
export async function startBellwether(folder: string, env: Record<string, string> = {}): Promise<Bellwether> {
  const child = fork(MAIN, [], {
    env: { ...environment(), PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const url = await addressOf(child, () => output);
  return {
    url,
    pid: child.pid!,
    output: () => output,
    get: async <T>(path: string) => (await (await fetch(url + path)).json()) as T,
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    stop: () => end(child, () => child.kill('SIGTERM')),
    kill: () => end(child, () => process.kill(-child.pid!, 'SIGKILL')),
  };
}

/** The test's own database is not the one the process under test should use. */
function environment(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, HOST: __, API_KEY: ___, ...rest } = process.env;
  return rest;
}

async function addressOf(child: ChildProcess, output: () => string): Promise<string> {
  for (;;) {
    const address = /Bellwether is ready: (\S+)/.exec(output())?.[1];
    if (address) return address.replace('localhost', '127.0.0.1');
    if (child.exitCode !== null) throw new Error(`Bellwether ended (${child.exitCode}):\n${output()}`);
    await sleep(50);
  }
}

async function end(child: ChildProcess, act: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  act();
  await exit;
}

/** Waits until `claim` returns something; one that never does runs into the test's own limit. */
export async function until<T>(
  claim: () => Promise<T | Nothing> | T | Nothing,
): Promise<Exclude<T, Nothing>> {
  for (;;) {
    const result = await claim();
    if (result) return result as Exclude<T, Nothing>;
    await sleep(100);
  }
}
type Nothing = undefined | null | false;

export interface Received {
  event: string;
  id: string;
  key: string | undefined;
  alert: { id: number; why: string; series: { name: string } };
}

/** A receiver of webhooks outside of Bellwether; `refuse` lets it answer 500 so many times first. */
export async function startReceiver({ refuse = 0 } = {}): Promise<{
  url: string;
  received: Received[];
  close(): void;
}> {
  const received: Received[] = [];
  let refusals = refuse;
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      if (refusals-- > 0) return void response.writeHead(500).end();
      received.push({
        ...(JSON.parse(body) as Received),
        key: request.headers['idempotency-key'] as string | undefined,
      });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook`, received, close: () => void server.close() };
}

/** A daily-looking wave with noise that repeats itself bit for bit: value of step i. */
export function wave(i: number): number {
  const noise = Math.sin(i * 12.9898) * 43758.5453;
  return 100 + 20 * Math.sin((2 * Math.PI * i) / 48) + 3 * (noise - Math.floor(noise) - 0.5);
}
