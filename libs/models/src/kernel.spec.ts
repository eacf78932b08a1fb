/** The hand-written kernels say what the networks they were read from say. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { sigmoid, softplus, tanh } from './activation';
import { selectBackend } from './backend';
import { calendarWidth } from './calendar';
import { defaultConfig } from './config';
import { constant } from './layers';
import type { ModelConfig } from './model';
import { seeded } from './noise';
import { padded, simd } from './simd';
import { buildNetwork } from './train';
import { type StepNetwork, toSequence } from './vrnn.network';
import { type WindowNetwork, calendarOf } from './window.network';
import { cut } from './windows';

beforeAll(async () => void (await selectBackend('cpu')));

const PERIOD = 3_600_000;

/** Within 1e-5 of what is expected, relative to it or to 1. */
function agrees(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) {
    expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected[i]!)));
  }
}

/** A network none of whose weights is zero. */
function stirred<Network extends { weights: Record<string, tf.Variable> }>(network: Network): Network {
  const random = seeded(4);
  for (const variable of Object.values(network.weights)) {
    const gain = 0.8 / Math.sqrt(variable.rank > 1 ? variable.shape[0] : 4);
    constant(
      variable,
      random.normals(variable.size).map((value) => gain * (value + 0.1)),
    );
  }
  return network;
}

it.each([
  [1, 1],
  [2, 16],
  [7, 17],
  [33, 40],
])('multiplies rows of %i by a matrix of %i columns', (inputs, outputs) => {
  const random = seeded(inputs);
  const [matrix, bias] = [random.normals(inputs * outputs), random.normals(outputs)];
  const own = simd();
  const times = own.product(matrix, [inputs, outputs], bias);
  const { x, into } = own.rows({ x: [3, inputs], into: [3, outputs] });
  const rows = [0, 1, 2].map(() => random.normals(inputs));
  rows.forEach((row, i) => x.set(row, i * padded(inputs)));
  times(x, into, { rows: 3 });
  const product = (row: Float32Array, from: ArrayLike<number>) =>
    Array.from({ length: outputs }, (_, j) =>
      row.reduce((sum, value, i) => sum + value * matrix[i * outputs + j]!, from[j]!),
    );
  rows.forEach((row, i) => {
    const at = i * padded(outputs);
    agrees(into.subarray(at, at + outputs), product(row, bias));
  });
  const once = product(rows[0]!, bias);
  times(x, into, { from: into });
  agrees(into.subarray(0, outputs), product(rows[0]!, once));
});

it('squashes as the mathematics does', () => {
  for (let x = -30; x <= 30; x += 0.01) {
    agrees([tanh(x), sigmoid(x)], [Math.tanh(x), 1 / (1 + Math.exp(-x))]);
    agrees([softplus(x)], [Math.log(1 + Math.exp(x))]);
  }
});

describe.each([
  ['vrnn', 1, 32],
  ['vrnn', 3, 5],
  ['rnn', 1, 32],
  ['rnn', 3, 5],
] as const)('a %s of %i features and a state of %i', (kind, features, hidden) => {
  const config: ModelConfig = { ...defaultConfig(kind, PERIOD, features), hidden };

  /** A batch of one series, some of its samples missing. */
  function batchOf(length: number) {
    const values = seeded(2).normals(length * features);
    values.forEach((value, i) => (values[i] = i % 5 === 3 || (i > 20 && i < 27) ? NaN : 3 * value));
    return cut([{ series: { start: 100, features, values, filled: values }, at: 0 }], length);
  }

  it('follows and predicts as its network does, missing samples too', () => {
    const network = stirred(buildNetwork(config, seeded(1)) as StepNetwork);
    const kernel = network.kernel();
    const length = 24;
    const batch = batchOf(length);
    const h = seeded(3)
      .normals(hidden)
      .map((value) => Math.tanh(value));
    const s = toSequence(batch, config);
    const { before, after } = network.follow(s, tf.tensor2d(h, [1, hidden]));
    const { mean, std } = network.predict(before, s.calendar);
    const [calendar, hs] = [s.calendar.dataSync<'float32'>(), before.dataSync()];
    const [means, stds] = [mean.dataSync(), std.dataSync()];
    const [width, each] = [calendarWidth(config.cycles), means.length / length];
    for (let t = 0; t < length; t++) {
      const c = calendar.subarray(t * width, (t + 1) * width);
      agrees(h, hs.subarray(t * hidden, (t + 1) * hidden));
      const said = kernel.predict(h, c);
      agrees(said.means, means.subarray(t * each, (t + 1) * each));
      agrees(said.stds, stds.subarray(t * each, (t + 1) * each));
      const at = t * features;
      const e = Array.from({ length: features }, (_, f) => (batch.observed[at + f] ? batch.x[at + f]! : NaN));
      kernel.follow(h, e, c);
    }
    agrees(h, after.dataSync());
  });
});

describe.each([
  ['vae', 1],
  ['vae', 3],
  ['autoencoder', 1],
  ['pca', 1],
  ['pca', 3],
] as const)('a %s of %i features', (kind, features) => {
  const config: ModelConfig = { ...defaultConfig(kind, PERIOD, features), window: 12, hidden: 20, latent: 6 };
  const size = config.window * features;
  const known = size - features;

  it('says of the newest step what its network says, whatever stands there', () => {
    const network = stirred(buildNetwork(config, seeded(1)) as WindowNetwork);
    constant(network.weights['ppca/noise']!, Float32Array.of(0.5));
    const kernel = network.kernel();
    const context = seeded(2).normals(4 * size);
    [0, 1, 2 * features, 3 * size].forEach((at, step) => {
      const x = tf.tensor2d(context.slice(at, at + size), [1, size]);
      const hidden = network.withoutNewest(x);
      const calendar = calendarOf([step], config.window, config);
      const { mean } = network.reconstruct(hidden, calendar);
      const newestOf = (all: tf.Tensor) => all.slice([0, known], [1, features]).dataSync();
      agrees(kernel.given(context, at), newestOf(hidden));
      agrees(kernel.newest(context, at, calendar.dataSync<'float32'>()), newestOf(mean));
      const other = context.map((value, i) => (i >= at + known && i < at + size ? NaN : value));
      agrees(kernel.newest(other, at, calendar.dataSync<'float32'>()), newestOf(mean));
    });
  });
});
