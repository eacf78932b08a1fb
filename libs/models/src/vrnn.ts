/**
 * Variational recurrent neural network (Chung et al. 2015, arXiv:1506.02216), conditioned on the calendar c_t.
 *
 *   prior      p(z_t | h_{t−1}, c_t)              encoder  q(z_t | x_t, h_{t−1}, c_t)
 *   decoder    p(x_t | z_t, h_{t−1}, c_t) = N(a ⊙ x_{t−1} + μ, σ²),  a, μ, σ functions of (z_t, h_{t−1}, c_t)
 *   state      h_t = GRU([x_t, z_t, c_t], h_{t−1})
 *   ELBO       Σ_t E_q log p(x_t | z_t, h_{t−1}) − KL(q(z_t) ‖ p(z_t))
 *
 * The gate a lets a slow series start as a random walk instead of learning to copy. A missing sample takes z from the
 * prior and x from the decoder's mean, and adds nothing to the ELBO. All that depends on h goes through one matrix
 * product per step, all that does not is computed for all steps at once: on wasm a step costs its number of operations.
 */
import * as tf from '@tensorflow/tfjs';
import { calendarWidth, writeCalendar } from './calendar';
import { type Gaussian, kl, logProb, sample } from './gaussian';
import { LATENT_FLOOR, SAMPLE_FLOOR, type Weights, dense, kernel, toGaussian } from './layers';
import type { ModelConfig } from './model';
import type { Random } from './noise';
import type { Batch } from './windows';

/** What goes from step to step: h is [batch, hidden], x the last sample [batch, feature]. */
export interface Carry {
  h: tf.Tensor;
  x: tf.Tensor;
}

/** What one step needs besides its carry, computed for all steps beforehand; [batch, …] each. */
interface StepInputs {
  x: tf.Tensor;
  /** null: nobody's sample is missing at this step. */
  visible: tf.Tensor | null;
  /** For the hidden layers of encoder and prior, side by side. */
  recognition: tf.Tensor;
  decoder: tf.Tensor;
  gates: tf.Tensor;
}

interface StepOutputs {
  q: Gaussian;
  /** Hidden layers of prior and decoder (the latter before z enters), and x_{t−1}: enough for p(x_t | past). */
  prior: tf.Tensor;
  decoder: tf.Tensor;
  last: tf.Tensor;
  z: tf.Tensor;
  next: Carry;
}

/** Time-major inputs: x (0 where it is not visible) and visible are [time · batch, feature], calendar [.., width]. */
export interface Sequence {
  batch: number;
  time: number;
  x: tf.Tensor;
  visible: tf.Tensor;
  calendar: tf.Tensor;
  /** [time]; whether anybody's sample is missing at that step. */
  anyMissing: boolean[];
}

export type Vrnn = ReturnType<typeof vrnn>;

export function vrnn(config: ModelConfig, random: Random) {
  const { features, hidden, latent, cycles } = config;
  const calendar = calendarWidth(cycles);
  const weights: Weights = {};
  const fromState = kernel(weights, 'state', [hidden, 6 * hidden], random);
  const fromCalendar = kernel(weights, 'calendar', [calendar, 6 * hidden], random, 0.5);
  const toEncoder = kernel(weights, 'sample/encoder', [2 * features, hidden], random);
  const toGates = kernel(weights, 'sample/gates', [features, 3 * hidden], random);
  const zToGates = kernel(weights, 'latent/gates', [latent, 3 * hidden], random);
  const zToDecoder = kernel(weights, 'latent/decoder', [latent, hidden], random);
  const toPosterior = dense(weights, 'encoder', [hidden, 2 * latent], random);
  const toPrior = dense(weights, 'prior', [hidden, 2 * latent], random);
  const toSample = dense(weights, 'decoder', [hidden, 3 * features], random, { gain: 0.5 });

  const start = (batch: number): Carry => ({ h: tf.zeros([batch, hidden]), x: tf.zeros([batch, features]) });

  /** Everything that does not depend on h, for all steps at once. */
  function project(s: Sequence): StepInputs[] {
    const [recognition, prior, decoder, fixed] = tf.split(
      fromCalendar(s.calendar),
      [hidden, hidden, hidden, 3 * hidden],
      1,
    ) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const encoder = recognition.add(toEncoder(tf.concat([s.x, s.visible], 1)));
    const gates = fixed.add(toGates(s.x));
    const perStep = (all: tf.Tensor): tf.Tensor[] => (s.time === 1 ? [all] : tf.split(all, s.time, 0));
    const [x, visible] = [perStep(s.x), perStep(s.visible)];
    const [r, d, g] = [perStep(tf.concat([encoder, prior], 1)), perStep(decoder), perStep(gates)];
    return s.anyMissing.map((missing, t) => ({
      x: x[t]!,
      visible: missing ? visible[t]! : null,
      recognition: r[t]!,
      decoder: d[t]!,
      gates: g[t]!,
    }));
  }

  /** One step; `epsilon` null follows the mean of z instead of a sample of it. */
  function step(at: StepInputs, carry: Carry, epsilon: tf.Tensor | null): StepOutputs {
    const [forZ, forX, forH] = tf.split(fromState(carry.h), [2 * hidden, hidden, 3 * hidden], 1) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const [encoder, prior] = tf.split(forZ.add(at.recognition).tanh(), 2, 1) as [tf.Tensor, tf.Tensor];
    const decoder = forX.add(at.decoder);
    const inferred = toPosterior(encoder);
    const parameters = at.visible === null ? inferred : choose(any(at.visible), inferred, toPrior(prior));
    const q = toGaussian(parameters, LATENT_FLOOR);
    const z = epsilon === null ? q.mean : sample(q, epsilon);
    let { x, gates } = at;
    if (at.visible !== null) {
      const imputed = decode(decoder, z, carry.x).mean.mul(tf.sub(1, at.visible));
      x = x.add(imputed);
      gates = gates.add(toGates(imputed));
    }
    const h = recur(gates.add(zToGates(z)), forH, carry.h);
    return { q, prior, decoder, last: carry.x, z, next: { h, x } };
  }

  /** GRU with the reset gate behind the matrix product, as in cuDNN. */
  function recur(input: tf.Tensor, state: tf.Tensor, h: tf.Tensor): tf.Tensor {
    const [inputGates, inputNew] = tf.split(input, [2 * hidden, hidden], 1) as [tf.Tensor, tf.Tensor];
    const [stateGates, stateNew] = tf.split(state, [2 * hidden, hidden], 1) as [tf.Tensor, tf.Tensor];
    const [r, u] = tf.split(inputGates.add(stateGates).sigmoid(), 2, 1) as [tf.Tensor, tf.Tensor];
    const n = inputNew.add(r.mul(stateNew)).tanh();
    return n.add(u.mul(h.sub(n)));
  }

  /** p(x_t | z_t, h_{t−1}): rows of `decoder`, z and `last` belong together. */
  function decode(decoder: tf.Tensor, z: tf.Tensor, last: tf.Tensor): Gaussian {
    return readSample(decoder.add(zToDecoder(z)), last);
  }

  function readSample(beforeTanh: tf.Tensor, last: tf.Tensor): Gaussian {
    const [a, mean, std] = tf.split(toSample(beforeTanh.tanh()), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    return { mean: a.sigmoid().mul(last).add(mean), std: std.softplus().add(SAMPLE_FLOOR) };
  }

  const priorOf = (prior: tf.Tensor): Gaussian => toGaussian(toPrior(prior), LATENT_FLOOR);

  /** Both terms of the ELBO per sample, [time · batch, feature] and [time · batch]; 0 where x is missing. */
  function elbo(s: Sequence, target: { x: tf.Tensor; observed: tf.Tensor }, epsilon: tf.Tensor[]) {
    let carry = start(s.batch);
    const steps = project(s).map((at, t) => {
      const outputs = step(at, carry, epsilon[t]!);
      carry = outputs.next;
      return outputs;
    });
    const all = (part: (o: StepOutputs) => tf.Tensor): tf.Tensor => joined(steps.map(part));
    const q = { mean: all((o) => o.q.mean), std: all((o) => o.q.std) };
    const x = decode(
      all((o) => o.decoder),
      all((o) => o.z),
      all((o) => o.last),
    );
    return {
      reconstruction: logProb(x, target.x).mul(target.observed),
      kl: kl(q, priorOf(all((o) => o.prior))),
    };
  }

  /** −ELBO in nats per observed sample, the KL term weighted by beta. */
  function loss(batch: Batch, random: Random, beta: number): tf.Scalar {
    const s = toSequence(batch, config);
    const target = { x: timeMajor(batch.x, batch), observed: timeMajor(batch.observed, batch) };
    const count = Math.max(
      1,
      batch.observed.reduce((sum, one) => sum + one, 0),
    );
    const epsilon = Array.from({ length: s.time }, () =>
      tf.tensor2d(random.normals(s.batch * latent), [s.batch, latent]),
    );
    const terms = elbo(s, target, epsilon);
    return terms.kl.sum().mul(beta).sub(terms.reconstruction.sum()).div(count) as tf.Scalar;
  }

  return { weights, start, project, step, decode, readSample, zToDecoder, priorOf, elbo, loss };
}

/** mask · a + (1 − mask) · b */
const choose = (mask: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor => b.add(mask.mul(a.sub(b)));

/** [batch, feature] → [batch, 1]: whether any feature of the sample is there. */
const any = (mask: tf.Tensor): tf.Tensor => (mask.shape[1] === 1 ? mask : mask.max(1, true));

const joined = (parts: tf.Tensor[]): tf.Tensor => (parts.length === 1 ? parts[0]! : tf.concat(parts, 0));

/** [batch, time, feature] → [time · batch, feature] */
function timeMajor(values: Float32Array, { size, length }: Batch): tf.Tensor2D {
  const features = values.length / (size * length);
  const out = new Float32Array(values.length);
  for (let row = 0; row < size; row++) {
    for (let t = 0; t < length; t++) {
      for (let f = 0; f < features; f++) {
        out[(t * size + row) * features + f] = values[(row * length + t) * features + f]!;
      }
    }
  }
  return tf.tensor2d(out, [size * length, features]);
}

/** The tensors of a batch. The encoder sees hidden samples as missing: x is 0 and the decoder's mean takes over. */
export function toSequence(batch: Batch, { cycles, periodMs }: ModelConfig): Sequence {
  const { size, length, starts, visible } = batch;
  const width = calendarWidth(cycles);
  const calendar = new Float32Array(size * length * width);
  const anyMissing = Array.from({ length }, () => false);
  for (let t = 0; t < length; t++) {
    for (let row = 0; row < size; row++) {
      writeCalendar(calendar, (t * size + row) * width, { cycles, step: starts[row]! + t, periodMs });
      if (visible[row * length + t] === 0) anyMissing[t] = true;
    }
  }
  return {
    batch: size,
    time: length,
    x: timeMajor(
      batch.x.map((value, i) => value * visible[i]!),
      batch,
    ),
    visible: timeMajor(visible, batch),
    calendar: tf.tensor2d(calendar, [size * length, width]),
    anyMissing,
  };
}
