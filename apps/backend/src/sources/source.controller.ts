import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Source, SourceChange, SourceInput, SourceTest } from '@bellwether/contracts';
import { z } from 'zod';
import { Answers, Takes } from '../http/docs';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { SourceService } from './source.service';

/**
 * A source makes this machine speak to any address its settings name, also inside of its network: whoever may call the API may
 * have that done, and that is the machine itself on loopback, or a holder of a key (`http/access`).
 */
@ApiTags('sources')
@Controller('api/v1/sources')
export class SourceController {
  constructor(@Inject(SourceService) private readonly sources: SourceService) {}

  @Get()
  @Answers(z.array(Source), 'All sources, oldest first.')
  list(): Promise<Source[]> {
    return this.sources.list();
  }

  @Get(':id')
  @Answers(Source, 'The source, and how far it has come.')
  read(@Param('id', new IdPipe()) id: number): Promise<Source> {
    return this.sources.read(id);
  }

  @Post()
  @Takes(SourceInput)
  @Answers(Source, 'The new source; it begins within a second if it is enabled.', 201)
  add(@Body(new ZodPipe(SourceInput)) input: SourceInput): Promise<Source> {
    return this.sources.add(input);
  }

  @Patch(':id')
  @Takes(SourceChange)
  @Answers(Source, 'The source as it is now; where it asks for something else, it begins anew.')
  change(
    @Param('id', new IdPipe()) id: number,
    @Body(new ZodPipe(SourceChange)) change: SourceChange,
  ): Promise<Source> {
    return this.sources.change(id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  @Answers(z.null(), 'Deleted; its series and samples stay.', 204)
  remove(@Param('id', new IdPipe()) id: number): Promise<void> {
    return this.sources.remove(id);
  }

  @Post(':id/test')
  @HttpCode(200)
  @Answers(SourceTest, 'What it would bring, or exactly what is wrong; nothing was written.')
  test(@Param('id', new IdPipe()) id: number): Promise<SourceTest> {
    return this.sources.test(id);
  }
}
