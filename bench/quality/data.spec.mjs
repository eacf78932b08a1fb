/** Reading a small collection, and the scores that need no model. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { randomScores, zScores } from './baselines.mjs';
import {
  dataFolder,
  featureOf,
  readManifest,
  readSeries,
  readTable,
  rowsBetween,
  whyAbsent,
} from './data.mjs';

const folder = mkdtempSync(join(tmpdir(), 'bellwether-quality-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const columns =
  'file,task,dataset,rows,train_end,interval_s,timestamp_kind,season,horizon,vus_window,license,redistribute,notes';
writeFileSync(
  join(folder, 'manifest.csv'),
  [
    columns,
    'a.csv,ad_u,A,3,1,300.0,iso,,,6.0,MIT,yes,"one, two ""three"""',
    'kpi/b.csv.gz,ad_m,B,2,1,,index,,,125.0,MIT,yes,',
    'forecast/c.csv,fc,ETTh1,17420,11520,3600,iso,24.0,24;96,,none stated,no,',
  ].join('\n'),
);
writeFileSync(
  join(folder, 'a.csv'),
  'timestamp,value,label\n2026-01-01T00:00:00,1.5,0\n2026-01-01 00:05:00,,1\n2026-01-01T00:10:00,nan,0\n',
);
writeFileSync(join(folder, 'b.csv.gz'), gzipSync('timestamp,v1,v2,label\n0,1,2,0\n1,3,4,1\n'));

describe('the folder', () => {
  it.each([
    [['--data', '/x'], '/x'],
    [['--data=/x'], '/x'],
    [[], '/y'],
  ])('is named by %j or the environment', (args, expected) => {
    expect(dataFolder(args, { BENCH_DATA: '/y' })).toBe(expected);
  });

  it('says in one line that it is absent', () => {
    expect(whyAbsent(folder)).toBeUndefined();
    expect(whyAbsent(join(folder, 'none'))).toMatch(/^skipped: [^\n]+$/);
  });
});

describe('a manifest', () => {
  const [a, b, c] = readManifest(folder);

  it('says how a file is read', () => {
    expect(a).toMatchObject({ trainEnd: 1, intervalMs: 300_000, hasTime: true, vusWindow: 6, horizons: [] });
    expect(b).toMatchObject({ track: 'kpi', scoredFrom: 1, intervalMs: NaN, hasTime: false });
    expect(c).toMatchObject({ season: 24, horizons: [24, 96], testEnd: 14_400, vusWindow: NaN });
  });

  it('is a table with quotes and empty cells', () => {
    expect(readTable(join(folder, 'manifest.csv'))[0]).toMatchObject({
      notes: 'one, two "three"',
      season: '',
    });
    writeFileSync(join(folder, 'table.csv'), 'a,b,c\n,2,\n');
    expect(readTable(join(folder, 'table.csv'))).toEqual([{ a: '', b: '2', c: '' }]);
  });

  it('leads to the samples, missing ones as NaN', () => {
    const series = readSeries(folder, a);
    expect([...series.values]).toEqual([1.5, NaN, NaN]);
    expect([...series.labels]).toEqual([0, 1, 0]);
    expect([...series.timestamps]).toEqual([0, 300_000, 600_000].map((ms) => Date.UTC(2026, 0, 1) + ms));
  });

  it('leads to the samples of several features, row by row', () => {
    const series = readSeries(folder, { ...b, file: 'b.csv.gz' });
    expect(series).toMatchObject({ features: 2, names: ['v1', 'v2'] });
    expect([...series.values]).toEqual([1, 2, 3, 4]);
    expect([...featureOf(series, 1)]).toEqual([2, 4]);
    expect([...rowsBetween(series, 1, 2)]).toEqual([3, 4]);
  });
});

describe('scores without a model', () => {
  it('are standard deviations from the training part, averaged over the features', () => {
    const values = Float64Array.of(1, 5, 3, 5, 2, 5, 4, 5.5, NaN, 7, 1000, NaN, NaN, NaN);
    const scores = zScores({ values, features: 2, trainEnd: 2 });
    expect([...scores]).toEqual([0.5, 0.5, 0, 1.25, 2, 50, NaN]);
  });

  it('are the same random ones for the same seed', () => {
    expect(randomScores(5, 1)).toEqual(randomScores(5, 1));
    expect(randomScores(5, 1)).not.toEqual(randomScores(5, 2));
    const mean = randomScores(10_000, 1).reduce((sum, score) => sum + score, 0) / 10_000;
    expect(mean).toBeCloseTo(0.5, 1);
  });
});
