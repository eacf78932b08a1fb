/**
 * The tracks of the protocol, and how a file becomes what the models take: a grid, as the product makes one. A file whose
 * timestamps are step numbers has no calendar.
 */
import { basename } from 'node:path';
import { featureOf } from './data.mjs';

export const ANOMALY_TRACKS = [
  ...['tsb_u', 'tsb_m', 'nab', 'kpi', 'wsd', 'smd', 'asd', 'jumpstarter', 'skab', 'ecg'],
];
export const FORECAST = 'forecast';
export const TRACKS = [...ANOMALY_TRACKS, FORECAST];

/** Of a file that does not tell the time. */
const STEP_MS = 60_000;

/** The settings that a file's own nature gives; everything else is the default of its kind. */
export const periodOf = ({ hasTime, intervalMs }) => (hasTime ? intervalMs : STEP_MS);

/** The default config, without a calendar where there is no time. */
export function configOf({ defaultConfig }, kind, entry) {
  const config = defaultConfig(kind, periodOf(entry), entry.channels);
  return entry.hasTime ? config : { ...config, cycles: [] };
}

/** Names of the data sets that are forecast together: those of one collection and one interval share a network. */
export function collectionsOf(entries) {
  const collections = new Map();
  for (const entry of entries.filter(({ task }) => task === 'fc')) {
    const at = `${entry.dataset} ${entry.intervalMs}`;
    if (!collections.has(at)) collections.set(at, { name: entry.dataset, entries: [] });
    collections.get(at).entries.push(entry);
  }
  return [...collections.values()];
}

/**
 * The rows of a file on the grid of its period: of several rows in a step the last one that has a value counts, a step without a
 * row is missing.
 * @returns {{grid: object, stepOf: Int32Array, trainSteps: number}} `stepOf` leads from a row to its step in the grid
 */
export function gridOf(series) {
  const { timestamps, values, features, hasTime, trainEnd } = series;
  const periodMs = periodOf(series);
  const at = (row) => (hasTime ? Math.round(timestamps[row] / periodMs) : row);
  const start = timestamps.reduce((first, _, row) => Math.min(first, at(row)), Infinity);
  const stepOf = Int32Array.from(timestamps, (_, row) => at(row) - start);
  const last = stepOf.reduce((last, step) => Math.max(last, step), 0);
  const onGrid = new Float64Array((last + 1) * features).fill(NaN);
  stepOf.forEach((step, row) => {
    for (let f = 0; f < features; f++) {
      const value = values[row * features + f];
      if (Number.isFinite(value)) onGrid[step * features + f] = value;
    }
  });
  const trainSteps = stepOf.subarray(0, trainEnd).reduce((end, step) => Math.max(end, step + 1), 0);
  return { grid: { periodMs, start, values: onGrid, features }, stepOf, trainSteps };
}

/** The rows in their order: every feature of a forecast set as a series of its own. */
export function univariate(series) {
  const periodMs = periodOf(series);
  const start = series.hasTime ? Math.round(series.timestamps[0] / periodMs) : 0;
  return Array.from({ length: series.features }, (_, f) => ({
    ...series,
    periodMs,
    start,
    values: featureOf(series, f),
    features: 1,
  }));
}

/** A file's name without folder and endings. */
export const titleOf = (file) => basename(file).replace(/\.csv(\.gz)?$/, '');
