/**
 * A step of a VRNN by hand:
 *
 *   prior      p = tanh(h·P_h + c·P_c)      m = p·M + m_0      s = softplus(p·S + s_0) + floor
 *   decoder    d_k = tanh(h·D_h + c·D_c + m·D_z + (s ⊙ ε_k)·D_z)      μ_k, σ_k from d_k,  k = 1 … K
 *   encoder    q = tanh(h·Q_h + [e, visible]·Q_x + c·Q_c)      z = q·N + n_0
 *   state      h' = GRU([e, visible, z, c], h)
 */
import { softplus, tanhAll } from './activation';
import type { Values } from './artifact';
import { LATENT_FLOOR } from './layers';
import type { ModelConfig } from './model';
import { assembled, padded, simd } from './simd';
import { decoder, enter, gatesFrom, heightsOf, layersFrom, recur } from './step.kernel';
import { type StepKernel, scoreNoise } from './vrnn.network';

export function vrnnKernel(w: Values, config: ModelConfig): StepKernel {
  const { features, hidden, latent, samples } = config;
  const [, seen, width] = heightsOf(config);
  const own = simd();
  const toGates = gatesFrom(w, config, own, ['encoder']);
  const toLayers = layersFrom(w, config, own, ['prior', 'decoder']);
  const encode = own.product(w['encoder/mean/kernel']!, [hidden, latent], w['encoder/mean/bias']);
  const zGates = [['z/r', 'z/u', 'z/n'].map((name) => w[name]!)];
  const fromZ = own.product(assembled(zGates, { heights: [latent], widths: [hidden, hidden, hidden] }), [
    latent,
    3 * hidden,
  ]);
  const heads = [[w['prior/mean/kernel']!, w['prior/std/kernel']!]];
  const toPrior = own.product(
    assembled(heads, { heights: [hidden], widths: [latent, latent] }),
    [hidden, 2 * latent],
    [...w['prior/mean/bias']!, ...w['prior/std/bias']!],
  );
  const toDecoder = own.product(w['z/decoder']!, [latent, hidden]);
  const decode = decoder(w, config, own);
  const rows = own.rows({
    input: hidden + seen + width,
    gates: 5 * hidden,
    z: latent,
    before: hidden + width,
    layers: 2 * hidden,
    prior: 2 * latent,
    shared: hidden,
    apart: [samples, latent],
    layer: [samples, hidden],
    head: [samples, 2 * features],
  });
  const { input, gates, z, before, layers, prior, shared, apart, layer, head } = rows;
  const encoder = gates.subarray(0, hidden);
  const ownGates = gates.subarray(hidden);
  const [priorLayer, decoderLayer] = [layers.subarray(0, hidden), layers.subarray(hidden)];
  const epsilon = scoreNoise(config);
  const stride = padded(latent);
  const each = samples * features;
  const said = { head, means: new Float32Array(each), stds: new Float32Array(each) };
  const [ontoGates, ontoDecoder, ontoShared] = [
    { from: ownGates },
    { from: decoderLayer },
    { from: shared, rows: samples },
  ];

  return {
    follow(h, e, calendar) {
      enter(input, { h, e, calendar });
      toGates(input, gates);
      tanhAll(encoder);
      encode(encoder, z);
      fromZ(z, ownGates, ontoGates);
      recur(ownGates, h);
    },
    predict(h, calendar) {
      before.set(h);
      before.set(calendar, hidden);
      toLayers(before, layers);
      tanhAll(priorLayer);
      toPrior(priorLayer, prior);
      toDecoder(prior, shared, ontoDecoder);
      for (let i = 0; i < latent; i++) {
        const s = softplus(prior[latent + i]!) + LATENT_FLOOR;
        for (let k = 0; k < samples; k++) apart[k * stride + i] = s * epsilon[k * latent + i]!;
      }
      toDecoder(apart, layer, ontoShared);
      tanhAll(layer);
      return decode(layer, said);
    },
  };
}
