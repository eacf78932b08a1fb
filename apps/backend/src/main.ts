/**
 * The process a person starts: reads the configuration, starts the embedded database where no other is named, migrates,
 * answers HTTP, and keeps a scorer and a trainer process running beside it. It ends when its parent does.
 */
import { fork, type ChildProcess } from 'node:child_process';
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
const API_POOL = 8;

/** Exit code of a worker that no restart would help; it has said why. */
const HOPELESS = 78;

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
  const database = new Database(url, { poolSize: API_POOL, name: 'bellwether api' });
  if (config.ROLES.includes('api')) await startApi(config, database);
  for (const role of config.ROLES) if (role !== 'api') startWorker(role, url);
}

async function startDatabase({ DATA_DIR, EMBEDDED_PORT }: Config): Promise<string> {
  say(`starting the embedded TimescaleDB in ${DATA_DIR} …`);
  embedded = await startEmbedded({ dataDir: DATA_DIR, port: EMBEDDED_PORT, log: say });
  embedded.onExit((reason) => void stop(`The embedded database ended: ${reason}`, 1));
  return embedded.url;
}

async function startApi(config: Config, database: Database): Promise<void> {
  app = await createServer({ config, clock: () => Date.now(), database });
  const key = await app.get(AccessService).ensureKey();
  await listen(app, config);
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
    if (code === 'EADDRNOTAVAIL')
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
    env: { ...process.env, DATABASE_URL: url, EMBEDDED: embedded ? '1' : '' },
  });
  workers.set(role, worker);
  worker.once('exit', (code) => {
    workers.delete(role);
    if (isStopping) return;
    if (code === HOPELESS) void stop(`The ${role} cannot run: the reason is above.`, 1);
    else {
      say(`The ${role} ended (${code ?? 'killed'}); it is started again.`);
      setTimeout(() => !isStopping && startWorker(role, url), RESTART_MS);
    }
  });
}

/** Workers first, then HTTP, the database last: what is acknowledged is written before the door closes. */
async function stop(reason: string, code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  say(reason);
  setTimeout(() => process.exit(code || 1), STOP_MS + 5_000).unref();
  await Promise.all([...workers.values()].map(stopWorker));
  await app?.close().catch((error: Error) => say(`HTTP did not close cleanly: ${error.message}`));
  await embedded
    ?.stop()
    .catch((error: Error) => say(`The embedded database did not close cleanly: ${error.message}`));
  process.exit(code);
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
