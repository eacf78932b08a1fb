import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { CONFIG, type Config } from '../config';
import { DatabaseAway } from '../database/database';
import { RequestError } from '../http/problem';
import { DemoService } from './demo.service';

/** The speed of `npm run demo`: recordings of 5 minutes arrive every second. */
export const DEFAULT_SPEED = 300;

/** Plays the demo, if it was started, also after a restart. */
@Injectable()
export class DemoSchedule implements OnApplicationBootstrap {
  private readonly logger = new Logger('demo');
  private isBusy = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(DemoService) private readonly demo: DemoService,
  ) {}

  /** DEMO=1 starts the demo with the service; a larger number is its speed. */
  async onApplicationBootstrap(): Promise<void> {
    const { DEMO } = this.config;
    if (DEMO) await this.demo.start(DEMO === 1 ? DEFAULT_SPEED : DEMO);
  }

  @Interval(500)
  async tick(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      await this.demo.play();
    } catch (error) {
      // A database that is away or a writer that is full: what is due now is sent at a later tick.
      if (!(error instanceof DatabaseAway) && !(error instanceof RequestError))
        this.logger.error({ err: error }, 'the demo stumbled');
    } finally {
      this.isBusy = false;
    }
  }
}
