import { Module } from '@nestjs/common';
import { RegistryModule } from '../registry/registry.module';
import { TrainingController } from './training.controller';
import { TrainingRunStore } from './training-run.store';
import { TrainingSchedule } from './training.schedule';
import { TrainingService } from './training.service';
import { TrainingStore } from './training.store';

@Module({
  imports: [RegistryModule],
  providers: [TrainingRunStore, TrainingStore],
  exports: [TrainingRunStore, TrainingStore],
})
export class TrainingModule {}

/** What the process that answers HTTP adds. */
@Module({ imports: [RegistryModule, TrainingModule], controllers: [TrainingController] })
export class TrainingApiModule {}

/** What the trainer process adds. */
@Module({ imports: [RegistryModule, TrainingModule], providers: [TrainingService, TrainingSchedule] })
export class TrainerModule {}
