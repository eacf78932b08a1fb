import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '../database/database';
import { Answers } from '../http/docs';

/** A database that takes longer to say anything is as good as away. */
const PING_MS = 5_000;

const Health = z.object({ status: z.enum(['live', 'ready']) });
type Health = z.infer<typeof Health>;

/** For whoever restarts what no longer lives, and sends traffic only to what is ready. */
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(@Inject(Database) private readonly database: Database) {}

  @Get('live')
  @Answers(Health, 'The process answers.')
  live(): Health {
    return { status: 'live' };
  }

  @Get('ready')
  @Answers(Health, 'The process answers and reaches its database; 503 while that is away.')
  async ready(): Promise<Health> {
    await this.database.ping(PING_MS);
    return { status: 'ready' };
  }
}
