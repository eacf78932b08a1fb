import { Module } from '@nestjs/common';
import { DetectorStore } from './detector.store';
import { ModelStore } from './model.store';
import { RegistryController } from './registry.controller';
import { RuleService } from './rule.service';
import { RuleStore } from './rule.store';

@Module({
  providers: [DetectorStore, ModelStore, RuleStore],
  exports: [DetectorStore, ModelStore, RuleStore],
})
export class RegistryModule {}

/** What the process that answers HTTP adds. */
@Module({ imports: [RegistryModule], controllers: [RegistryController], providers: [RuleService] })
export class RegistryApiModule {}
