import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Incident, IncidentAcknowledgement, IncidentDetail, IncidentQuery } from '@bellwether/contracts';
import type { Response } from 'express';
import { z } from 'zod';
import { Answers, Asks, Takes } from '../http/docs';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { IncidentDeskService } from './incident-desk.service';

@ApiTags('incidents')
@Controller('api/v1/incidents')
export class IncidentController {
  constructor(@Inject(IncidentDeskService) private readonly desk: IncidentDeskService) {}

  @Get()
  @Asks(IncidentQuery)
  @Answers(z.array(Incident), 'Incidents, newest first; X-Total-Count says how many there are in all.')
  async list(
    @Query(new ZodPipe(IncidentQuery)) query: IncidentQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Incident[]> {
    const { incidents, total } = await this.desk.list(query);
    response.setHeader('X-Total-Count', String(total));
    return incidents;
  }

  @Get(':id')
  @Answers(IncidentDetail, 'One incident with its story; of one that became a part of another, `mergedInto`.')
  read(@Param('id', new IdPipe()) id: number): Promise<IncidentDetail> {
    return this.desk.read(id);
  }

  @Post(':id/acknowledge')
  @HttpCode(200)
  @Takes(IncidentAcknowledgement)
  @Answers(Incident, 'Somebody is on it: nobody is reminded of it any more. Its end is told all the same.')
  acknowledge(
    @Param('id', new IdPipe()) id: number,
    @Body(new ZodPipe(IncidentAcknowledgement)) { by }: IncidentAcknowledgement,
  ): Promise<Incident> {
    return this.desk.acknowledge(id, by);
  }

  @Delete(':id/acknowledge')
  @Answers(Incident, 'Taken back: reminders go on.')
  takeBack(@Param('id', new IdPipe()) id: number): Promise<Incident> {
    return this.desk.takeBack(id);
  }
}
