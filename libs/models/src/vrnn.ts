/**
 * Variational recurrent neural network (Chung et al. 2015, arXiv:1506.02216) of the residuals e_t of the linear path,
 * conditioned on the calendar c_t; what its twin without z has as well is in vrnn.network.ts.
 *
 *   prior      p(z_t | h_{t−1}, c_t)              encoder  q(z_t | e_t, visible_t, h_{t−1}, c_t)
 *   ELBO       Σ_t E_q log p(e_t | z_t, h_{t−1}) − KL(q(z_t) ‖ p(z_t))
 *
 * Of a missing sample the encoder sees only that it is missing: the KL term teaches it to answer with the prior.
 *
 * On wasm a step costs its number of operations, so everything that does not depend on h is computed for all steps at
 * once, prior and decoder for all steps at once afterwards, and nothing is cut across columns inside of a step.
 */
import * as tf from '@tensorflow/tfjs';
import { valuesOf } from './artifact';
import { calendarWidth } from './calendar';
import { type Gaussian, kl, sample } from './gaussian';
import { LATENT_FLOOR, type Weights, gaussian, kernel } from './layers';
import type { ModelConfig } from './model';
import type { Random } from './noise';
import { vrnnKernel } from './vrnn.kernel';
import {
  GATES,
  type Gates,
  type Sequence,
  type StepNetwork,
  each,
  heldOutLossOf,
  imagined,
  joined,
  perStep,
  recur,
  scoreNoise,
  stepLayers,
  tanh,
  targetOf,
  toSequence,
} from './vrnn.network';
import { unrolled } from './vrnn.unrolled';
import type { Batch } from './windows';

/** The encoder hardly says anything at first, and the prior nothing. */
const LATENT_GAIN = 0.3;

export type Vrnn = ReturnType<typeof vrnn>;

export function vrnn(config: ModelConfig, random: Random) {
  const { features, hidden, latent, cycles } = config;
  const weights: Weights = {};
  const step = stepLayers(weights, config, random);
  const to = (name: string, inputs: number, gain = 1) =>
    kernel(weights, name, [inputs, hidden], random, gain);
  const fromH = { encoder: to('h/encoder', hidden), prior: to('h/prior', hidden) };
  const fromC = each(['encoder', 'prior'], (name) => to(`calendar/${name}`, calendarWidth(cycles), 0.5));
  const fromX = to('x/encoder', 2 * features);
  const z = each(['decoder', ...GATES], (name) => to(`z/${name}`, latent));
  const size: [number, number] = [hidden, latent];
  const head = { floor: LATENT_FLOOR, gain: LATENT_GAIN };
  const posterior = gaussian(weights, 'encoder', size, random, head);
  const prior = gaussian(weights, 'prior', size, random, head);
  const w = (name: string): tf.Tensor => weights[name]!;

  /** p(z_t | h_{t−1}, c_t) */
  const priorOf = (h: tf.Tensor, calendar: tf.Tensor): Gaussian =>
    prior(tanh(fromH.prior(h).add(fromC.prior(calendar))));

  /** The decoder's hidden layer before z enters. */
  const decoderOf = (h: tf.Tensor, calendar: tf.Tensor): tf.Tensor =>
    step.h.decoder(h).add(step.c.decoder(calendar));

  const decode = (layer: tf.Tensor, latent: tf.Tensor): Gaussian =>
    step.decode(tanh(layer.add(z.decoder(latent))));

  const encoderOf = (s: Sequence): tf.Tensor => fromC.encoder(s.calendar).add(fromX(s.x));

  const withLatent = (input: Gates, latent: tf.Tensor): Gates =>
    each(GATES, (gate) => input[gate].add(z[gate](latent)));

  /** All steps from h on, by the automatic gradient; `epsilon` null follows the mean of z instead of a sample of it. */
  function run(s: Sequence, h: tf.Tensor, epsilon: tf.Tensor[] | null) {
    const encoder = perStep(encoderOf(s), s.time);
    const gates = step.gatesOf(s);
    const inputs = each(GATES, (gate) => perStep(gates[gate], s.time));
    const visited = encoder.map((input, t) => {
      const before = h;
      const q = posterior(fromH.encoder(h).add(input).tanh());
      const latent = epsilon === null ? q.mean : sample(q, epsilon[t]!);
      h = recur(
        withLatent(
          each(GATES, (gate) => inputs[gate][t]!),
          latent,
        ),
        h,
        step.h,
      );
      return { before, q, z: latent };
    });
    const all = (part: (v: (typeof visited)[number]) => tf.Tensor) => joined(visited.map(part));
    return { visited: all, after: h };
  }

  /** `run` from a cold start with its gradient written out: the two ways to do it say the same. */
  function pass(s: Sequence, epsilon: tf.Tensor[]): Passed {
    const { h, mean, std, z } = unrolled(
      {
        ...{ e: encoderOf(s), ...step.gatesOf(s) },
        ...{ Eh: w('h/encoder'), Rh: w('h/r'), Uh: w('h/u'), Nh: w('h/n') },
        ...{ Rz: w('z/r'), Uz: w('z/u'), Nz: w('z/n') },
        ...{ M: w('encoder/mean/kernel'), m: w('encoder/mean/bias') },
        ...{ S: w('encoder/std/kernel'), s: w('encoder/std/bias') },
      },
      epsilon,
    );
    return { q: { mean, std }, before: h, z };
  }

  function passAutomatically(s: Sequence, epsilon: tf.Tensor[]): Passed {
    const { visited } = run(s, tf.zeros([s.batch, hidden]), epsilon);
    const q = { mean: visited((v) => v.q.mean), std: visited((v) => v.q.std) };
    return { q, before: visited((v) => v.before), z: visited((v) => v.z) };
  }

  /** Both terms of the ELBO, [time · batch, feature] (0 where nothing was observed) and [time · batch]. */
  function elbo(s: Sequence, target: ReturnType<typeof targetOf>, { q, before, z }: Passed) {
    const p = decode(decoderOf(before, s.calendar), z);
    return {
      reconstruction: step.logProb(p, target.x).mul(target.observed),
      kl: kl(q, priorOf(before, s.calendar)),
    };
  }

  function loss(batch: Batch, random: Random, beta: number): tf.Scalar {
    const s = toSequence(batch, config);
    const target = targetOf(batch);
    const epsilon = Array.from({ length: s.time }, () =>
      tf.tensor2d(random.normals(s.batch * latent), [s.batch, latent]),
    );
    const terms = elbo(s, target, pass(s, epsilon));
    const bound = terms.kl.sum().mul(beta).sub(terms.reconstruction.sum());
    return bound.div<tf.Scalar>(target.observed.sum().maximum(1));
  }

  /** z_k = mean + std ⊙ ε_k comes from the prior; of it only the second part differs among the K. */
  function predict(before: tf.Tensor, calendar: tf.Tensor): Gaussian {
    const { mean, std } = priorOf(before, calendar);
    const shared = decoderOf(before, calendar).add(z.decoder(mean)).reshape([-1, 1, hidden]);
    const epsilon = tf.tensor3d(scoreNoise(config), [1, config.samples, latent]);
    const apart = std.reshape([-1, 1, latent]).mul(epsilon).reshape([-1, latent]);
    const layer = z.decoder(apart).reshape([-1, config.samples, hidden]).add(shared);
    return step.decode(tanh(layer.reshape([-1, hidden])));
  }

  const network: StepNetwork = {
    weights,
    loss,
    heldOutLoss: (batch) => heldOutLossOf(batch, { ...network, logProb: step.logProb }, config),
    follow(s, h) {
      const { visited, after } = run(s, h, null);
      return { before: visited((v) => v.before), after };
    },
    predict,
    imagine(h, calendar, noise) {
      const latent = sample(priorOf(h, calendar), noise.z);
      const { e, x } = imagined(decode(decoderOf(h, calendar), latent), noise.e);
      return { e, h: recur(withLatent(step.gatesOf({ x, calendar }), latent), h, step.h) };
    },
    freedom: step.freedom,
    kernel: () => vrnnKernel(valuesOf(weights), config),
  };
  return { ...network, elbo, pass, passAutomatically };
}

/** Time-major: q(z_t), h_{t−1} and z_t. */
interface Passed {
  q: Gaussian;
  before: tf.Tensor;
  z: tf.Tensor;
}
