/**
 * How long a sample waits for its score: starts Bellwether on an empty folder, lets it train on SERIES series, then sends one
 * sample of each every second and measures from the acknowledgement until nothing waits any more.
 *
 *     npm run bench -- latency [series=200] [rounds=30]
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const options = Object.fromEntries(process.argv.slice(2).map((arg) => arg.split('=')));
const SERIES = Number(options.series ?? 200);
const ROUNDS = Number(options.rounds ?? 30);
const HISTORY = 300;
const PERIOD = 1_000;

const folder = await mkdtemp(join(tmpdir(), 'bellwether-bench-'));
const backend = fork('apps/backend/dist/main.js', [], {
  env: { ...process.env, DATABASE_URL: '', DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'warn' },
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
const base = await new Promise((resolve, reject) => {
  backend.stdout.on('data', (text) => {
    const address = /is ready: (\S+)/.exec(text)?.[1];
    if (address) resolve(address);
  });
  backend.once('exit', (code) => reject(new Error(`Bellwether ended (${code})`)));
});

const get = async (path) => (await fetch(base + path)).json();
const value = (series, step) =>
  100 + 20 * Math.sin((2 * Math.PI * (step + 7 * series)) / 48) + 3 * Math.sin(step * 12.9898 + series);
const start = Math.floor(Date.now() / PERIOD) * PERIOD - HISTORY * PERIOD;

async function send(from, to) {
  const samples = [];
  for (let series = 0; series < SERIES; series++) {
    for (let step = from; step < to; step++) {
      samples.push({ series: `bench_${series}`, time: start + step * PERIOD, value: value(series, step) });
    }
  }
  const response = await fetch(`${base}/api/v1/samples`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(samples),
  });
  if (!response.ok) throw new Error(await response.text());
}

async function settled() {
  while ((await get('/api/v1/overview')).ingest.unscoredSeries > 0) await sleep(20);
}

const seconds = (from) => (performance.now() - from) / 1000;
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

let from = performance.now();
await send(0, HISTORY);
console.log(`${SERIES * HISTORY} samples of ${SERIES} series written in ${seconds(from).toFixed(1)} s`);
from = performance.now();
while (!(await get('/api/v1/training-runs'))[0]?.endedAt) await sleep(200);
console.log(`models trained after ${seconds(from).toFixed(1)} s`);
from = performance.now();
await sleep(1_000);
await settled();
console.log(`history scored after ${seconds(from).toFixed(1)} s`);

const waits = [];
for (let round = 0; round < ROUNDS; round++) {
  const begun = performance.now();
  await send(HISTORY + round, HISTORY + round + 1);
  const acknowledged = performance.now();
  await settled();
  waits.push(seconds(acknowledged));
  await sleep(Math.max(0, PERIOD - (performance.now() - begun)));
}
waits.sort((a, b) => a - b);
console.log(
  `from acknowledgement to score, ${SERIES} series a second, ${ROUNDS} seconds: ` +
    `median ${(1000 * at(waits, 0.5)).toFixed(0)} ms, p95 ${(1000 * at(waits, 0.95)).toFixed(0)} ms, worst ${(1000 * waits.at(-1)).toFixed(0)} ms`,
);
backend.kill('SIGTERM');
await new Promise((resolve) => backend.once('exit', resolve));
await rm(folder, { recursive: true, force: true });
