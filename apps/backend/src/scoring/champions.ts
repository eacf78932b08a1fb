/** The champions of this process, opened: what they weigh, what they know of each series, and where each series stands. */
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { ModelKind } from '@bellwether/contracts';
import { type Calibration, type Model, type Scaler, type State, openModel } from '@bellwether/models';
import { type Champion, type ModelSeries, ModelStore } from '../registry/model.store';
import { TrainingStore } from '../training/training.store';

/** States and scalers of so many series are kept; the others are rebuilt from the database. */
const KEPT_SERIES = 50_000;

export interface OpenChampion {
  id: number;
  kind: ModelKind;
  model: Model;
  /** For series without enough scores of their own. */
  pooled: Calibration;
  known: Map<number, ModelSeries>;
  states: Map<number, State>;
}

export interface Knowledge {
  scaler: Scaler;
  calibration: Calibration;
}

/** Names the models of one detector and period. */
export const groupKey = (detectorId: number, periodMs: number): string => `${detectorId}/${periodMs}`;

@Injectable()
export class Champions implements OnApplicationShutdown {
  private readonly groups = new Map<string, OpenChampion[]>();
  private readonly logger = new Logger('scoring');
  /** Ids of the champions there were at the last refresh. */
  private seen = '';

  constructor(
    @Inject(ModelStore) private readonly models: ModelStore,
    @Inject(TrainingStore) private readonly training: TrainingStore,
  ) {}

  /** Opens what has become champion since the last call and closes what no longer is. */
  async refresh(): Promise<void> {
    const current = await this.models.championIds();
    const ids = current.map(({ id }) => id).join();
    if (ids === this.seen) return;
    const keys = new Map(
      current.map(({ detectorId, periodMs }) => [groupKey(detectorId, periodMs), { detectorId, periodMs }]),
    );
    for (const key of this.groups.keys()) if (!keys.has(key)) this.close(key);
    for (const [key, { detectorId, periodMs }] of keys) {
      const champions = await this.models.champions(detectorId, periodMs);
      try {
        this.open(key, champions);
      } catch (error) {
        // Of this group those before go on, if there are any; the other groups do not notice.
        this.logger.error({ err: error, detectorId, periodMs }, 'a champion cannot be opened');
      }
    }
    this.seen = ids;
  }

  /** Of the models that are open. */
  ids(): number[] {
    return [...this.groups.values()].flatMap((champions) => champions.map(({ id }) => id));
  }

  of(detectorId: number, periodMs: number): OpenChampion[] {
    return this.groups.get(groupKey(detectorId, periodMs)) ?? [];
  }

  /**
   * What each champion knows of these series. A series it was not trained on gets a scaler from its own samples, and is
   * left out while these say nothing: too few, constant.
   */
  async know(champions: OpenChampion[], seriesIds: number[], periodMs: number): Promise<Set<number>> {
    for (const champion of champions) await this.load(champion, seriesIds);
    const strangers = seriesIds.filter((id) => champions.some(({ known }) => !known.has(id)));
    if (strangers.length > 0) await this.introduce(champions, strangers, periodMs);
    return new Set(seriesIds.filter((id) => champions.every(({ known }) => known.has(id))));
  }

  knowledge({ known, pooled }: OpenChampion, seriesId: number): Knowledge {
    const { scaler, calibration } = known.get(seriesId)!;
    return { scaler, calibration: calibration ?? pooled };
  }

  onApplicationShutdown(): void {
    for (const key of [...this.groups.keys()]) this.close(key);
  }

  private async load({ id, known, states }: OpenChampion, seriesIds: number[]): Promise<void> {
    if (known.size > KEPT_SERIES) {
      known.clear();
      states.clear();
    }
    const unknown = seriesIds.filter((seriesId) => !known.has(seriesId));
    if (unknown.length === 0) return;
    for (const series of await this.models.seriesOf(id, unknown)) known.set(series.seriesId, series);
  }

  private async introduce(champions: OpenChampion[], seriesIds: number[], periodMs: number): Promise<void> {
    const fit = await this.training.modelable(seriesIds, periodMs);
    if (fit.length === 0) return;
    await this.training.clearUnmodelled(fit.map(({ seriesId }) => seriesId));
    for (const champion of champions) {
      const strangers = fit
        .filter(({ seriesId }) => !champion.known.has(seriesId))
        .map(({ seriesId, grid }) => ({
          seriesId,
          scaler: champion.model.fitScalers(grid.values)[0]!,
          calibration: null,
        }));
      await this.models.addSeries(champion.id, strangers);
      for (const stranger of strangers) champion.known.set(stranger.seriesId, stranger);
    }
  }

  private open(key: string, champions: Champion[]): void {
    const before = this.groups.get(key) ?? [];
    const kept = before.filter(({ id }) => champions.some((champion) => champion.id === id));
    const opened = openAll(champions.filter(({ id }) => !kept.some((one) => one.id === id)));
    this.groups.set(key, [...kept, ...opened]);
    for (const one of before) if (!kept.includes(one)) one.model.dispose();
  }

  private close(key: string): void {
    for (const { model } of this.groups.get(key) ?? []) model.dispose();
    this.groups.delete(key);
  }
}

/** All of them or, when one cannot be opened, none. */
function openAll(champions: Champion[]): OpenChampion[] {
  const opened: OpenChampion[] = [];
  try {
    for (const champion of champions) opened.push(open(champion));
    return opened;
  } catch (error) {
    for (const { model } of opened) model.dispose();
    throw error;
  }
}

const open = ({ id, kind, config, weights, calibration }: Champion): OpenChampion => ({
  id,
  kind,
  model: openModel({ kind, config, weights }),
  pooled: calibration,
  known: new Map(),
  states: new Map(),
});
