/**
 * Does one task: trains, scores and judges. Everything a model is told is its default config, the season of a forecast set and the
 * training rows; labels are seen by the metric alone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomScores, zScores } from './baselines.mjs';
import { readSeries } from './data.mjs';
import { QUANTILES, scoreWindow, seasonalNaive, summarise, testOrigins } from './forecast.mjs';
import { leakyMemory, meanOfRanks } from './scores.mjs';
import { keepsScores, scoreFile } from './tasks.mjs';
import { gridOf, univariate } from './tracks.mjs';
import { vusPr } from './vus.mjs';

/** What the product draws for a forecast, and from which seed. */
const PATHS = 100;
const FORECAST_SEED = 1;
/** Samples before an origin that a cold model hears. */
const CONTEXT = 400;

/**
 * @param {object} task
 * @param {{folder: string, scores: string, models: object}} at the data, the folder of kept scores, the library
 * @returns {Promise<object>} what goes into the cache, besides the task
 */
export function measure(task, at) {
  return MEASURE[task.type](task, at);
}

const MEASURE = { baseline: baseline, anomaly: anomaly, fusion: fusion, forecast: forecast };

async function baseline({ kind, seed, entries: [entry] }, { folder }) {
  const series = readSeries(folder, entry);
  const begun = performance.now();
  const plain = kind === 'zmax' ? zScores(series) : randomScores(series.labels.length, seed);
  const scoreSeconds = secondsSince(begun);
  return { vus: judged(series, { offline: plain, causal: leakyMemory(plain, null), plain }), scoreSeconds };
}

async function anomaly(task, { folder, scores, models }) {
  const { kind, seed, config } = task;
  const series = readSeries(folder, task.entries[0]);
  const { grid, stepOf, trainSteps } = gridOf(series);
  const past = { ...grid, values: grid.values.subarray(0, trainSteps * grid.features) };
  const training = performance.now();
  const trained = await models.trainModel(kind, [past], config, { seed });
  const trainSeconds = secondsSince(training);
  const model = models.openModel(trained);
  try {
    const input = { ...grid, scalers: trained.scalers[0] };
    const reviewing = performance.now();
    const [reviewed] = await model.review([input]);
    const reviewSeconds = secondsSince(reviewing);
    const scoring = performance.now();
    const [scored] = await model.score([{ ...input, state: null }]);
    const scoreSeconds = secondsSince(scoring);
    const { season } = trained.config;
    const onRows = (onGrid) => Float32Array.from(stepOf, (step) => onGrid[step]);
    const rows = {
      offline: onRows(reviewed.raw),
      causal: onRows(leakyMemory(scored.raw, season)),
      plain: onRows(scored.raw),
    };
    if (keepsScores(task)) keep(join(scores, scoreFile(task.key)), { ...rows, alert: alertScores(task) });
    const { window } = trained.config;
    return { vus: judged(series, rows), trainSeconds, reviewSeconds, scoreSeconds, season, window };

    /** What goes beyond all before, told once; the product's alerts do not go by it yet. */
    function alertScores({ track }) {
      if (track !== 'nab' || !models.noveltyScores) return undefined;
      return onRows(models.noveltyScores({ values: grid.values, errors: scored.errors }));
    }
  } finally {
    model.dispose();
  }
}

async function fusion({ of, entries: [entry] }, { folder, scores }) {
  const series = readSeries(folder, entry);
  const parts = of.map((key) => kept(join(scores, scoreFile(key)), series.labels.length));
  const { scoredFrom } = entry;
  const fused = (name) => {
    const all = new Float64Array(series.labels.length).fill(NaN);
    all.set(meanOfRanks(parts.map((part) => part[name].subarray(scoredFrom))), scoredFrom);
    return all;
  };
  return {
    vus: judged(series, { offline: fused('offline'), causal: fused('causal'), plain: fused('plain') }),
  };
}

/** VUS-PR of each kind of score; null where no scored row has a label. */
function judged({ labels, scoredFrom, vusWindow }, scores) {
  const asked = labels.subarray(scoredFrom);
  const judge = (all) => vusPr(asked, all.subarray(scoredFrom), vusWindow);
  if (!asked.includes(1)) return null;
  return { offline: judge(scores.offline), causal: judge(scores.causal), plain: judge(scores.plain) };
}

const NAMES = ['offline', 'causal', 'plain', 'alert'];

function keep(path, scores) {
  const known = NAMES.map((name) => scores[name]).filter(Boolean);
  const all = new Float32Array(known.length * known[0].length);
  known.forEach((one, i) => all.set(one, i * one.length));
  writeFileSync(path, new Uint8Array(all.buffer));
}

/** What `keep` wrote of `rows` rows; `alert` is missing where there was none. */
export function kept(path, rows) {
  const bytes = readFileSync(path);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const parts = NAMES.slice(0, all.length / rows).map((name, i) => [
    name,
    all.subarray(i * rows, (i + 1) * rows),
  ]);
  return Object.fromEntries(parts);
}

/** One network for all series of a collection, each forecast from the origins of its test windows. */
async function forecast({ kind, seed, config, entries }, { folder, models }) {
  const all = entries.flatMap((entry) => univariate(readSeries(folder, entry)));
  const pasts = all.map((one) => ({ ...one, values: one.values.subarray(0, one.trainEnd) }));
  const training = performance.now();
  const trained = await models.trainModel(kind, pasts, config, { seed });
  const trainSeconds = secondsSince(training);
  const model = models.openModel(trained);
  try {
    const forecasting = performance.now();
    const rows = [];
    for (const horizon of entries[0].horizons) {
      const windows = all.flatMap((series, i) =>
        testOrigins(series, horizon).map((origin) => ({ series, origin, scalers: trained.scalers[i] })),
      );
      const quantiles = await forecastWindows(model, windows, horizon);
      const scored = windows.map((window, i) => judgedWindow(window, horizon, quantiles[i]));
      rows.push({ horizon, ...summarise(scored) });
    }
    return { rows, series: all.length, trainSeconds, scoreSeconds: secondsSince(forecasting) };
  } finally {
    model.dispose();
  }
}

/** [window][horizon * 9], each from a cold start on the samples right before its origin. */
async function forecastWindows(model, windows, horizon) {
  const inputs = windows.map(({ series, origin, scalers }) => {
    const from = Math.max(0, origin - CONTEXT);
    const { periodMs, values } = series;
    const start = series.start + from;
    return { state: null, start, values: values.subarray(from, origin), periodMs, scalers };
  });
  const heard = await model.score(inputs);
  const states = inputs.map(({ periodMs, scalers }, i) => ({ state: heard[i].state, periodMs, scalers }));
  const options = { horizon, levels: QUANTILES, samples: PATHS, seed: FORECAST_SEED };
  const said = await model.forecast(states, options);
  return said.map((levels) =>
    Float64Array.from({ length: horizon * QUANTILES.length }, (_, i) => {
      const step = Math.floor(i / QUANTILES.length);
      return levels[i % QUANTILES.length][step];
    }),
  );
}

function judgedWindow({ series, origin }, horizon, quantiles) {
  const past = series.values.subarray(0, origin);
  const actual = series.values.subarray(origin, origin + horizon);
  return scoreWindow({ past, actual, quantiles, season: series.season });
}

/** The rows of the reference that forecasts are compared with: a Gaussian seasonal naive. */
export function referenceRows(folder, entries) {
  const all = entries.flatMap((entry) => univariate(readSeries(folder, entry)));
  return entries[0].horizons.map((horizon) => {
    const windows = all.flatMap((series) =>
      testOrigins(series, horizon).map((origin) => {
        const past = series.values.subarray(0, origin);
        return judgedWindow({ series, origin }, horizon, seasonalNaive(past, horizon, series.season));
      }),
    );
    return { horizon, ...summarise(windows) };
  });
}

const secondsSince = (begun) => (performance.now() - begun) / 1000;
