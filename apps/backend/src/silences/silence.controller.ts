import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Silence,
  SilenceChange,
  SilenceEnd,
  SilenceInput,
  SilencePreview,
  SilencePreviewInput,
  SilenceQuery,
} from '@bellwether/contracts';
import { z } from 'zod';
import { Answers, Asks, Takes } from '../http/docs';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { SilenceService } from './silence.service';

@ApiTags('silences')
@Controller('api/v1/silences')
export class SilenceController {
  constructor(@Inject(SilenceService) private readonly silences: SilenceService) {}

  @Get()
  @Asks(SilenceQuery)
  @Answers(
    z.array(Silence),
    'Silences and maintenance windows: those that act now, then those to come, then past ones.',
  )
  list(@Query(new ZodPipe(SilenceQuery)) { past }: SilenceQuery): Promise<Silence[]> {
    return this.silences.list(past);
  }

  @Get(':id')
  @Answers(Silence, 'The silence, and how many notifications it has held back.')
  read(@Param('id', new IdPipe()) id: number): Promise<Silence> {
    return this.silences.read(id);
  }

  @Post()
  @Takes(SilenceInput)
  @Answers(Silence, 'The new silence; without `from` it acts at once.', 201)
  add(@Body(new ZodPipe(SilenceInput)) input: SilenceInput): Promise<Silence> {
    return this.silences.add(input);
  }

  @Post('preview')
  @HttpCode(200)
  @Takes(SilencePreviewInput)
  @Answers(SilencePreview, 'How many series these matchers match now, and how many of them fire.')
  preview(
    @Body(new ZodPipe(SilencePreviewInput)) { matchers }: SilencePreviewInput,
  ): Promise<SilencePreview> {
    return this.silences.preview(matchers);
  }

  @Patch(':id')
  @Takes(SilenceChange)
  @Answers(Silence, 'The silence as it is now; what it has done stays done.')
  change(
    @Param('id', new IdPipe()) id: number,
    @Body(new ZodPipe(SilenceChange)) change: SilenceChange,
  ): Promise<Silence> {
    return this.silences.change(id, change);
  }

  @Post(':id/end')
  @HttpCode(200)
  @Takes(SilenceEnd)
  @Answers(Silence, 'Ended now: what it held back is sent if it is still true.')
  end(
    @Param('id', new IdPipe()) id: number,
    @Body(new ZodPipe(SilenceEnd)) { by }: SilenceEnd,
  ): Promise<Silence> {
    return this.silences.end(id, by);
  }

  @Delete(':id')
  @HttpCode(204)
  @Answers(z.null(), 'Deleted; one that has acted can only be ended.', 204)
  remove(@Param('id', new IdPipe()) id: number): Promise<void> {
    return this.silences.remove(id);
  }
}
