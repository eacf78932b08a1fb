/** Oracles for the densities and the bounds: closed forms, Monte Carlo, finite differences. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from './backend';
import { defaultConfig } from './config';
import { kl, klToStandard, logMeanExp, logProb, sample } from './gaussian';
import { type Weights, constant } from './layers';
import { logDensity, mixtureQuantile, normalCdf, normalQuantile } from './mixture';
import type { ModelConfig, ModelKind } from './model';
import { seeded } from './noise';
import { buildNetwork } from './train';
import { vrnn } from './vrnn';
import { targetOf, toSequence } from './vrnn.network';
import { type Batch, cut, interpolated } from './windows';

beforeAll(async () => void (await selectBackend('cpu')));

const gaussian = (mean: number[], std: number[]) => ({ mean: tf.tensor2d([mean]), std: tf.tensor2d([std]) });
const normals = (count: number, seed: number) => tf.tensor1d(seeded(seed).normals(count));

describe('Gaussians', () => {
  it('have the KL divergence that Monte Carlo finds', () => {
    const [q, p] = [gaussian([0.5, -1], [0.8, 1.5]), gaussian([0, 0.3], [1.2, 0.7])];
    const z = sample(q, tf.tensor2d(seeded(1).normals(200_000), [100_000, 2]));
    const ratios = logProb(q, z).sub(logProb(p, z)).sum(-1);
    expect(kl(q, p).dataSync()[0]).toBeCloseTo(ratios.mean().dataSync()[0]!, 1);
    expect(kl(q, q).dataSync()[0]).toBeCloseTo(0, 6);
    const standard = gaussian([0, 0], [1, 1]);
    expect(klToStandard(q).dataSync()[0]).toBeCloseTo(kl(q, standard).dataSync()[0]!, 5);
  });

  it('have densities that integrate to one', () => {
    const x = Array.from({ length: 4001 }, (_, i) => -20 + i / 100);
    const sum = x.reduce((sum, x) => sum + Math.exp(logDensity(mixture([-1, 2], [0.5, 2]), x)) / 100, 0);
    expect(sum).toBeCloseTo(1, 4);
  });

  it('mixed, have the quantiles of many draws', () => {
    const [means, stds] = [
      [-3, 0, 4],
      [0.5, 1, 2],
    ];
    const random = seeded(3);
    const draws = [...random.normals(60_000)]
      .map((e, i) => means[i % 3]! + stds[i % 3]! * e)
      .sort((a, b) => a - b);
    for (const level of [0.05, 0.5, 0.95]) {
      expect(mixtureQuantile(mixture(means, stds), level)).toBeCloseTo(
        draws[Math.round(level * 60_000)]!,
        0.9,
      );
    }
    expect(mixtureQuantile(mixture([2], [3]), 0.95)).toBeCloseTo(2 + 3 * 1.644854, 3);
    expect(normalCdf(normalQuantile(0.123))).toBeCloseTo(0.123, 6);
  });
});

/** x = w·z + b + σ·ε with z ~ N(0, 1): p(x) = N(b, w² + σ²), p(z | x) = N(w(x − b)/(w² + σ²), σ²/(w² + σ²)). */
describe('a linear Gaussian decoder', () => {
  const [w, b, sigma, x] = [1.3, 0.4, 0.6, 2.1];
  const variance = w * w + sigma * sigma;
  const exact = -0.5 * ((x - b) ** 2 / variance + Math.log(2 * Math.PI * variance));

  const elbo = (mean: number, std: number): number => {
    const q = gaussian([mean], [std]);
    const z = sample(q, normals(40_000, 5).reshape([-1, 1]));
    const decoded = { mean: z.mul(w).add(b), std: tf.onesLike(z).mul(sigma) };
    return logProb(decoded, tf.scalar(x)).mean().sub(klToStandard(q).squeeze()).dataSync()[0]!;
  };

  it('has an ELBO below log p(x), which it reaches at the true posterior only', () => {
    const [mean, std] = [(w * (x - b)) / variance, sigma / Math.sqrt(variance)];
    expect(elbo(mean, std)).toBeCloseTo(exact, 1.5);
    for (const [m, s] of [
      [0, 1],
      [mean + 0.5, std],
      [mean, 2 * std],
    ] as const) {
      expect(elbo(m, s)).toBeLessThan(exact - 0.05);
    }
  });

  it('has a bound from K samples of the prior that tightens with K (Burda et al. 2016)', () => {
    const random = seeded(9);
    const bound = (K: number): number => {
      const rounds = 4000;
      let sum = 0;
      for (let i = 0; i < rounds; i++) {
        const means = random.normals(K).map((z) => w * z + b);
        sum += logDensity({ means, stds: new Float32Array(K).fill(sigma) }, x);
      }
      return sum / rounds;
    };
    const bounds = [1, 4, 16, 64].map(bound);
    bounds.reduce((looser, tighter) => (expect(tighter).toBeGreaterThan(looser), tighter));
    expect(bounds.at(-1)!).toBeLessThan(exact + 0.01);
    expect(bounds.at(-1)!).toBeGreaterThan(exact - 0.05);
  });
});

describe.each(['vae', 'autoencoder', 'vrnn', 'rnn'] as ModelKind[])('the loss of a %s', (kind) => {
  const config: ModelConfig = { ...defaultConfig(kind, 3_600_000), window: 5, hidden: 8, latent: 2 };

  it('has the gradient that finite differences have, missing and hidden samples among the data', () => {
    const network = buildNetwork(config, seeded(1));
    stir(network.weights);
    const batch = sampleBatch();
    const loss = () => network.loss(batch, seeded(4), 0.7);
    const trainable = Object.entries(network.weights).filter(([, variable]) => variable.trainable);
    const { grads } = tf.variableGrads(
      loss,
      trainable.map(([, variable]) => variable),
    );
    const random = seeded(11);
    for (const [name, variable] of trainable) {
      const kept = variable.clone();
      const direction = tf.tensor(random.normals(variable.size), variable.shape);
      const at = (step: number): number => {
        variable.assign(kept.add(direction.mul(step)));
        return loss().dataSync()[0]!;
      };
      const h = 1e-3;
      const numeric = (at(h) - at(-h)) / (2 * h);
      variable.assign(kept);
      const analytic = grads[variable.name]!.mul(direction).sum().dataSync()[0]!;
      expect(Math.abs(analytic - numeric), name).toBeLessThan(0.02 * Math.abs(numeric) + 3e-3);
    }
  });

  it('does not depend on what lies where a sample is missing', () => {
    const network = buildNetwork(config, seeded(1));
    const [one, other] = [sampleBatch(), sampleBatch()];
    other.x = other.x.map((value, i) => (other.observed[i] === 1 ? value : 0));
    const hidden = one.visible.findIndex((visible, i) => visible === 0 && one.observed[i] === 1);
    expect(network.loss(one, seeded(4), 1).dataSync()[0]).toBe(
      network.loss(other, seeded(4), 1).dataSync()[0],
    );
    expect(hidden).toBeGreaterThanOrEqual(0);
  });

  function sampleBatch(): Batch {
    const values = seeded(2).normals(30);
    values[12] = NaN;
    const series = { start: 100, features: 1, values, filled: interpolated(values, 1) };
    const places = [0, 9, 10].map((at) => ({ series, at }));
    const batch = cut(places, config.window);
    batch.visible[2] = 0;
    return batch;
  }
});

it('a VRNN has the same loss and gradients by hand as automatically', () => {
  const config: ModelConfig = { ...defaultConfig('vrnn', 3_600_000), window: 6, hidden: 5, latent: 3 };
  const network = vrnn(config, seeded(1));
  const values = seeded(2).normals(30);
  const batch = cut(
    [0, 9, 10, 17].map((at) => ({ series: { start: 100, features: 1, values, filled: values }, at })),
    config.window,
  );
  stir(network.weights);
  const results = [network.pass, network.passAutomatically].map((pass) => {
    const loss = () => {
      const sequence = toSequence(batch, config);
      const random = seeded(4);
      const epsilon = Array.from({ length: 6 }, () => tf.tensor2d(random.normals(12), [4, 3]));
      const { reconstruction, kl } = network.elbo(sequence, targetOf(batch), pass(sequence, epsilon));
      return kl.sum().sub<tf.Scalar>(reconstruction.sum());
    };
    const { value, grads } = tf.variableGrads(loss, trainable(network.weights));
    return { value: value.dataSync()[0]!, grads: grads };
  });
  const [byHand, automatic] = results as [(typeof results)[0], (typeof results)[0]];
  expect(byHand.value).toBeCloseTo(automatic.value, 4);
  for (const [name, { name: id, trainable }] of Object.entries(network.weights)) {
    if (!trainable) continue;
    const error = byHand.grads[id]!.sub(automatic.grads[id]!).abs().max().dataSync()[0]!;
    const size = automatic.grads[id]!.abs().max().dataSync()[0]!;
    expect(error, name).toBeLessThan(1e-4 * Math.max(1, size));
    expect(size, name).toBeGreaterThan(0);
  }
});

it('logMeanExp neither overflows nor underflows', () => {
  expect(logMeanExp([-1e5, -1e5])).toBeCloseTo(-1e5, 6);
  expect(logMeanExp([1e5, -1e5])).toBeCloseTo(1e5 - Math.LN2, 6);
});

const trainable = (weights: Weights): tf.Variable[] =>
  Object.values(weights).filter(({ trainable }) => trainable);

/** Moves weights that start at zero, behind which no gradient would be seen. */
function stir(weights: Weights): void {
  const random = seeded(12);
  for (const [name, variable] of Object.entries(weights)) {
    if (!name.startsWith('decoder/')) continue;
    constant(
      variable,
      random.normals(variable.size).map((value) => 0.3 + 0.3 * value),
    );
  }
}

function mixture(means: number[], stds: number[]) {
  return { means: Float32Array.from(means), stds: Float32Array.from(stds) };
}
