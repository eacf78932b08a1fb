/** The kinds of model that can be asked for. */

export const KINDS = ['seasonal-naive', 'pca', 'autoencoder', 'vae', 'rnn', 'vrnn'];
/** Kinds that can forecast. */
export const FORECASTERS = ['seasonal-naive', 'rnn', 'vrnn'];
