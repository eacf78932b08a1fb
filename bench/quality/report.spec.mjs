/** Figures out of results small enough to reckon by hand, and the tables made of them. */
import { describe, expect, it } from 'vitest';
import { figure, forecastTable, table, trackSection } from './markdown.mjs';
import { collectionRows, forecastFigures, modelRows, overSeeds, overallRows, twinRows } from './report.mjs';

const vus = (value) => ({ offline: value, causal: value / 2, plain: value / 4 });
const done = (kind, name, seed, value, rest = {}) => ({
  task: { type: 'anomaly', track: 'nab', dataset: 'A', kind, name, seed, ...rest },
  result: {
    vus: value === null ? null : vus(value),
    trainSeconds: 2,
    scoreSeconds: 1,
    peakBytes: 100 * seed,
  },
});

describe('figures', () => {
  it('are means over files and deviations over seeds', () => {
    const rows = modelRows([
      done('vae', 'a', 1, 0.2),
      done('vae', 'b', 1, 0.4),
      done('vae', 'a', 2, 0.4),
      done('vae', 'b', 2, 0.6),
    ]);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ kind: 'vae', files: 2, seeds: 2, trainSeconds: 2 });
    expect(rows[0].offline.mean).toBeCloseTo(0.4, 12);
    expect(rows[0].offline.deviation).toBeCloseTo(Math.SQRT2 / 10, 12);
  });

  it('leave out a file that a seed has not measured, and one without labels', () => {
    const [row] = modelRows([
      done('vae', 'a', 1, 0.2),
      done('vae', 'b', 1, 0.9),
      done('vae', 'a', 2, 0.2),
      done('vae', 'c', 1, null),
      done('vae', 'c', 2, null),
    ]);
    expect(row.files).toBe(1);
    expect(row.offline.mean).toBeCloseTo(0.2, 12);
  });

  it('stand in the order baselines, models, fusion', () => {
    const kinds = ['vae+vrnn', 'vrnn', 'zmax', 'pca', 'random'];
    expect(modelRows(kinds.map((kind) => done(kind, 'a', 1, 0.5))).map(({ kind }) => kind)).toEqual([
      'random',
      'zmax',
      'pca',
      'vrnn',
      'vae+vrnn',
    ]);
  });

  it('weigh files, and tracks beside', () => {
    const [row] = overallRows([
      done('vae', 'a', 1, 0.1),
      done('vae', 'b', 1, 0.1),
      done('vae', 'c', 1, 0.7, { track: 'kpi' }),
    ]);
    expect(row).toMatchObject({ files: 3, tracks: 2, peakBytes: 100 });
    expect(row.offline.mean).toBeCloseTo(0.3, 12);
    expect(row.acrossTracks.offline).toBeCloseTo(0.4, 12);
  });

  it('know no deviation of one seed', () => {
    expect(overSeeds([3])).toEqual({ mean: 3, deviation: NaN });
  });

  it('are told apart by collection', () => {
    const rows = collectionRows([done('vae', 'a', 1, 0.1), done('vae', 'b', 1, 0.5, { dataset: 'B' })]);
    expect(rows.map(({ dataset, files }) => [dataset, files])).toEqual([
      ['A', 1],
      ['B', 1],
    ]);
  });
});

it('a twin is compared file by file, seed by seed, where both were measured', () => {
  const [row] = twinRows([
    done('autoencoder', 'a', 1, 0.1),
    done('vae', 'a', 1, 0.3),
    done('vae', 'a', 2, 0.1),
    done('autoencoder', 'a', 2, 0.2),
    done('vae', 'b', 1, 0.9),
  ]);
  expect(row).toMatchObject({ kind: 'vae', twin: 'autoencoder', files: 1, seeds: 2 });
  expect(row.offline.mean).toBeCloseTo(0.05, 12);
  expect(row.offline.better).toBe(0.5);
});

it('forecasts are ratios to the reference, their geometric mean over rows', () => {
  const forecast = (name, mase) => ({
    task: { type: 'forecast', track: 'forecast', kind: 'vrnn', name, seed: 1 },
    result: { rows: [{ horizon: 8, mase, wql: 1, coverage: 0.8 }] },
  });
  const reference = [{ horizon: 8, windows: 3, mase: 2, wql: 1 }];
  const references = new Map([
    ['a', reference],
    ['b', reference],
  ]);
  const { rows, summary } = forecastFigures([forecast('a', 1), forecast('b', 4)], references);
  expect(rows.map(({ kinds }) => kinds.vrnn.mase)).toEqual([[0.5], [2]]);
  expect(summary[0].mase.mean).toBeCloseTo(1, 12);
  expect(forecastTable(rows)).toContain('| a | 8 | 3 | 2.000 / 1.000 | 0.50 / 1.00 / 80 % |');
});

describe('a document', () => {
  it('says a deviation where there is one, and a dash where there is no figure', () => {
    expect(figure({ mean: 0.5344, deviation: 0.0041 })).toBe('0.534 ± 0.004');
    expect(figure({ mean: 0.5, deviation: NaN })).toBe('0.500');
    expect(figure(undefined)).toBe('–');
    expect(figure({ mean: NaN, deviation: NaN })).toBe('–');
  });

  it('has tables whose numbers stand to the right', () => {
    expect(table(['model', 'a'], [['x', 1]])).toBe('| model | a |\n| --- | --: |\n| x | 1 |');
  });

  it('puts what is published under the models of a track', () => {
    const rows = modelRows([done('vae', 'a', 1, 0.2)]);
    const published = [{ method: 'Donut (published)', value: 0.074, files: 48 }];
    const lines = trackSection({ track: 'tsb_u', rows, published, twins: [] }).split('\n');
    expect(lines.slice(-2)).toEqual([
      '| vae | 1 | 0.200 | 0.100 | 0.050 | 2.0 | 1.00 |',
      '| Donut (published) | 48 | 0.074 | – | – | – | – |',
    ]);
  });
});
