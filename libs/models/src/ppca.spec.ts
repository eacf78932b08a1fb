/** Probabilistic PCA against what is known of it: the exact likelihood, the exact conditional, the ELBO that touches. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from './backend';
import { defaultConfig } from './config';
import { cholesky, orthonormal, solveCholesky, symmetricEigen } from './linear-algebra';
import { seeded } from './noise';
import { fitPpca, impute, lastGivenOthers, posteriorOf } from './ppca';
import { vae } from './vae';
import { calendarOf } from './window.network';

beforeAll(async () => void (await selectBackend('cpu')));

const SIZE = 6;
const LATENT = 2;

/** Windows of a known linear Gaussian process: two waves of random size, and noise of 0.3. */
function windowsOf(n: number, seed: number): tf.Tensor2D {
  const random = seeded(seed);
  const [sizes, noise] = [random.normals(2 * n), random.normals(n * SIZE)];
  const x = Float32Array.from(noise, (e, i) => {
    const [row, t] = [Math.floor(i / SIZE), i % SIZE];
    return 2 + sizes[2 * row]! * Math.sin(t) + 0.5 * sizes[2 * row + 1]! * Math.cos(t) + 0.3 * e;
  });
  return tf.tensor2d(x, [n, SIZE]);
}

const fit = () => fitPpca(windowsOf(4000, 1), LATENT, { floor: 1e-6, random: seeded(2) });

/** W Wᵀ + σ² I */
function covarianceOf({ loadings, noise }: ReturnType<typeof fit>): number[][] {
  return Array.from({ length: SIZE }, (_, i) =>
    Array.from({ length: SIZE }, (_, j) => {
      let sum = i === j ? noise : 0;
      for (let k = 0; k < LATENT; k++) sum += loadings[i * LATENT + k]! * loadings[j * LATENT + k]!;
      return sum;
    }),
  );
}

describe('small linear algebra', () => {
  it('finds the eigenvectors of a symmetric matrix', () => {
    const matrix = Float64Array.of(4, 1, 0, 1, 3, 1, 0, 1, 2);
    const { values, vectors } = symmetricEigen(matrix, 3);
    expect([...values]).toEqual([...values].sort((a, b) => b - a));
    for (let k = 0; k < 3; k++) {
      for (let i = 0; i < 3; i++) {
        let image = 0;
        for (let j = 0; j < 3; j++) image += matrix[i * 3 + j]! * vectors[j * 3 + k]!;
        expect(image).toBeCloseTo(values[k]! * vectors[i * 3 + k]!, 9);
      }
    }
  });

  it('solves what it factors, and drops what depends on the rest', () => {
    const matrix = Float64Array.of(4, 1, 1, 3);
    const x = solveCholesky(cholesky(matrix, 2), Float64Array.of(1, 2));
    expect(4 * x[0]! + x[1]!).toBeCloseTo(1, 12);
    expect(x[0]! + 3 * x[1]!).toBeCloseTo(2, 12);
    const q = orthonormal(Float32Array.of(1, 2, 0, 1, 2, 1, 1, 2, 0), [3, 3]);
    expect(q[0]! ** 2 + q[3]! ** 2 + q[6]! ** 2).toBeCloseTo(1, 6);
    expect([q[1], q[4], q[7]]).toEqual([0, 0, 0]);
  });
});

describe('probabilistic PCA', () => {
  it('finds the noise and the covariance of a process that is like it', () => {
    const ppca = fit();
    expect(ppca.noise).toBeCloseTo(0.09, 2);
    ppca.mean.forEach((one) => expect(one).toBeCloseTo(2, 1));
    const covariance = covarianceOf(ppca);
    for (let i = 0; i < SIZE; i++) {
      const true_ = Math.sin(i) ** 2 + 0.25 * Math.cos(i) ** 2 + 0.09;
      expect(covariance[i]![i]!).toBeCloseTo(true_, 1);
    }
  });

  it('fills in the conditional mean of a Gaussian, Σ_ab Σ_bb⁻¹ (x_b − μ_b)', () => {
    const ppca = fit();
    const covariance = covarianceOf(ppca);
    const x = windowsOf(1, 9).dataSync<'float32'>().slice();
    const known = Array.from({ length: SIZE - 1 }, (_, i) => i);
    const factor = cholesky(
      Float64Array.from(known.flatMap((i) => known.map((j) => covariance[i]![j]!))),
      SIZE - 1,
    );
    const solved = solveCholesky(
      factor,
      Float64Array.from(known, (i) => x[i]! - ppca.mean[i]!),
    );
    const exact =
      ppca.mean[SIZE - 1]! + known.reduce((sum, i) => sum + covariance[SIZE - 1]![i]! * solved[i]!, 0);
    const kernel = lastGivenOthers(ppca, 1);
    const guessed =
      ppca.mean[SIZE - 1]! + known.reduce((sum, i) => sum + kernel[i]! * (x[i]! - ppca.mean[i]!), 0);
    expect(guessed).toBeCloseTo(exact, 4);
    x[SIZE - 1] = NaN;
    impute(ppca, x);
    expect(x[SIZE - 1]!).toBeCloseTo(exact, 4);
  });

  it('is where a VAE starts: its ELBO is the exact log likelihood', () => {
    const config = { ...defaultConfig('vae', 60_000), window: SIZE, hidden: 4, latent: LATENT, cycles: [] };
    const network = vae(config, seeded(1));
    const ppca = fitPpca(windowsOf(4000, 1), LATENT, { floor: 0.03, random: seeded(2) });
    network.start(ppca);
    const x = windowsOf(3, 5);
    const covariance = Float64Array.from(covarianceOf(ppca).flat());
    const factor = cholesky(covariance, SIZE);
    const exact = [0, 1, 2].map((row) => {
      const difference = Float64Array.from(
        { length: SIZE },
        (_, i) => x.dataSync()[row * SIZE + i]! - ppca.mean[i]!,
      );
      const solved = solveCholesky(factor, difference);
      let value = SIZE * Math.log(2 * Math.PI);
      for (let i = 0; i < SIZE; i++)
        value += difference[i]! * solved[i]! + 2 * Math.log(factor[i * SIZE + i]!);
      return -value / 2;
    });
    const observed = tf.ones([3, SIZE]);
    const calendar = calendarOf([0, 0, 0], SIZE, config);
    const batch = { x, observed, filled: x, newestVisible: tf.ones([3, 1]), calendar };
    const rounds = 400;
    const sums = [0, 0, 0];
    const random = seeded(3);
    for (let i = 0; i < rounds; i++) {
      const { reconstruction, kl } = network.elbo(
        batch,
        tf.tensor2d(random.normals(3 * LATENT), [3, LATENT]),
      );
      reconstruction
        .sum(1)
        .sub(kl)
        .dataSync()
        .forEach((one, row) => (sums[row]! += one / rounds));
    }
    sums.forEach((elbo, row) => expect(Math.abs(elbo - exact[row]!)).toBeLessThan(0.15));
    const { std } = posteriorOf(ppca);
    std.forEach((one) => expect(one).toBeLessThan(1));
  });
});
