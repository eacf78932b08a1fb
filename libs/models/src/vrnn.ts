/**
 * Variational recurrent neural network (Chung et al. 2015, arXiv:1506.02216), conditioned on the calendar c_t.
 *
 *   prior      p(z_t | h_{t−1}, c_t)              encoder  q(z_t | x_t, h_{t−1}, c_t)
 *   decoder    p(x_t | z_t, h_{t−1}, c_t) = N(a ⊙ x_{t−1} + μ, σ²),  a, μ, σ functions of (z_t, h_{t−1}, c_t)
 *   state      h_t = GRU([x_t, z_t, c_t], h_{t−1})
 *   ELBO       Σ_t E_q log p(x_t | z_t, h_{t−1}) − KL(q(z_t) ‖ p(z_t))
 *
 * The gate a lets a slow series start as a random walk instead of learning to copy. A missing sample takes z from the
 * prior and x from the decoder's mean, and adds nothing to the ELBO.
 *
 * On wasm a step costs its number of operations, so everything that does not depend on h is computed for all steps at
 * once, prior and decoder for all steps at once afterwards, and nothing is cut across columns inside of a step.
 */
import * as tf from '@tensorflow/tfjs';
import { calendarWidth, writeCalendar } from './calendar';
import { type Gaussian, kl, logProb, sample } from './gaussian';
import { LATENT_FLOOR, SAMPLE_FLOOR, type Weights, dense, gaussian, kernel, repeated, tiled } from './layers';
import type { ModelConfig } from './model';
import type { Random } from './noise';
import { unrolled } from './vrnn.unrolled';
import type { Batch } from './windows';

/** What goes from step to step: h is [batch, hidden], x the last sample [batch, feature]. */
export type Carry = {
  h: tf.Tensor;
  x: tf.Tensor;
};

type Gates = Record<'r' | 'u' | 'n', tf.Tensor>;

/** What the calendar, and for encoder and gates the sample, contributes to a step; rows are [batch] or all steps. */
interface Inputs extends Gates {
  encoder: tf.Tensor;
  prior: tf.Tensor;
  decoder: tf.Tensor;
  x: tf.Tensor;
  visible: tf.Tensor;
}

/** Where a step was: enough for p(z_t | past) and p(x_t | z_t, past). */
interface Visited {
  before: Carry;
  q: Gaussian;
  z: tf.Tensor;
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
  const weights: Weights = {};
  const to = (from: string, inputs: number, gain = 1) => ({
    of: (name: string) => kernel(weights, `${from}/${name}`, [inputs, hidden], random, gain),
  });
  const [fromH, fromZ, fromX] = [to('h', hidden), to('z', latent), to('x', features)];
  const fromC = to('calendar', calendarWidth(cycles), 0.5);
  const h = each(['encoder', 'prior', 'decoder', 'r', 'u', 'n'], fromH.of);
  const c = each(['encoder', 'prior', 'decoder', 'r', 'u', 'n'], fromC.of);
  const z = each(['decoder', 'r', 'u', 'n'], fromZ.of);
  const x = each(['r', 'u', 'n'], fromX.of);
  const seen = to('seen', 2 * features).of('encoder');
  const posterior = gaussian(weights, 'encoder', [hidden, latent], random, { floor: LATENT_FLOOR });
  const prior = gaussian(weights, 'prior', [hidden, latent], random, { floor: LATENT_FLOOR });
  const change = gaussian(weights, 'decoder', [hidden, features], random, { floor: SAMPLE_FLOOR, gain: 0.5 });
  const gate = dense(weights, 'decoder/gate', [hidden, features], random, { gain: 0.5 });

  const start = (batch: number): Carry => ({ h: tf.zeros([batch, hidden]), x: tf.zeros([batch, features]) });

  /** p(z_t | h_{t−1}, c_t); `input` is the calendar's part. */
  const priorOf = (state: tf.Tensor, input: tf.Tensor): Gaussian => prior(h.prior(state).add(input).tanh());

  /** The decoder's hidden layer before z enters. */
  const decoderOf = (state: tf.Tensor, input: tf.Tensor): tf.Tensor => h.decoder(state).add(input);

  /** p(x_t | z_t, h_{t−1}, c_t): rows of `decoder`, `latent` and `last` belong together. */
  function decode(decoder: tf.Tensor, latent: tf.Tensor, last: tf.Tensor): Gaussian {
    const layer = decoder.add(z.decoder(latent)).tanh();
    const { mean, std } = change(layer);
    return { mean: gate(layer).sigmoid().mul(last).add(mean), std };
  }

  /** GRU with the reset gate behind the matrix product, as in cuDNN; `input` is the part of x and c. */
  function recur(input: Gates, latent: tf.Tensor, state: tf.Tensor): tf.Tensor {
    const r = input.r.add(z.r(latent)).add(h.r(state)).sigmoid();
    const u = input.u.add(z.u(latent)).add(h.u(state)).sigmoid();
    const n = input.n
      .add(z.n(latent))
      .add(r.mul(h.n(state)))
      .tanh();
    return n.add(u.mul(state.sub(n)));
  }

  const withSample = (input: Gates, sample: tf.Tensor): Gates => ({
    r: input.r.add(x.r(sample)),
    u: input.u.add(x.u(sample)),
    n: input.n.add(x.n(sample)),
  });

  /** Everything that does not depend on h, for all steps at once. */
  function project(s: Sequence): Inputs {
    const calendar = each(['encoder', 'prior', 'decoder', 'r', 'u', 'n'], (name) => c[name](s.calendar));
    const encoder = calendar.encoder.add(seen(tf.concat([s.x, s.visible], 1)));
    return { ...calendar, ...withSample(calendar, s.x), encoder, x: s.x, visible: s.visible };
  }

  /** One step; `epsilon` null follows the mean of z instead of a sample of it. */
  function step(input: Inputs, missing: boolean, before: Carry, epsilon: tf.Tensor | null) {
    let q = posterior(h.encoder(before.h).add(input.encoder).tanh());
    if (missing) q = chosen(any(input.visible), q, priorOf(before.h, input.prior));
    const latent = epsilon === null ? q.mean : sample(q, epsilon);
    let { x: value, r, u, n } = input;
    if (missing) {
      const imagined = decode(decoderOf(before.h, input.decoder), latent, before.x);
      const imputed = imagined.mean.mul(tf.sub(1, input.visible));
      value = value.add(imputed);
      ({ r, u, n } = withSample({ r, u, n }, imputed));
    }
    const next: Carry = { h: recur({ r, u, n }, latent, before.h), x: value };
    return { visited: { before, q, z: latent } satisfies Visited, next };
  }

  /** All steps from `carry` on: where each of them was, and the carry after the last. */
  function run(s: Sequence, carry: Carry, epsilon: tf.Tensor[] | null) {
    const inputs = project(s);
    const steps = perStep(inputs, s);
    const visited = steps.map((input, t) => {
      const outputs = step(input, s.anyMissing[t]!, carry, epsilon === null ? null : epsilon[t]!);
      carry = outputs.next;
      return outputs.visited;
    });
    return { inputs, visited, carry };
  }

  /** `run` from a cold start, joined over time: the two ways to do it say the same. */
  function pass(s: Sequence, epsilon: tf.Tensor[]) {
    if (s.anyMissing.some((missing) => missing)) {
      const { inputs, visited } = run(s, start(s.batch), epsilon);
      const all = (part: (v: Visited) => tf.Tensor): tf.Tensor => joined(visited.map(part));
      const q = { mean: all((v) => v.q.mean), std: all((v) => v.q.std) };
      return { inputs, q, h: all((v) => v.before.h), z: all((v) => v.z), last: all((v) => v.before.x) };
    }
    const inputs = project(s);
    const { h, mean, std, z } = unrolled(
      {
        ...{ e: inputs.encoder, r: inputs.r, u: inputs.u, n: inputs.n },
        ...{ Eh: w('h/encoder'), Rh: w('h/r'), Uh: w('h/u'), Nh: w('h/n') },
        ...{ Rz: w('z/r'), Uz: w('z/u'), Nz: w('z/n') },
        ...{ M: w('encoder/mean/kernel'), m: w('encoder/mean/bias') },
        ...{ S: w('encoder/std/kernel'), s: w('encoder/std/bias') },
      },
      epsilon,
    );
    const last = tf.concat([tf.zeros([s.batch, features]), s.x.slice(0, (s.time - 1) * s.batch)], 0);
    return { inputs, q: { mean, std }, h, z, last };
  }

  const w = (name: string): tf.Tensor => weights[name]!;

  /** Both terms of the ELBO, [time · batch, feature] (0 where x is missing) and [time · batch]. */
  function elbo(s: Sequence, target: { x: tf.Tensor; observed: tf.Tensor }, epsilon: tf.Tensor[]) {
    const { inputs, q, h, z, last } = pass(s, epsilon);
    const p = decode(decoderOf(h, inputs.decoder), z, last);
    return {
      reconstruction: logProb(p, target.x).mul(target.observed),
      kl: kl(q, priorOf(h, inputs.prior)),
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
    return terms.kl.sum().mul(beta).sub(terms.reconstruction.sum()).div<tf.Scalar>(count);
  }

  /**
   * p(x_t | past) as a mixture over K samples of the prior, for every row of a run: mean and std are
   * [rows · K, feature], the K of a row side by side. epsilon is [K, latent].
   */
  function predict(
    { inputs, visited }: { inputs: Inputs; visited: Visited[] },
    epsilon: tf.Tensor2D,
  ): Gaussian {
    const all = (part: (v: Visited) => tf.Tensor): tf.Tensor => joined(visited.map(part));
    const state = all((v) => v.before.h);
    const p = priorOf(state, inputs.prior);
    const each = epsilon.shape[0];
    const samples = repeated(p.mean, each).add(repeated(p.std, each).mul(tiled(epsilon, state.shape[0])));
    const decoder = repeated(decoderOf(state, inputs.decoder), each);
    const last = repeated(
      all((v) => v.before.x),
      each,
    );
    return decode(decoder, samples, last);
  }

  /** One step into the future: z from the prior, x from the decoder, both by the noise given; x held within ±clip. */
  function imagine(
    carry: Carry,
    calendar: tf.Tensor,
    noise: { z: tf.Tensor; x: tf.Tensor; clip: number },
  ): Carry {
    const latent = sample(priorOf(carry.h, c.prior(calendar)), noise.z);
    const p = decode(decoderOf(carry.h, c.decoder(calendar)), latent, carry.x);
    const value = sample(p, noise.x).clipByValue(-noise.clip, noise.clip);
    const gates = withSample({ r: c.r(calendar), u: c.u(calendar), n: c.n(calendar) }, value);
    return { h: recur(gates, latent, carry.h), x: value };
  }

  return { weights, run, elbo, loss, predict, imagine };
}

function each<Name extends string, T>(names: Name[], make: (name: Name) => T): Record<Name, T> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, T>;
}

/** What a step reads only when a sample is missing. */
const FOR_MISSING: (keyof Inputs)[] = ['prior', 'decoder', 'visible'];

/** Cuts the [time · batch, …] of the inputs into steps; what no step will read is left whole, since a cut costs. */
function perStep(inputs: Inputs, { time, anyMissing }: Sequence): Inputs[] {
  if (time === 1) return [inputs];
  const whole = anyMissing.some((missing) => missing) ? [] : FOR_MISSING;
  const names = Object.keys(inputs) as (keyof Inputs)[];
  const parts = each(names, (name) => (whole.includes(name) ? null : tf.split(inputs[name], time, 0)));
  return Array.from({ length: time }, (_, t) => each(names, (name) => parts[name]?.[t] ?? inputs[name]));
}

/** mask · a + (1 − mask) · b, of a mask [batch, 1]. */
function chosen(mask: tf.Tensor, a: Gaussian, b: Gaussian): Gaussian {
  const choose = (a: tf.Tensor, b: tf.Tensor) => b.add(mask.mul(a.sub(b)));
  return { mean: choose(a.mean, b.mean), std: choose(a.std, b.std) };
}

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

/** The tensors of a batch. What is hidden counts as missing here: x is 0 and the decoder's mean takes over. */
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
