import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Detector } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { Database, DatabaseAway } from '../database/database';
import { publish } from '../database/live';
import { Champions, type OpenChampion } from './champions';
import { ForecastStore } from './forecast.store';
import { LEVELS } from './scoring';

/** A forecast is refreshed as samples arrive, but of one series no more often than this. */
const REFRESH_MS = 5_000;
/** Series of one batch: it bounds how long the next round of scoring waits. */
const SERIES_PER_BATCH = 32;
/** Futures that are rolled out for one series. */
const ROLLOUTS = 100;
/** Forecasts of more series than this are forgotten, and issued once more than needed. */
const MAX_REMEMBERED = 100_000;

/** Series of one detector and period. */
interface ForecastGroup {
  detector: Detector;
  periodMs: number;
}

@Injectable()
export class ForecastService {
  private readonly logger = new Logger('scoring');
  /** Series that have moved on since their last forecast. */
  private readonly asked = new Map<number, ForecastGroup>();
  /** When the forecast of a series was last issued. */
  private readonly issuedAt = new Map<number, number>();

  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(Database) private readonly database: Database,
    @Inject(Champions) private readonly champions: Champions,
    @Inject(ForecastStore) private readonly store: ForecastStore,
  ) {}

  /** Takes note of series that are scored up to their newest sample. */
  ask(group: ForecastGroup, seriesIds: number[]): void {
    for (const id of seriesIds) this.asked.set(id, group);
  }

  /** Forecasts one batch of those that were asked for, the ones with the oldest forecasts; the others come with the next. */
  async refresh(): Promise<void> {
    const now = this.now();
    const due = [...this.asked.keys()]
      .filter((id) => now - this.lastOf(id) >= REFRESH_MS)
      .sort((a, b) => this.lastOf(a) - this.lastOf(b) || a - b);
    if (due.length === 0) return;
    const { detector, periodMs } = this.asked.get(due[0]!)!;
    const isMate = (id: number) => {
      const other = this.asked.get(id)!;
      return other.detector.id === detector.id && other.periodMs === periodMs;
    };
    const batch = due.filter(isMate).slice(0, SERIES_PER_BATCH);
    for (const id of batch) this.asked.delete(id);
    try {
      await this.issue({ detector, periodMs }, batch, now);
    } catch (error) {
      // Asked for again with the next sample: a forecast that fails must not hold up the scores.
      if (error instanceof DatabaseAway) throw error;
      this.logger.error({ err: error, seriesIds: batch }, 'forecasts could not be made');
    }
  }

  private async issue({ detector, periodMs }: ForecastGroup, seriesIds: number[], at: number): Promise<void> {
    const vrnn = this.champions.of(detector.id, periodMs).find(({ model }) => model.forecast !== undefined);
    if (!vrnn) return;
    const known = seriesIds.filter((id) => vrnn.states.has(id) && vrnn.known.has(id));
    if (known.length === 0) return;
    await this.store.add(await this.roll(vrnn, known, { detector, periodMs }), new Date(at));
    if (this.issuedAt.size > MAX_REMEMBERED) this.issuedAt.clear();
    for (const id of known) this.issuedAt.set(id, at);
    await publish(this.database, { type: 'forecasts', seriesIds: known });
  }

  private async roll(vrnn: OpenChampion, seriesIds: number[], { detector, periodMs }: ForecastGroup) {
    const inputs = seriesIds.map((id) => ({
      state: vrnn.states.get(id)!,
      periodMs,
      scalers: [this.champions.knowledge(vrnn, id).scaler],
    }));
    const quantiles = await vrnn.model.forecast!(inputs, {
      horizon: detector.horizon,
      levels: [...LEVELS],
      samples: ROLLOUTS,
      seed: 1,
    });
    return seriesIds.map((seriesId, i) => ({
      seriesId,
      modelId: vrnn.id,
      startsAt: inputs[i]!.state.step * periodMs,
      periodMs,
      quantiles: quantiles[i]!,
    }));
  }

  private lastOf(seriesId: number): number {
    return this.issuedAt.get(seriesId) ?? -Infinity;
  }
}
