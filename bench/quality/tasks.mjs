/**
 * What there is to measure, one piece of work at a time: a file or a collection, a kind of model, a seed. A piece has a key that
 * says all its result depends on, so that a result can be kept and found again.
 */
import { createHash } from 'node:crypto';
import { FORECASTERS } from './kinds.mjs';
import { ANOMALY_TRACKS, FORECAST, collectionsOf, configOf } from './tracks.mjs';

/** Raised when the runner measures something differently. */
const PROTOCOL = 1;

export const BASELINES = ['random', 'zmax'];
/** The models whose scores are fused. */
export const FUSED = ['vae', 'vrnn'];
export const FUSION = FUSED.join('+');

/**
 * @typedef {object} Task
 * @property {'baseline'|'anomaly'|'fusion'|'forecast'} type
 * @property {string} track
 * @property {string} name the file, or the collection
 * @property {string} dataset
 * @property {string} kind model or baseline
 * @property {number} seed
 * @property {object[]} entries of the manifest, those of a collection together
 * @property {object} [config] of the model
 * @property {string} key
 * @property {string[]} [of] keys of the tasks whose scores are fused
 */

/**
 * The work in the order in which it is done: a seed after the other, so that an early report has whole rows; in a seed a kind after
 * the other, the slowest first, since a process works on one kind; of a kind the biggest first.
 * @param {object[]} entries of the manifest
 * @param {{tracks: string[], kinds: string[], seeds: number[], limit?: number, only?: string, models: object, build: string}} options
 * @returns {Task[]}
 */
export function planned(entries, options) {
  const { tracks, kinds, seeds } = options;
  const files = filesOf(entries, options);
  const tasks = seeds.flatMap((seed) => {
    const anomalies = kinds.flatMap((kind) => anomalyTasks(files, kind, seed, options));
    const forecasters = tracks.includes(FORECAST) ? kinds.filter((kind) => FORECASTERS.includes(kind)) : [];
    const forecasts = forecasters.flatMap((kind) => forecastTasks(entries, kind, seed, options));
    return [...anomalies, ...forecasts, ...baselineTasks(files, seed, options)];
  });
  const slowest = [...kinds.toReversed(), ...BASELINES];
  const order = (task) => [task.seed, slowest.indexOf(task.kind), -secondsOf(task)];
  return tasks.sort((a, b) => compared(order(a), order(b)));
}

/** What can be fused of these tasks. */
export function fusions(tasks, build) {
  const at = ({ name, seed }) => `${name} ${seed}`;
  const [first, second] = FUSED.map((kind) =>
    tasks.filter((task) => task.type === 'anomaly' && task.kind === kind),
  );
  const partners = new Map(second.map((task) => [at(task), task]));
  return first.flatMap((task) => {
    const partner = partners.get(at(task));
    if (!partner) return [];
    const of = [task.key, partner.key];
    return [withKey({ ...task, type: 'fusion', kind: FUSION, config: undefined, of }, build)];
  });
}

/** At most `limit` files of a track whose names hold `only`. */
function filesOf(entries, { tracks, limit = Infinity, only = '' }) {
  return ANOMALY_TRACKS.filter((track) => tracks.includes(track)).flatMap((track) =>
    entries.filter((entry) => entry.track === track && entry.file.includes(only)).slice(0, limit),
  );
}

const taskOf = (entry, rest) => ({
  track: entry.track,
  name: entry.file,
  dataset: entry.dataset,
  entries: [entry],
  ...rest,
});

const anomalyTasks = (files, kind, seed, { models, build }) =>
  files.map((entry) => {
    const config = configOf(models, kind, entry);
    return withKey(taskOf(entry, { type: 'anomaly', kind, seed, config }), build);
  });

const baselineTasks = (files, seed, { seeds, build }) =>
  BASELINES.filter((kind) => kind === 'random' || seed === seeds[0]).flatMap((kind) =>
    files.map((entry) => withKey(taskOf(entry, { type: 'baseline', kind, seed }), build)),
  );

function forecastTasks(entries, kind, seed, { limit = Infinity, only = '', models, build }) {
  const collections = collectionsOf(entries).filter(({ name }) => `${FORECAST}/${name}`.includes(only));
  return collections.slice(0, limit).map(({ name, entries }) => {
    const [first] = entries;
    const config = { ...configOf(models, kind, { ...first, channels: 1 }), season: first.season };
    const task = { type: 'forecast', track: FORECAST, name, dataset: name, kind, seed, entries, config };
    return withKey(task, build);
  });
}

/** `build` names the library and the compute backend; baselines know neither. */
function withKey(task, build) {
  const { type, kind, seed, entries, config, of } = task;
  const depends = {
    PROTOCOL,
    type,
    kind,
    seed,
    entries,
    config,
    of,
    build: type === 'baseline' ? null : build,
  };
  const hash = createHash('sha256').update(JSON.stringify(depends)).digest('hex').slice(0, 20);
  return { ...task, key: `${task.kind} ${task.name} ${seed} ${hash}` };
}

/** The name of the file that keeps the scores of a task. */
export const scoreFile = (key) => `${key.split(' ').at(-1)}.f32`;

/** Whether the scores of a task are needed again once they are judged: to be fused, and for NAB's one threshold for all. */
export const keepsScores = ({ type, kind, track }) =>
  type === 'anomaly' && (FUSED.includes(kind) || track === 'nab');

/** Seconds for a training and for a thousand rows of one feature, on a small machine: for the order of the work and the time left. */
const SECONDS = {
  vrnn: { training: 19, thousand: 1 },
  rnn: { training: 9, thousand: 0.3 },
  vae: { training: 6, thousand: 0.1 },
  autoencoder: { training: 5, thousand: 0.1 },
  pca: { training: 0.3, thousand: 0.05 },
  'seasonal-naive': { training: 0.1, thousand: 0.01 },
};
/** Features that cost as much again as the first. */
const DOUBLING = 15;

export function secondsOf({ kind, entries: [entry, ...more] }) {
  const rows = [entry, ...more].reduce((sum, one) => sum + one.rows, 0);
  const { training, thousand } = SECONDS[kind] ?? { training: 0, thousand: 0.002 };
  const width = 1 + (entry.channels - 1) / DOUBLING;
  return width * (training + (thousand * rows) / 1000);
}

function compared(a, b) {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : a[at] - b[at];
}
