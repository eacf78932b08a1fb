import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { DemoInput, DemoState } from '@bellwether/contracts';
import { z } from 'zod';
import { Answers, Asks, Takes } from '../http/docs';
import { ZodPipe } from '../http/zod.pipe';
import { DemoService } from './demo.service';

const StopQuery = z.object({ forget: z.enum(['true', 'false']).default('false') });

@ApiTags('demo')
@Controller('api/v1/demo')
export class DemoController {
  constructor(@Inject(DemoService) private readonly demo: DemoService) {}

  @Get()
  @Answers(DemoState, 'Whether the demo plays.')
  async read(): Promise<DemoState> {
    return this.demo.state();
  }

  @Post()
  @HttpCode(200)
  @Takes(DemoInput)
  @Answers(DemoState, 'The demo plays: six public series, replayed from now on.')
  async start(@Body(new ZodPipe(DemoInput)) { speed }: DemoInput): Promise<DemoState> {
    return this.demo.start(speed);
  }

  @Delete()
  @Asks(StopQuery)
  @Answers(DemoState, 'The demo no longer plays; with forget=true its series are gone too.')
  async stop(@Query(new ZodPipe(StopQuery)) { forget }: z.infer<typeof StopQuery>): Promise<DemoState> {
    return this.demo.stop(forget === 'true');
  }
}
