import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { selectBackend } from '@bellwether/models';
import { CONFIG, type Config } from '../config';
import { Database, DatabaseAway } from '../database/database';
import { subscribe } from '../database/live';
import { ScoringService } from './scoring.service';

/** Scores as soon as the database says that samples came, and looks every second in case it was not heard. */
@Injectable()
export class ScoringSchedule implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('scoring');
  private isBusy = false;
  private isAskedAgain = false;
  private isStopped = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(Database) private readonly database: Database,
    @Inject(ScoringService) private readonly scoring: ScoringService,
  ) {}

  async onModuleInit(): Promise<void> {
    const { name, why } = await selectBackend(this.config.COMPUTE);
    this.logger.log(`computing on ${name}: ${why}`);
    await subscribe(this.database, ({ type }) => {
      if (type === 'samples' || type === 'training') void this.tick();
    });
  }

  @Interval(1_000)
  async tick(): Promise<void> {
    this.isAskedAgain = true;
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      while (this.isAskedAgain && !this.isStopped) {
        this.isAskedAgain = false;
        while (!this.isStopped && (await this.scoring.round()));
      }
    } catch (error) {
      if (!(error instanceof DatabaseAway) && !this.isStopped)
        this.logger.error({ err: error }, 'a round of scoring failed');
    } finally {
      this.isBusy = false;
    }
  }

  onApplicationShutdown(): void {
    this.isStopped = true;
  }
}
