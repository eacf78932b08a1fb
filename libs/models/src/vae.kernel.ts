/**
 * The newest step of a reconstruction by a VAE or autoencoder by hand; [·] is relu:
 *
 *   encoder    z = x·B + b + [[(x, c)·E + e]·D + d]·M + m        x with its newest step hidden
 *   decoder    x̂ = z·A + a + [[(z, c)·F + f]·G + g]·N + n        of which the newest step is computed alone
 */
import { reluAll } from './activation';
import type { Values } from './artifact';
import { calendarWidth } from './calendar';
import type { ModelConfig } from './model';
import { assembled, simd } from './simd';
import { entering, newestOf } from './window.kernel';
import type { WindowKernel } from './window.network';

export function vaeKernel(w: Values, config: ModelConfig): WindowKernel {
  const { features, hidden, latent, cycles, window } = config;
  const [size, width] = [window * features, calendarWidth(cycles)];
  const own = simd();
  const enter = entering(w, config, own);
  const [B, E] = [w['encoder/linear/kernel']!, w['encoder/hidden/kernel']!];
  const encodings = [
    [B, E],
    [null, E.subarray(size * hidden)],
  ];
  const encode = own.product(
    assembled(encodings, { heights: [size, width], widths: [latent, hidden] }),
    [size + width, latent + hidden],
    [...sumOf(w['encoder/linear/bias']!, w['encoder/mean/bias']!), ...w['encoder/hidden/bias']!],
  );
  const dense = (name: string, inputs: number) =>
    own.product(w[`${name}/kernel`]!, [inputs, hidden], w[`${name}/bias`]);
  const deepen = dense('encoder/deep', hidden);
  const bend = own.product(w['encoder/mean/kernel']!, [hidden, latent]);
  const decode = dense('decoder/hidden', latent + width);
  const unfold = dense('decoder/deep', hidden);
  const [A, N] = ['decoder/linear', 'decoder/mean'].map((name) => newestOf(w[`${name}/kernel`]!, config));
  const bias = sumOf(w['decoder/linear/bias']!, w['decoder/mean/bias']!);
  const straight = own.product(A!, [latent, features], newestOf(bias, config));
  const bent = own.product(N!, [hidden, features]);
  const { x, given, encoded, layer, z, said } = own.rows({
    x: size + width,
    given: features,
    encoded: latent + hidden,
    layer: hidden,
    z: latent + width,
    said: features,
  });
  const [linear, first] = [encoded.subarray(0, latent), encoded.subarray(latent)];
  const [ontoLinear, ontoSaid] = [{ from: linear }, { from: said }];
  return {
    given(context, at) {
      enter(x, given, { context, at });
      return given;
    },
    newest(context, at, calendar) {
      enter(x, given, { context, at });
      x.set(calendar, size);
      encode(x, encoded);
      reluAll(first);
      deepen(first, layer);
      reluAll(layer);
      bend(layer, z, ontoLinear);
      z.set(calendar, latent);
      decode(z, first);
      reluAll(first);
      unfold(first, layer);
      reluAll(layer);
      straight(z, said);
      bent(layer, said, ontoSaid);
      return said;
    },
  };
}

const sumOf = (a: Float32Array, b: Float32Array): Float32Array => a.map((one, i) => one + b[i]!);
