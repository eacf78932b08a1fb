import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Detector, LossPoint, ModelKind } from '@bellwether/contracts';
import {
  ArtifactMismatch,
  type Backend,
  type Grid,
  type Model,
  type Scaler,
  type TrainedModel,
  TrainingDiverged,
  defaultConfig,
  openModel,
  selectBackend,
  trainModel,
} from '@bellwether/models';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { Database, DatabaseAway } from '../database/database';
import { publish } from '../database/live';
import { DetectorStore } from '../registry/detector.store';
import { ModelStore, type NewModel } from '../registry/model.store';
import { describe, stepsOf } from './new-model';
import { type Group, HELD_OUT, type Comparison, isBetter, outcome, reasonToTrain } from './training';
import { type ClaimedRun, TrainingRunStore } from './training-run.store';
import { type SeriesGrid, TrainingStore } from './training.store';

const HEARTBEAT_MS = 5_000;
/** When samples were read and gave no reason to train, they are read again after this time. */
const LOOK_AGAIN_MS = 60_000;

/** Why a run came to nothing, in words for the screen; not a bug. */
class NothingToTrain extends Error {}

@Injectable()
export class TrainingService {
  private readonly logger = new Logger('training');
  /** Until when a group is not looked at: its samples were read, which is dear, and gave no reason to train. */
  private readonly restUntil = new Map<string, number>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(Database) private readonly database: Database,
    @Inject(DetectorStore) private readonly detectors: DetectorStore,
    @Inject(ModelStore) private readonly models: ModelStore,
    @Inject(TrainingStore) private readonly store: TrainingStore,
    @Inject(TrainingRunStore) private readonly runs: TrainingRunStore,
  ) {}

  /** Opens a run for every group that should be trained now; a group that cannot be looked at does not stop the others. */
  async plan(): Promise<void> {
    for (const detector of await this.detectors.all()) {
      for (const group of await this.store.groups(detector.id, detector.retrainHours)) {
        try {
          await this.planGroup(detector, group);
        } catch (error) {
          if (error instanceof DatabaseAway) throw error;
          this.rest(group);
          this.logger.error({ err: error, ...keyOf(group) }, 'a training could not be planned');
        }
      }
    }
  }

  private async planGroup(detector: Detector, group: Group): Promise<void> {
    if ((this.restUntil.get(nameOf(group)) ?? 0) > this.now()) return;
    if (!reasonToTrain(group, this.now())) return;
    // The series as they are: some of those that are long enough may be constant, or mostly missing.
    const series = await this.trainable(detector, group.periodMs);
    const reason = reasonToTrain(
      { ...group, readySeries: series.length, steps: stepsOf(series) },
      this.now(),
    );
    if (!reason) return this.rest(group);
    await this.announce(await this.runs.queue(detector.id, group.periodMs, reason));
  }

  private rest(group: Group): void {
    this.restUntil.set(nameOf(group), this.now() + LOOK_AGAIN_MS);
  }

  /** Takes the oldest open run and trains it; false when there is none. */
  async work(signal: AbortSignal): Promise<boolean> {
    const run = await this.runs.claim();
    if (!run) return false;
    const heartbeat = setInterval(
      () => void this.runs.heartbeat(run.id).catch(() => undefined),
      HEARTBEAT_MS,
    );
    try {
      const text = await this.train(run, signal);
      await this.runs.succeed(run.id, text);
      this.logger.log(`training run ${run.id}: ${text}`);
    } catch (error) {
      if (signal.aborted) {
        await this.runs.release(run.id);
        return false;
      }
      await this.runs.fail(run.id, (error as Error).message);
      if (error instanceof TrainingDiverged) this.logger.warn(`training run ${run.id}: ${error.message}`);
      else if (!(error instanceof NothingToTrain))
        this.logger.error({ err: error, run: run.id }, 'training failed');
    } finally {
      clearInterval(heartbeat);
    }
    await this.announce(run.id);
    return true;
  }

  private async train(run: ClaimedRun, signal: AbortSignal): Promise<string> {
    const detector = await this.detectors.byId(run.detectorId);
    if (!detector) throw new NothingToTrain(`Detector ${run.detectorId} is gone.`);
    const series = await this.trainable(detector, run.periodMs);
    if (series.length === 0)
      throw new NothingToTrain('No series of this period can be modelled yet; each says why on its page.');
    const backend = await selectBackend(this.config.COMPUTE);
    const sampleCount = stepsOf(series);
    await this.runs.begin(run.id, {
      seriesCount: series.length,
      sampleCount,
      backend: backend.name,
      backendWhy: backend.why,
    });
    await this.announce(run.id);

    const progress = new Progress(this, run.id, detector.models.length);
    const trained: { model: NewModel; comparison: Comparison }[] = [];
    for (const kind of detector.models) {
      trained.push(await this.trainKind(kind, { run, detector, series, backend, progress, signal }));
    }
    await progress.settled();
    await this.models.add(trained.map(({ model }) => model));
    await this.store.clearUnmodelled(series.map(({ seriesId }) => seriesId));
    return outcome(trained.map(({ comparison }) => comparison));
  }

  private async trainKind(kind: ModelKind, task: Task): Promise<{ model: NewModel; comparison: Comparison }> {
    const { run, series, backend, progress, signal } = task;
    const startedAt = this.now();
    const grids = series.map(({ grid }) => grid);
    const trained = await trainModel(kind, grids, defaultConfig(kind, run.periodMs), {
      seed: run.seed,
      signal,
      onProgress: (point) => progress.report(point),
    });
    const trainingSeconds = (this.now() - startedAt) / 1000;
    const model = openModel(trained);
    try {
      const comparison = await this.judge(model, trained, task);
      const raw = await scoreAll(model, grids, trained.scalers);
      return {
        comparison,
        model: describe({ run, series, backend, trained, comparison, raw, trainingSeconds }),
      };
    } finally {
      model.dispose();
    }
  }

  /** Challenger and champion, on the same samples, which neither was trained on. */
  private async judge(
    model: Model,
    { kind, scalers }: TrainedModel<ModelKind>,
    { run, detector, series }: Task,
  ): Promise<Comparison> {
    const grids = series.map(({ grid }) => grid);
    const heldOutLoss = await model.evaluate(grids, scalers, HELD_OUT);
    const champion = (await this.models.champions(detector.id, run.periodMs)).find(
      (one) => one.kind === kind,
    );
    const championLoss = champion ? await this.evaluateChampion(champion, series) : null;
    return { kind, heldOutLoss, championLoss, isPromoted: isBetter(heldOutLoss, championLoss) };
  }

  private async evaluateChampion(
    champion: Parameters<typeof openModel>[0] & { id: number },
    series: SeriesGrid[],
  ): Promise<number | null> {
    const known = new Map(
      (
        await this.models.seriesOf(
          champion.id,
          series.map(({ seriesId }) => seriesId),
        )
      ).map((one) => [one.seriesId, one.scaler]),
    );
    const model = this.opened(champion);
    if (!model) return null;
    try {
      const scalers = series.map(({ seriesId, grid }) => {
        const scaler = known.get(seriesId);
        return scaler ? [scaler] : model.fitScalers(grid.values);
      });
      const grids = series.map(({ grid }) => grid);
      return await model.evaluate(grids, scalers, HELD_OUT);
    } finally {
      model.dispose();
    }
  }

  /** null when a champion was made by a version whose networks had another form: whoever follows it wins. */
  private opened(champion: Parameters<typeof openModel>[0] & { id: number }): Model | null {
    try {
      return openModel(champion);
    } catch (error) {
      if (!(error instanceof ArtifactMismatch)) throw error;
      this.logger.warn({ modelId: champion.id }, 'the champion was made by another version and is replaced');
      return null;
    }
  }

  /** The series of a group that a model can be learnt from; of the others it is written down why not. */
  private async trainable(detector: Detector, periodMs: number): Promise<SeriesGrid[]> {
    const ids = await this.store.candidates(detector.id, periodMs);
    return this.store.modelable(ids, periodMs);
  }

  /** Stores how far a run is and tells the screens. */
  async tell(runId: number, progress: number, step: string, losses: LossPoint[]): Promise<void> {
    await this.runs.progress(runId, { progress, step, losses });
    await this.announce(runId);
  }

  private async announce(runId: number): Promise<void> {
    await publish(this.database, { type: 'training', trainingRunId: runId });
  }
}

interface Task {
  run: ClaimedRun;
  detector: Detector;
  series: SeriesGrid[];
  backend: Backend;
  progress: Progress;
  signal: AbortSignal;
}

/** The loss curve of a run as it grows; writes are queued, so that training never waits for the database. */
class Progress {
  private readonly losses: LossPoint[] = [];
  private readonly kinds: ModelKind[] = [];
  private written: Promise<void> = Promise.resolve();

  constructor(
    private readonly service: TrainingService,
    private readonly runId: number,
    private readonly kindCount: number,
  ) {}

  report({ kind, epoch, epochs, loss, heldOutLoss }: LossPoint & { epochs: number }): void {
    if (!this.kinds.includes(kind)) this.kinds.push(kind);
    this.losses.push({ kind, epoch, loss, heldOutLoss });
    const progress = (this.kinds.length - 1 + epoch / epochs) / this.kindCount;
    const step = `training ${kind.toUpperCase()}, epoch ${epoch} of ${epochs}`;
    const losses = [...this.losses];
    this.written = this.written
      .then(() => this.service.tell(this.runId, Math.min(0.99, progress), step, losses))
      .catch(() => undefined);
  }

  settled(): Promise<void> {
    return this.written;
  }
}

/** Raw scores of every series from a cold start, in nats. */
async function scoreAll(model: Model, grids: Grid[], scalers: Scaler[][]): Promise<Float32Array[]> {
  const scored = await model.score(
    grids.map((grid, i) => ({
      state: null,
      start: grid.start,
      values: grid.values,
      periodMs: grid.periodMs,
      scalers: scalers[i]!,
    })),
  );
  return scored.map(({ raw }) => raw);
}

const keyOf = ({ detectorId, periodMs }: Group) => ({ detectorId, periodMs });
const nameOf = ({ detectorId, periodMs }: Group): string => `${detectorId}/${periodMs}`;
