import { Inject, Injectable, Logger } from '@nestjs/common';
import { Database, DatabaseAway } from '../database/database';
import { publish } from '../database/live';
import { SeriesService } from '../series/series.service';
import { schedulePeriods } from './period-schedule';

/** Series whose samples arrive within this time are told of together. */
const GATHER_MS = 200;

/** What follows from samples that are written, and need not be waited for: a live event, and the period of new series. */
@Injectable()
export class ArrivalService {
  private readonly logger = new Logger('ingest');
  private readonly periods = schedulePeriods();
  private readonly changed = new Set<number>();
  private publishing: Promise<void> | undefined;
  private inferring: Promise<void> = Promise.resolve();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(SeriesService) private readonly series: SeriesService,
  ) {}

  /** Takes note of samples written, by series; returns at once. */
  arrived(rows: ReadonlyMap<number, number>, hasPeriod: (id: number) => boolean): void {
    for (const id of rows.keys()) this.changed.add(id);
    this.publishing ??= this.publishSoon();
    const due = this.periods.wrote(rows, hasPeriod);
    if (due.length > 0) this.inferring = this.inferring.then(() => this.infer(due));
  }

  /** Ends once everything written so far is told of and has its period. */
  async drain(): Promise<void> {
    await this.inferring;
    await this.publishing;
  }

  private async publishSoon(): Promise<void> {
    while (this.changed.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      const seriesIds = [...this.changed];
      this.changed.clear();
      // Nobody can be told while the database is away; scoring finds what waits at its next look.
      await this.attempt('live event', () => publish(this.database, { type: 'samples', seriesIds }));
    }
    this.publishing = undefined;
  }

  private async infer(ids: readonly number[]): Promise<void> {
    const looks = await this.attempt('period', () => this.series.inferPeriods(ids));
    this.periods.looked(ids, looks ?? new Map());
  }

  private async attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DatabaseAway) this.logger.warn(`${what}: ${error.message}`);
      else this.logger.error({ err: error as Error }, `${what}: unexpected error`);
      return undefined;
    }
  }
}
