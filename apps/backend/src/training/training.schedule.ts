import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DatabaseAway } from '../database/database';
import { TrainingService } from './training.service';

/** Looks every other second whether something should be trained, and trains one run at a time. */
@Injectable()
export class TrainingSchedule implements BeforeApplicationShutdown {
  private readonly logger = new Logger('training');
  private readonly stop = new AbortController();
  private busy: Promise<void> | undefined;

  constructor(@Inject(TrainingService) private readonly training: TrainingService) {}

  @Interval(2_000)
  async tick(): Promise<void> {
    if (this.stop.signal.aborted) return;
    this.busy ??= this.planAndWork().finally(() => (this.busy = undefined));
    await this.busy;
  }

  /** Ends when the run in hand is given back, while the database is still there to take it. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.busy;
  }

  private async planAndWork(): Promise<void> {
    try {
      await this.training.plan();
      while (!this.stop.signal.aborted && (await this.training.work(this.stop.signal)));
    } catch (error) {
      if (!(error instanceof DatabaseAway) && !this.stop.signal.aborted)
        this.logger.error({ err: error }, 'training could not be planned');
    }
  }
}
