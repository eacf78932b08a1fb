/** What the layers of the hand-written kernels end in. */

/** tanh as a quotient of polynomials on [−8, 8] (as in Eigen), within 3e-7: Math.tanh takes several times as long. */
export function tanh(x: number): number {
  const a = x > 7.9 ? 7.9 : x < -7.9 ? -7.9 : x;
  const s = a * a;
  let above = -2.76076847742355e-16 * s + 2.00018790482477e-13;
  above = above * s - 8.60467152213735e-11;
  above = above * s + 5.12229709037114e-8;
  above = above * s + 1.48572235717979e-5;
  above = above * s + 6.37261928875436e-4;
  above = above * s + 4.89352455891786e-3;
  const below =
    ((1.19825839466702e-6 * s + 1.18534705686654e-4) * s + 2.268434632439e-3) * s + 4.89352518554385e-3;
  return (a * above) / below;
}

export const sigmoid = (x: number): number => 0.5 + 0.5 * tanh(0.5 * x);

/** log(1 + exp x), without overflow. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export function tanhAll(x: Float32Array): void {
  for (let i = 0; i < x.length; i++) x[i] = tanh(x[i]!);
}

export function reluAll(x: Float32Array): void {
  for (let i = 0; i < x.length; i++) if (x[i]! < 0) x[i] = 0;
}
