/** Opens packed weights as a model. */
import type { Model, ModelConfig, ModelKind } from './model';
import { openVae } from './vae.model';
import { openVrnn } from './vrnn.model';

export interface OpenOptions {
  kind: ModelKind;
  config: ModelConfig;
  weights: Uint8Array;
}

/** The caller has run `selectBackend`. Throws ArtifactMismatch when weights and config do not belong together. */
export const openModel = ({ kind, config, weights }: OpenOptions): Model =>
  kind === 'vae' ? openVae(config, weights) : openVrnn(config, weights);
