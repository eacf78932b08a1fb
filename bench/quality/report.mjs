/**
 * From results to figures: means over files, standard deviations over seeds. A file counts for a model where all seeds have
 * measured it, so that a run that is not complete compares like with like.
 *
 * @typedef {{task: {type: string, track: string, name: string, dataset: string, kind: string, seed: number}, result: object}} Done
 * @typedef {{mean: number, deviation: number}} Figure `deviation` is NaN for a single seed
 */

/** How a sample was judged: with what came after it, from its past through a memory, from its past alone. */
export const MODES = ['offline', 'causal', 'plain'];
/** Rows that no model makes are last. */
const ORDER = [
  ...['random', 'zmax', 'seasonal-naive', 'pca', 'autoencoder', 'vae', 'rnn', 'vrnn', 'vae+vrnn'],
];
/** A model and the same without its latent variable. */
export const TWINS = [
  ['vae', 'autoencoder'],
  ['vrnn', 'rnn'],
];

const groupBy = (items, by) => {
  const groups = new Map();
  for (const item of items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
  return groups;
};

const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** @returns {Figure} of one value for each seed */
export function overSeeds(values) {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : NaN };
}

const kindsOf = (done) =>
  [...new Set(done.map(({ task }) => task.kind))].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));

const seedsOf = (done) => [...new Set(done.map(({ task }) => task.seed))].sort((a, b) => a - b);

/** Only what every seed of a kind has measured. */
function complete(done) {
  const count = seedsOf(done).length;
  const groups = groupBy(done, ({ task }) => `${task.track} ${task.name}`);
  return [...groups.values()].filter((group) => group.length === count).flat();
}

/**
 * The rows of a table: one for each model and baseline, over the files that have labels.
 * @param {Done[]} done
 */
export function modelRows(done) {
  return kindsOf(done).map((kind) => rowOf(kind, complete(done.filter(({ task }) => task.kind === kind))));
}

function rowOf(kind, done) {
  const judged = done.filter(({ result }) => result.vus);
  const bySeed = [...groupBy(judged, ({ task }) => task.seed).values()];
  const figure = (mode) =>
    overSeeds(bySeed.map((seed) => meanOf(seed.map(({ result }) => result.vus[mode]))));
  const seconds = (key) => meanOf(done.map(({ result }) => result[key]).filter(Number.isFinite));
  return {
    kind,
    files: bySeed[0]?.length ?? 0,
    seeds: bySeed.length,
    ...Object.fromEntries(MODES.map((mode) => [mode, figure(mode)])),
    ...{ trainSeconds: seconds('trainSeconds'), reviewSeconds: seconds('reviewSeconds') },
    scoreSeconds: seconds('scoreSeconds'),
  };
}

/** Rows over everything: the mean over all files, and the mean over tracks, whose sizes differ. */
export function overallRows(done) {
  return kindsOf(done).map((kind) => {
    const own = complete(done.filter(({ task }) => task.kind === kind));
    const judged = own.filter(({ result }) => result.vus);
    const tracks = [...groupBy(judged, ({ task }) => task.track).values()].map((track) => rowOf(kind, track));
    const acrossTracks = Object.fromEntries(
      MODES.map((mode) => [mode, meanOf(tracks.map((row) => row[mode].mean))]),
    );
    const peakBytes = Math.max(...own.map(({ result }) => result.peakBytes));
    return { ...rowOf(kind, own), tracks: tracks.length, acrossTracks, peakBytes };
  });
}

/** For each twin pair: what the latent variable adds, file by file, seed by seed. */
export function twinRows(done) {
  return TWINS.flatMap(([kind, twin]) => {
    const pairs = pairsOf(done, kind, twin);
    if (pairs.length === 0) return [];
    const bySeed = [...groupBy(pairs, ({ task }) => task.seed).values()];
    const files = bySeed[0].length;
    const figures = MODES.map((mode) => {
      const difference = overSeeds(bySeed.map((seed) => meanOf(seed.map((pair) => pair[mode]))));
      const better = pairs.filter((pair) => pair[mode] > 0).length / pairs.length;
      return [mode, { ...difference, better }];
    });
    return [{ kind, twin, files, seeds: bySeed.length, ...Object.fromEntries(figures) }];
  });
}

/** Per file and seed what the first has more than its twin. */
function pairsOf(done, kind, twin) {
  const both = done.filter(({ task, result }) => result.vus && [kind, twin].includes(task.kind));
  const groups = groupBy(both, ({ task }) => `${task.track} ${task.name} ${task.seed}`).values();
  const pairs = [...groups].filter((pair) => pair.length === 2);
  return complete(
    pairs.map((pair) => differenceOf(...(pair[0].task.kind === kind ? pair : pair.toReversed()))),
  );
}

const differenceOf = (one, other) => ({
  task: one.task,
  ...Object.fromEntries(MODES.map((mode) => [mode, one.result.vus[mode] - other.result.vus[mode]])),
});

/** [{ dataset, files, kinds: { [kind]: row } }] */
export function collectionRows(done) {
  return [...groupBy(done, ({ task }) => task.dataset)].map(([dataset, own]) => {
    const rows = modelRows(own);
    const files = Math.max(...rows.map((row) => row.files));
    return { dataset, files, kinds: Object.fromEntries(rows.map((row) => [row.kind, row])) };
  });
}

/**
 * Forecasts: a row for each collection and horizon, ratios to the reference, and geometric means over the rows.
 * @param {Done[]} done
 * @param {Map<string, {horizon: number, mase: number, wql: number}[]>} references by collection
 */
export function forecastFigures(done, references) {
  const kinds = kindsOf(done);
  const rows = [...references].flatMap(([name, all]) =>
    all.map((reference) => {
      const own = kinds.map((kind) => [kind, forecastRow(done, { kind, name, reference })]);
      return { name, reference, kinds: Object.fromEntries(own.filter(([, row]) => row)) };
    }),
  );
  const summary = kinds.map((kind) => summaryOf(kind, rows));
  return { rows, summary };
}

function forecastRow(done, { kind, name, reference }) {
  const own = complete(done.filter(({ task }) => task.kind === kind)).filter(
    ({ task }) => task.name === name,
  );
  if (own.length === 0) return undefined;
  const rows = own
    .toSorted((a, b) => a.task.seed - b.task.seed)
    .map(({ result }) => result.rows.find(({ horizon }) => horizon === reference.horizon));
  return {
    mase: rows.map((row) => row.mase / reference.mase),
    wql: rows.map((row) => row.wql / reference.wql),
    coverage: rows.map((row) => row.coverage),
  };
}

/** Geometric means over rows, one for each seed. */
function summaryOf(kind, rows) {
  const own = rows.map((row) => row.kinds[kind]).filter(Boolean);
  const seeds = Array.from({ length: own[0]?.mase.length ?? 0 }, (_, i) => i);
  const geometric = (key) => seeds.map((i) => Math.exp(meanOf(own.map((row) => Math.log(row[key][i])))));
  const coverage = seeds.map((i) => meanOf(own.map((row) => row.coverage[i])));
  return {
    kind,
    rows: own.length,
    mase: overSeeds(geometric('mase')),
    wql: overSeeds(geometric('wql')),
    coverage: overSeeds(coverage),
  };
}
