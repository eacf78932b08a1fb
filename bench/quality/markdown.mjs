/** Figures as a document. */
import { MODES } from './report.mjs';

const TITLES = {
  offline: 'offline',
  causal: 'causal',
  plain: 'causal, no memory',
};

/** 0.534 ± 0.004; without the second where there is one seed. */
export function figure({ mean, deviation } = {}, digits = 3) {
  if (mean === undefined || !Number.isFinite(mean)) return '–';
  const spread = Number.isFinite(deviation) ? ` ± ${deviation.toFixed(digits)}` : '';
  return `${mean.toFixed(digits)}${spread}`;
}

const signed = (row, digits = 3) => {
  const text = figure(row, digits);
  return row.mean > 0 ? `+${text}` : text;
};
const number = (value, digits = 3) => (Number.isFinite(value) ? value.toFixed(digits) : '–');
const percent = (value) => (Number.isFinite(value) ? `${(100 * value).toFixed(0)} %` : '–');

/** A table of Markdown; the first column is text, the others are numbers. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

const anomalyHead = (first) => [first, 'files', ...MODES.map((mode) => TITLES[mode]), 'train s', 'score s'];

const anomalyCells = (row) => [
  row.kind,
  row.files,
  ...MODES.map((mode) => figure(row[mode])),
  number(row.trainSeconds, 1),
  number(row.scoreSeconds, 2),
];

/** The rows of a track, and beside them what is published. */
export function trackSection({ track, rows, published, twins }) {
  const cells = [...rows.map(anomalyCells), ...published.map(publishedCells)];
  const parts = [`### ${track}`, table(anomalyHead('model'), cells)];
  if (twins.length > 0) parts.push(twinTable(twins));
  return parts.join('\n\n');
}

const publishedCells = ({ method, value, files }) => [method, files, number(value), '–', '–', '–', '–'];

export function twinTable(rows) {
  const head = ['difference', 'files', ...MODES.flatMap((mode) => [TITLES[mode], 'better'])];
  const cells = rows.map((row) => [
    `${row.kind} − ${row.twin}`,
    row.files,
    ...MODES.flatMap((mode) => [signed(row[mode]), percent(row[mode].better)]),
  ]);
  return table(head, cells);
}

export function overallTable(rows) {
  const head = [
    ...anomalyHead('model'),
    'tracks',
    ...MODES.map((mode) => `${TITLES[mode]}, by track`),
    'peak MB',
  ];
  const cells = rows.map((row) => [
    ...anomalyCells(row),
    row.tracks,
    ...MODES.map((mode) => number(row.acrossTracks[mode])),
    number(row.peakBytes / 2 ** 20, 0),
  ]);
  return table(head, cells);
}

/** Offline / causal of every model, a row for each collection. */
export function collectionTable(rows) {
  const kinds = [...new Set(rows.flatMap((row) => Object.keys(row.kinds)))];
  const cell = (row) => (row ? `${number(row.offline.mean)} / ${number(row.causal.mean)}` : '–');
  return table(
    ['collection', 'files', ...kinds],
    rows.map((row) => [row.dataset, row.files, ...kinds.map((kind) => cell(row.kinds[kind]))]),
  );
}

export function nabTable(rows, published) {
  const head = ['detector', 'alert score', 'causal, no memory', 'causal'];
  const own = rows.map(({ kind, alert, plain, causal }) => [
    kind,
    ...[alert, plain, causal].map((one) => figure(one, 1)),
  ]);
  const others = published.map(({ detector, score }) => [
    `${detector} (published)`,
    number(score, 1),
    '–',
    '–',
  ]);
  return table(head, [...own, ...others]);
}

export function forecastSummary(summary, published) {
  const head = ['model', 'rows', 'MASE ratio', 'wQL ratio', 'in the 80 % band'];
  const own = summary.map(({ kind, rows, mase, wql, coverage }) => [
    kind,
    rows,
    figure(mase),
    figure(wql),
    figure(coverage),
  ]);
  const others = published.map(({ method, rows, mase, wql }) => [
    `${method} (baseline)`,
    rows,
    number(mase),
    number(wql),
    '–',
  ]);
  return table(head, [...own, ...others]);
}

export function forecastTable(rows) {
  const kinds = [...new Set(rows.flatMap((row) => Object.keys(row.kinds)))];
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const cell = (row) =>
    row ? `${number(mean(row.mase), 2)} / ${number(mean(row.wql), 2)} / ${percent(mean(row.coverage))}` : '–';
  const reference = 'seasonal naive (reference): MASE / wQL';
  return table(
    ['collection', 'horizon', 'windows', reference, ...kinds],
    rows.map(({ name, reference: { horizon, windows, mase, wql }, kinds: own }) => [
      name,
      horizon,
      windows,
      `${number(mase)} / ${number(wql)}`,
      ...kinds.map((kind) => cell(own[kind])),
    ]),
  );
}

/** The whole document. */
export function document({ about, tracks, overall, twins, collections, nab, forecasts, skipped }) {
  const parts = [
    '# Quality',
    about.join('\n'),
    `VUS-PR, mean over files ± standard deviation over seeds. *Offline*: a sample is judged with what came after it. *Causal*: from its
past alone, through a leaky memory over half a season; *no memory*: that score as it is. Published figures stand under offline.
\`better\` is the share of files and seeds where the difference is above 0.`,
  ];
  if (overall.length > 0) parts.push('## All anomaly tracks', overallTable(overall));
  if (twins.length > 0) parts.push(twinTable(twins));
  if (tracks.length > 0) parts.push('## Tracks', ...tracks.map(trackSection));
  for (const { track, rows } of collections)
    parts.push(`## Collections of ${track}: offline / causal`, collectionTable(rows));
  if (nab) parts.push('## NAB, standard profile', nabTable(nab.rows, nab.published));
  if (forecasts) {
    const note =
      'Ratios to a Gaussian seasonal naive, geometric mean over rows (a row is a collection and a horizon).';
    parts.push('## Forecasts', note, forecastSummary(forecasts.summary, forecasts.published));
    parts.push('MASE ratio / wQL ratio / share in the 80 % band:', forecastTable(forecasts.rows));
  }
  parts.push('## Left out', skipped.length > 0 ? skipped.map((one) => `- ${one}`).join('\n') : 'Nothing.');
  return `${parts.join('\n\n')}\n`;
}
