import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DatabaseAway } from '../database/database';
import { ExportService } from './export.service';

/** Looks every second for scores that wait to be sent. */
@Injectable()
export class ExportSchedule implements OnApplicationShutdown {
  private readonly logger = new Logger('exports');
  private isBusy = false;
  private isStopped = false;

  constructor(@Inject(ExportService) private readonly service: ExportService) {}

  @Interval(1_000)
  async tick(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      while (!this.isStopped && (await this.service.round()));
    } catch (error) {
      if (!(error instanceof DatabaseAway) && !this.isStopped)
        this.logger.error({ err: error }, 'scores could not be read to be sent');
    } finally {
      this.isBusy = false;
    }
  }

  onApplicationShutdown(): void {
    this.isStopped = true;
  }
}
