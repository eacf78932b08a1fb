/** A trained model as the registry keeps it: what it is, what it was trained on, and how its scores are calibrated. Pure. */
import { type Backend, type TrainedModel, calibrate } from '@bellwether/models';
import type { ModelKind } from '@bellwether/contracts';
import type { NewModel } from '../registry/model.store';
import { type Comparison, toCalibrateOn } from './training';
import type { ClaimedRun } from './training-run.store';
import type { SeriesGrid } from './training.store';

export const stepsOf = (series: SeriesGrid[]): number =>
  series.reduce((sum, { grid }) => sum + grid.values.length, 0);

interface Result {
  run: ClaimedRun;
  series: SeriesGrid[];
  backend: Backend;
  trained: TrainedModel<ModelKind>;
  comparison: Comparison;
  /** Of each series from a cold start, in nats. */
  raw: Float32Array[];
  trainingSeconds: number;
}

export function describe({
  run,
  series,
  backend,
  trained,
  comparison,
  raw,
  trainingSeconds,
}: Result): NewModel {
  const { periodMs } = run;
  const starts = series.map(({ grid }) => grid.start * periodMs);
  const ends = series.map(({ grid }) => (grid.start + grid.values.length) * periodMs);
  return {
    detectorId: run.detectorId,
    trainingRunId: run.id,
    periodMs,
    kind: trained.kind,
    seed: run.seed,
    config: trained.config,
    weights: trained.weights,
    calibration: calibrate(
      raw.flatMap((scores) => [...toCalibrateOn(scores)]),
      raw.flatMap((scores) => [...scores]),
    ),
    dataFrom: Math.min(...starts),
    dataTo: Math.max(...ends),
    sampleCount: stepsOf(series),
    trainingSeconds,
    backend: backend.name,
    heldOutLoss: Number.isFinite(comparison.heldOutLoss) ? comparison.heldOutLoss : null,
    championLoss: comparison.championLoss,
    isPromoted: comparison.isPromoted,
    series: series.map(({ seriesId }, i) => ({
      seriesId,
      scaler: trained.scalers[i]![0]!,
      calibration: calibrate(toCalibrateOn(raw[i]!), raw[i]),
    })),
  };
}
