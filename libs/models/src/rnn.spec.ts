import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { selectBackend } from './backend';
import { calendarWidth } from './calendar';
import { defaultConfig } from './config';
import { constant } from './layers';
import { seeded } from './noise';
import { trainModel } from './train';
import { rnn } from './rnn';
import { vrnn } from './vrnn';
import { type StepNetwork, toSequence } from './vrnn.network';
import { cut } from './windows';

const config = { ...defaultConfig('vrnn', 3_600_000), window: 6, hidden: 5, latent: 3, samples: 4 };
const values = seeded(2).normals(30);
const batch = cut(
  [0, 9, 10, 17].map((at) => ({ series: { start: 100, features: 1, values, filled: values }, at })),
  config.window,
);

beforeAll(async () => void (await selectBackend('cpu')));

/** An RNN, and a VRNN with the same weights to whose layers z says nothing. */
function twins(): [StepNetwork, StepNetwork] {
  const [without, withLatent] = [rnn(config, seeded(1)), vrnn(config, seeded(5))];
  const random = seeded(3);
  for (const [name, variable] of Object.entries(withLatent.weights)) {
    const of = without.weights[name];
    if (name.startsWith('z/')) constant(variable, new Float32Array(variable.size));
    if (!of) continue;
    const same = random.normals(variable.size).map((value) => 0.4 * value);
    constant(variable, same);
    constant(of, same);
  }
  return [without, withLatent];
}

it('is a VRNN whose z is zero: the same states, densities, futures and losses', () => {
  const said = twins().map((network) => {
    const s = toSequence(batch, config);
    const { before, after } = network.follow(s, tf.zeros([4, config.hidden]));
    const { mean, std } = network.predict(before, s.calendar);
    const each = mean.shape[0] / before.shape[0];
    const noise = { z: tf.ones([4, config.latent]), e: tf.tensor2d([1, -1, 0.5, 2], [4, 1]) };
    const next = network.imagine(after, tf.ones([4, calendarWidth(config.cycles)]), noise);
    const means = mean.reshape([-1, each]).slice([0, 0], [-1, 1]);
    const loss = network.heldOutLoss(batch);
    return [before, after, means, std.max(), next.e, next.h, loss].map((tensor) => [...tensor.dataSync()]);
  });
  said[0]!.forEach((numbers, i) =>
    numbers.forEach((number, j) => expect(number).toBeCloseTo(said[1]![i]![j]!, 5)),
  );
});

it('has the loss of the VRNN but for its KL term', () => {
  const [without, withLatent] = twins();
  const loss = without.loss(batch, seeded(1), 1).dataSync()[0]!;
  expect(withLatent.loss(batch, seeded(1), 0).dataSync()[0]).toBeCloseTo(loss, 5);
});

it.each(['rnn', 'vrnn'] as const)(
  'a %s learns what no linear path knows: when a series is restless',
  async (kind) => {
    await selectBackend('wasm');
    let size = 0;
    const noise = seeded(6).normals(3000);
    const restless = Float64Array.from(noise, (e) => {
      const value = e * Math.sqrt(0.1 + 0.85 * size * size);
      size = value;
      return value;
    });
    const grid = { periodMs: 7 * 86_400_000, start: 0, values: restless };
    const small = {
      ...defaultConfig(kind, grid.periodMs),
      hidden: 8,
      window: 24,
      batch: 32,
      learningRate: 1e-2,
    };
    const lossAfter = async (epochs: number) =>
      (await trainModel(kind, [grid], { ...small, epochs }, { seed: 1 })).heldOutLoss;
    expect(await lossAfter(5)).toBeLessThan((await lossAfter(0)) - 0.03);
  },
);
