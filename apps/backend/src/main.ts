/**
 * The process a person starts: reads the configuration, starts the embedded database where no other is named, migrates,
 * answers HTTP, and keeps a scorer and a trainer process running beside it. It ends when its parent does.
 */
import { fork, type ChildProcess } from 'node:child_process';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createServer } from './api/server';
import { type Config, ConfigError, readConfig } from './config';
import { Database } from './database/database';
import { startEmbedded, type Embedded } from './database/embedded/start';
import { DatabaseUnusable, migrate } from './database/migrate';
import { AccessService } from './http/access.service';

const WORKER = join(__dirname, 'worker.main.js');
const RESTART_MS = 2_000;
const STOP_MS = 10_000;
/** Requests that are not answered by then are cut off. */
const HTTP_STOP_MS = 3_000;
const API_POOL = 8;

const say = (line: string) => console.log(line);

let embedded: Embedded | undefined;
let app: NestExpressApplication | undefined;
const workers = new Map<string, ChildProcess>();
let isStopping = false;

async function start(): Promise<void> {
  const config = readConfig(process.env);
  const url = config.DATABASE_URL ?? (await startDatabase(config));
  await migrate(url, say);
  if (isStopping) return;
  if (config.ROLES.includes('api')) await startApi(config, url);
  if (isStopping) return;
  const roles = config.ROLES.filter((role) => role !== 'api');
  roles.forEach((role) => startWorker(role, url));
  if (!app) say(`Bellwether runs without HTTP here: ${roles.join(' and ')}. Ctrl-C stops it.`);
}

async function startDatabase({ DATA_DIR, EMBEDDED_PORT }: Config): Promise<string> {
  say(`starting the embedded TimescaleDB in ${DATA_DIR} …`);
  embedded = await startEmbedded({ dataDir: DATA_DIR, port: EMBEDDED_PORT, log: say }).catch(
    (error: Error) => {
      throw new DatabaseUnusable(
        `The embedded database could not start: ${error.message}. DATA_DIR names its folder, EMBEDDED_PORT its port; PORT is the dashboard's.`,
      );
    },
  );
  embedded.onExit((reason) => void stop(`The embedded database ended: ${reason}`, 1));
  return embedded.url;
}

async function startApi(config: Config, url: string): Promise<void> {
  const database = new Database(url, { poolSize: API_POOL, name: 'bellwether api' });
  app = await createServer({ config, clock: () => Date.now(), database });
  await listen(app, config);
  // Not before: a start that fails on a taken port must not leave a key behind that nobody has seen.
  const key = await app.get(AccessService).ensureKey();
  if (key) say(`\nAPI key, shown only now (keep it; API_KEY sets one of your own):\n\n    ${key}\n`);
  say(`Bellwether is ready: ${await address(app, config)}`);
  if (!config.DEMO)
    say('Send samples to /api/v1/samples, or start the demo on the overview. Ctrl-C stops it.');
}

async function listen(server: NestExpressApplication, { HOST, PORT }: Config): Promise<void> {
  try {
    await server.listen(PORT, HOST);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'EADDRINUSE')
      throw new ConfigError(
        `Port ${PORT} is taken: set PORT to another one, e.g. PORT=${PORT + 1} npm start`,
      );
    if (code === 'EACCES')
      throw new ConfigError(`Port ${PORT} may not be used by this user: set PORT to one above 1023.`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      throw new ConfigError(`HOST=${HOST} is no address of this machine: use 127.0.0.1, or 0.0.0.0 for all.`);
    throw error;
  }
}

async function address(server: NestExpressApplication, { HOST, PUBLIC_URL }: Config): Promise<string> {
  if (PUBLIC_URL) return PUBLIC_URL;
  const { port } = new URL(await server.getUrl());
  const host = HOST === '127.0.0.1' || HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port || 80}`;
}

/** Keeps one worker of a role running. It gets the database by its environment, so that no process list shows the password. */
function startWorker(role: string, url: string): void {
  const worker = fork(WORKER, [role], {
    env: { ...process.env, DATABASE_URL: url },
  });
  workers.set(role, worker);
  // Its only message: why no restart would help. Scorer and trainer say the same; the first one is told.
  worker.once('message', (reason: string) => void stop(reason, 1));
  const ended = (how: string) => {
    if (workers.get(role) !== worker) return;
    workers.delete(role);
    if (isStopping) return;
    say(`The ${role} ended (${how}); it is started again.`);
    setTimeout(() => !isStopping && startWorker(role, url), RESTART_MS);
  };
  worker.once('error', (error) => ended(error.message));
  worker.once('exit', (code, signal) => ended(signal ?? `code ${code}`));
}

/** Workers first, then HTTP, the database last: what is acknowledged is written before the door closes. */
async function stop(reason: string, code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  say(reason);
  setTimeout(() => process.exit(code || 1), STOP_MS + 5_000).unref();
  await Promise.all([...workers.values()].map(stopWorker));
  await closeHttp().catch((error: Error) => say(`HTTP did not close cleanly: ${error.message}`));
  await embedded
    ?.stop()
    .catch((error: Error) => say(`The embedded database did not close cleanly: ${error.message}`));
  process.exit(code);
}

async function closeHttp(): Promise<void> {
  if (!app) return;
  const server: Server = app.getHttpServer();
  const timer = setTimeout(() => server.closeAllConnections(), HTTP_STOP_MS);
  await app.close();
  clearTimeout(timer);
}

function stopWorker(worker: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => worker.kill('SIGKILL'), STOP_MS);
    worker.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    if (worker.connected) worker.disconnect();
  });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void stop('Stopping …', 0));
// Forked by `npm start`: a parent that was killed leaves a closed channel.
if (process.send) process.on('disconnect', () => void stop('The parent process is gone: stopping …', 0));

start().catch((error: unknown) => {
  const isForPeople = error instanceof ConfigError || error instanceof DatabaseUnusable;
  void stop(
    isForPeople ? error.message : `Bellwether could not start: ${(error as Error).stack ?? String(error)}`,
    1,
  );
});
