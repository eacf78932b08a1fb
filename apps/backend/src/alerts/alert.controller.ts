import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Alert, AlertQuery } from '@bellwether/contracts';
import type { Response } from 'express';
import { z } from 'zod';
import { Answers, Asks } from '../http/docs';
import { NotFound } from '../http/problem';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { AlertStore } from './alert.store';

@ApiTags('alerts')
@Controller('api/v1/alerts')
export class AlertController {
  constructor(@Inject(AlertStore) private readonly store: AlertStore) {}

  @Get()
  @Asks(AlertQuery)
  @Answers(z.array(Alert), 'Alerts, newest first; X-Total-Count says how many there are in all.')
  async list(
    @Query(new ZodPipe(AlertQuery)) query: AlertQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Alert[]> {
    const { alerts, total } = await this.store.list(query);
    response.setHeader('X-Total-Count', String(total));
    return alerts;
  }

  @Get(':id')
  @Answers(Alert, 'One alert.')
  async read(@Param('id', new IdPipe()) id: number): Promise<Alert> {
    const alert = await this.store.byId(id);
    if (!alert) throw new NotFound('alert', id);
    return alert;
  }
}
