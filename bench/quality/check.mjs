/**
 * Proves the metrics before a figure of them is believed: against the vectors and scores of the reference implementations and
 * against the measured baselines that come with the data.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomScores, zScores } from './baselines.mjs';
import { featureOf, readManifest, readSeries, readTable } from './data.mjs';
import { scoreWindow, seasonalNaive, summarise, testOrigins } from './forecast.mjs';
import { normalised, rawScore } from './nab.mjs';
import { vusPr } from './vus.mjs';

/** Half a unit of the last digit given, and a little for the rounding of a sum. */
const FOUR_DIGITS = 0.5e-4 + 1e-9;
const SEED = 1;
/** Files below which the mean VUS-PR of a random score is too uncertain to be compared. */
const RANDOM_FILES = 5;

/** What the 28 files give by the published score of each file (README of the data). */
const PUBLISHED_NAB = {
  ARTime: 75.9,
  numenta: 74.6,
  contextOSE: 73.1,
  randomCutForest: 53.5,
  windowedGaussian: 39.9,
};
/** The detector whose scores `nab_reference_scores` holds. */
const REFERENCE_DETECTOR = 'windowedGaussian';

/**
 * Prints a line per check with its largest deviation; throws where one is larger than its reference allows.
 * @param {string} folder of the data
 */
export function checkMetrics(folder, { print = console.log } = {}) {
  for (const check of [vusVectors, nabReference, nabPublished, seasonalNaiveRows, baselineRows])
    for (const result of check(folder)) report(result, print);
}

function report({ name, deviations, tolerance }, print) {
  const largest = Math.max(...deviations);
  const line = `${name}: ${deviations.length} compared, largest deviation ${largest.toExponential(1)}`;
  if (deviations.length === 0 || !(largest <= tolerance))
    throw new Error(`${line}, more than ${tolerance.toExponential(1)}`);
  print(`checked ${line}`);
}

function vusVectors(folder) {
  const vectors = JSON.parse(readFileSync(join(folder, 'metric_vectors_vus.json'), 'utf8'));
  const deviations = vectors.map(({ label, score, window, thre, vus_pr }) =>
    Math.abs(vusPr(label, score, window, { thresholds: thre }) - vus_pr),
  );
  return [{ name: 'VUS-PR, reference vectors', deviations, tolerance: 1e-12 }];
}

const publishedNab = (folder) => readTable(join(folder, 'published_nab_standard_scores.csv'));
const nabName = ({ file }) =>
  file
    .replace(/^nab\//, '')
    .replace('__', '/')
    .replace(/\.gz$/, '');

/** The reference detector's scores at its published threshold: the score of the file, and its four counts of samples. */
function nabReference(folder) {
  const published = publishedNab(folder).filter(({ Detector }) => Detector === REFERENCE_DETECTOR);
  const deviations = nabEntries(folder).flatMap((entry) => {
    const row = published.find(({ File }) => File === nabName(entry));
    const scores = referenceScores(folder, nabName(entry));
    if (!scores) return [];
    const { labels } = readSeries(folder, entry);
    const ours = rawScore({ labels, scores, trainEnd: entry.trainEnd }, Number(row.Threshold));
    return [ours.raw - row.Score, ours.tp - row.TP, ours.tn - row.TN, ours.fp - row.FP, ours.fn - row.FN];
  });
  return [{ name: 'NAB, reference scores', deviations: deviations.map(Math.abs), tolerance: 1e-10 }];
}

function referenceScores(folder, name) {
  const withScores = ['realKnownCause/nyc_taxi.csv', 'realTraffic/speed_t4013.csv'];
  if (!withScores.includes(name)) return undefined;
  const rows = readTable(join(folder, 'nab_reference_scores', name.replace('/', '__')));
  return rows.map((row) => Number(row.anomaly_score));
}

const nabEntries = (folder) => readManifest(folder).filter(({ track }) => track === 'nab');

/** The labelled windows of every file, and what the published scores of the files come to when normalised by them. */
function nabPublished(folder) {
  const rows = publishedNab(folder);
  const silent = nabEntries(folder).map((entry) => {
    const { labels } = readSeries(folder, entry);
    const row = rows.find(({ Detector, File }) => Detector === '' && File === nabName(entry));
    const ours = rawScore({ labels, scores: labels.map(() => 0), trainEnd: entry.trainEnd }, 1);
    return { windows: ours.windows, deviation: Math.abs(ours.raw - row.Score) };
  });
  const windows = silent.reduce((sum, file) => sum + file.windows, 0);
  const totals = Object.entries(PUBLISHED_NAB).map(([detector, expected]) => {
    const scores = rows.filter(({ Detector }) => Detector === detector).map(({ Score }) => Number(Score));
    const raw = scores.reduce((sum, score) => sum + score, 0);
    return Math.abs(normalised(raw, windows) - expected);
  });
  return [
    { name: 'NAB, windows', deviations: silent.map(({ deviation }) => deviation), tolerance: 0 },
    { name: 'NAB, published detectors', deviations: totals, tolerance: 0.05 },
  ];
}

/** The rows `snaive`: MASE as the mean over the windows of a data set, wQL over all its windows at once. */
function seasonalNaiveRows(folder) {
  const scored = new Map();
  for (const entry of readManifest(folder).filter(({ task }) => task === 'fc')) {
    const series = readSeries(folder, entry);
    for (const horizon of entry.horizons) {
      const row = `${entry.dataset},${horizon}`;
      scored.set(row, [...(scored.get(row) ?? []), ...seasonalNaiveWindows(series, horizon)]);
    }
  }
  const rows = readTable(join(folder, 'baselines_forecast.csv')).filter(({ method }) => method === 'snaive');
  const ours = rows.map(({ dataset, h }) => summarise(scored.get(`${dataset},${h}`)));
  const deviations = (key, expected) => rows.map((row, i) => Math.abs(ours[i][key] - row[expected]));
  return [
    { name: 'seasonal naive, windows', deviations: deviations('windows', 'n'), tolerance: 0 },
    { name: 'seasonal naive, MASE', deviations: deviations('mase', 'MASE'), tolerance: FOUR_DIGITS },
    { name: 'seasonal naive, wQL', deviations: deviations('wql', 'wQL'), tolerance: FOUR_DIGITS },
  ];
}

function seasonalNaiveWindows(series, horizon) {
  return Array.from({ length: series.features }, (_, feature) => featureOf(series, feature)).flatMap(
    (values) =>
      testOrigins(series, horizon).map((origin) => {
        const past = values.subarray(0, origin);
        const quantiles = seasonalNaive(past, horizon, series.season);
        const actual = values.subarray(origin, origin + horizon);
        return scoreWindow({ past, actual, quantiles, season: series.season });
      }),
  );
}

/** The rows `zmax` exactly, and `random` as near as another seed comes. */
function baselineRows(folder) {
  const scored = new Map();
  for (const entry of readManifest(folder).filter(({ task }) => task !== 'fc')) {
    const series = readSeries(folder, entry);
    const labels = series.labels.subarray(entry.scoredFrom);
    const vus = (scores) => vusPr(labels, scores.subarray(entry.scoredFrom), entry.vusWindow);
    if (!labels.includes(1)) continue;
    const files = scored.get(entry.dataset) ?? scored.set(entry.dataset, []).get(entry.dataset);
    files.push({ zmax: vus(zScores(series)), random: vus(randomScores(series.labels.length, SEED)) });
  }
  const rows = readTable(join(folder, 'baselines_anomaly.csv'));
  const deviations = (method, atLeast = 1) =>
    rows
      .filter((row) => row.method === method && row.n >= atLeast)
      .map((row) => {
        const files = scored.get(row.dataset);
        const mean = files.reduce((sum, file) => sum + file[method], 0) / files.length;
        return files.length === Number(row.n) ? Math.abs(mean - row['VUS-PR']) : Infinity;
      });
  return [
    { name: 'VUS-PR, rows zmax', deviations: deviations('zmax'), tolerance: FOUR_DIGITS },
    { name: 'VUS-PR, rows random', deviations: deviations('random', RANDOM_FILES), tolerance: 0.03 },
  ];
}
