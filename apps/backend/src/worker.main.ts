/** A scorer or a trainer process: `node worker.main.js scorer|trainer`, forked by `main`, which it does not outlive. */
import { constants, setPriority } from 'node:os';
import { NestFactory } from '@nestjs/core';
import { BackendUnavailable, selectBackend } from '@bellwether/models';
import { Logger } from 'nestjs-pino';
import { ScorerProcessModule, TrainerProcessModule } from './api/app.module';
import { readConfig } from './config';
import { Database } from './database/database';

const POOL = 3;
const MODULES = { scorer: ScorerProcessModule, trainer: TrainerProcessModule };

async function start(role: keyof typeof MODULES): Promise<void> {
  const config = readConfig(process.env);
  // Training takes what is left over: an answer or a score is worth more than an epoch.
  if (role === 'trainer') setPriority(constants.priority.PRIORITY_LOW);
  await selectBackend(config.COMPUTE);
  const database = new Database(process.env.DATABASE_URL!, { poolSize: POOL, name: `bellwether ${role}` });
  const app = await NestFactory.createApplicationContext(
    MODULES[role].with({ config, clock: () => Date.now(), database }),
    { bufferLogs: true, abortOnError: false },
  );
  app.useLogger(app.get(Logger));
  const stop = () => void app.close().finally(() => process.exit(0));
  process.once('disconnect', stop);
  process.once('SIGTERM', stop);
  if (!process.connected) stop();
}

// Ctrl-C reaches the whole group; the parent says when to stop.
process.on('SIGINT', () => undefined);

const role = process.argv[2];
if (role !== 'scorer' && role !== 'trainer') throw new Error('usage: worker.main.js scorer|trainer');

start(role).catch((error: unknown) => {
  // A backend that cannot be had will not be there after a restart either: the parent says so, once, and ends.
  if (error instanceof BackendUnavailable)
    return void process.send?.(error.message, undefined, {}, () => process.exit(1));
  console.error(error);
  process.exit(1);
});
