import { Module } from '@nestjs/common';
import { DetectorStore } from './detector.store';
import { ModelStore } from './model.store';
import { RegistryController } from './registry.controller';

@Module({ providers: [DetectorStore, ModelStore], exports: [DetectorStore, ModelStore] })
export class RegistryModule {}

/** What the process that answers HTTP adds. */
@Module({ imports: [RegistryModule], controllers: [RegistryController] })
export class RegistryApiModule {}
