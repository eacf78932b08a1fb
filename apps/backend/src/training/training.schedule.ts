import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DatabaseAway } from '../database/database';
import { TrainingService } from './training.service';

/** Looks every other second whether something should be trained, and trains one run at a time. */
@Injectable()
export class TrainingSchedule implements OnApplicationShutdown {
  private readonly logger = new Logger('training');
  private readonly stop = new AbortController();
  private isBusy = false;

  constructor(@Inject(TrainingService) private readonly training: TrainingService) {}

  @Interval(2_000)
  async tick(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      await this.training.plan();
      while (!this.stop.signal.aborted && (await this.training.work(this.stop.signal)));
    } catch (error) {
      if (!(error instanceof DatabaseAway) && !this.stop.signal.aborted)
        this.logger.error({ err: error }, 'training could not be planned');
    } finally {
      this.isBusy = false;
    }
  }

  onApplicationShutdown(): void {
    this.stop.abort();
  }
}
