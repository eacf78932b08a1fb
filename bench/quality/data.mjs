/**
 * Reads the labelled benchmark collections: a folder with `manifest.csv` (one row per file: where its training part ends, its
 * interval, season, horizons, VUS window, licence) and the files it names, csv or csv.gz. Everything is read in place; nothing
 * is copied into the project. A file's rows stay in their order; a value that is empty or no number is missing (NaN).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/**
 * @typedef {object} Entry One row of the manifest.
 * @property {string} file path inside the folder
 * @property {string} track its first folder: nab, tsb_u, tsb_m, kpi, wsd, smd, asd, jumpstarter, skab, ecg or forecast
 * @property {'ad_u'|'ad_m'|'fc'} task anomalies of one or of many features, or forecast
 * @property {string} dataset name of the collection
 * @property {string} license
 * @property {string} redistribute `yes` or why not
 * @property {number} rows
 * @property {number} channels features of the file, as the manifest has it
 * @property {number} trainEnd leading rows that may be used for fitting, without labels
 * @property {number} scoredFrom first row that counts in a score
 * @property {number} intervalMs NaN where the collection does not say
 * @property {boolean} hasTime whether a timestamp is a time (else a step index)
 * @property {number} season in samples, NaN unless a forecast
 * @property {number[]} horizons in samples
 * @property {number} testEnd row after the last one of the test part
 * @property {number} vusWindow in samples, NaN where there are no labels
 *
 * @typedef {object} Rows
 * @property {Float64Array} values [time * features], row by row
 * @property {number} features
 * @property {string[]} names of the features
 * @property {Uint8Array|undefined} labels 1 where anomalous; undefined in a forecast set
 * @property {Float64Array} timestamps in ms (UTC), or the step index
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEFAULT_FOLDER = '../shared/data/public';

/** Collections whose whole length is scored, as their published figures are. */
const SCORED_WHOLE = ['nab', 'tsb_u', 'tsb_m', 'skab', 'ecg'];
/** The customary end of the ETTh test part; the file goes on. */
const TEST_ENDS = { ETTh1: 14_400 };

/** The folder that `--data DIR`, `--data=DIR` or `BENCH_DATA` names, or the default one. */
export function dataFolder(args = [], env = {}) {
  const at = args.indexOf('--data');
  const said =
    at >= 0 ? args[at + 1] : args.find((word) => word.startsWith('--data='))?.slice('--data='.length);
  return resolve(ROOT, said ?? env.BENCH_DATA ?? DEFAULT_FOLDER);
}

/** One line that says why nothing can be measured, or undefined where the folder is. */
export function whyAbsent(folder) {
  if (existsSync(join(folder, 'manifest.csv'))) return undefined;
  return `skipped: the benchmark data is not in ${folder} (--data DIR or BENCH_DATA names another folder)`;
}

/** @returns {Entry[]} */
export function readManifest(folder) {
  return readTable(join(folder, 'manifest.csv')).map(entryOf);
}

/** @returns {Entry & Rows} */
export function readSeries(folder, entry) {
  return { ...entry, ...parseSeries(readText(join(folder, entry.file)), entry.hasTime) };
}

/** A small csv file as one record per row; quotes are understood. */
export function readTable(path) {
  const [names, ...rows] = parseCsv(readText(path));
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? ''])));
}

/** Rows from `from` to `to` of a [time * features] array. */
export const rowsBetween = ({ values, features }, from, to) =>
  values.subarray(from * features, to * features);

/** One feature of a series as an array over time. */
export function featureOf({ values, features }, feature) {
  const column = new Float64Array(values.length / features);
  for (let t = 0; t < column.length; t++) column[t] = values[t * features + feature];
  return column;
}

function readText(path) {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

const numberOf = (text) => (text ? Number(text) : NaN);

function entryOf(row) {
  const track = row.file.split('/')[0];
  const trainEnd = Number(row.train_end);
  const rows = Number(row.rows);
  return {
    file: row.file,
    track,
    task: row.task,
    dataset: row.dataset,
    license: row.license,
    redistribute: row.redistribute,
    rows,
    channels: Number(row.channels),
    trainEnd,
    scoredFrom: SCORED_WHOLE.includes(track) ? 0 : trainEnd,
    intervalMs: 1000 * numberOf(row.interval_s),
    hasTime: row.timestamp_kind === 'iso',
    season: numberOf(row.season),
    horizons: row.horizon.split(';').filter(Boolean).map(Number),
    testEnd: TEST_ENDS[row.dataset] ?? rows,
    vusWindow: numberOf(row.vus_window),
  };
}

/** A file of samples: `timestamp`, the features, and `label` as the last column where there are labels. */
export function parseSeries(text, hasTime) {
  const [head, ...lines] = text.trim().split(/\r?\n/);
  const columns = head.split(',');
  const hasLabels = columns.at(-1) === 'label';
  const names = columns.slice(1, hasLabels ? -1 : undefined);
  const features = names.length;
  const values = new Float64Array(lines.length * features);
  const labels = hasLabels ? new Uint8Array(lines.length) : undefined;
  const timestamps = new Float64Array(lines.length);
  lines.forEach((line, t) => {
    const cells = line.split(',');
    timestamps[t] = hasTime ? timeOf(cells[0]) : Number(cells[0]);
    for (let f = 0; f < features; f++) values[t * features + f] = numberOf(cells[f + 1]);
    if (labels) labels[t] = Number(cells[features + 1]) > 0 ? 1 : 0;
  });
  return { values, features, names, labels, timestamps };
}

/** A time without a zone is UTC. */
const timeOf = (text) => Date.parse(/Z|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}Z`);

function parseCsv(text) {
  return text.trim().split(/\r?\n/).map(cellsOf);
}

/** Every cell is matched with the comma before it, so that an empty one is a match too. */
const cellsOf = (line) =>
  Array.from(
    `,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g),
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain,
  );
