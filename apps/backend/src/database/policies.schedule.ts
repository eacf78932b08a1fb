import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { DatabaseAway } from './database';
import { PoliciesStore } from './policies.store';

/** Runs TimescaleDB's policies where it has no workers of its own: on the embedded database. */
@Injectable()
export class PoliciesSchedule implements OnApplicationBootstrap {
  private readonly logger = new Logger('policies');
  private readonly lastRun = new Map<number, number>();
  private isBusy = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(PoliciesStore) private readonly store: PoliciesStore,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.store.setRetention(this.config.RETENTION_DAYS);
  }

  @Interval(20_000)
  async tick(): Promise<void> {
    if (this.isBusy || this.config.DATABASE_URL) return;
    this.isBusy = true;
    try {
      await this.runDue();
    } catch (error) {
      if (!(error instanceof DatabaseAway)) this.logger.error({ err: error }, 'policies could not be listed');
    } finally {
      this.isBusy = false;
    }
  }

  /** Runs every policy whose interval has passed; one that fails does not stop the others. */
  async runDue(): Promise<void> {
    for (const { id, everyMs } of await this.store.jobs()) {
      if (this.now() - (this.lastRun.get(id) ?? 0) < everyMs) continue;
      this.lastRun.set(id, this.now());
      try {
        await this.store.run(id);
      } catch (error) {
        if (error instanceof DatabaseAway) throw error;
        this.logger.error({ err: error, job: id }, 'a policy failed');
      }
    }
  }
}
