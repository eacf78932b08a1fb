/**
 * How fast samples are taken: starts Bellwether on an empty folder (or DATABASE_URL) without its workers, and measures, against the
 * same database in one run, a bare INSERT … SELECT FROM unnest and each protocol through HTTP; then how long an answer takes at half of
 * the largest rate, and what becomes of ten times as much as it can take.
 *
 *   npm run bench -- ingest [--protocols ndjson,…] [--clients 1,8,64] [--samples 400000] [--series 10000]
 *
 * The bars: remote write and NDJSON at 0.8 of the bare statement on the embedded database and 0.6 on a server; p99 under 500 ms at half
 * of the largest rate. Nothing here passes or fails by its seconds.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROTOCOLS } from './ingest/bodies.mjs';
import { printTable } from './speed/synthetic.mjs';

const { Client } = createRequire(import.meta.url)('pg');
const PER_REQUEST = 2_000;
const STATEMENT_ROWS = 8_000;
/** Between two samples of a series, as agents send them. */
const STEP_MS = 10_000;
/** So long that what is done every minute falls into it. */
const HALF_SECONDS = 75;
/** Samples lie in the last days: older ones may be in compressed chunks, which is another matter. */
const SPAN_MS = 5 * 86_400_000;

const { values: options } = parseArgs({
  options: {
    protocols: { type: 'string', default: Object.keys(PROTOCOLS).join(',') },
    clients: { type: 'string', default: '1,8,64' },
    samples: { type: 'string', default: '400000' },
    series: { type: 'string', default: '10000' },
  },
});
const [samples, series] = [Number(options.samples), Number(options.series)];
const protocols = options.protocols.split(',');
/** Times go on from measurement to measurement: no sample is sent twice. */
let nowMs = Date.now() - SPAN_MS;
const span = (count) => {
  const firstMs = nowMs;
  nowMs += Math.ceil(count / series) * STEP_MS;
  return firstMs;
};

const folder = await mkdtemp(join(tmpdir(), 'bellwether-bench-'));
const backend = fork('apps/backend/dist/main.js', [], {
  env: {
    ...process.env,
    DATA_DIR: folder,
    PORT: '0',
    ROLES: 'api',
    LOG_LEVEL: 'warn',
    MAX_NEW_SERIES: '1000000',
  },
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
const url = await new Promise((resolve, reject) => {
  backend.stdout.on('data', (text) => {
    const address = /is ready: (\S+)/.exec(text)?.[1];
    if (address) resolve(address.replace('localhost', '127.0.0.1'));
  });
  backend.once('exit', (code) => reject(new Error(`Bellwether ended (${code})`)));
});
const databaseUrl = process.env.DATABASE_URL || (await readFile(join(folder, 'database.url'), 'utf8')).trim();
const databasePid = process.env.DATABASE_URL
  ? undefined
  : JSON.parse(await readFile(join(folder, 'lock'), 'utf8')).pid;
const sql = new Client(databaseUrl);
await sql.connect();

/** The bare statement, one after another on one connection, of ids that no series has. */
async function measureRaw() {
  const statements = Math.ceil(samples / STATEMENT_ROWS);
  const firstMs = span(statements * STATEMENT_ROWS);
  const columns = Array.from({ length: statements }, (_, i) => {
    const at = Array.from({ length: STATEMENT_ROWS }, (_, k) => i * STATEMENT_ROWS + k);
    const times = at.map((k) => firstMs + Math.floor(k / series) * STEP_MS);
    return [at.map((k) => -1 - (k % series)), times, at.map((k) => Math.round(1e4 * Math.sin(k)) / 1e2)];
  }).map((all) => all.map((column) => `{${column.join(',')}}`));
  const [began, cpu] = [performance.now(), cpuSeconds(databasePid)];
  for (const values of columns)
    await sql.query(
      `INSERT INTO sample SELECT i.series_id, to_timestamp(i.ms / 1000), i.value
       FROM unnest($1::int[], $2::float8[], $3::float8[]) AS i(series_id, ms, value)`,
      values,
    );
  const rows = statements * STATEMENT_ROWS;
  const micros = ((cpuSeconds(databasePid) - cpu) * 1e6) / rows;
  return { rate: rows / ((performance.now() - began) / 1000), micros };
}

async function load(order) {
  const child = fork('bench/ingest/load.mjs');
  const watch = watchMemory();
  const before = [backend.pid, databasePid].map(cpuSeconds);
  child.send({ url, series, stepMs: STEP_MS, perRequest: PER_REQUEST, ...order });
  const [result] = await once(child, 'message');
  child.kill();
  const cpu = [backend.pid, databasePid].map((pid, i) => cpuSeconds(pid) - before[i]);
  return { ...result, cpu, peakMb: watch() };
}

/** Processor time of a process so far, which no other process disturbs; NaN for a database that is elsewhere. */
function cpuSeconds(pid) {
  if (!pid) return NaN;
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

/** The largest resident size (MB) of the process that takes samples, until it is asked. */
function watchMemory() {
  let peak = 0;
  const look = () => {
    const status = readFileSync(`/proc/${backend.pid}/status`, 'utf8');
    peak = Math.max(peak, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  };
  look();
  const timer = setInterval(look, 100);
  return () => {
    clearInterval(timer);
    return Math.round(peak);
  };
}

const quantile = (values, share) => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
};
const count = (number) => Math.round(number).toLocaleString('en');

/** What the database holds of what `load` sent from `firstMs` on. */
async function stored(firstMs) {
  const { rows } = await sql.query(
    'SELECT count(*)::int AS n FROM sample WHERE series_id > 0 AND time >= to_timestamp($1::float8 / 1000)',
    [firstMs],
  );
  return rows[0].n;
}

const requests = Math.ceil(samples / PER_REQUEST);
const rows = [];
const best = {};
await measureRaw();
const bare = [await measureRaw()];
const told = ({ rate, micros }) => `${count(rate)} samples/s, ${micros.toFixed(1)} µs of the database each`;
console.log(`bare INSERT … SELECT FROM unnest: ${told(bare[0])}`);
for (const protocol of protocols) {
  await load({ protocol, requests: series / PER_REQUEST, clients: 1, firstMs: span(series) });
  for (const clients of options.clients.split(',').map(Number)) {
    const firstMs = span(samples);
    const { seconds, statuses, acknowledged, tookMs, cpu, peakMb } = await load({
      protocol,
      requests,
      clients,
      firstMs,
    });
    const rate = acknowledged / seconds;
    best[protocol] = Math.max(best[protocol] ?? 0, rate);
    const lost = acknowledged - (await stored(firstMs));
    if (lost > 0) throw new Error(`${protocol}: ${lost} acknowledged samples are not in the database`);
    const answers = Object.entries(statuses).map(([status, n]) => `${n} × ${status}`);
    const times = [0.5, 0.99].map((share) => Math.round(quantile(tookMs, share)));
    rows.push([
      protocol,
      clients,
      count(rate),
      rate,
      ...times,
      ...cpu.map((one) => ((one * 1e6) / acknowledged).toFixed(1)),
      peakMb,
      answers.join(', '),
    ]);
    console.log(`measured ${protocol}, ${clients} clients: ${count(rate)} samples/s`);
  }
  bare.push(await measureRaw());
}
// Later ones share the database with what follows from the writes before them: the best is the bare statement alone.
const alone = bare.toSorted((a, b) => b.rate - a.rate)[0];
console.log(`bare statement, the best of ${bare.length}: ${told(alone)}\n`);
printTable(
  [
    'protocol',
    'clients',
    'samples/s',
    'of bare',
    'p50 ms',
    'p99 ms',
    'main µs',
    'database µs',
    'peak MB',
    'answers',
  ],
  rows.map((row) => row.map((cell, i) => (i === 3 ? (cell / alone.rate).toFixed(2) : cell))),
);

console.log(`\nat half of its largest rate, 8 clients, for ${HALF_SECONDS} s, from when a request was due`);
const half = [];
for (const protocol of protocols) {
  const perSecond = best[protocol] / 2;
  const order = {
    protocol,
    requests: Math.ceil((HALF_SECONDS * perSecond) / PER_REQUEST),
    clients: 8,
    perSecond,
  };
  const { tookMs, statuses } = await load({ ...order, firstMs: span(order.requests * PER_REQUEST) });
  const times = [0.5, 0.9, 0.99, 1].map((share) => Math.round(quantile(tookMs, share)));
  half.push([protocol, count(perSecond), ...times, JSON.stringify(statuses)]);
}
printTable(['protocol', 'samples/s', 'p50 ms', 'p90 ms', 'p99 ms', 'largest ms', 'answers'], half);

console.log('\nten times as many clients as fill it (640), as fast as they can');
const protocol = protocols[0];
const firstMs = span(samples * 2);
const flood = await load({ protocol, requests: requests * 2, clients: 640, firstMs });
const kept = await stored(firstMs);
const after = await load({ protocol, requests: 50, clients: 1, firstMs: span(50 * PER_REQUEST) });
printTable(
  ['', 'acknowledged', 'stored', 'answers', 'peak MB'],
  [
    [protocol, count(flood.acknowledged), count(kept), JSON.stringify(flood.statuses), flood.peakMb],
    ['moments later, 1 client', count(after.acknowledged), '', JSON.stringify(after.statuses), after.peakMb],
  ],
);

await sql.end();
backend.kill('SIGTERM');
await once(backend, 'exit');
await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 });
