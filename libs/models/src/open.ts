/** Opens packed weights as a model. */
import type { Model, ModelConfig, ModelKind } from './model';

export interface OpenOptions {
  kind: ModelKind;
  config: ModelConfig;
  weights: Uint8Array;
}

/** The caller has run `selectBackend`. Throws ArtifactMismatch when weights and config do not belong together. */
export function openModel({ kind }: OpenOptions): Model {
  throw new Error(`opening a ${kind} comes with the next commit`);
}
