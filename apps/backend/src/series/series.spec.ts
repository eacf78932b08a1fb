import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, identify, judge, type Facts } from './series';

const MINUTE = 60_000;
const none: Facts = {
  periodMs: null,
  span: null,
  unmodelled: null,
  hasChampion: false,
  isScored: false,
  trainingStep: null,
  firingSinceMs: null,
  counter: null,
};
const some = { ...none, periodMs: MINUTE, span: { fromMs: 0, toMs: 39 * MINUTE } };
const many = { ...none, periodMs: MINUTE, span: { fromMs: 0, toMs: 500 * MINUTE } };

test.each<[Facts, string, string]>([
  [none, 'collecting', 'collecting: no sample has arrived yet'],
  [
    { ...some, periodMs: null },
    'collecting',
    'collecting: too few samples yet to see how far apart they come',
  ],
  [some, 'collecting', 'collecting: 40 of about 130 samples it takes to train'],
  [many, 'collecting', 'collecting: enough samples to train, the next training takes it in'],
  [{ ...many, trainingStep: 'vrnn, epoch 3 of 12' }, 'training', 'training: vrnn, epoch 3 of 12'],
  [
    { ...many, unmodelled: 'constant: all 500 samples are 0' },
    'unmodelled',
    'constant: all 500 samples are 0',
  ],
  [
    { ...many, hasChampion: true },
    'watching',
    'watching: a model of its period is there, the first score comes with its next samples',
  ],
  [
    { ...many, hasChampion: true, isScored: true, trainingStep: 'x' },
    'watching',
    'watching: every new sample is scored',
  ],
  [
    { ...many, hasChampion: true, unmodelled: 'x', firingSinceMs: Date.UTC(2026, 0, 31) },
    'firing',
    'firing: unusual since 2026-01-31 00:00:00 UTC',
  ],
])('%j is %s', (facts, state, why) => {
  expect(judge(facts)).toEqual({ state, why });
});

describe('identity', () => {
  test('is one for labels in any order, and an empty label is none', () => {
    expect(identify('a', { y: '2', x: '1', z: '' })).toEqual(identify('a', { x: '1', y: '2' }));
    expect(identify('a', { z: '' })).toEqual(identify('a'));
  });

  test('differs where the name or a label does', () => {
    const labels = fc.dictionary(fc.string(), fc.string({ minLength: 1 }), { maxKeys: 3 });
    const name = fc.stringMatching(/^[ -~]+$/);
    fc.assert(
      fc.property(name, labels, name, labels, (name1, labels1, name2, labels2) => {
        const one = identify(name1, labels1);
        const other = identify(name2, labels2);
        const isSame = one.name === other.name && JSON.stringify(one.labels) === JSON.stringify(other.labels);
        expect(one.key === other.key).toBe(isSame);
      }),
    );
  });
});

test('a search is for the text itself, wildcards and all', () => {
  expect(contains('50%_a\\b')).toBe('%50\\%\\_a\\\\b%');
});
