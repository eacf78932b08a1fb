/**
 * How fast samples are scored by each kind of model at its default size: a sample of each of 1000 series from their states, 100
 * samples of 100 series, one sample of one series; what a state takes; and how many paths a second a forecast draws.
 *
 *   npm run bench -- scoring [--models vae,vrnn] [--seconds 3]
 *
 * Samples a second are of one core: by the processor time of this process, whatever else runs. The bars are 50,000 samples a second
 * and 1 KB a series; nothing here passes or fails by its seconds.
 */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { FORECASTERS, KINDS } from './quality/kinds.mjs';
import { PERIOD_MS, middle, printTable, syntheticSeries } from './speed/synthetic.mjs';

const require = createRequire(import.meta.url);
const models = require('../libs/models/dist/index.js');
const BAR_SAMPLES = 50_000;
const BAR_BYTES = 1024;
/** The history of each series; what follows is scored. */
const HISTORY = 2016;
const HEARD_SERIES = 20;
const HEARD = 250;
const CASES = [
  { title: '1000 × 1', series: 1000, samples: 1 },
  { title: '100 × 100', series: 100, samples: 100 },
  { title: '1 × 1', series: 1, samples: 1 },
];
const FORECAST = { series: 100, horizon: 48, levels: [0.1, 0.5, 0.9], samples: 100, seed: 1 };

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: KINDS.join(',') },
    seconds: { type: 'string', default: '3' },
  },
});
const enoughSeconds = Number(options.seconds);

async function main() {
  const backend = await models.selectBackend(process.env.COMPUTE || undefined);
  console.log(`computes on ${backend.why}`);
  const rows = [];
  const forecasts = [];
  for (const kind of options.models.split(',')) {
    const { model, scalers } = await trainedShortly(kind);
    for (const one of CASES) {
      rows.push(await measureScoring(model, scalers, one));
      console.log(`measured ${kind} ${one.title}`);
    }
    if (FORECASTERS.includes(kind)) forecasts.push(await measureForecast(model, scalers));
    model.dispose();
  }
  if (rows.length === 0) return;
  console.log();
  const head = [
    'model',
    'series × samples',
    'samples/s a core',
    `of ${BAR_SAMPLES}`,
    'samples/s',
    'p50 ms a call',
  ];
  printTable([...head, 'state bytes', `of ${BAR_BYTES}`], rows);
  if (forecasts.length === 0) return;
  const { series, horizon, samples } = FORECAST;
  console.log(`\nforecasts of ${series} series, ${horizon} steps ahead, ${samples} paths each`);
  printTable(['model', 'paths/s a core', 'paths/s', 's a call'], forecasts);
}

/** Of the default shape; what the weights are does not change the speed. */
async function trainedShortly(kind) {
  const series = syntheticSeries(HEARD_SERIES, HISTORY);
  const config = { ...models.defaultConfig(kind, PERIOD_MS), epochs: 1, stepsPerEpoch: 2 };
  const trained = await models.trainModel(kind, series, config, { seed: 1 });
  return { model: models.openModel(trained), scalers: trained.scalers };
}

/** Series with their states after what was heard of them: a few are heard, the others go on from a copy. */
async function streams(model, scalers, count) {
  const series = syntheticSeries(Math.min(count, scalers.length), HISTORY);
  const inputs = series.map((grid, i) => ({
    state: null,
    start: 0,
    values: grid.values.subarray(0, HEARD),
    periodMs: PERIOD_MS,
    scalers: scalers[i],
  }));
  const heard = await model.score(inputs);
  return Array.from({ length: count }, (_, i) => {
    const of = i % inputs.length;
    const { step, data } = heard[of].state;
    return { ...inputs[of], series: series[of], state: { step, data: data.slice() } };
  });
}

async function measureScoring(model, scalers, { title, series, samples }) {
  let following = await streams(model, scalers, series);
  const stateBytes = following[0].state.data.byteLength + Float64Array.BYTES_PER_ELEMENT;
  const call = async () => {
    const inputs = following.map((one) => {
      const at = one.state.step % (HISTORY - samples);
      return { ...one, start: one.state.step, values: one.series.values.subarray(at, at + samples) };
    });
    const scored = await model.score(inputs);
    following = inputs.map((input, i) => ({ ...input, state: scored[i].state }));
  };
  const { calls, wall, core } = await repeated(call);
  const total = calls.length * series * samples;
  return [
    model.kind,
    title,
    (total / core).toFixed(0),
    (total / core / BAR_SAMPLES).toFixed(2),
    (total / wall).toFixed(0),
    (1000 * middle(calls)).toFixed(2),
    stateBytes,
    (stateBytes / BAR_BYTES).toFixed(2),
  ];
}

async function measureForecast(model, scalers) {
  const { series, samples, ...rest } = FORECAST;
  const inputs = await streams(model, scalers, series);
  const { calls, wall, core } = await repeated(() => model.forecast(inputs, { ...rest, samples }));
  const paths = calls.length * series * samples;
  return [model.kind, (paths / core).toFixed(0), (paths / wall).toFixed(0), middle(calls).toFixed(3)];
}

/** Calls until enough seconds are over, after two to warm up: seconds of each, of all, and of the processor. */
async function repeated(call) {
  for (let i = 0; i < 2; i++) await call();
  const calls = [];
  const begun = performance.now();
  const processor = process.cpuUsage();
  while (performance.now() - begun < 1000 * enoughSeconds) {
    const from = performance.now();
    await call();
    calls.push((performance.now() - from) / 1000);
  }
  const { user, system } = process.cpuUsage(processor);
  return { calls, wall: (performance.now() - begun) / 1000, core: (user + system) / 1e6 };
}

await main();
