import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { LoggerModule } from 'nestjs-pino';
import { AlertsModule, AlertsWorkerModule } from '../alerts/alerts.module';
import { AlertService } from '../alerts/alert.service';
import type { Clock } from '../clock';
import type { Config } from '../config';
import type { Database } from '../database/database';
import { DatabaseModule } from '../database/database.module';
import { PoliciesSchedule } from '../database/policies.schedule';
import { PoliciesStore } from '../database/policies.store';
import { DemoModule } from '../demo/demo.module';
import { ExportService } from '../exports/export.service';
import { ExportsWorkerModule } from '../exports/exports.module';
import { HttpModule } from '../http/http.module';
import { ProblemFilter } from '../http/problem.filter';
import { IngestModule } from '../ingest/ingest.module';
import { RegistryApiModule } from '../registry/registry.module';
import { SCORE_LISTENER, type ScoreListener } from '../scoring/scoring.service';
import { ScorerModule } from '../scoring/scoring.module';
import { ScreensModule } from '../screens/screens.module';
import { SeriesModule } from '../series/series.module';
import { SilencesModule } from '../silences/silences.module';
import { SourcesModule } from '../sources/sources.module';
import { TrainerModule, TrainingApiModule } from '../training/training.module';
import { loggerOptions } from './logger';

export interface Foundation {
  config: Config;
  clock: Clock;
  database: Database;
}

const foundation = (given: Foundation, role: string) => [
  DatabaseModule.with(given),
  LoggerModule.forRoot(loggerOptions(given.config, { role, isTerminal: process.stdout.isTTY })),
  ScheduleModule.forRoot(),
];

/** The process that answers HTTP. No model is ever opened here. */
@Module({})
export class ApiModule {
  static with(given: Foundation): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        ...foundation(given, 'api'),
        HttpModule,
        SeriesModule,
        IngestModule,
        SourcesModule,
        RegistryApiModule,
        SilencesModule,
        TrainingApiModule,
        AlertsModule,
        DemoModule,
        ScreensModule,
      ],
      providers: [{ provide: APP_FILTER, useClass: ProblemFilter }, PoliciesStore, PoliciesSchedule],
    };
  }
}

/** The process that trains. */
@Module({})
export class TrainerProcessModule {
  static with(given: Foundation): DynamicModule {
    return { module: TrainerProcessModule, imports: [...foundation(given, 'trainer'), TrainerModule] };
  }
}

const listener = {
  provide: SCORE_LISTENER,
  inject: [AlertService, ExportService],
  useFactory:
    (alerts: AlertService, exports: ExportService): ScoreListener =>
    async (stretches) => {
      await exports.note(stretches);
      await alerts.review(stretches);
    },
};

/** The process that scores, forecasts, raises alerts, notifies, and sends scores out. */
@Module({})
export class ScorerProcessModule {
  static with(given: Foundation): DynamicModule {
    const scorer = ScorerModule.with(listener, [AlertsWorkerModule, ExportsWorkerModule]);
    return {
      module: ScorerProcessModule,
      imports: [...foundation(given, 'scorer'), AlertsWorkerModule, scorer],
    };
  }
}
