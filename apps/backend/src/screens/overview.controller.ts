import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Overview } from '@bellwether/contracts';
import { AlertStore } from '../alerts/alert.store';
import { CLOCK, type Clock } from '../clock';
import { DemoService } from '../demo/demo.service';
import { Answers } from '../http/docs';
import { SeriesStore } from '../series/series.store';
import { TrainingRunStore } from '../training/training-run.store';
import { OverviewStore } from './overview.store';

const SURPRISING = 8;
const DAY_MS = 86_400_000;
const EMPTY = { time: [], value: [], lower: [], upper: [], score: [] };

@ApiTags('overview')
@Controller('api/v1/overview')
export class OverviewController {
  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(OverviewStore) private readonly store: OverviewStore,
    @Inject(AlertStore) private readonly alerts: AlertStore,
    @Inject(SeriesStore) private readonly series: SeriesStore,
    @Inject(TrainingRunStore) private readonly runs: TrainingRunStore,
    @Inject(DemoService) private readonly demo: DemoService,
  ) {}

  @Get()
  @Answers(Overview, 'What is wrong now, what is surprising, and how the service itself is doing.')
  async overview(): Promise<Overview> {
    const ingest = await this.store.ingest();
    return {
      openAlerts: await this.alerts.open(),
      recentAlerts: await this.alerts.recent(this.now() - DAY_MS),
      surprising: await this.surprising(),
      ingest: { ...ingest, samplesLastMinute: ingest.perMinute.at(-2) ?? 0 },
      training: await this.training(),
      demo: await this.demo.state(),
    };
  }

  private async surprising(): Promise<Overview['surprising']> {
    const found = await this.store.surprising(SURPRISING);
    const ids = found.map(({ seriesId }) => seriesId);
    const series = new Map((await this.series.byIds(ids)).map((one) => [one.id, one]));
    const sparklines = await this.store.sparklines(ids);
    return found.flatMap(({ seriesId, threshold }) => {
      const one = series.get(seriesId);
      return one ? [{ series: one, threshold, sparkline: sparklines.get(seriesId) ?? EMPTY }] : [];
    });
  }

  private async training(): Promise<Overview['training']> {
    const [latest] = await this.runs.latest(1);
    return {
      running: await this.runs.running(),
      latest: latest ?? null,
      champions: await this.store.championCount(),
      backend: latest?.backend ?? null,
      backendWhy: latest?.backendWhy ?? null,
    };
  }
}
