export * from './backend';
export * from './grid';
export { type Scaler, fitScaler, toScaled } from './scaler';
export type * from './model';
export { defaultConfig } from './config';
export {
  type TrainOptions,
  type TrainProgress,
  type TrainedModel,
  TrainingDiverged,
  trainModel,
} from './train';
export { type Calibration, type Fused, calibrate, fuse, surprise, tailProbability } from './calibration';
export { ArtifactMismatch } from './artifact';
export { type OpenOptions, openModel } from './open';
export { type NoveltyInput, noveltyScores } from './novelty';
