import { Module } from '@nestjs/common';
import { AlertsModule } from '../alerts/alerts.module';
import { DemoModule } from '../demo/demo.module';
import { ExportsModule } from '../exports/exports.module';
import { IngestModule } from '../ingest/ingest.module';
import { ScoringModule } from '../scoring/scoring.module';
import { SeriesModule } from '../series/series.module';
import { TrainingModule } from '../training/training.module';
import { EventsController } from './events.controller';
import { HealthController } from './health.controller';
import { MetricsController } from './metrics.controller';
import { MetricsStore } from './metrics.store';
import { OverviewController } from './overview.controller';
import { OverviewStore } from './overview.store';
import { ViewController } from './view.controller';
import { ViewStore } from './view.store';

/** One read model per screen, and what machines read. */
@Module({
  imports: [
    SeriesModule,
    IngestModule,
    TrainingModule,
    ScoringModule,
    ExportsModule,
    AlertsModule,
    DemoModule,
  ],
  controllers: [OverviewController, ViewController, EventsController, HealthController, MetricsController],
  providers: [OverviewStore, ViewStore, MetricsStore],
})
export class ScreensModule {}
