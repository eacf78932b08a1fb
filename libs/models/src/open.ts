/** Opens packed weights as a model. */
import { autoencoder } from './autoencoder';
import type { Model, ModelConfig, ModelKind } from './model';
import { seeded } from './noise';
import { pca } from './pca';
import { openSeasonalNaive } from './seasonal-naive.model';
import { vae } from './vae';
import { openVrnn } from './vrnn.model';
import { openWindowModel } from './window.model';

export interface OpenOptions {
  kind: ModelKind;
  config: ModelConfig;
  weights: Uint8Array;
}

/** The caller has run `selectBackend`. Throws ArtifactMismatch when weights and config do not belong together. */
export function openModel({ kind, config, weights }: OpenOptions): Model {
  const random = seeded(config.seed);
  switch (kind) {
    case 'vae':
      return openWindowModel(vae(config, random), config, weights);
    case 'autoencoder':
      return openWindowModel(autoencoder(config, random), config, weights);
    case 'pca':
      return openWindowModel(pca(config), config, weights);
    case 'seasonal-naive':
      return openSeasonalNaive(config, weights);
    default:
      return openVrnn(config, weights);
  }
}
