import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DatabaseAway } from '../database/database';
import { ArrivalService } from './arrival.service';
import { TouchedStore } from './touched.store';

const HOUR_MS = 3_600_000;
const ADOPT_MS = 10_000;

/** Clears away what ingest counted for screens and nobody will look at again. */
@Injectable()
export class IngestSchedule {
  private readonly logger = new Logger('ingest');

  constructor(
    @Inject(ArrivalService) private readonly arrivals: ArrivalService,
    @Inject(TouchedStore) private readonly store: TouchedStore,
  ) {}

  /** What another process wrote before it was killed, or a counter that a person declared, finds its way into watermarks and rates. */
  @Interval(ADOPT_MS)
  async adopt(): Promise<void> {
    await this.arrivals.adopt();
  }

  @Interval(HOUR_MS)
  async tick(): Promise<void> {
    try {
      await this.store.forgetArrivals();
    } catch (error) {
      // The next hour does.
      if (!(error instanceof DatabaseAway))
        this.logger.error({ err: error }, 'arrivals could not be cleared away');
    }
  }
}
