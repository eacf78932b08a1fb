/**
 * The recurrence of a VRNN over all steps of sequences without a missing sample, with its gradient written out
 * (back-propagation through time), for training. With e_t, r_t, u_t, n_t the projected inputs:
 *
 *   e = tanh(h·E_h + e_t)     μ = e·M + m     σ = softplus(e·S + s) + floor     z = μ + σ ⊙ ε
 *   r = sigmoid(h·R_h + z·R_z + r_t)          u = sigmoid(h·U_h + z·U_z + u_t)
 *   n = tanh(r ⊙ (h·N_h) + z·N_z + n_t)       h' = n + u ⊙ (h − n)
 *
 * The automatic gradient of the same costs more than twice the time on wasm: it transposes every weight and adds up
 * every weight's gradient anew in each step, which happens here once, after the last.
 */
import * as tf from '@tensorflow/tfjs';
import { LATENT_FLOOR } from './layers';

/** In this order: projected inputs [time · batch, hidden], then kernels and biases. */
const NAMES = [
  ...['e', 'r', 'u', 'n'],
  ...['Eh', 'Rh', 'Uh', 'Nh', 'Rz', 'Uz', 'Nz', 'M', 'm', 'S', 's'],
] as const;
export type UnrolledInputs = Record<
  'e' | 'r' | 'u' | 'n' | 'Eh' | 'Rh' | 'Uh' | 'Nh' | 'Rz' | 'Uz' | 'Nz' | 'M' | 'm' | 'S' | 's',
  tf.Tensor
>;

/** All [time · batch, …]: h before each step, and μ, σ, z of each. */
export interface Unrolled {
  h: tf.Tensor;
  mean: tf.Tensor;
  std: tf.Tensor;
  z: tf.Tensor;
}

const STEP = ['h', 'e', 'std', 'z', 'epsilon', 'r', 'u', 'hn', 'n'] as const;
type Step = Record<(typeof STEP)[number] | 'mean', tf.Tensor>;

/** Starts at h = 0; epsilon is one [batch, latent] per step. */
export function unrolled(inputs: UnrolledInputs, epsilon: tf.Tensor[]): Unrolled {
  const time = epsilon.length;
  const [hidden, latent] = [inputs.Eh.shape[0], inputs.M.shape[1]!];
  const run = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const given = named(args.slice(0, -1) as tf.Tensor[]);
    const steps = forward(given, epsilon);
    save([...WEIGHTS.map((name) => given[name]), ...steps.flatMap((step) => STEP.map((name) => step[name]))]);
    const whole = (name: keyof Step) =>
      tf.concat(
        steps.map((step) => step[name]),
        0,
      );
    const value = tf.concat([whole('h'), whole('mean'), whole('std'), whole('z')], 1);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const weights = Object.fromEntries(WEIGHTS.map((name, i) => [name, saved[i]!])) as UnrolledInputs;
      const kept = Array.from({ length: time }, (_, t) => {
        const from = WEIGHTS.length + t * STEP.length;
        return Object.fromEntries(STEP.map((name, i) => [name, saved[from + i]!])) as Step;
      });
      const gradients = backward(weights, kept, { dy, hidden, latent });
      return NAMES.map((name) => gradients[name]);
    };
    return { value, gradFunc };
  });
  const all = run(...NAMES.map((name) => inputs[name]));
  const [h, mean, std, z] = tf.split(all, [hidden, latent, latent, latent], 1);
  return { h: h!, mean: mean!, std: std!, z: z! };
}

const WEIGHTS = NAMES.slice(4);

const named = (args: tf.Tensor[]): UnrolledInputs =>
  Object.fromEntries(NAMES.map((name, i) => [name, args[i]!])) as UnrolledInputs;

const dot = (a: tf.Tensor, b: tf.Tensor): tf.Tensor2D => tf.matMul(a, b);

function forward(given: UnrolledInputs, epsilon: tf.Tensor[]): Step[] {
  const time = epsilon.length;
  const [es, rs, us, ns] = [given.e, given.r, given.u, given.n].map((all) => tf.split(all, time, 0));
  let h: tf.Tensor = tf.zeros([epsilon[0]!.shape[0], given.Eh.shape[0]]);
  return epsilon.map((noise, t) => {
    const e = dot(h, given.Eh).add(es![t]!).tanh();
    const mean = dot(e, given.M).add(given.m);
    const std = dot(e, given.S).add(given.s).softplus().add(LATENT_FLOOR);
    const z = mean.add(std.mul(noise));
    const r = dot(h, given.Rh).add(dot(z, given.Rz)).add(rs![t]!).sigmoid();
    const u = dot(h, given.Uh).add(dot(z, given.Uz)).add(us![t]!).sigmoid();
    const hn = dot(h, given.Nh);
    const n = r.mul(hn).add(dot(z, given.Nz)).add(ns![t]!).tanh();
    const step = { h, e, mean, std, z, epsilon: noise, r, u, hn, n };
    h = n.add(u.mul(h.sub(n)));
    return step;
  });
}

/** Gradients of everything by the name it has in `NAMES`. */
function backward(
  weights: UnrolledInputs,
  steps: Step[],
  { dy, hidden, latent }: { dy: tf.Tensor; hidden: number; latent: number },
): UnrolledInputs {
  const time = steps.length;
  const turned = Object.fromEntries(
    WEIGHTS.filter((name) => weights[name].rank === 2).map((name) => [name, weights[name].transpose()]),
  ) as UnrolledInputs;
  const [dhs, dmeans, dstds, dzs] = tf
    .split(dy, [hidden, latent, latent, latent], 1)
    .map((all) => tf.split(all, time, 0));
  const one = tf.scalar(1);
  const deltas: Record<'e' | 'm' | 's' | 'r' | 'u' | 'n' | 'hn', tf.Tensor>[] = [];
  let dh: tf.Tensor = tf.zerosLike(steps[0]!.h);
  for (let t = time - 1; t >= 0; t--) {
    const { h, e, std, epsilon, r, u, hn, n } = steps[t]!;
    const dn = dh.sub(dh.mul(u)).mul(one.sub(n.square()));
    const dr = dn.mul(hn).mul(r.sub(r.square()));
    const du = dh.mul(h.sub(n)).mul(u.sub(u.square()));
    const dhn = dn.mul(r);
    const dz = dot(dr, turned.Rz).add(dot(du, turned.Uz)).add(dot(dn, turned.Nz)).add(dzs![t]!);
    const dm = dz.add(dmeans![t]!);
    // softplus'(a) = 1 − exp(−softplus(a))
    const ds = dz
      .mul(epsilon)
      .add(dstds![t]!)
      .mul(one.sub(tf.scalar(LATENT_FLOOR).sub(std).exp()));
    const de = dot(dm, turned.M).add(dot(ds, turned.S)).mul(one.sub(e.square()));
    dh = dh
      .mul(u)
      .add(dot(de, turned.Eh))
      .add(dot(dr, turned.Rh))
      .add(dot(du, turned.Uh))
      .add(dot(dhn, turned.Nh))
      .add(dhs![t]!);
    deltas[t] = { e: de, m: dm, s: ds, r: dr, u: du, n: dn, hn: dhn };
  }
  const delta = (name: keyof (typeof deltas)[number]) =>
    tf.concat(
      deltas.map((all) => all[name]),
      0,
    );
  const [de, dm, ds, dr, du, dn, dhn] = (['e', 'm', 's', 'r', 'u', 'n', 'hn'] as const).map(delta);
  const whole = (name: 'h' | 'z' | 'e') =>
    tf
      .concat(
        steps.map((step) => step[name]),
        0,
      )
      .transpose();
  const [h, z, e] = [whole('h'), whole('z'), whole('e')];
  return {
    ...{ e: de!, r: dr!, u: du!, n: dn! },
    ...{ Eh: dot(h, de!), Rh: dot(h, dr!), Uh: dot(h, du!), Nh: dot(h, dhn!) },
    ...{ Rz: dot(z, dr!), Uz: dot(z, du!), Nz: dot(z, dn!) },
    ...{ M: dot(e, dm!), m: dm!.sum(0), S: dot(e, ds!), s: ds!.sum(0) },
  };
}
