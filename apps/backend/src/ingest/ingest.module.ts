import { Module } from '@nestjs/common';
import { MulterModule } from '@nestjs/platform-express';
import { CONFIG, type Config } from '../config';
import { SeriesModule } from '../series/series.module';
import { ArrivalService } from './arrival.service';
import { InfluxController } from './influx/influx.controller';
import { IngestController } from './ingest.controller';
import { IngestSchedule } from './ingest.schedule';
import { IngestService } from './ingest.service';
import { IngestStore } from './ingest.store';
import { OtlpController } from './otlp/otlp.controller';
import { RemoteWriteController } from './prometheus/remote-write.controller';
import { TouchedStore } from './touched.store';

const MIB = 1024 * 1024;

/** Without a folder to write to, multer keeps the file in memory. */
const uploads = MulterModule.registerAsync({
  inject: [CONFIG],
  useFactory: ({ MAX_BODY_MB }: Config) => ({
    limits: { fileSize: MAX_BODY_MB * MIB, files: 1, fields: 20 },
  }),
});

@Module({
  imports: [SeriesModule, uploads],
  controllers: [InfluxController, IngestController, OtlpController, RemoteWriteController],
  providers: [ArrivalService, IngestSchedule, IngestService, IngestStore, TouchedStore],
  exports: [IngestService],
})
export class IngestModule {}
