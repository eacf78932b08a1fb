/**
 * What the networks that go step by step (VRNN, RNN) share. They see and foretell the residuals e_t of the linear path
 * (autoregression.ts), conditioned on the calendar c_t, and leave to it what is linear:
 *
 *   state      h_t = GRU([e_t, visible_t, (z_t), c_t], h_{t−1})
 *   decoder    e_t ~ w·μ + σ·Student(ν),  μ, σ functions of ((z_t), h_{t−1}, c_t),  ν learnt,  w = n / (n + 500)
 *
 * μ starts at 0 and σ at 1, so an untrained network is the linear path itself; n rows of training earn μ its weight. A missing
 * sample enters as e = 0 and visible = 0, and adds nothing to the loss.
 */
import * as tf from '@tensorflow/tfjs';
import { calendarWidth, writeCalendar } from './calendar';
import type { Gaussian } from './gaussian';
import { type Layer, type Weights, constant, dense, fixed, kernel, variable } from './layers';
import type { ModelConfig } from './model';
import { type Random, balancedNormals, seeded } from './noise';
import { logStudent } from './student';
import type { Batch } from './windows';

/** Residuals enter h within ±INPUT_LIMIT, and are foretold within ±TARGET_LIMIT. */
export const INPUT_LIMIT = 5;
export const TARGET_LIMIT = 8;

/** Time-major: x [time · batch, 2 · feature] are residuals (0 where missing) and visible, calendar [time · batch, width]. */
export interface Sequence {
  batch: number;
  time: number;
  x: tf.Tensor;
  calendar: tf.Tensor;
}

export interface StepNetwork {
  weights: Weights;
  /** −ELBO (or −log likelihood) in nats per observed sample. */
  loss(batch: Batch, random: Random, beta: number): tf.Scalar;
  /** −log p(e_t | past) in nats per observed sample, the first quarter of each sequence heard only. */
  heldOutLoss(batch: Batch): tf.Scalar;
  /** From h on, following the mean of z: h before each step, [time · batch, hidden], and after the last. */
  follow(s: Sequence, h: tf.Tensor): { before: tf.Tensor; after: tf.Tensor };
  /** p(e_t | past) as a mixture over K samples of z for each row: [rows · K, feature], the K of a row side by side. */
  predict(before: tf.Tensor, calendar: tf.Tensor): Gaussian;
  /** One step into the future: z and e by the noise given. */
  imagine(h: tf.Tensor, calendar: tf.Tensor, noise: { z: tf.Tensor; e: tf.Tensor }): Imagined;
  /** ν */
  freedom(): number;
  /** `follow` and `predict` by hand, with the weights as they are now. */
  kernel(): StepKernel;
}

/** One step of one series. What it returns is good until the next call. */
export interface StepKernel {
  /** h one step on, in place: e [feature] is the residual, NaN where missing. */
  follow(h: Float32Array, e: ArrayLike<number>, calendar: Float32Array): void;
  /** p(e_t | past) as a mixture over K samples of z, [K, feature] each. */
  predict(h: Float32Array, calendar: Float32Array): { means: Float32Array; stds: Float32Array };
}

export type Imagined = {
  h: tf.Tensor;
  e: tf.Tensor;
};

export type Gate = 'r' | 'u' | 'n';
export type Gates = Record<Gate, tf.Tensor>;
export const GATES: Gate[] = ['r', 'u', 'n'];

/** Gains of layers that start near nothing, and rows after which half of μ counts. */
const LATE_ROWS = 500;
export const STD_FLOOR = 0.02;
/** softplus⁻¹(1) */
export const UNIT = 0.5413;
const FREEDOM_FLOOR = 2.1;
const FREEDOM_START = 2;

/** How many of the samples of a sequence are heard before the first that is judged. */
const HEARD = 0.25;

/** The layers that do not know of z. */
export function stepLayers(weights: Weights, config: ModelConfig, random: Random) {
  const { features, hidden, cycles } = config;
  const from = (name: string, inputs: number, gain = 1) => ({
    to: (layer: string): Layer => kernel(weights, `${name}/${layer}`, [inputs, hidden], random, gain),
  });
  const layers = [...GATES, 'decoder'] as const;
  const h = each([...layers], from('h', hidden).to);
  const c = each([...layers], from('calendar', calendarWidth(cycles), 0.5).to);
  const x = each(GATES, from('x', 2 * features).to);
  const mean = kernel(weights, 'decoder/mean', [hidden, features], random, 0);
  const std = dense(weights, 'decoder/std', [hidden, features], random, { gain: 0 });
  const nu = variable(weights, 'decoder/freedom', [1], Float32Array.of(FREEDOM_START));
  const weight = fixed(weights, 'decoder/weight', [1]);

  const freedom = (): tf.Tensor => nu.softplus().add(FREEDOM_FLOOR);

  return {
    h,
    c,
    /** What calendar and sample add to the gates. */
    gatesOf: (s: { x: tf.Tensor; calendar: tf.Tensor }): Gates =>
      each(GATES, (gate) => c[gate](s.calendar).add(x[gate](s.x))),
    /** p(e | decoder's layer) */
    decode(layer: tf.Tensor): Gaussian {
      const spread = std(layer).add(UNIT).softplus();
      return { mean: mean(layer).mul(weight), std: spread.mul(1 - STD_FLOOR).add(STD_FLOOR) };
    },
    logProb: (p: Gaussian, e: tf.Tensor): tf.Tensor => logStudent(p, e, freedom()),
    freedom: (): number => tf.tidy(() => freedom().dataSync()[0]!),
  };
}

/** By the sigmoid, for which wasm has a kernel five times as fast. */
export const tanh = (x: tf.Tensor): tf.Tensor => x.mul(2).sigmoid().mul(2).sub(1);

/** Lets μ count as much as so many rows of training deserve. */
export function trust(weights: Weights, rows: number): void {
  constant(weights['decoder/weight']!, Float32Array.of(rows / (rows + LATE_ROWS)));
}

/** GRU with the reset gate behind the matrix product, as in cuDNN; `input` is what does not depend on h. */
export function recur(input: Gates, h: tf.Tensor, of: Record<Gate, Layer>): tf.Tensor {
  const r = input.r.add(of.r(h)).sigmoid();
  const u = input.u.add(of.u(h)).sigmoid();
  const n = input.n.add(r.mul(of.n(h))).tanh();
  return n.add(u.mul(h.sub(n)));
}

/** e by the noise given, and what of it enters h: a visible sample. */
export function imagined(p: Gaussian, noise: tf.Tensor): { e: tf.Tensor; x: tf.Tensor } {
  const e = p.mean.add(p.std.mul(noise)).clipByValue(-TARGET_LIMIT, TARGET_LIMIT);
  return { e, x: tf.concat([e.clipByValue(-INPUT_LIMIT, INPUT_LIMIT), tf.onesLike(e)], 1) };
}

type Foretelling = Pick<StepNetwork, 'follow' | 'predict'> & {
  logProb(p: Gaussian, e: tf.Tensor): tf.Tensor;
};

export function heldOutLossOf(batch: Batch, network: Foretelling, config: ModelConfig): tf.Scalar {
  const s = toSequence(batch, config);
  const { x, observed } = targetOf(batch);
  const { before } = network.follow(s, tf.zeros([s.batch, config.hidden]));
  const p = network.predict(before, s.calendar);
  const [rows, each] = [x.shape[0], p.mean.shape[0] / x.shape[0]];
  const apart = (all: tf.Tensor) => all.reshape([rows, each, config.features]);
  const mixed = { mean: apart(p.mean), std: apart(p.std) };
  const nats = network.logProb(mixed, x.reshape([rows, 1, config.features]));
  const judged = observed.mul(judgedOf(s));
  const total = nats.logSumExp(1).sub(Math.log(each)).mul(judged).sum();
  return total.neg().div<tf.Scalar>(judged.sum().maximum(1));
}

/** [time · batch, 1]: 1 from the second quarter on. */
function judgedOf({ batch, time }: Sequence): tf.Tensor {
  const from = Math.floor(HEARD * time) * batch;
  return tf.tensor2d(
    Float32Array.from({ length: time * batch }, (_, row) => (row < from ? 0 : 1)),
    [time * batch, 1],
  );
}

/** What is foretold, [time · batch, feature], and 1 where it was observed. */
export function targetOf(batch: Batch): { x: tf.Tensor; observed: tf.Tensor } {
  const held = batch.x.map((e) => Math.max(-TARGET_LIMIT, Math.min(TARGET_LIMIT, e)));
  return { x: timeMajor([held], batch), observed: timeMajor([batch.observed], batch) };
}

/** The tensors of a batch of residuals; what is hidden counts as missing. */
export function toSequence(
  batch: Batch,
  { cycles, periodMs }: Pick<ModelConfig, 'cycles' | 'periodMs'>,
): Sequence {
  const { size, length, starts, visible } = batch;
  const width = calendarWidth(cycles);
  const calendar = new Float32Array(size * length * width);
  for (let row = 0; row < size; row++) {
    const same = starts.indexOf(starts[row]!);
    for (let t = 0; t < length; t++) {
      const at = (t * size + row) * width;
      if (same === row) writeCalendar(calendar, at, { cycles, step: starts[row]! + t, periodMs });
      else calendar.copyWithin(at, (t * size + same) * width, (t * size + same + 1) * width);
    }
  }
  const seen = batch.x.map((e, i) => Math.max(-INPUT_LIMIT, Math.min(INPUT_LIMIT, e)) * visible[i]!);
  return {
    batch: size,
    time: length,
    x: timeMajor([seen, visible], batch),
    calendar: tf.tensor2d(calendar, [size * length, width]),
  };
}

/** Arrays [batch, time, feature] side by side as [time · batch, arrays · feature]. */
function timeMajor(arrays: Float32Array[], { size, length, features }: Batch): tf.Tensor2D {
  const width = arrays.length * features;
  const out = new Float32Array(size * length * width);
  for (let row = 0; row < size; row++) {
    for (let t = 0; t < length; t++) {
      const [to, from] = [(t * size + row) * width, (row * length + t) * features];
      arrays.forEach((values, i) => {
        for (let f = 0; f < features; f++) out[to + i * features + f] = values[from + f]!;
      });
    }
  }
  return tf.tensor2d(out, [size * length, width]);
}

/** The fixed noise of the z behind scores, [K, latent]: part of the model, made by its seed. */
export const scoreNoise = ({ seed, samples, latent }: ModelConfig): Float32Array =>
  balancedNormals(seeded(seed + 2), samples, latent);

export function each<Name extends string, T>(
  names: readonly Name[],
  make: (name: Name) => T,
): Record<Name, T> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, T>;
}

/** Cuts [time · batch, …] into steps. */
export const perStep = (all: tf.Tensor, time: number): tf.Tensor[] =>
  time === 1 ? [all] : tf.split(all, time, 0);

export const joined = (parts: tf.Tensor[]): tf.Tensor =>
  parts.length === 1 ? parts[0]! : tf.concat(parts, 0);
