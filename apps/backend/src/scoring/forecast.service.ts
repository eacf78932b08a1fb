import { Inject, Injectable } from '@nestjs/common';
import type { Detector } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { Database } from '../database/database';
import { publish } from '../database/live';
import { Champions, type OpenChampion } from './champions';
import { ForecastStore, LEVELS } from './forecast.store';

/** A forecast is refreshed as samples arrive, but of one series no more often than this. */
const REFRESH_MS = 5_000;
/** Series of one batch: it bounds how long the next round of scoring waits. */
const SERIES_PER_BATCH = 32;
/** Futures that are rolled out for one series. */
const ROLLOUTS = 100;

@Injectable()
export class ForecastService {
  /** When the forecast of a series was last issued, and for which step. */
  private readonly issued = new Map<number, { at: number; step: number }>();

  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(Database) private readonly database: Database,
    @Inject(Champions) private readonly champions: Champions,
    @Inject(ForecastStore) private readonly store: ForecastStore,
  ) {}

  /** Forecasts the series that have moved on since their last forecast; those beyond one batch come with the next round. */
  async refresh(
    detector: Detector,
    periodMs: number,
    champions: OpenChampion[],
    seriesIds: number[],
  ): Promise<void> {
    const vrnn = champions.find(({ model }) => model.forecast !== undefined);
    if (!vrnn) return;
    const due = seriesIds.filter((id) => this.isDue(id, vrnn)).slice(0, SERIES_PER_BATCH);
    if (due.length === 0) return;
    const inputs = due.map((id) => ({
      state: vrnn.states.get(id)!,
      periodMs,
      scaler: this.champions.knowledge(vrnn, id).scaler,
    }));
    const quantiles = await vrnn.model.forecast!(inputs, {
      horizon: detector.horizon,
      levels: LEVELS,
      samples: ROLLOUTS,
      seed: 1,
    });
    const forecasts = due.map((seriesId, i) => ({
      seriesId,
      modelId: vrnn.id,
      startsAt: inputs[i]!.state.step * periodMs,
      periodMs,
      quantiles: quantiles[i]!,
    }));
    const at = this.now();
    await this.store.add(forecasts, new Date(at));
    due.forEach((id, i) => this.issued.set(id, { at, step: inputs[i]!.state.step }));
    await publish(this.database, { type: 'forecasts', seriesIds: due });
  }

  private isDue(seriesId: number, { states }: OpenChampion): boolean {
    const state = states.get(seriesId);
    if (!state) return false;
    const last = this.issued.get(seriesId);
    return !last || (state.step !== last.step && this.now() - last.at >= REFRESH_MS);
  }
}
