/** The networks against PyTorch: fixtures that `test/oracles` makes say what they have to say of the same weights and noise. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { autoencoder } from './autoencoder';
import { type BackendName, selectBackend } from './backend';
import { defaultConfig } from './config';
import { type Weights, constant, disposeWeights } from './layers';
import { cholesky } from './linear-algebra';
import type { ModelConfig } from './model';
import { type Random, seeded } from './noise';
import { type Ppca, fitPpca } from './ppca';
import { rnn } from './rnn';
import { vae } from './vae';
import { vrnn } from './vrnn';
import { targetOf, toSequence } from './vrnn.network';
import { toWindowBatch } from './window.network';
import type { Batch } from './windows';

type Numbers = number | Numbers[];

interface Expectation {
  loss: number;
  gradients: Record<string, Numbers>;
}
type Bound = Record<'reconstruction' | 'kl', Numbers>;
type Reconstructed = { reconstruct: Record<'mean' | 'std' | 'kl', Numbers> };

interface Fixture {
  config: Partial<ModelConfig>;
  beta: number;
  batch: Record<'x' | 'observed' | 'visible', Numbers> & { filled?: Numbers; starts: number[] };
  weights: Record<string, Numbers>;
}

interface WindowFixture extends Fixture {
  epsilon: Numbers;
  epsilons: Numbers[];
  vae: Expectation & Bound & Reconstructed & { importanceBound: Numbers };
  autoencoder: Expectation & Reconstructed;
}

interface StepFixture extends Fixture {
  /** One for each step. */
  epsilon: Numbers[];
  vrnn: Expectation & Bound;
  rnn: Expectation & { heldOutLoss: number };
}

const TOLERANCE = 1e-4;

const fixture = <T>(name: string): T =>
  JSON.parse(readFileSync(join(__dirname, '..', 'fixtures', `${name}.json`), 'utf8')) as T;

const leaves = (numbers: Numbers): number[] => (Array.isArray(numbers) ? numbers.flatMap(leaves) : [numbers]);
const flat = (numbers: Numbers): Float32Array => Float32Array.from(leaves(numbers));
const tensor = (numbers: Numbers): tf.Tensor => tf.tensor(numbers);

/** Draws what the fixture says, number by number. */
function given(numbers: Numbers): Random {
  const all = flat(numbers);
  let drawn = 0;
  return { ...seeded(0), normals: (n) => all.slice(drawn, (drawn += n)) };
}

function batchOf({ batch, config }: Fixture): Batch {
  return {
    size: batch.starts.length,
    length: config.window!,
    features: config.features!,
    x: flat(batch.x),
    filled: flat(batch.filled ?? batch.x),
    observed: flat(batch.observed),
    visible: flat(batch.visible),
    starts: Float64Array.from(batch.starts),
  };
}

/** Checks entries against what PyTorch says, relative to the largest of them. */
function expectSame(actual: tf.Tensor | Float32Array, expected: Numbers, what: string): void {
  const [values, truth] = [actual instanceof Float32Array ? actual : actual.dataSync(), flat(expected)];
  expect(values.length, what).toBe(truth.length);
  const largest = truth.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const off = truth.reduce((off, value, i) => Math.max(off, Math.abs(value - values[i]!)), 0);
  expect(off, what).toBeLessThanOrEqual(TOLERANCE * largest);
}

/** Sets all weights that the fixture has; gradients are compared of all that are trained. */
function setWeights(weights: Weights, values: Record<string, Numbers>): void {
  for (const [name, variable] of Object.entries(weights)) {
    if (values[name] !== undefined) constant(variable, flat(values[name]));
  }
}

/** Checks the loss, and the gradient of every weight that is trained. */
function expectSameLoss(weights: Weights, loss: () => tf.Scalar, expected: Expectation): void {
  const trainable = Object.entries(weights).filter(([, { trainable }]) => trainable);
  expect(Object.keys(expected.gradients).sort()).toEqual(trainable.map(([name]) => name).sort());
  const { value, grads } = tf.variableGrads(
    loss,
    trainable.map(([, variable]) => variable),
  );
  expectSame(value, expected.loss, 'loss');
  for (const [name, { name: id }] of trainable) expectSame(grads[id]!, expected.gradients[name]!, name);
}

describe.each(['cpu', 'wasm'] as BackendName[])('on %s', (backend) => {
  beforeAll(async () => {
    await selectBackend(backend);
    tf.engine().startScope();
  });
  afterAll(() => tf.engine().endScope());

  describe('over windows', () => {
    const made = fixture<WindowFixture>('vae');
    const config: ModelConfig = { ...defaultConfig('vae', made.config.periodMs!), ...made.config };
    const batch = batchOf(made);

    it.each([
      ['vae', vae],
      ['autoencoder', autoencoder],
    ] as const)('a %s has the loss, gradients and reconstructions of PyTorch', (kind, build) => {
      const expected = made[kind];
      const network = build(config, seeded(1));
      setWeights(network.weights, made.weights);
      expectSameLoss(network.weights, () => network.loss(batch, given(made.epsilon), made.beta), expected);
      const { calendar, filled } = toWindowBatch(batch, config);
      const { mean, std, kl } = network.reconstruct(filled, calendar);
      expectSame(mean, expected.reconstruct.mean, 'mean');
      expectSame(std, expected.reconstruct.std, 'std');
      expectSame(kl, expected.reconstruct.kl, 'kl');
    });

    it('a VAE has the bounds of PyTorch', () => {
      const network = vae(config, seeded(1));
      setWeights(network.weights, made.weights);
      const windows = toWindowBatch(batch, config);
      const { reconstruction, kl } = network.elbo(windows, tensor(made.epsilon));
      expectSame(reconstruction, made.vae.reconstruction, 'reconstruction');
      expectSame(kl, made.vae.kl, 'kl');
      const bound = network.importanceBound(windows, made.epsilons.map(tensor));
      expectSame(bound, made.vae.importanceBound, 'importance-weighted bound');
    });
  });

  describe('step by step', () => {
    const made = fixture<StepFixture>('vrnn');
    const config: ModelConfig = { ...defaultConfig('vrnn', made.config.periodMs!), ...made.config };
    const batch = batchOf(made);

    it.each([
      ['vrnn', vrnn],
      ['rnn', rnn],
    ] as const)('a %s has the loss and gradients of PyTorch', (kind, build) => {
      const network = build(config, seeded(1));
      setWeights(network.weights, made.weights);
      expectSameLoss(network.weights, () => network.loss(batch, given(made.epsilon), made.beta), made[kind]);
    });

    it('a VRNN has both terms of the ELBO, by hand and automatically', () => {
      const network = vrnn(config, seeded(1));
      setWeights(network.weights, made.weights);
      const s = toSequence(batch, config);
      for (const pass of [network.pass, network.passAutomatically]) {
        const { reconstruction, kl } = network.elbo(s, targetOf(batch), pass(s, made.epsilon.map(tensor)));
        expectSame(reconstruction, made.vrnn.reconstruction, 'reconstruction');
        expectSame(kl, made.vrnn.kl, 'kl');
      }
    });

    it('an RNN has the held-out loss', () => {
      const network = rnn(config, seeded(1));
      setWeights(network.weights, made.weights);
      expectSame(network.heldOutLoss(batch), made.rnn.heldOutLoss, 'held-out loss');
    });
  });
});

/** Right after its start from probabilistic PCA a VAE is linear and Gaussian, and its encoder exact: log p(x) is known. */
describe('a VAE that has just started', () => {
  const config: ModelConfig = { ...defaultConfig('vae', 600_000, 2), window: 6, hidden: 5, latent: 3 };
  const size = config.window * config.features;
  const COPIES = 400;

  beforeAll(async () => void (await selectBackend('cpu')));

  it('has bounds that are log p(x), whatever the noise', () => {
    const { network, batch, exact } = started();
    for (const K of [1, 8]) {
      const bounds = network.importanceBound(batch, noise(K)).dataSync();
      bounds.forEach((bound) => expect(bound).toBeCloseTo(exact, 3));
    }
    expect(Math.abs(elboOf(network, batch) - exact)).toBeLessThan(0.1);
    disposeWeights(network.weights);
  });

  it('has, its encoder put off, an ELBO below a bound of 8 samples, that below one of 64, that below log p(x)', () => {
    const { network, batch, exact } = started();
    const nudge = (name: string, by: number) => network.weights[name]!.assign(network.weights[name]!.add(by));
    nudge('encoder/linear/bias', 0.4);
    nudge('encoder/logStd/bias', 0.3);
    const bounds = [1, 8, 64].map((K) => network.importanceBound(batch, noise(K)).mean().dataSync()[0]!);
    const rising = [elboOf(network, batch), ...bounds.slice(1), exact];
    expect(bounds[0]! - rising[0]!).toBeCloseTo(0, 0);
    rising.slice(1).forEach((tighter, i) => expect(tighter).toBeGreaterThan(rising[i]! + 0.02));
    disposeWeights(network.weights);
  });

  type Started = ReturnType<typeof started>;

  const noise = (K: number) => {
    const random = seeded(7);
    return Array.from({ length: K }, () => tf.tensor2d(random.normals(COPIES * 3), [COPIES, 3]));
  };

  const elboOf = (network: Started['network'], batch: Started['batch']): number => {
    const { reconstruction, kl } = network.elbo(batch, noise(1)[0]!);
    return reconstruction.sum(1).sub(kl).mean().dataSync()[0]!;
  };

  /** The network, one window COPIES times, and its log density. */
  function started() {
    const random = seeded(1);
    const mixing = tf.tensor2d(random.normals(3 * size), [3, size]);
    const noise = tf.tensor2d(random.normals(200 * size), [200, size]).mul<tf.Tensor2D>(0.6);
    const windows = tf.matMul(tf.tensor2d(random.normals(600), [200, 3]), mixing).add<tf.Tensor2D>(noise);
    const ppca = fitPpca(windows, config.latent, { floor: 0.03, random });
    const network = vae(config, random);
    network.start(ppca);
    const x = windows.slice([0, 0], [1, size]).dataSync<'float32'>().slice();
    const values = Float32Array.from({ length: COPIES * size }, (_, i) => x[i % size]!);
    const seen = new Float32Array(values.length).fill(1);
    const shape = { size: COPIES, length: config.window, features: config.features };
    const starts = new Float64Array(COPIES);
    const batch = { ...shape, x: values, filled: values, observed: seen, visible: seen, starts };
    return { network, batch: toWindowBatch(batch, config), exact: logDensityOf(ppca, x) };
  }
});

/** log N(x; μ, W Wᵀ + σ² I) */
function logDensityOf({ mean, loadings, noise }: Ppca, x: Float32Array): number {
  const size = mean.length;
  const latent = loadings.length / size;
  const covariance = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    covariance[i * size + i]! += noise;
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < latent; k++)
        covariance[i * size + j]! += loadings[i * latent + k]! * loadings[j * latent + k]!;
    }
  }
  const factor = cholesky(covariance, size);
  let log = -0.5 * size * Math.log(2 * Math.PI);
  const whitened: number[] = [];
  for (let i = 0; i < size; i++) {
    let rest = x[i]! - mean[i]!;
    for (let j = 0; j < i; j++) rest -= factor[i * size + j]! * whitened[j]!;
    whitened.push(rest / factor[i * size + i]!);
    log -= Math.log(factor[i * size + i]!) + 0.5 * whitened[i]! ** 2;
  }
  return log;
}
