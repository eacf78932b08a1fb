import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Verdict, VerdictInput, VerdictPreview, VerdictQuery } from '@bellwether/contracts';
import { z } from 'zod';
import { Answers, Asks, Takes } from '../http/docs';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { VerdictService } from './verdict.service';

@ApiTags('alerts')
@Controller('api/v1/alerts/:id/verdict')
export class VerdictController {
  constructor(@Inject(VerdictService) private readonly service: VerdictService) {}

  @Get('preview')
  @Asks(VerdictQuery)
  @Answers(VerdictPreview, 'What the verdict would do, before it is given.')
  preview(
    @Param('id', new IdPipe()) id: number,
    @Query(new ZodPipe(VerdictQuery)) { kind }: VerdictQuery,
  ): Promise<VerdictPreview> {
    return this.service.preview(id, kind);
  }

  @Put()
  @Takes(VerdictInput)
  @Answers(Verdict, 'The verdict that holds now; it takes the place of an earlier one.')
  give(
    @Param('id', new IdPipe()) id: number,
    @Body(new ZodPipe(VerdictInput)) input: VerdictInput,
  ): Promise<Verdict> {
    return this.service.give(id, input);
  }

  @Delete()
  @HttpCode(204)
  @Answers(
    z.null(),
    'Taken back, with what it did; what was learnt meanwhile stays until the next training.',
    204,
  )
  takeBack(@Param('id', new IdPipe()) id: number): Promise<void> {
    return this.service.takeBack(id);
  }
}
