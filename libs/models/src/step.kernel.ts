/** What the hand-written kernels of VRNN and RNN share: the equations that do not know of z (vrnn.network.ts). */
import { sigmoid, softplus, tanh } from './activation';
import type { Values } from './artifact';
import { calendarWidth } from './calendar';
import type { ModelConfig } from './model';
import { type Product, type Rows, type Simd, assembled, padded } from './simd';
import { INPUT_LIMIT, STD_FLOOR, UNIT } from './vrnn.network';

/** What enters a step is [h, e, visible, c] and [h, c]. */
export const heightsOf = ({ hidden, features, cycles }: ModelConfig): [number, number, number] => [
  hidden,
  2 * features,
  calendarWidth(cycles),
];

/** [h, e, visible, c] · W: all gates side by side, of n apart what comes from h, because r comes between. */
export function gatesFrom(w: Values, config: ModelConfig, simd: Simd, before: string[] = []): Product {
  const layers = [...before, 'r', 'u', 'n'];
  const from = (name: string) => layers.map((layer) => w[`${name}/${layer}`]!);
  const own = [...from('h').slice(0, -1), null, w['h/n']!];
  const heights = heightsOf(config);
  const widths = own.map(() => config.hidden);
  const matrix = assembled([own, [...from('x'), null], [...from('calendar'), null]], { heights, widths });
  return simd.product(matrix, [heights.reduce(sum), widths.reduce(sum)]);
}

/** [h, c] · W */
export function layersFrom(w: Values, config: ModelConfig, simd: Simd, layers: string[]): Product {
  const [hidden, , width] = heightsOf(config);
  const from = (name: string) => layers.map((layer) => w[`${name}/${layer}`]!);
  const widths = layers.map(() => hidden);
  const matrix = assembled([from('h'), from('calendar')], { heights: [hidden, width], widths });
  return simd.product(matrix, [hidden + width, widths.reduce(sum)]);
}

const sum = (a: number, b: number): number => a + b;

/** Writes h, the residual and the calendar into the input of `gatesFrom`. */
export function enter(
  input: Rows,
  { h, e, calendar }: { h: Float32Array; e: ArrayLike<number>; calendar: Float32Array },
): void {
  const [hidden, features] = [h.length, e.length];
  input.set(h);
  for (let f = 0; f < features; f++) {
    const isMissing = Number.isNaN(e[f]!);
    input[hidden + f] = isMissing ? 0 : Math.max(-INPUT_LIMIT, Math.min(INPUT_LIMIT, e[f]!));
    input[hidden + features + f] = isMissing ? 0 : 1;
  }
  input.set(calendar, hidden + 2 * features);
}

/** h' = n + u ⊙ (h − n),  n = tanh(n_x + r ⊙ n_h);  `gates` is [r, u, n_x, n_h] before they are squashed. */
export function recur(gates: Rows, h: Float32Array): void {
  const { length } = h;
  for (let i = 0; i < length; i++) {
    const r = sigmoid(gates[i]!);
    const u = sigmoid(gates[length + i]!);
    const n = tanh(gates[2 * length + i]! + r * gates[3 * length + i]!);
    h[i] = n + u * (h[i]! - n);
  }
}

/** μ and σ of each row of the decoder's layer. */
export function decoder(w: Values, { hidden, features }: ModelConfig, simd: Simd) {
  const blocks = [[w['decoder/mean']!, w['decoder/std/kernel']!]];
  const matrix = assembled(blocks, { heights: [hidden], widths: [features, features] });
  const bias = [...new Float32Array(features), ...w['decoder/std/bias']!.map((one) => one + UNIT)];
  const head = simd.product(matrix, [hidden, 2 * features], bias);
  const weight = w['decoder/weight']![0]!;
  const stride = padded(2 * features);
  return (layer: Rows, said: { head: Rows; means: Float32Array; stds: Float32Array }) => {
    const rows = said.means.length / features;
    head(layer, said.head, { rows });
    for (let k = 0; k < rows; k++) {
      for (let f = 0; f < features; f++) {
        const at = k * stride + f;
        said.means[k * features + f] = weight * said.head[at]!;
        said.stds[k * features + f] = STD_FLOOR + (1 - STD_FLOOR) * softplus(said.head[at + features]!);
      }
    }
    return said;
  };
}
