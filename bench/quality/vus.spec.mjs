/** VUS-PR against its definition computed the long way, and against TSB-AD's vectors where the benchmark data is. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomScores } from './baselines.mjs';
import { dataFolder } from './data.mjs';
import { segmentsOf, vusPr } from './vus.mjs';

const labelled = (drawing) => Array.from(drawing, (sign) => (sign === 'x' ? 1 : 0));
const range = (from, to) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

/** The definition, sample by sample: O(L · K · n · segments). */
function longWay(labels, scores, window, thresholds) {
  const n = labels.length;
  const core = range(0, n).filter((t) => labels[t]);
  const starts = core.filter((t) => !labels[t - 1]);
  const ends = core.filter((t) => !labels[t + 1]);
  const ranked = [...scores].sort((a, b) => b - a);
  const limits = range(0, thresholds).map((k) => ranked[Math.floor((k * (n - 1)) / (thresholds - 1) + 1e-9)]);
  const averages = range(0, window + 1).map((w) => {
    const reach = Math.floor(w / 2);
    const fades = (distance) => (distance >= 1 && distance <= reach ? Math.sqrt(1 - distance / w) : 0);
    const extension = range(0, n).map((t) =>
      labels[t]
        ? 0
        : Math.min(
            1,
            total(ends.map((end) => fades(t - end))) + total(starts.map((start) => fades(start - t))),
          ),
    );
    const reached = starts.map((start, i) =>
      range(Math.max(0, start - reach), Math.min(n, ends[i] + reach + 1)),
    );
    const merged = reached.reduce((groups, samples) => {
      const last = groups.at(-1);
      const overlaps = last && samples[0] <= last.at(-1);
      return overlaps ? [...groups.slice(0, -1), [...last, ...samples]] : [...groups, samples];
    }, []);
    let [average, before] = [0, 0];
    for (const limit of limits) {
      const isPredicted = (t) => scores[t] >= limit;
      const extended = total(range(0, n).map((t) => (isPredicted(t) ? extension[t] : 0)));
      const hits = core.filter(isPredicted).length + extended;
      const existence = merged.filter((samples) => samples.some(isPredicted)).length / merged.length;
      const recall = Math.min(hits / (core.length + extended / 2), 1) * existence;
      average += (recall - before) * (hits / range(0, n).filter(isPredicted).length);
      before = recall;
    }
    return average;
  });
  return total(averages) / averages.length;
}

describe('VUS-PR', () => {
  it.each([
    ['one segment', '......xxxx..........'],
    ['segments whose extensions meet', '...xx...x......xxx..'],
    ['a segment that an extension reaches across', '.....xxx..x.........'],
    ['segments at both ends', 'xx................xx'],
    ['labels everywhere', 'xxxxxxxxxxxxxxxxxxxx'],
    ['segments one sample apart', '....x.x.x.x.........'],
  ])('is what the definition gives for %s', (_, drawing) => {
    const labels = labelled(drawing);
    range(1, 6).forEach((seed) => {
      const scores = randomScores(labels.length, seed);
      for (const window of [0, 1, 4, 9, 30])
        expect(vusPr(labels, scores, window, { thresholds: 7 })).toBeCloseTo(
          longWay(labels, scores, window, 7),
          12,
        );
    });
  });

  it('is what the definition gives for tied scores and the usual 250 thresholds', () => {
    const labels = randomScores(300, 3).map((score) => (score > 0.93 ? 1 : 0));
    const scores = randomScores(300, 4).map((score) => Math.floor(score * 12));
    expect(vusPr(labels, scores, 10)).toBeCloseTo(longWay(labels, scores, 10, 250), 12);
  });

  it('is one for a score that is the label, without extension', () => {
    const labels = labelled('....xxx......xx.....');
    expect(vusPr(labels, labels, 0)).toBe(1);
  });

  it('is the labelled share for a constant score, without extension', () => {
    const labels = labelled('....xxx......xx.....');
    expect(vusPr(labels, new Float64Array(20), 0)).toBeCloseTo(0.25, 12);
  });

  it('takes a missing score as the lowest', () => {
    const labels = labelled('....xxx......xx.....');
    const scores = randomScores(20, 1);
    const lowest = scores.map((score, t) => (t % 5 === 0 ? -1 : score));
    const missing = scores.map((score, t) => (t % 5 === 0 ? NaN : score));
    expect(vusPr(labels, missing, 6)).toBe(vusPr(labels, lowest, 6));
  });

  it('is no number without a label', () => {
    expect(vusPr(labelled('.....'), [1, 2, 3, 4, 5], 2)).toBeNaN();
  });

  it('refuses scores of another length and a window that is no count', () => {
    expect(() => vusPr([0, 1], [1], 2)).toThrow('2 labels do not match 1 scores');
    expect(() => vusPr([0, 1], [1, 2], 2.5)).toThrow('no count of samples: 2.5');
  });

  it('finds the segments', () => {
    expect(segmentsOf(labelled('xx..x'))).toEqual([
      { from: 0, to: 1 },
      { from: 4, to: 4 },
    ]);
  });

  const vectors = join(dataFolder([], process.env), 'metric_vectors_vus.json');
  it.skipIf(!existsSync(vectors))('agrees with the reference implementation', () => {
    for (const { label, score, window, thre, vus_pr } of JSON.parse(readFileSync(vectors, 'utf8')))
      expect(vusPr(label, score, window, { thresholds: thre })).toBeCloseTo(vus_pr, 12);
  });
});
