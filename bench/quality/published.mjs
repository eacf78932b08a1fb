/** What others reach on the same files: the published scores and measured baselines that come with the data. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readTable } from './data.mjs';
import { geometricMean } from './forecast.mjs';
import { normalised } from './nab.mjs';

/** Columns of the leaderboard that are no detector. */
const NO_DETECTORS = [
  ...['file', 'ts_len', 'anomaly_len', 'num_anomaly', 'avg_anomaly_len'],
  ...['anomaly_ratio', 'point_anomaly', 'seq_anomaly'],
];
/** Rows of the data's README that stand in none of its tables: the whole track, measured by the same metric. */
const README_ROWS = { tsb_u: { method: 'linear PCA, window = 2P, at most 200', value: 0.552, files: 48 } };

const tableOf = (folder, name) => (existsSync(join(folder, name)) ? readTable(join(folder, name)) : []);
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * @param {string[]} files of the track that were measured
 * @param {string[]} datasets of them
 * @returns {{method: string, value: number, files: number}[]} VUS-PR, the best first
 */
export function publishedVus(folder, track, { files, datasets }) {
  const rows = [...leaderboard(folder, track, files), ...measured(folder, datasets, files.length)];
  const readme = README_ROWS[track];
  if (readme?.files === files.length) rows.push(readme);
  return rows.sort((a, b) => b.value - a.value);
}

function leaderboard(folder, track, files) {
  const names = new Set(files.map((file) => basename(file).replace(/\.gz$/, '')));
  const rows = tableOf(folder, `published_${track}_vuspr.csv`).filter(({ file }) => names.has(file));
  const detectors = Object.keys(rows[0] ?? {}).filter((name) => !NO_DETECTORS.includes(name));
  return detectors.map((method) => ({
    method: `${method} (published)`,
    value: meanOf(rows.map((row) => Number(row[method]))),
    files: rows.length,
  }));
}

/** Baselines are given for whole collections: where not all of their files were measured they say nothing. */
function measured(folder, datasets, files) {
  const rows = tableOf(folder, 'baselines_anomaly.csv').filter(({ dataset }) => datasets.includes(dataset));
  const methods = [...new Set(rows.map(({ method }) => method))].filter(
    (method) => !['random', 'zmax'].includes(method),
  );
  return methods.flatMap((method) => {
    const own = rows.filter((row) => row.method === method);
    const count = own.reduce((sum, row) => sum + Number(row.n), 0);
    if (count !== files) return [];
    const value = own.reduce((sum, row) => sum + row['VUS-PR'] * row.n, 0) / count;
    return [{ method: `${method} (baseline)`, value, files: count }];
  });
}

/** NAB scores of the published detectors on all files, the best first. */
export function publishedNab(folder, windows) {
  const rows = tableOf(folder, 'published_nab_standard_scores.csv').filter(({ Detector }) => Detector !== '');
  const detectors = [...new Set(rows.map(({ Detector }) => Detector))];
  const scores = detectors.map((detector) => {
    const raw = rows.filter(({ Detector }) => Detector === detector);
    return {
      detector,
      score: normalised(
        raw.reduce((sum, { Score }) => sum + Number(Score), 0),
        windows,
      ),
    };
  });
  return scores.sort((a, b) => b.score - a.score);
}

/** Ratios of the measured forecasters to the reference: by row, and their geometric means. */
export function publishedForecasts(folder, rows) {
  const table = tableOf(folder, 'baselines_forecast.csv');
  const find = (method, { name, reference }) =>
    table.find((row) => row.method === method && row.dataset === name && Number(row.h) === reference.horizon);
  return ['ets', 'ridgeAR', 'naive'].flatMap((method) => {
    const found = rows.flatMap((row) => find(method, row) ?? []);
    if (found.length !== rows.length || rows.length === 0) return [];
    const ratios = (column, key) =>
      geometricMean(found.map((row, i) => row[column] / rows[i].reference[key]));
    return [{ method, rows: rows.length, mase: ratios('MASE', 'mase'), wql: ratios('wQL', 'wql') }];
  });
}
