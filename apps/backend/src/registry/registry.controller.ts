import { Body, Controller, Get, Inject, Param, Patch, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Detector, Model, RuleChange } from '@bellwether/contracts';
import { z } from 'zod';
import { Answers, Asks, Takes } from '../http/docs';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { DetectorStore } from './detector.store';
import { ModelStore } from './model.store';
import { RuleService } from './rule.service';

const ModelQuery = z.object({ limit: z.coerce.number().int().min(1).max(500).default(100) });

@ApiTags('models')
@Controller('api/v1')
export class RegistryController {
  constructor(
    @Inject(DetectorStore) private readonly detectors: DetectorStore,
    @Inject(ModelStore) private readonly models: ModelStore,
    @Inject(RuleService) private readonly rules: RuleService,
  ) {}

  @Get('detectors')
  @Answers(z.array(Detector), 'Every detector, and how many series it watches.')
  async listDetectors(): Promise<Detector[]> {
    return this.detectors.all();
  }

  @Patch('detectors/:id')
  @Takes(RuleChange)
  @Answers(
    Detector,
    'The detector with its rule as it is now; a change makes a new version, for samples from now on.',
  )
  changeRule(
    @Param('id', new IdPipe()) id: number,
    @Body(new ZodPipe(RuleChange)) change: RuleChange,
  ): Promise<Detector> {
    return this.rules.change(id, change);
  }

  @Get('models')
  @Asks(ModelQuery)
  @Answers(z.array(Model), 'Models without their weights, newest first.')
  async listModels(@Query(new ZodPipe(ModelQuery)) { limit }: z.infer<typeof ModelQuery>): Promise<Model[]> {
    return this.models.all(limit);
  }
}
