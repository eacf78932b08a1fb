import { Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { TrainingRun } from '@bellwether/contracts';
import { z } from 'zod';
import { Answers, Asks } from '../http/docs';
import { Conflict, NotFound } from '../http/problem';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { DetectorStore } from '../registry/detector.store';
import { TrainingRunStore } from './training-run.store';
import { TrainingStore } from './training.store';

const RunQuery = z.object({ limit: z.coerce.number().int().min(1).max(100).default(20) });

@ApiTags('models')
@Controller('api/v1')
export class TrainingController {
  constructor(
    @Inject(DetectorStore) private readonly detectors: DetectorStore,
    @Inject(TrainingStore) private readonly store: TrainingStore,
    @Inject(TrainingRunStore) private readonly runs: TrainingRunStore,
  ) {}

  @Get('training-runs')
  @Asks(RunQuery)
  @Answers(z.array(TrainingRun), 'Training runs with their loss curves, newest first.')
  async list(@Query(new ZodPipe(RunQuery)) { limit }: z.infer<typeof RunQuery>): Promise<TrainingRun[]> {
    return this.runs.latest(limit);
  }

  @Post('detectors/:id/train')
  @HttpCode(202)
  @Answers(z.array(TrainingRun), 'The open runs of the detector, one for each period of its series.', 202)
  async train(@Param('id', new IdPipe()) id: number): Promise<TrainingRun[]> {
    const detector = await this.detectors.byId(id);
    if (!detector) throw new NotFound('detector', id);
    const periods = await this.store.periods(detector.id);
    if (periods.length === 0)
      throw new Conflict(
        'There is nothing to train on: no series has enough samples to know its period. Send samples first.',
      );
    const ids: number[] = [];
    for (const periodMs of periods) ids.push(await this.runs.queue(id, periodMs, 'asked for'));
    return this.runs.byIds(ids);
  }
}
