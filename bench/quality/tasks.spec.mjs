/** Which work is planned, in which order, and under which keys. */
import { describe, expect, it } from 'vitest';
import { fusions, keepsScores, planned } from './tasks.mjs';

const models = {
  defaultConfig: (kind, periodMs, features) => ({ kind, periodMs, features, cycles: ['day'] }),
};
const entry = (file, rest = {}) => ({
  file,
  track: file.split('/')[0],
  task: 'ad_u',
  dataset: 'A',
  rows: 1000,
  channels: 1,
  hasTime: true,
  intervalMs: 60_000,
  ...rest,
});
const entries = [
  entry('nab/small'),
  entry('nab/big', { rows: 9000 }),
  entry('smd/wide', { channels: 38, task: 'ad_m' }),
  entry('forecast/a', { task: 'fc', dataset: 'tourism', season: 4, horizons: [8] }),
  entry('forecast/b', { task: 'fc', dataset: 'tourism', season: 4, horizons: [8] }),
];
const all = {
  tracks: ['nab', 'smd', 'forecast'],
  kinds: ['vae', 'vrnn'],
  seeds: [1, 2],
  models,
  build: 'b1',
};
const plan = (change = {}) => planned(entries, { ...all, ...change });
const names = (tasks) => tasks.map(({ kind, name, seed }) => `${kind} ${name} ${seed}`);

describe('a plan', () => {
  it('finishes a seed before the next, slow kinds first, the biggest of each first', () => {
    expect(names(plan({ tracks: ['nab', 'forecast'] })).slice(0, 5)).toEqual([
      'vrnn nab/big 1',
      'vrnn tourism 1',
      'vrnn nab/small 1',
      'vae nab/big 1',
      'vae nab/small 1',
    ]);
  });

  it('asks zmax once and random with every seed', () => {
    const baselines = plan({ tracks: ['nab'], limit: 1 }).filter(({ type }) => type === 'baseline');
    expect(names(baselines).sort()).toEqual(['random nab/small 1', 'random nab/small 2', 'zmax nab/small 1']);
  });

  it('makes one network of a collection, told its season', () => {
    const [task, ...rest] = plan({ seeds: [1] }).filter(({ type }) => type === 'forecast');
    expect(rest).toEqual([]);
    expect(task).toMatchObject({ kind: 'vrnn', name: 'tourism', config: { season: 4, features: 1 } });
    expect(task.entries).toHaveLength(2);
  });

  it('takes at most so many files of a track, and only those asked for', () => {
    expect(plan({ tracks: ['nab'], limit: 1 }).every(({ name }) => name === 'nab/small')).toBe(true);
    expect(plan({ tracks: ['nab'], only: 'big' }).every(({ name }) => name === 'nab/big')).toBe(true);
  });
});

describe('a key', () => {
  const keyOf = (change, seeds = [1]) => {
    const tasks = planned(entries, { ...all, tracks: ['nab'], seeds, ...change });
    return tasks.find(({ kind, name, seed }) => kind === 'vae' && name === 'nab/big' && seed === seeds.at(-1))
      .key;
  };
  const usual = keyOf({});

  it('is the same for the same work', () => {
    expect(keyOf({ limit: 2 })).toBe(usual);
  });

  it.each([
    ['seed', {}, [1, 2]],
    ['build', { build: 'b2' }],
    ['config', { models: { defaultConfig: (...of) => ({ ...models.defaultConfig(...of), hidden: 8 }) } }],
  ])('changes with the %s', (_, change, seeds) => {
    expect(keyOf(change, seeds)).not.toBe(usual);
  });

  it('of a baseline knows no build', () => {
    const zmax = (build) => plan({ build, tracks: ['nab'] }).find(({ kind }) => kind === 'zmax').key;
    expect(zmax('b1')).toBe(zmax('b2'));
  });
});

it('fuses what both models score, and keeps the scores for it', () => {
  const tasks = plan({ tracks: ['nab'], seeds: [1] });
  const fused = fusions(tasks, 'b1');
  expect(names(fused)).toEqual(['vae+vrnn nab/big 1', 'vae+vrnn nab/small 1']);
  const parts = fused[0].of.map((key) => tasks.find((task) => task.key === key));
  expect(names(parts)).toEqual(['vae nab/big 1', 'vrnn nab/big 1']);
  expect(parts.every(keepsScores)).toBe(true);
});
