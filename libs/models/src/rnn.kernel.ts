/**
 * A step of an RNN by hand:
 *
 *   decoder    d = tanh(h·D_h + c·D_c)      μ, σ from d
 *   state      h' = GRU([e, visible, c], h)
 */
import { tanhAll } from './activation';
import type { Values } from './artifact';
import type { ModelConfig } from './model';
import { simd } from './simd';
import { decoder, enter, gatesFrom, heightsOf, layersFrom, recur } from './step.kernel';
import type { StepKernel } from './vrnn.network';

export function rnnKernel(w: Values, config: ModelConfig): StepKernel {
  const { features, hidden } = config;
  const [, seen, width] = heightsOf(config);
  const own = simd();
  const toGates = gatesFrom(w, config, own);
  const toLayer = layersFrom(w, config, own, ['decoder']);
  const decode = decoder(w, config, own);
  const { input, gates, before, layer, head } = own.rows({
    input: hidden + seen + width,
    gates: 4 * hidden,
    before: hidden + width,
    layer: hidden,
    head: 2 * features,
  });
  const said = { head, means: new Float32Array(features), stds: new Float32Array(features) };

  return {
    follow(h, e, calendar) {
      enter(input, { h, e, calendar });
      toGates(input, gates);
      recur(gates, h);
    },
    predict(h, calendar) {
      before.set(h);
      before.set(calendar, hidden);
      toLayer(before, layer);
      tanhAll(layer);
      return decode(layer, said);
    },
  };
}
