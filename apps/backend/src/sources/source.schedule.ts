import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DatabaseAway } from '../database/database';
import { RunnerService } from './runner.service';

const EVERY_MS = 1_000;

/** Looks after the sources every second: what was changed, what is due, what this process may go on with. */
@Injectable()
export class SourceSchedule {
  private readonly logger = new Logger('sources');
  private isRunning = false;
  private isAway = false;

  constructor(@Inject(RunnerService) private readonly runner: RunnerService) {}

  @Interval(EVERY_MS)
  async tick(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      // Spreads retries; nothing that has to be made again hangs on it.
      await this.runner.tick(() => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32);
      this.isAway = false;
    } catch (error) {
      if (!(error instanceof DatabaseAway))
        this.logger.error({ err: error }, 'the sources could not be read');
      else if (!this.isAway) this.logger.warn('The database is away: sources wait until it is back.');
      this.isAway = error instanceof DatabaseAway;
    } finally {
      this.isRunning = false;
    }
  }
}
