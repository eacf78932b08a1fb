import { Module } from '@nestjs/common';
import { SilenceController } from './silence.controller';
import { SilenceService } from './silence.service';
import { SilenceStore } from './silence.store';

/** For the process that answers HTTP; who sends and who trains reads what is held from the database. */
@Module({ controllers: [SilenceController], providers: [SilenceService, SilenceStore] })
export class SilencesModule {}
