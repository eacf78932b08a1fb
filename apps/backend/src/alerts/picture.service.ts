import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Alert } from '@bellwether/contracts';
import { DatabaseAway } from '../database/database';
import { chart, stretchOf } from './chart';
import { ChartStore } from './chart.store';
import { png } from './raster';

/** Draws what a mail shows of an alert. */
@Injectable()
export class PictureService {
  private readonly logger = new Logger('alerts');

  constructor(@Inject(ChartStore) private readonly store: ChartStore) {}

  /** A PNG; null where there is nothing to draw, or it cannot be drawn: a mail without a picture is better than none. */
  async of(alert: Alert): Promise<Buffer | null> {
    try {
      const series = await this.store.series(alert.seriesId);
      if (!series) return null;
      const stretch = stretchOf(alert, series);
      return await png(chart(alert, await this.store.rows(alert.seriesId, stretch), stretch));
    } catch (error) {
      if (error instanceof DatabaseAway) throw error;
      this.logger.error({ err: error, alert: alert.id }, 'the chart of an alert could not be drawn');
      return null;
    }
  }
}
