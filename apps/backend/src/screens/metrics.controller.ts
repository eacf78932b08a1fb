import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { ExportStore } from '../exports/export.store';
import { CONTENT_TYPE, exposition } from '../exports/exposition';
import { IngestService } from '../ingest/ingest.service';
import { MetricsStore, type ServiceState } from './metrics.store';

const HELP: Record<keyof ServiceState, string> = {
  series: 'Series known.',
  unscored_series: 'Series with samples that wait for scores.',
  scoring_lag_seconds: 'Seconds since the oldest of these samples arrived.',
  alerts_firing: 'Alerts that are firing.',
  incidents_open: 'Incidents that are not over.',
  notifications_waiting: 'Notifications that wait or are being retried.',
  notifications_failed: 'Notifications given up after the last retry.',
  training_runs_open: 'Training runs queued or running.',
  training_runs_failed: 'Training runs that failed.',
  champions: 'Models that serve.',
  series_unsent: 'Series whose scores wait to be sent to REMOTE_WRITE_URL.',
};

/** Series whose scores are told in one answer: what Prometheus takes in a scrape without ado. */
const MOST_SERIES = 10_000;

/** Bellwether's own metrics, and the scores of all series, in the Prometheus text format. */
@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  private readonly registry = new Registry();
  private readonly gauges = Object.entries(HELP).map(
    ([name, help]) =>
      [
        name as keyof ServiceState,
        new Gauge({ name: `bellwether_${name}`, help, registers: [this.registry] }),
      ] as const,
  );

  constructor(
    @Inject(MetricsStore) private readonly store: MetricsStore,
    @Inject(ExportStore) private readonly scores: ExportStore,
    @Inject(IngestService) ingest: IngestService,
  ) {
    collectDefaultMetrics({ register: this.registry });
    this.count('samples_written', 'Samples written since the process started.', () => ingest.totals.written);
    this.count('samples_refused', 'Samples refused since the process started.', () => ingest.totals.refused);
  }

  /** A counter whose value is kept elsewhere. */
  private count(name: string, help: string, read: () => number): void {
    const registers = [this.registry];
    new Counter({
      name: `bellwether_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  @Get()
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The Prometheus text format.', schema: { type: 'string' } })
  async read(@Res() response: Response): Promise<void> {
    const state = await this.store.read();
    for (const [name, gauge] of this.gauges) gauge.set(state[name]);
    response.type(this.registry.contentType).send(await this.registry.metrics());
  }

  @Get('scores')
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description:
      'The newest score of each series with what was expected, in the Prometheus text format; series that stopped are left out.',
    schema: { type: 'string' },
  })
  async readScores(@Res() response: Response): Promise<void> {
    const { rows, leftOut } = await this.scores.newest(MOST_SERIES);
    response.type(CONTENT_TYPE).send(exposition(rows, leftOut));
  }
}
