import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Query, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import { Series, SeriesChange, SeriesQuery, type Labels } from '@bellwether/contracts';
import type { Response } from 'express';
import { z } from 'zod';
import { Answers, Asks, Takes } from '../http/docs';
import { BadInput, NotFound } from '../http/problem';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { SeriesService } from './series.service';
import { SeriesStore } from './series.store';

const CONTROL_CHARACTERS = /\p{Cc}/u;

@ApiTags('series')
@Controller('api/v1/series')
export class SeriesController {
  constructor(
    @Inject(SeriesStore) private readonly store: SeriesStore,
    @Inject(SeriesService) private readonly service: SeriesService,
  ) {}

  @Get()
  @Asks(SeriesQuery)
  @Answers(
    z.array(Series),
    'One page of the series, by name and labels; X-Total-Count says how many there are.',
  )
  async list(
    @Query(new ZodPipe(SeriesQuery)) { search, label, limit, offset }: SeriesQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Series[]> {
    if (search && CONTROL_CHARACTERS.test(search)) throw new BadInput('search: holds control characters');
    const filter = { search: search?.trim() || undefined, labels: readLabels(label) };
    const { series, total } = await this.store.list(filter, { limit, offset });
    response.setHeader('X-Total-Count', String(total));
    return series;
  }

  @Get(':id')
  @Answers(Series, 'The series.')
  async read(@Param('id', IdPipe) id: number): Promise<Series> {
    const series = await this.store.byId(id);
    if (!series) throw new NotFound('series', id);
    return series;
  }

  @Patch(':id')
  @Takes(SeriesChange)
  @Answers(Series, 'The series as it is now.')
  async change(
    @Param('id', IdPipe) id: number,
    @Body(new ZodPipe(SeriesChange)) change: SeriesChange,
  ): Promise<Series> {
    return this.service.change(id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiResponse({ status: 204, description: 'It is gone, with its samples, scores and forecasts.' })
  async remove(@Param('id', IdPipe) id: number): Promise<void> {
    if (!(await this.store.remove(id))) throw new NotFound('series', id);
  }
}

/** `key=value`, once or several times. */
function readLabels(label: SeriesQuery['label']): Labels {
  const pairs = label === undefined ? [] : [label].flat();
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1 || CONTROL_CHARACTERS.test(pair))
        throw new BadInput(`label: "${pair.slice(0, 50)}" is not key=value`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
