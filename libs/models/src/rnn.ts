/**
 * Recurrent network (GRU, Cho et al. 2014, arXiv:1406.1078) of the residuals of the linear path: the VRNN's twin without a latent
 * variable. The same state and decoder, but one Student's t a sample instead of a mixture, and a likelihood instead of a bound:
 *
 *   e_t ~ w·μ + σ·Student(ν), μ and σ functions of (h_{t−1}, c_t)      loss = −Σ_t log p(e_t | h_{t−1}, c_t)
 */
import * as tf from '@tensorflow/tfjs';
import { valuesOf } from './artifact';
import type { Gaussian } from './gaussian';
import type { Weights } from './layers';
import type { ModelConfig } from './model';
import type { Random } from './noise';
import { rnnKernel } from './rnn.kernel';
import {
  GATES,
  type Sequence,
  type StepNetwork,
  each,
  heldOutLossOf,
  imagined,
  joined,
  perStep,
  recur,
  stepLayers,
  tanh,
  targetOf,
  toSequence,
} from './vrnn.network';
import { unrolled } from './vrnn.unrolled';
import type { Batch } from './windows';

export function rnn(config: ModelConfig, random: Random): StepNetwork {
  const { hidden } = config;
  const weights: Weights = {};
  const step = stepLayers(weights, config, random);

  const predict = (before: tf.Tensor, calendar: tf.Tensor): Gaussian =>
    step.decode(tanh(step.h.decoder(before).add(step.c.decoder(calendar))));

  function follow(s: Sequence, h: tf.Tensor) {
    const gates = step.gatesOf(s);
    const inputs = each(GATES, (gate) => perStep(gates[gate], s.time));
    const before = inputs.r.map((r, t) => {
      const state = h;
      h = recur({ r, u: inputs.u[t]!, n: inputs.n[t]! }, h, step.h);
      return state;
    });
    return { before: joined(before), after: h };
  }

  /** h before each step, its gradient written out: a VRNN whose z is 0. */
  function pass(s: Sequence): tf.Tensor {
    const gates = step.gatesOf(s);
    const none = (rows: number, columns: number) => tf.zeros([rows, columns]);
    const absent = {
      ...{ e: none(s.time * s.batch, hidden), Eh: none(hidden, hidden) },
      ...{ Rz: none(1, hidden), Uz: none(1, hidden), Nz: none(1, hidden) },
      ...{ M: none(hidden, 1), m: tf.zeros([1]), S: none(hidden, 1), s: tf.zeros([1]) },
    };
    const own = { Rh: weights['h/r']!, Uh: weights['h/u']!, Nh: weights['h/n']! };
    const epsilon = Array.from({ length: s.time }, () => none(s.batch, 1));
    return unrolled({ ...gates, ...own, ...absent }, epsilon).h;
  }

  function loss(batch: Batch): tf.Scalar {
    const s = toSequence(batch, config);
    const { x, observed } = targetOf(batch);
    const p = predict(pass(s), s.calendar);
    const total = step.logProb(p, x).mul(observed).sum();
    return total.neg().div<tf.Scalar>(observed.sum().maximum(1));
  }

  const network: StepNetwork = {
    weights,
    loss,
    heldOutLoss: (batch) => heldOutLossOf(batch, { ...network, logProb: step.logProb }, config),
    follow,
    predict,
    imagine(h, calendar, noise) {
      const { e, x } = imagined(predict(h, calendar), noise.e);
      return { e, h: recur(step.gatesOf({ x, calendar }), h, step.h) };
    },
    freedom: step.freedom,
    kernel: () => rnnKernel(valuesOf(weights), config),
  };
  return network;
}
