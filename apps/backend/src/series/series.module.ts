import { Module } from '@nestjs/common';
import { SeriesController } from './series.controller';
import { SeriesService } from './series.service';
import { SeriesStore } from './series.store';

@Module({
  controllers: [SeriesController],
  providers: [SeriesService, SeriesStore],
  exports: [SeriesService, SeriesStore],
})
export class SeriesModule {}
