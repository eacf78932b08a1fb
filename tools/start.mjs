/**
 * `npm start`: installs, builds, and runs the backend until it is told to stop. The backend is asked first and ended after
 * 17 seconds, at once on a second Ctrl-C. When npm is killed this notices; when this is killed the backend does.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endRunning, killGroup, npmIsGone, spawnNode, whenToldToStop } from './processes.mjs';
import { main, setup } from './setup.mjs';

/** A little more than the backend gives itself. */
const graceMs = 17_000;
const graceWithoutNpmMs = 5000;
const backendMain = join('apps', 'backend', 'dist', 'main.js');

let backend;
let isStopping = false;

async function start() {
  whenToldToStop(stop);
  if (existsSync('.env')) process.loadEnvFile('.env');
  await setup();
  if (isStopping) return;

  console.log('starting Bellwether …');
  backend = spawnNode([backendMain]);
  backend.on('exit', (code, signal) => {
    if (!isStopping && signal) console.error(`The backend was killed (${signal}).`);
    killGroup(backend.pid, 'SIGKILL');
    process.exit(code ?? 1);
  });
}

/** Once: asks the backend to stop and waits a while. Twice: ends it now. */
async function stop(reason) {
  if (isStopping) return kill();
  isStopping = true;
  if (!backend) {
    await endRunning();
    process.exit(130);
  }
  if (reason === 'SIGINT') console.log('\nstopping … (Ctrl-C again to stop at once)');
  // Windows has no signals to ask with: the closed channel says the same.
  if (process.platform === 'win32') backend.disconnect();
  else backend.kill('SIGTERM');
  setTimeout(kill, reason === npmIsGone ? graceWithoutNpmMs : graceMs);
}

function kill() {
  if (backend) killGroup(backend.pid, 'SIGKILL');
  process.exit(1);
}

await main(start);
