/**
 * What alerts Bellwether would have raised, on the labelled series of the Numenta Anomaly Benchmark (NAB), and on a part of two
 * other sets, KPI and WSD: of each file that is here the first 40,000 rows, of which the first 10,000 took part in choosing some defaults.
 *
 * Each series trains a VRNN and a VAE of its own on its first 60 %, is calibrated as the trainer does it, and its rest is
 * scored sample by sample from the past alone, through the threshold and the alert machine of the product. One fixed
 * configuration for all files; budgets of 1, 2 and 7 false alarms a week. Beside it, on the same samples, a static 3-sigma rule and a
 * z-score by the hour of the day, both of the same first 60 %, through the same machine and through one that always asks for two
 * in a row, since now the one and now the other serves them better.
 *
 * Alerts become incidents as in the product. An incident that overlaps a labelled window counts as inside, any other as a false
 * alarm. Because rules with other numbers of false
 * alarms do not compare, both baselines are also given, for each budget, the limit and the machine with which they find most of what
 * can be found with no more of them than Bellwether raises, the same for all files, chosen on the very samples they are judged on, which
 * favours them.
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
import { judgeAlerts, median, quality, seasonalRule, sigmaRule, windowsOf } from './alerts/rules.mjs';
import { printTable } from './speed/synthetic.mjs';

const require = createRequire(import.meta.url);
const models = require('../libs/models/dist/index.js');
const { FORGIVEN, observe, quiet } = require('../apps/backend/dist/alerts/alert.js');
const { components } = require('../apps/backend/dist/alerts/grouping.js');
const { judge, threshold } = require('../apps/backend/dist/scoring/scoring.js');
const { toCalibrateOn } = require('../apps/backend/dist/training/training.js');

const DATA = process.env.BENCH_DATA ?? '../shared/data/public';
const WEEK_MS = 7 * 86_400_000;
const TRAINED_SHARE = 0.6;
const SEED = 1;
const PART = { files: 6, rows: 40_000 };
/** The rule that a new installation starts with, and the budgets it is asked about: false alarms per series and week. */
const RULE = { fireAfter: 2, resolveAfter: 5, direction: 'both', smallestChange: null };
const BUDGETS = [1, 2, 7];
/** Of the baselines, in standard deviations; 3 is what people use. */
const LIMITS = Array.from({ length: 117 }, (_, i) => 1 + i / 4);
/** How baselines fire: as Bellwether does, and after two in a row or one of twice the limit. */
const MACHINES = [
  ['', RULE],
  [', two in a row', { ...RULE, fireAfter: 2 + FORGIVEN }],
];

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

/** What the product says of the samples after the split, oldest first: how surprising each is. */
function surprises(rows, grid, raw) {
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
  return rows.flatMap((row) => {
    const at = Math.round(row.time / grid.periodMs) - grid.start;
    const fused = judge({ vrnn: scores.vrnn[at], vae: scores.vae[at] }, calibration);
    return fused ? [{ ...row, surprise: fused.surprise, vrnnShare: fused.vrnnShare }] : [];
  });
}

/** The rows before and after the split of their grid. */
function splitRows(rows, grid) {
  const at = (grid.start + splitOf(grid.values.length)) * grid.periodMs;
  const isPast = ({ time }) => Math.round(time / grid.periodMs) * grid.periodMs < at;
  return [rows.filter(isPast), rows.filter((row) => !isPast(row))];
}

/** By rule: what it makes of a row, and the threshold. */
function rulesOf(past, periodMs) {
  const [sigma, seasonal] = [sigmaRule(past), seasonalRule(past)];
  return [
    ...BUDGETS.map((alertBudget) => [
      `Bellwether, budget ${alertBudget}/week`,
      ({ surprise }) => surprise,
      threshold({ alertBudget, ...RULE }, periodMs),
      RULE,
    ]),
    ...MACHINES.flatMap(([how, rule]) =>
      LIMITS.flatMap((limit) => [
        [`static sigma, ${limit}${how}`, sigma, limit, rule],
        [`z-score by hour, ${limit}${how}`, seasonal, limit, rule],
      ]),
    ),
  ];
}

/** The rules that the table shows: Bellwether, the baselines at 3, and at as many false alarms as Bellwether; with what to call them. */
function shown(judged) {
  const counted = (name, key) => sum(judged.get(name), key);
  const own = BUDGETS.map((budget) => `Bellwether, budget ${budget}/week`);
  const names = ['static sigma', 'z-score by hour'];
  const usual = names.flatMap((name) => MACHINES.map(([how]) => `${name}, 3${how}`));
  const even = BUDGETS.flatMap((budget, i) =>
    names.flatMap((name) => {
      const [most] = [...judged.keys()]
        .filter((one) => one.startsWith(name) && counted(one, 'outside') <= counted(own[i], 'outside'))
        .sort(
          (a, b) =>
            counted(b, 'found') - counted(a, 'found') || counted(a, 'outside') - counted(b, 'outside'),
        );
      return most === undefined ? [] : [[`${most}: no more false than at budget ${budget}`, most]];
    }),
  );
  return [...[...own, ...usual].map((name) => [name, name]), ...even];
}

/** The alerts of scored rows, as the product's machine raises them; times in ms. */
function alertsOf(rows, score, limit, rule) {
  const alerts = [];
  let state = quiet;
  for (const row of rows) {
    const { time, value, vrnnShare = 0 } = row;
    const sample = { time: new Date(time), value, score: score(row), threshold: limit, vrnnShare };
    const next = observe(state, { expected: null, lower: null, upper: null, ...sample }, rule);
    if (next.phase === 'firing' && state.phase !== 'firing')
      alerts.push({ startsAt: +next.startsAt, firedAt: time, endsAt: null });
    if (state.phase === 'firing' && next.phase !== 'firing') alerts.at(-1).endsAt = time;
    state = next;
  }
  return alerts;
}

/** What people are told of once: the incidents that the product makes of the alerts of one series. */
function incidentsOf(alerts, periodMs) {
  const members = alerts.map(({ startsAt, firedAt, endsAt }, id) => ({
    ...{ id, kind: 'anomaly', severity: 'warning', seriesId: 1, name: '', labels: {}, periodMs, score: 0 },
    ...{ startsMs: startsAt, endsMs: endsAt, firedAt, isHistory: false, incidentId: null },
  }));
  return components(members, { shared: [], together: [] }).map(({ members: ones }) => ({
    startsAt: Math.min(...ones.map(({ startsMs }) => startsMs)),
    firedAt: Math.min(...ones.map(({ firedAt }) => firedAt)),
    endsAt: ones.some(({ endsMs }) => endsMs === null) ? null : Math.max(...ones.map(({ endsMs }) => endsMs)),
  }));
}

const sum = (rows, key) => rows.reduce((total, row) => total + row[key], 0);
const number = (value, digits = 2) => (Number.isFinite(value) ? value.toFixed(digits) : '–');
const percent = (share) => (Number.isFinite(share) ? `${Math.round(100 * share)} %` : '–');

async function main() {
  if (!existsSync(join(DATA, 'nab'))) {
    console.log(`NAB is not here (${join(DATA, 'nab')}; BENCH_DATA names another folder): nothing measured.`);
    return;
  }
  const backend = await models.selectBackend();
  console.log(
    `VRNN + VAE trained on the first 60 % of each file (seed ${SEED}), on ${backend.name}; the rest scored causally.`,
  );
  console.log(`Fires after ${RULE.fireAfter} anomalies, resolves after ${RULE.resolveAfter} calm samples.\n`);
  const kept = option('scores');
  const known = kept && existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {};
  for (const track of (option('tracks') ?? 'nab').split(',')) await measure(track, known, kept);
}

/** A table for each file of a track under the first budget, and one of all rules over all files. */
async function measure(track, known, kept) {
  const judged = new Map();
  for (const file of filesOf(track)) {
    const rows = read(file);
    const grid = gridOf(rows);
    known[file] ??= await rawScores(grid);
    if (kept) writeFileSync(kept, JSON.stringify(known));
    const [past, rest] = splitRows(rows, grid);
    const scored = surprises(rest, grid, known[file]);
    const windows = windowsOf(scored);
    const weeks = (ones) => (ones.length * grid.periodMs) / WEEK_MS;
    for (const [name, score, limit, rule] of rulesOf(past, grid.periodMs)) {
      const one = {
        file,
        weeks: weeks(scored),
        weeksOutside: weeks(scored.filter(({ label }) => !label)),
        ...judgeAlerts(incidentsOf(alertsOf(scored, score, limit, rule), grid.periodMs), windows),
      };
      judged.set(name, [...(judged.get(name) ?? []), one]);
    }
    console.log(`measured ${file}`);
  }
  if (judged.size === 0) return;
  const [[first, files]] = judged;
  console.log(`\n${track}: ${files.length} files, ${first}\n`);
  printTable(
    ['file', 'found', 'false', 'weeks', 'false a week'],
    files.map(({ file, found, windows, outside, weeksOutside }) => [
      file.replace(/\.csv(\.gz)?$/, ''),
      `${found}/${windows}`,
      outside,
      number(weeksOutside, 1),
      number(outside / weeksOutside),
    ]),
  );
  const isWithin = ({ outside, weeksOutside }) => outside <= Math.max(1, BUDGETS[0] * weeksOutside);
  const within = files.filter(isWithin).length;
  console.log(`\n${within} of ${files.length} files within the budget (or at one false alarm).`);
  console.log(`\n${track}: all rules, ${number(sum(files, 'weeks'), 1)} weeks of series\n`);
  printTable(
    ['rule', 'incidents a week', 'false a week', 'precision', 'recall', 'F1', 'median time to detect'],
    shown(judged).map(([told, name]) => total(told, judged.get(name))),
  );
  console.log('');
}

function total(name, all) {
  const keys = ['inside', 'outside', 'found', 'windows', 'weeks', 'weeksOutside'];
  const { weeks, weeksOutside, ...counts } = Object.fromEntries(keys.map((key) => [key, sum(all, key)]));
  const { precision, recall, f1 } = quality(counts);
  return [
    name,
    number((counts.inside + counts.outside) / weeks),
    number(counts.outside / weeksOutside),
    percent(precision),
    `${percent(recall)} (${counts.found}/${counts.windows})`,
    number(f1),
    `${number(median(all.flatMap(({ delays }) => delays)) / 3_600_000, 1)} h`,
  ];
}

await main();
