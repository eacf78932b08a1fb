/**
 * How often Bellwether would have raised an alert, on the labelled series of the Numenta Anomaly Benchmark (NAB), and on a part of
 * two other sets that took no part in choosing its threshold: of KPI and WSD the first 5 files by name, and of these 10,000 rows.
 *
 * Each series trains a VRNN and a VAE of its own on its first 60 %, is calibrated as the trainer does it, and its rest is
 * scored sample by sample from the past alone, through the threshold and the alert machine of the product. One fixed
 * configuration for all files. An alert that overlaps a labelled window counts as inside, any other as a false alarm.
 *
 *   npm run bench -- alerts [--tracks=nab,kpi,wsd] [--only=PART OF A NAME] [--scores=FILE]
 *
 * `--scores` keeps the raw scores in FILE and takes them from there the next time, so that what comes after the models can
 * be compared without training them again.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const require = createRequire(import.meta.url);
const models = require('../libs/models/dist/index.js');
const { follow, quiet } = require('../apps/backend/dist/alerts/alert.js');
const { judge, threshold } = require('../apps/backend/dist/scoring/scoring.js');
const { toCalibrateOn } = require('../apps/backend/dist/training/training.js');

const DATA = process.env.BENCH_DATA ?? '../shared/data/public';
const WEEK_MS = 7 * 86_400_000;
const TRAINED_SHARE = 0.6;
const SEED = 1;
const PART = { files: 5, rows: 10_000 };
/** The detector that a new installation starts with. */
const DETECTOR = { alertBudget: 1, fireAfter: 3, resolveAfter: 5 };

const option = (name) => process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);

function read(file) {
  const bytes = readFileSync(join(DATA, file));
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const rows = text
    .trim()
    .split('\n')
    .slice(1, file.startsWith('nab/') ? undefined : 1 + PART.rows)
    .map((line) => line.split(','))
    .map(([time, value, label]) => ({
      time: Date.parse(`${time}Z`),
      value: Number(value),
      label: label.trim() === '1',
    }));
  return rows.sort((a, b) => a.time - b.time);
}

/** The files of a track; of one that is not NAB a part. */
function filesOf(track) {
  const files = readFileSync(join(DATA, 'manifest.csv'), 'utf8')
    .split('\n')
    .map((line) => line.split(',')[0])
    .filter((file) => file.startsWith(`${track}/`) && file.includes(option('only') ?? ''));
  return track === 'nab' ? files : files.sort().slice(0, PART.files);
}

function gridOf(rows) {
  const times = rows.map(({ time }) => time);
  const periodMs = models.inferPeriod(times);
  const values = rows.map(({ value }) => value);
  return models.toGrid(times, values, periodMs);
}

/** Raw scores of one series by both models, each trained on its first part only. */
async function rawScores(grid) {
  const past = { ...grid, values: grid.values.subarray(0, splitOf(grid.values.length)) };
  const raw = {};
  for (const kind of ['vrnn', 'vae']) {
    const config = models.defaultConfig(kind, grid.periodMs);
    const trained = await models.trainModel(kind, [past], config, { seed: SEED });
    const model = models.openModel(trained);
    const input = { state: null, ...grid, scalers: trained.scalers[0] };
    const [scored] = await model.score([input]);
    raw[kind] = Array.from(scored.raw, (value) =>
      Number.isFinite(value) ? Number(value.toPrecision(7)) : null,
    );
    model.dispose();
  }
  return raw;
}

const splitOf = (length) => Math.floor(TRAINED_SHARE * length);

/** What the product says of the samples after the split, oldest first. */
function scoredSamples(rows, grid, raw) {
  const scores = Object.fromEntries(
    Object.entries(raw).map(([kind, all]) => [kind, Float64Array.from(all, (value) => value ?? NaN)]),
  );
  const split = splitOf(grid.values.length);
  const calibration = Object.fromEntries(
    Object.entries(scores).map(([kind, all]) => [
      kind,
      models.calibrate(toCalibrateOn(all.subarray(0, split)), all.subarray(0, split)),
    ]),
  );
  const limit = threshold(DETECTOR, grid.periodMs);
  return rows.flatMap(({ time, value, label }) => {
    const at = Math.round(time / grid.periodMs) - grid.start;
    if (at < split) return [];
    const fused = judge({ vrnn: scores.vrnn[at], vae: scores.vae[at] }, calibration);
    if (!fused) return [];
    return [
      {
        time: new Date(time),
        value,
        label,
        score: fused.surprise,
        threshold: limit,
        vrnnShare: fused.vrnnShare,
      },
    ];
  });
}

/** The labelled stretches, [from, to] in milliseconds. */
function windowsOf(scored) {
  const windows = [];
  scored.forEach(({ label, time }, i) => {
    if (label && !scored[i - 1]?.label) windows.push({ from: time, to: time });
    if (label) windows.at(-1).to = time;
  });
  return windows;
}

function count(scored, periodMs) {
  const windows = windowsOf(scored);
  const { alerts } = follow(quiet, scored, DETECTOR);
  const touches = (alert, { from, to }) => alert.startsAt <= to && (!alert.endsAt || alert.endsAt > from);
  const weeks = (samples) => (samples.length * periodMs) / WEEK_MS;
  return {
    windows: windows.length,
    found: windows.filter((window) => alerts.some((alert) => touches(alert, window))).length,
    inside: alerts.filter((alert) => windows.some((window) => touches(alert, window))).length,
    outside: alerts.filter((alert) => !windows.some((window) => touches(alert, window))).length,
    weeksInside: weeks(scored.filter(({ label }) => label)),
    weeksOutside: weeks(scored.filter(({ label }) => !label)),
    anomalies: scored.filter(({ label, score, threshold }) => !label && score >= threshold).length,
    ordinary: scored.filter(({ label }) => !label).length,
    isClean: windows.length === 0,
  };
}

const sum = (rows, key) => rows.reduce((total, row) => total + row[key], 0);

function total(rows) {
  const keys = Object.keys(rows[0] ?? {}).filter((key) => typeof rows[0][key] === 'number');
  return Object.fromEntries(keys.map((key) => [key, sum(rows, key)]));
}

const rate = (alerts, weeks) => (weeks > 0 ? (alerts / weeks).toFixed(2) : '–');

function line(name, row) {
  return [
    name.padEnd(58),
    `${row.found}/${row.windows}`.padStart(7),
    rate(row.inside, row.weeksInside).padStart(9),
    rate(row.outside, row.weeksOutside).padStart(9),
    row.weeksOutside.toFixed(1).padStart(8),
    `${((100 * row.anomalies) / Math.max(1, row.ordinary)).toFixed(3)} %`.padStart(10),
  ].join(' ');
}

async function main() {
  if (!existsSync(join(DATA, 'nab'))) {
    console.log(`NAB is not here (${join(DATA, 'nab')}; BENCH_DATA names another folder): nothing measured.`);
    return;
  }
  const backend = await models.selectBackend();
  console.log(
    `VRNN + VAE trained on the first 60 % of each file (seed ${SEED}), on ${backend.name}; the rest scored causally.`,
  );
  console.log(
    `Budget: ${DETECTOR.alertBudget} false alarm per series and week; fires after ${DETECTOR.fireAfter}.\n`,
  );
  console.log(
    'file'.padEnd(58),
    'windows in/week  out/week    weeks  anomalous'.replace('windows', 'windows  '),
  );
  const kept = option('scores');
  const known = kept && existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {};
  for (const track of (option('tracks') ?? 'nab').split(',')) await measure(track, known, kept);
}

/** A line for each file of a track, and one for all. */
async function measure(track, known, kept) {
  const counted = [];
  for (const file of filesOf(track)) {
    const rows = read(file);
    const grid = gridOf(rows);
    known[file] ??= await rawScores(grid);
    if (kept) writeFileSync(kept, JSON.stringify(known));
    const row = count(scoredSamples(rows, grid, known[file]), grid.periodMs);
    counted.push({ file, ...row });
    console.log(line(file.replace(/\.csv(\.gz)?$/, ''), row));
  }
  if (counted.length === 0) return;
  const clean = counted.filter(({ isClean }) => isClean);
  console.log(`\n${line(`all of ${track}`, total(counted))}`);
  if (clean.length > 0) console.log(line(`${clean.length} files without a labelled window`, total(clean)));
  const within = counted.filter((row) => row.outside <= Math.max(1, DETECTOR.alertBudget * row.weeksOutside));
  console.log(`${within.length} of ${counted.length} files within the budget (or at one false alarm).\n`);
}

await main();
