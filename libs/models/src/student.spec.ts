/** Oracles: known values of Γ, closed forms for ν = 1 and 2, tables, finite differences. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from './backend';
import { logDensity, mixtureQuantile } from './mixture';
import { seeded } from './noise';
import { logGamma, logStudent, student } from './student';

beforeAll(async () => void (await selectBackend('cpu')));

it.each([
  [0.1, 2.2527126517342055],
  [0.5, 0.5 * Math.log(Math.PI)],
  [1, 0],
  [1.5, -0.12078223763524522],
  [5, Math.log(24)],
  [10.3, 13.4820367861381],
  [171, 706.5730622457875],
])('log Γ(%d) = %d', (x, expected) => expect(logGamma(x)).toBeCloseTo(expected, 8));

describe("Student's t", () => {
  it('of one degree of freedom is the Cauchy distribution, of two has a closed form', () => {
    for (const y of [-30, -2, -0.1, 0, 0.7, 5, 400]) {
      expect(student(1).logDensity(y)).toBeCloseTo(-Math.log(Math.PI * (1 + y * y)), 9);
      expect(student(1).cumulative(y)).toBeCloseTo(0.5 + Math.atan(y) / Math.PI, 5);
      expect(student(2).cumulative(y)).toBeCloseTo(0.5 + y / (2 * Math.sqrt(2 + y * y)), 5);
    }
  });

  it.each([
    [3, 0.95, 2.353363],
    [3, 0.995, 5.840909],
    [10, 0.9, 1.372184],
    [4, 0.05, -2.131847],
  ])('with ν = %d has at p = %d the quantile %d of the tables', (nu, p, quantile) =>
    expect(student(nu).quantile(p)).toBeCloseTo(quantile, 3),
  );

  it('has as a tensor the density it has as a number, and the gradient that finite differences have', () => {
    const [mean, std] = [tf.tensor1d([0.3, -1]), tf.tensor1d([0.5, 2])];
    const x = tf.tensor1d([1.1, 7]);
    const total = (nu: number): number =>
      student(nu).logDensity((1.1 - 0.3) / 0.5) - Math.log(0.5) + student(nu).logDensity(8 / 2) - Math.log(2);
    const sum = (nu: tf.Tensor) => logStudent({ mean, std }, x, nu).sum<tf.Scalar>();
    expect(sum(tf.tensor1d([3.3])).dataSync()[0]).toBeCloseTo(total(3.3), 4);
    const gradient = tf
      .grad((nu) => sum(nu))(tf.tensor1d([3.3]))
      .dataSync()[0]!;
    expect(gradient).toBeCloseTo((total(3.301) - total(3.299)) / 0.002, 3);
  });

  it('mixed, integrates to one and has the quantiles of many draws', () => {
    const mixture = { means: Float32Array.of(-3, 0, 4), stds: Float32Array.of(0.5, 1, 2), freedom: 3 };
    let sum = 0;
    for (let x = -400; x < 400; x += 0.02) sum += 0.02 * Math.exp(logDensity(mixture, x));
    expect(sum).toBeCloseTo(1, 3);
    const random = seeded(3);
    const draws = Array.from({ length: 60_000 }, (_, i) => {
      return mixture.means[i % 3]! + mixture.stds[i % 3]! * student(3).quantile(random.uniform());
    }).sort((a, b) => a - b);
    for (const level of [0.05, 0.5, 0.95]) {
      expect(Math.abs(mixtureQuantile(mixture, level) - draws[Math.round(level * 60_000)]!)).toBeLessThan(
        0.12,
      );
    }
  });

  it('mixed of parts that lie close together, has the quantiles that the density says', () => {
    const random = seeded(8);
    for (let round = 0; round < 20; round++) {
      const means = random.normals(8).map((e) => 0.08 * e);
      const stds = random.normals(8).map((e) => Math.exp(0.04 * e));
      for (const level of [0.05, 0.5, 0.95]) {
        const x = mixtureQuantile({ means, stds, freedom: 4 }, level);
        const parts = Array.from(means, (mean, k) => student(4).cumulative((x - mean) / stds[k]!) / 8);
        expect(Math.abs(parts.reduce((sum, one) => sum + one) - level)).toBeLessThan(3e-4);
      }
    }
  });
});
