import { Module } from '@nestjs/common';
import { ExportSchedule } from './export.schedule';
import { ExportService } from './export.service';
import { ExportStore } from './export.store';

@Module({ providers: [ExportStore], exports: [ExportStore] })
export class ExportsModule {}

/** Sends scores out: for the process that scores. */
@Module({ imports: [ExportsModule], providers: [ExportService, ExportSchedule], exports: [ExportService] })
export class ExportsWorkerModule {}
