import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RuleChange, RulePreview } from '@bellwether/contracts';
import { Answers, Takes } from '../http/docs';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { PreviewService } from './preview.service';

@ApiTags('alerts')
@Controller('api/v1/detectors/:id/preview')
export class PreviewController {
  constructor(@Inject(PreviewService) private readonly service: PreviewService) {}

  @Post()
  @HttpCode(200)
  @Takes(RuleChange)
  @Answers(RulePreview, 'The alerts of the newest 30 days under the asked rule and under the present one.')
  preview(
    @Param('id', new IdPipe()) id: number,
    @Body(new ZodPipe(RuleChange)) change: RuleChange,
  ): Promise<RulePreview> {
    return this.service.preview(id, change);
  }
}
