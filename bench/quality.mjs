/**
 * How good Bellwether is, on public data with labels: every anomaly track by VUS-PR, NAB by its own score, forecasts by MASE and wQL;
 * each kind of model with its default config, against baselines and what is published.
 *
 *   npm run bench -- quality [--data DIR] [--tracks tsb_u,nab,…] [--models vae,vrnn,…] [--seeds 3] [--limit N] [--only TEXT]
 *                            [--jobs 2] [--out DIR] [--fresh] [--report] [--library NAME]
 *
 * `--limit` takes at most N files of a track, `--only` those whose names hold TEXT. What is measured is kept in the out folder
 * (bench/results/quality), so that an interrupted run goes on where it stopped; `--fresh` forgets it, `--report` only writes the
 * report of what is there. A result is kept for the build of the library that it was measured with; `--library` names the build
 * instead, to keep results over changes that cannot matter. A training sees the rows before `trainEnd` and no labels; labels are
 * seen by the metrics alone.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { commit, machine } from '../tools/machine.mjs';
import { libraryVersion, openCache, scoresIn } from './quality/cache.mjs';
import { checkMetrics } from './quality/check.mjs';
import { dataFolder, readManifest, readSeries, whyAbsent } from './quality/data.mjs';
import { KINDS } from './quality/kinds.mjs';
import { document } from './quality/markdown.mjs';
import { kept, referenceRows } from './quality/measure.mjs';
import { nabScore } from './quality/nab.mjs';
import { work } from './quality/pool.mjs';
import { publishedForecasts, publishedNab, publishedVus } from './quality/published.mjs';
import {
  collectionRows,
  forecastFigures,
  modelRows,
  overSeeds,
  overallRows,
  twinRows,
} from './quality/report.mjs';
import { FUSION, fusions, planned, scoreFile, secondsOf } from './quality/tasks.mjs';
import { FORECAST, TRACKS, collectionsOf, titleOf } from './quality/tracks.mjs';

const require = createRequire(import.meta.url);
const LIBRARY = 'libs/models';
/** Tracks whose collections differ enough to be told apart. */
const MIXED_TRACKS = ['tsb_u', 'tsb_m'];

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    tracks: { type: 'string', default: TRACKS.join(',') },
    models: { type: 'string', default: KINDS.join(',') },
    seeds: { type: 'string', default: '3' },
    limit: { type: 'string', default: 'Infinity' },
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    out: { type: 'string', default: 'bench/results/quality' },
    fresh: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    library: { type: 'string' },
  },
});

async function main() {
  const folder = dataFolder(options.data ? ['--data', options.data] : [], process.env);
  const absent = whyAbsent(folder);
  if (absent) return console.log(absent);
  const tracks = chosen('track', options.tracks, TRACKS);
  const wanted = chosen('model', options.models, KINDS);
  const seeds = Array.from({ length: count('seeds') }, (_, i) => i + 1);
  const [limit, jobs] = [count('limit'), count('jobs')];
  checkMetrics(folder);

  const models = require(`../${LIBRARY}/dist/index.js`);
  const backend = await models.selectBackend(process.env.COMPUTE || undefined);
  console.log(`computes on ${backend.why}`);
  const entries = readManifest(folder);
  const skipped = [];
  const library = options.library ?? libraryVersion(LIBRARY);
  const build = `${library} ${backend.name}`;
  const kinds = KINDS.filter((kind) => wanted.includes(kind));
  const plan = { tracks, kinds, seeds, limit, models };
  const tasks = planned(entries, { ...plan, only: options.only, build });
  const out = resolve(options.out);
  const cache = openCache(out, { isFresh: options.fresh });
  const args = [folder, scoresIn(out), backend.name];
  const done = await measured([tasks, fusions(tasks, build)], { cache, jobs, args, skipped });

  const about = [
    `- ${new Date().toISOString()}, commit ${commit()}, library ${build}`,
    `- ${machine()}`,
    `- seeds ${seeds.join(', ')}; ${jobs} ${jobs === 1 ? 'job' : 'jobs'} side by side; times are of one of them`,
    `- ${limit < Infinity || options.only ? 'a part of the files' : 'all files'} of ${tracks.join(', ')}; models ${wanted.join(', ')}`,
  ];
  const figures = figuresOf(done, { folder, entries, tracks, seeds, models, out, skipped });
  const report = { about, ...figures, skipped };
  mkdirSync(out, { recursive: true });
  const results = { ...report, measured: done.map(recordOf) };
  writeFileSync(join(out, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(join(out, 'results.md'), document(report));
  console.log(
    `\n${document(report)}\nwritten: ${relative(process.cwd(), join(out, 'results.md'))} and results.json`,
  );
}

function chosen(word, said, known) {
  const names = said.split(',').filter(Boolean);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown) throw new Error(`There is no ${word} '${unknown}'. There is: ${known.join(', ')}.`);
  return names;
}

function count(name) {
  const value = Number(options[name]);
  if (!(value >= 1)) throw new Error(`--${name} is a number of at least 1, not '${options[name]}'`);
  return value;
}

/** Does one batch of tasks after the other; what failed is named in `skipped`. */
async function measured(batches, { cache, jobs, args, skipped }) {
  const done = [];
  for (const tasks of batches) {
    const waiting = tasks.filter((task) => !cache.find(task) && isReady(task, batches[0], cache));
    const progress = progressOf(waiting, tasks.length);
    const onDone = (task, { result, error }) => {
      cache.add({ key: task.key, ...recordOf({ task, result }), error });
      if (error) skipped.push(`${task.kind} on ${task.name}, seed ${task.seed}: ${error}`);
      console.log(progress(task, result, error));
    };
    if (!options.report) await work(waiting, { jobs, args, onDone });
    const found = tasks.map((task) => ({ task, result: cache.find(task)?.result }));
    done.push(...found.filter(({ result }) => result));
  }
  if (options.report)
    skipped.push(`${batches[0].filter((task) => !cache.find(task)).length} tasks not measured yet`);
  return done;
}

/** Scores can be fused once they are there. */
const isReady = ({ of = [] }, tasks, cache) =>
  of.every((key) => cache.find(tasks.find((task) => task.key === key)));

const recordOf = ({ task, result }) => {
  const { type, track, name, dataset, kind, seed } = task;
  return { task: { type, track, name, dataset, kind, seed }, result };
};

function progressOf(waiting, all) {
  const begun = performance.now();
  const total = waiting.reduce((sum, task) => sum + secondsOf(task), 0);
  const known = all - waiting.length;
  if (known > 0) console.log(`${known} of ${all} tasks were measured before`);
  let [finished, seconds] = [0, 0];
  return (task, result, error) => {
    finished += 1;
    seconds += secondsOf(task);
    const gone = (performance.now() - begun) / 60_000;
    const left = (gone / seconds) * (total - seconds);
    const said = error ? `failed: ${error}` : inWords(result);
    const times = `${gone.toFixed(1)} min gone, about ${left.toFixed(0)} min to go`;
    return `[${finished}/${waiting.length}] ${task.kind} ${task.track}/${titleOf(task.name)} seed ${task.seed}: ${said}; ${times}`;
  };
}

function inWords({ vus, rows, trainSeconds, scoreSeconds }) {
  const times = [
    trainSeconds === undefined ? '' : `, trained in ${trainSeconds.toFixed(1)} s`,
    scoreSeconds === undefined ? '' : `, scored in ${scoreSeconds.toFixed(1)} s`,
  ].join('');
  if (rows)
    return `${rows.map(({ horizon, mase }) => `MASE ${mase.toFixed(3)} at ${horizon}`).join(', ')}${times}`;
  if (!vus) return `no labelled sample is scored${times}`;
  const { offline, causal, plain } = vus;
  return `offline ${offline.toFixed(3)}, causal ${causal.toFixed(3)} (${plain.toFixed(3)} without memory)${times}`;
}

/** Everything that the report says, out of what is done. */
function figuresOf(done, context) {
  const { folder, tracks, skipped } = context;
  const anomalies = done.filter(({ task }) => task.type !== 'forecast');
  const measuredTracks = tracks.filter((track) => anomalies.some(({ task }) => task.track === track));
  const ofTrack = (track) => anomalies.filter(({ task }) => task.track === track);
  const unlabelled = new Set(anomalies.filter(({ result }) => !result.vus).map(({ task }) => task.name));
  for (const name of unlabelled) skipped.push(`${name} in VUS-PR: no labelled sample is scored`);
  return {
    overall: overallRows(anomalies),
    twins: twinRows(anomalies),
    tracks: measuredTracks.map((track) => {
      const own = ofTrack(track);
      const labelled = own.filter(({ result }) => result.vus);
      const files = [...new Set(labelled.map(({ task }) => task.name))];
      const datasets = [...new Set(labelled.map(({ task }) => task.dataset))];
      const published = publishedVus(folder, track, { files, datasets });
      return { track, rows: modelRows(own), published, twins: twinRows(own) };
    }),
    collections: MIXED_TRACKS.filter((track) => measuredTracks.includes(track)).map((track) => ({
      track,
      rows: collectionRows(ofTrack(track)),
    })),
    nab: measuredTracks.includes('nab') ? nabFigures(ofTrack('nab'), context) : undefined,
    forecasts: tracks.includes(FORECAST) ? forecasts(done, context) : undefined,
  };
}

/** NAB's score has one threshold for all files: it needs the scores of all of them. */
function nabFigures(done, { folder, entries, seeds, models, out, skipped }) {
  const files = entries.filter(({ track }) => track === 'nab');
  const labels = new Map(files.map((entry) => [entry.file, readSeries(folder, entry).labels]));
  const kinds = KINDS.filter((kind) => done.some(({ task }) => task.kind === kind));
  const measuredFiles = files.filter(({ file }) => done.some(({ task }) => task.name === file));
  if (measuredFiles.length < files.length)
    skipped.push(`the published NAB scores are of ${files.length} files, ours of ${measuredFiles.length}`);
  if (!models.noveltyScores) skipped.push('the alert score on NAB: this build has none');
  skipped.push(`${FUSION} on NAB: ranks within a file have no threshold for all files`);

  const rows = kinds.map((kind) => {
    const bySeed = seeds.flatMap((seed) => {
      const own = done.filter(
        ({ task }) => task.type === 'anomaly' && task.kind === kind && task.seed === seed,
      );
      if (own.length < measuredFiles.length) {
        skipped.push(`${kind} on NAB with seed ${seed}: only ${own.length} of ${measuredFiles.length} files`);
        return [];
      }
      return [own.map(({ task }) => ({ task, scores: scoresOf(task) }))];
    });
    const scored = (name) =>
      overSeeds(bySeed.map((all) => nabScore(all.map((one) => nabFile(one, name))).score));
    const hasAlert = bySeed.flat().every(({ scores }) => scores.alert);
    const row = { kind, seeds: bySeed.length, plain: scored('plain'), causal: scored('causal') };
    return hasAlert ? { ...row, alert: scored('alert') } : row;
  });
  const windows = nabScore(
    files.map(({ file, trainEnd }) => ({
      labels: labels.get(file),
      scores: labels.get(file).map(() => 0),
      trainEnd,
    })),
  ).windows;
  return { rows, published: publishedNab(folder, windows) };

  function scoresOf({ key, name }) {
    return kept(join(scoresIn(out), scoreFile(key)), labels.get(name).length);
  }

  function nabFile({ task, scores }, name) {
    const { trainEnd } = task.entries[0];
    return { labels: labels.get(task.name), scores: scores[name], trainEnd };
  }
}

function forecasts(done, { folder, entries }) {
  const own = done.filter(({ task }) => task.type === 'forecast');
  if (own.length === 0) return undefined;
  const names = new Set(own.map(({ task }) => task.name));
  const collections = collectionsOf(entries).filter(({ name }) => names.has(name));
  const references = new Map(collections.map(({ name, entries: all }) => [name, referenceRows(folder, all)]));
  const { rows, summary } = forecastFigures(own, references);
  return { rows, summary, published: publishedForecasts(folder, rows) };
}

await main();
