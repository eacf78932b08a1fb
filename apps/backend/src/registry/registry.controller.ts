import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Detector, Model } from '@bellwether/contracts';
import { z } from 'zod';
import { Answers, Asks } from '../http/docs';
import { ZodPipe } from '../http/zod.pipe';
import { DetectorStore } from './detector.store';
import { ModelStore } from './model.store';

const ModelQuery = z.object({ limit: z.coerce.number().int().min(1).max(500).default(100) });

@ApiTags('models')
@Controller('api/v1')
export class RegistryController {
  constructor(
    @Inject(DetectorStore) private readonly detectors: DetectorStore,
    @Inject(ModelStore) private readonly models: ModelStore,
  ) {}

  @Get('detectors')
  @Answers(z.array(Detector), 'Every detector, and how many series it watches.')
  async listDetectors(): Promise<Detector[]> {
    return this.detectors.all();
  }

  @Get('models')
  @Asks(ModelQuery)
  @Answers(z.array(Model), 'Models without their weights, newest first.')
  async listModels(@Query(new ZodPipe(ModelQuery)) { limit }: z.infer<typeof ModelQuery>): Promise<Model[]> {
    return this.models.all(limit);
  }
}
