import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Database, DatabaseAway } from '../database/database';
import { subscribe } from '../database/live';
import { NotificationService } from './notification.service';

const EVERY_MS = 1_000;

/** Looks into the outbox every second, and at once when alerts change. */
@Injectable()
export class NotificationSchedule implements OnApplicationBootstrap {
  private readonly logger = new Logger('alerts');
  private isRunning = false;
  private isWanted = false;
  private isAway = false;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(NotificationService) private readonly service: NotificationService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await subscribe(this.database, ({ type }) => {
      if (type === 'alerts') void this.run();
    });
  }

  @Interval(EVERY_MS)
  async run(): Promise<void> {
    this.isWanted = true;
    if (this.isRunning) return;
    this.isRunning = true;
    while (this.isWanted) {
      this.isWanted = false;
      await this.deliver();
    }
    this.isRunning = false;
  }

  private async deliver(): Promise<void> {
    try {
      // Spreads retries; nothing that has to be made again hangs on it.
      await this.service.deliver(() => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32);
      this.isAway = false;
    } catch (error) {
      if (!(error instanceof DatabaseAway)) {
        this.logger.error({ err: error }, 'the outbox could not be read');
        return;
      }
      if (!this.isAway) this.logger.warn('The database is away: notifications wait until it is back.');
      this.isAway = true;
    }
  }
}
