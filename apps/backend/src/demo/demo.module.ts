import { Module } from '@nestjs/common';
import { IngestModule } from '../ingest/ingest.module';
import { SeriesModule } from '../series/series.module';
import { DemoController } from './demo.controller';
import { DemoSchedule } from './demo.schedule';
import { DemoService } from './demo.service';
import { DemoStore } from './demo.store';

@Module({
  imports: [IngestModule, SeriesModule],
  controllers: [DemoController],
  providers: [DemoService, DemoStore, DemoSchedule],
  exports: [DemoService],
})
export class DemoModule {}
