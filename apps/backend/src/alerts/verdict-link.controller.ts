import { Body, Controller, HttpCode, Inject, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Verdict, VerdictByLink, VerdictLink, VerdictLinkAnswer } from '@bellwether/contracts';
import { Answers, Takes } from '../http/docs';
import { NotFound } from '../http/problem';
import { ZodPipe } from '../http/zod.pipe';
import { AlertStore } from './alert.store';
import { VerdictLinkService } from './verdict-link.service';
import { VerdictService } from './verdict.service';

/** For whoever follows the link of a notification: the token in it stands for a key, for one alert. */
@ApiTags('alerts')
@Controller('api/v1/verdict-link')
export class VerdictLinkController {
  constructor(
    @Inject(VerdictLinkService) private readonly links: VerdictLinkService,
    @Inject(AlertStore) private readonly alerts: AlertStore,
    @Inject(VerdictService) private readonly verdicts: VerdictService,
  ) {}

  @Post()
  @HttpCode(200)
  @Takes(VerdictLink)
  @Answers(VerdictLinkAnswer, 'The alert of the link, and what a verdict on it would do.')
  async read(@Body(new ZodPipe(VerdictLink)) { token, kind }: VerdictLink): Promise<VerdictLinkAnswer> {
    const { alertId, expiresAtMs } = await this.links.open(token);
    const alert = await this.alerts.byId(alertId);
    if (!alert) throw new NotFound('alert', alertId);
    const preview = kind ? await this.verdicts.preview(alertId, kind) : null;
    return { alert, preview, expiresAt: new Date(expiresAtMs).toISOString() };
  }

  @Put()
  @Takes(VerdictByLink)
  @Answers(Verdict, 'The verdict that holds now; it takes the place of an earlier one.')
  async give(@Body(new ZodPipe(VerdictByLink)) { token, ...input }: VerdictByLink): Promise<Verdict> {
    const { alertId } = await this.links.open(token);
    return this.verdicts.give(alertId, input);
  }
}
