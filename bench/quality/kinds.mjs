/** The kinds of model that can be asked for, and whether this build has them. */

export const KINDS = ['seasonal-naive', 'pca', 'autoencoder', 'vae', 'rnn', 'vrnn'];
/** Kinds that can forecast. */
export const FORECASTERS = ['seasonal-naive', 'rnn', 'vrnn'];

const STEPS = 120;

/**
 * Why this build has no such model, or undefined: trains one for a moment and looks at what comes out. The caller has run
 * `selectBackend`.
 */
export async function whyNotBuilt(models, kind, features = 1) {
  const values = Float64Array.from({ length: STEPS * features }, (_, i) => Math.sin(i / 3) + (i % features));
  const grid = { periodMs: 60_000, start: 0, values, features };
  let model;
  try {
    const trained = await models.trainModel(
      kind,
      [grid],
      tiny(models.defaultConfig(kind, 60_000, features)),
      {
        seed: 1,
      },
    );
    model = models.openModel(trained);
    if (model.kind !== kind) return 'it is not built yet';
    const [scored] = await model.score([{ ...grid, state: null, scalers: trained.scalers[0] }]);
    const last = scored.contributions.slice(-features);
    return last.length === features && last.every(Number.isFinite)
      ? undefined
      : 'it does not score every feature';
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0] : String(error);
  } finally {
    model?.dispose();
  }
}

/** A kind that is unknown to a build becomes another there, which cannot do without a latent variable. */
const tiny = (config) => ({
  ...config,
  epochs: 1,
  stepsPerEpoch: 1,
  batch: 4,
  cycles: [],
  latent: Math.max(1, config.latent),
});
