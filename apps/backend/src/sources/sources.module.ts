import { Module } from '@nestjs/common';
import { IngestModule } from '../ingest/ingest.module';
import { RunnerService } from './runner.service';
import { SourceController } from './source.controller';
import { SourceSchedule } from './source.schedule';
import { SourceService } from './source.service';
import { SourceStore } from './source.store';

/** Fetches samples from elsewhere: for the process that answers HTTP. Needs `ScheduleModule.forRoot()` there. */
@Module({
  imports: [IngestModule],
  controllers: [SourceController],
  providers: [RunnerService, SourceSchedule, SourceService, SourceStore],
})
export class SourcesModule {}
