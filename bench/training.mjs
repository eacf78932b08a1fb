/**
 * How fast networks are trained: seconds a step and windows a second of every kind that descends a gradient, on each compute
 * backend there is; then the default detector on 100 series of 10 days at 5 minutes, against a bar of 180 s.
 *
 *   npm run bench -- training [--backends wasm,node] [--models vae,vrnn] [--steps 30] [--without-detector] [--peer torch]
 *
 * A step is measured within `trainModel`: the median over epochs but the first, the held-out loss after each among it. Every
 * backend has a process of its own. `--peer torch` has PyTorch train the same networks, those of test/oracles, in the same shapes
 * beside it (PYTHON names the interpreter, else python3). Nothing here passes or fails by its seconds; it fails where the
 * networks of both sides have not the same number of parameters.
 */
import { fork, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PERIOD_MS, middle, printTable, syntheticSeries } from './speed/synthetic.mjs';

const require = createRequire(import.meta.url);
const models = require('../libs/models/dist/index.js');
const { calendarWidth } = require('../libs/models/dist/calendar.js');
const { disposeWeights } = require('../libs/models/dist/layers.js');
const { seeded } = require('../libs/models/dist/noise.js');
const { buildNetwork } = require('../libs/models/dist/train.js');
const BACKENDS = ['gpu', 'node', 'wasm', 'cpu'];
const DETECTOR = ['vrnn', 'vae'];
const PEER_KINDS = ['vae', 'autoencoder', 'vrnn', 'rnn'];
const BAR_SECONDS = 180;
const SERIES = 100;
const STEPS = 2880;
const EPOCHS = 4;

const { values: options } = parseArgs({
  options: {
    backends: { type: 'string', default: BACKENDS.join(',') },
    models: { type: 'string', default: 'vae,autoencoder,vrnn,rnn' },
    steps: { type: 'string', default: '30' },
    'without-detector': { type: 'boolean', default: false },
    peer: { type: 'string' },
    on: { type: 'string' },
  },
});

/** What is trained: the default of each kind, and a VRNN of a larger shape. */
function shapes() {
  const defaults = options.models.split(',').map((kind) => ({ title: kind, kind, change: {} }));
  const large = { title: 'vrnn 128 × 48', kind: 'vrnn', change: { batch: 128, window: 48, hidden: 32 } };
  return options.models.split(',').includes('vrnn') ? [...defaults, large] : defaults;
}

async function main() {
  if (options.peer && options.peer !== 'torch')
    throw new Error(`There is no peer '${options.peer}'. There is: torch.`);
  if (options.on) return measureOn(options.on);
  const rows = [];
  for (const backend of options.backends.split(',')) rows.push(...(await inOwnProcess(backend)));
  if (rows.length > 0) printSteps(rows);
  if (!options['without-detector']) await defaultDetector();
  if (options.peer && rows.length > 0) comparePeer(rows);
}

function printSteps(rows) {
  console.log();
  printTable(
    ['network', 'backend', 'shape', 's a step', 'windows/s', 's before the first'],
    rows.map((row) => [
      row.title,
      row.backend,
      row.shape,
      row.seconds.toFixed(4),
      (row.config.batch / row.seconds).toFixed(0),
      row.startSeconds.toFixed(1),
    ]),
  );
}

function inOwnProcess(backend) {
  const args = ['--on', backend, '--models', options.models, '--steps', options.steps];
  const child = fork(fileURLToPath(import.meta.url), args);
  const rows = [];
  return new Promise((resolve, reject) => {
    child.on('message', (row) => rows.push(row));
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve(rows) : reject(new Error(`${backend}: it ended (${code})`)),
    );
  });
}

async function measureOn(backend) {
  try {
    await models.selectBackend(backend);
  } catch (error) {
    if (error.name !== 'BackendUnavailable') throw error;
    console.log(`skipped: ${error.message}`);
    return process.disconnect();
  }
  for (const shape of shapes()) process.send({ backend, ...(await measureShape(shape, backend)) });
  process.disconnect();
}

async function measureShape({ title, kind, change }, backend) {
  const stepsPerEpoch = backend === 'cpu' ? 2 : Math.max(2, Number(options.steps));
  const config = { ...models.defaultConfig(kind, PERIOD_MS), ...change };
  const measured = { ...config, epochs: EPOCHS, stepsPerEpoch, patience: 0 };
  const begun = performance.now();
  const ends = [];
  const onProgress = () => ends.push((performance.now() - begun) / 1000);
  const trained = await models.trainModel(kind, syntheticSeries(SERIES, STEPS), measured, {
    seed: 1,
    onProgress,
  });
  const steps = trained.config.stepsPerEpoch;
  const seconds = middle(ends.slice(1).map((end, i) => (end - ends[i]) / steps));
  const { batch, window, hidden, latent, features, missing, cycles } = trained.config;
  console.log(`${title} on ${backend}: ${seconds.toFixed(4)} s a step`);
  return {
    title,
    kind,
    seconds,
    startSeconds: Math.max(0, ends[0] - seconds * steps),
    shape: `${batch} × ${window}, hidden ${hidden}, latent ${latent}`,
    config: { batch, window, hidden, latent, features, missing, cycles },
    parameters: parametersOf(trained.config),
  };
}

/** How many numbers the optimizer changes. */
function parametersOf(config) {
  const { weights } = buildNetwork(config, seeded(config.seed));
  const learnt = Object.values(weights).filter(({ trainable }) => trainable);
  const count = learnt.reduce((sum, { size }) => sum + size, 0);
  disposeWeights(weights);
  return count;
}

/** What a new installation trains, to its end. */
async function defaultDetector() {
  const backend = await models.selectBackend(process.env.COMPUTE || undefined);
  const series = syntheticSeries(SERIES, STEPS);
  const begun = performance.now();
  const parts = [];
  for (const kind of DETECTOR) {
    const from = performance.now();
    const { losses } = await models.trainModel(kind, series, models.defaultConfig(kind, PERIOD_MS), {
      seed: 1,
    });
    parts.push(`${kind} ${((performance.now() - from) / 1000).toFixed(1)} s, ${losses.length} epochs`);
  }
  const seconds = (performance.now() - begun) / 1000;
  const title = `the default detector on ${SERIES} series × ${(STEPS * PERIOD_MS) / 86_400_000} days at 5 minutes, on ${backend.name}`;
  const ratio = (seconds / BAR_SECONDS).toFixed(2);
  console.log(
    `\n${title}: ${seconds.toFixed(1)} s (${parts.join('; ')}); bar ${BAR_SECONDS} s, ratio ${ratio}`,
  );
}

/** PyTorch on the same shapes, now, on this machine. */
function comparePeer(rows) {
  const known = rows.filter(({ kind }) => PEER_KINDS.includes(kind));
  const { version, results, why } = askPeer([...new Map(known.map((row) => [row.title, row])).values()]);
  if (why) return console.log(`\nskipped: the peer torch: ${why} (PYTHON names another interpreter)`);
  const pairs = known.flatMap((row) =>
    results.filter(({ title }) => title === row.title).map((peer) => ({ row, peer })),
  );
  console.log(`\nPyTorch ${version}, same networks, Adam; a ratio above 1: PyTorch is faster`);
  printTable(
    [
      ...['network', 'backend', 'parameters', 's a step'],
      ...['torch threads', 'torch parameters', 'torch s a step', 'ratio'],
    ],
    pairs.map(({ row, peer }) => [
      ...[row.title, row.backend, row.parameters, row.seconds.toFixed(4)],
      ...[peer.threads, peer.parameters, peer.seconds.toFixed(4), (row.seconds / peer.seconds).toFixed(2)],
    ]),
  );
  const other = pairs.find(({ row, peer }) => row.parameters !== peer.parameters);
  if (other) throw new Error(differenceOf(other));
}

const differenceOf = ({ row, peer }) =>
  `${row.title} has ${row.parameters} parameters in libs/models and ${peer.parameters} in PyTorch: ` +
  `test/oracles and bench/peer do not mirror it, so the seconds do not compare`;

/** What PyTorch measured of these rows, or why it cannot be had. */
function askPeer(rows) {
  const asked = rows.map(({ title, kind, config: { cycles, ...sizes } }) => ({
    ...{ title, kind, ...sizes },
    calendar: calendarWidth(cycles),
  }));
  const python = process.env.PYTHON || 'python3';
  const script = fileURLToPath(new URL('peer/torch_training.py', import.meta.url));
  const peer = spawnSync(python, [script], { input: JSON.stringify(asked), encoding: 'utf8' });
  if (peer.error) return { why: peer.error.message };
  if (peer.status === 0) return JSON.parse(peer.stdout);
  const why = peer.stderr.trim().split('\n').at(-1);
  if (!why.startsWith('ModuleNotFoundError')) throw new Error(`The peer torch failed:\n${peer.stderr}`);
  return { why };
}

await main();
