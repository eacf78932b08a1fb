import { Inject, Injectable } from '@nestjs/common';
import type { Series, SeriesChange } from '@bellwether/contracts';
import { inferPeriod } from '@bellwether/models/grid';
import { BadInput, NotFound } from '../http/problem';
import { identify, isRated } from './series';
import { SeriesStore } from './series.store';

/** Fewer samples than this say little about how far apart they come. */
export const SAMPLES_TO_INFER = 8;

/** The newest ones are asked: a first burst with a spacing of its own is outvoted in time. */
export const SAMPLES_ASKED = 200;

/** Series whose times are read in one statement. */
const SERIES_PER_LOOK = 100;

/** How many of its newest samples (at most SAMPLES_ASKED) were looked at, and whether its period is another one now. */
export interface Look {
  count: number;
  isChanged: boolean;
}

@Injectable()
export class SeriesService {
  constructor(@Inject(SeriesStore) private readonly store: SeriesStore) {}

  async change(id: number, change: SeriesChange): Promise<Series> {
    if (change.isCounter) await this.ensureRateable(id);
    await this.ensureLimits(id, change);
    if (!(await this.store.change(id, change))) throw new NotFound('series', id);
    if (change.periodMs === null) await this.inferPeriods([id]);
    const series = await this.store.byId(id);
    if (!series) throw new NotFound('series', id);
    return series;
  }

  private async ensureLimits(id: number, change: SeriesChange): Promise<void> {
    if (change.lowerLimit === undefined && change.upperLimit === undefined) return;
    const series = await this.store.byId(id);
    if (!series) throw new NotFound('series', id);
    const { lowerLimit, upperLimit } = { ...series, ...change };
    if (lowerLimit !== null && upperLimit !== null && lowerLimit >= upperLimit)
      throw new BadInput(`lowerLimit: ${lowerLimit} is not below the upper limit, ${upperLimit}`);
  }

  private async ensureRateable(id: number): Promise<void> {
    const series = await this.store.byId(id);
    if (!series) throw new NotFound('series', id);
    if (series.rateOf !== null)
      throw new BadInput(`isCounter: ${series.name} is the rate of a counter itself`);
    if (!isRated({ ...identify(series.name, series.labels), isCounter: true }))
      throw new BadInput(`isCounter: the name is too long for a rate beside it: send it under a shorter one`);
  }

  /** Infers the period of these series from their newest samples, where nobody has set it. */
  async inferPeriods(ids: readonly number[]): Promise<Map<number, Look>> {
    const looks = new Map<number, Look>();
    for (let at = 0; at < ids.length; at += SERIES_PER_LOOK)
      await this.look(ids.slice(at, at + SERIES_PER_LOOK), looks);
    return looks;
  }

  private async look(ids: readonly number[], looks: Map<number, Look>): Promise<void> {
    const times = await this.store.newestTimes(ids, SAMPLES_ASKED);
    const periods = new Map<number, number>();
    for (const [id, timesMs] of times) {
      const periodMs = timesMs.length < SAMPLES_TO_INFER ? null : inferPeriod(timesMs);
      if (periodMs !== null) periods.set(id, periodMs);
    }
    const changed = await this.store.saveInferred(periods);
    for (const [id, timesMs] of times) looks.set(id, { count: timesMs.length, isChanged: changed.has(id) });
  }
}
