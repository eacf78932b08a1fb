import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DatabaseAway } from '../database/database';
import { IngestStore } from './ingest.store';

const HOUR_MS = 3_600_000;

/** Clears away what ingest counted for screens and nobody will look at again. */
@Injectable()
export class IngestSchedule {
  private readonly logger = new Logger('ingest');

  constructor(@Inject(IngestStore) private readonly store: IngestStore) {}

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
