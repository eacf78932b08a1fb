import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { MetricsStore } from './metrics.store';

/** For whoever restarts what no longer lives, and sends traffic only to what is ready. */
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(@Inject(MetricsStore) private readonly store: MetricsStore) {}

  @Get('live')
  @ApiOkResponse({ description: 'The process answers.' })
  live() {
    return { status: 'live' };
  }

  /** 503 while the database is away. */
  @Get('ready')
  @ApiOkResponse({ description: 'The process answers and reaches its database.' })
  async ready() {
    await this.store.ping();
    return { status: 'ready' };
  }
}
