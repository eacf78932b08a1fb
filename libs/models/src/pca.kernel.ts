/**
 * The newest step of PCA's reconstruction by hand, of a window x in which it is hidden:
 *
 *   z = x·U − μ·U      x̂ = z·Uᵀ + μ        of which the newest step is computed alone
 */
import type { Values } from './artifact';
import type { ModelConfig } from './model';
import { simd } from './simd';
import { entering, newestOf } from './window.kernel';
import type { WindowKernel } from './window.network';

export function pcaKernel(w: Values, config: ModelConfig): WindowKernel {
  const { features, latent, window } = config;
  const size = window * features;
  const own = simd();
  const enter = entering(w, config, own);
  const mean = w['ppca/mean']!;
  const U = directionsOf(w['ppca/loadings']!, latent);
  const shift = new Float64Array(latent);
  U.forEach((u, i) => (shift[i % latent]! -= mean[Math.floor(i / latent)]! * u));
  const project = own.product(U, [size, latent], shift);
  const turned = Float32Array.from(U, (_, i) => U[(i % size) * latent + Math.floor(i / size)]!);
  const rebuild = own.product(newestOf(turned, config), [latent, features], newestOf(mean, config));
  const { x, given, z, said } = own.rows({ x: size, given: features, z: latent, said: features });
  return {
    given(context, at) {
      enter(x, given, { context, at });
      return given;
    },
    newest(context, at) {
      enter(x, given, { context, at });
      project(x, z);
      rebuild(z, said);
      return said;
    },
  };
}

/** Columns of length 1. */
function directionsOf(loadings: Float32Array, latent: number): Float32Array {
  const squares = new Float64Array(latent).fill(1e-12);
  loadings.forEach((one, i) => (squares[i % latent]! += one * one));
  return loadings.map((one, i) => one / Math.sqrt(squares[i % latent]!));
}
