import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DatabaseAway } from '../database/database';
import { WatchService } from './watch.service';

const EVERY_MS = 5_000;

/** Looks at every series, one look at a time. */
@Injectable()
export class WatchSchedule {
  private readonly logger = new Logger('alerts');
  private isBusy = false;

  constructor(@Inject(WatchService) private readonly watch: WatchService) {}

  @Interval(EVERY_MS)
  async tick(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      await this.watch.look();
    } catch (error) {
      // The next look comes soon.
      if (!(error instanceof DatabaseAway))
        this.logger.error({ err: error }, 'series could not be looked at');
    } finally {
      this.isBusy = false;
    }
  }
}
