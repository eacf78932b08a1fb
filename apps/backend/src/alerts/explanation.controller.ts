import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Explanation } from '@bellwether/contracts';
import { Answers } from '../http/docs';
import { IdPipe } from '../http/zod.pipe';
import { ExplanationService } from './explanation.service';

@ApiTags('alerts')
@Controller('api/v1/alerts/:id/explanation')
export class ExplanationController {
  constructor(@Inject(ExplanationService) private readonly service: ExplanationService) {}

  @Get()
  @Answers(
    Explanation,
    'How rare it was, which related series moved with it, and which earlier alerts were like it.',
  )
  explain(@Param('id', new IdPipe()) id: number): Promise<Explanation> {
    return this.service.explain(id);
  }
}
