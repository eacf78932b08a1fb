import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { CLOCK, type Clock } from '../clock';
import { DatabaseAway } from '../database/database';
import { IncidentService } from './incident.service';

const EVERY_MS = 60_000;

/** Ends incidents that only fired on series which are deleted. */
@Injectable()
export class IncidentSchedule {
  private readonly logger = new Logger('alerts');

  constructor(
    @Inject(IncidentService) private readonly incidents: IncidentService,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  @Interval(EVERY_MS)
  async run(): Promise<void> {
    try {
      await this.incidents.sweep(new Date(this.now()));
    } catch (error) {
      // The next minute looks again.
      if (!(error instanceof DatabaseAway))
        this.logger.error({ err: error }, 'incidents were not looked after');
    }
  }
}
