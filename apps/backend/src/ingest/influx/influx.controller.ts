import { Body, Controller, Get, Header, Headers, HttpCode, Inject, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { IngestResult } from '@bellwether/contracts';
import type { Response } from 'express';
import { CLOCK, type Clock } from '../../clock';
import { BadInput } from '../../http/problem';
import { NothingWritten } from '../ingest';
import { untilLater } from '../busy';
import { IngestService } from '../ingest.service';
import { countSkipped, explainPartial, INFLUX_VERSION, isCreateDatabase, queryInForm } from './answer';
import { decodeLines, readPrecision } from './influx';

/** Says how many fields of a request were strings, which are skipped. */
const SKIPPED = 'X-Bellwether-Skipped';

const NO_QUERIES =
  'Bellwether takes line protocol and answers no InfluxQL but CREATE DATABASE: read series at /api/v1/series.';

const lines = ApiBody({
  schema: { type: 'string', example: 'cpu,host=a usage_idle=98.5 1769860800000000000' },
});
const statement = { type: 'object', properties: { statement_id: { type: 'integer' } } } as const;
const queried = ApiResponse({
  status: 200,
  description: 'As if the database had been made.',
  schema: { type: 'object', properties: { results: { type: 'array', items: statement } } },
});
const written = ApiResponse({
  status: 204,
  description: 'All was written; strings are skipped and counted.',
});

@ApiTags('ingest')
@Controller()
export class InfluxController {
  constructor(
    @Inject(IngestService) private readonly service: IngestService,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  @Post('write')
  @ApiOperation({ summary: 'Write InfluxDB line protocol (v1), as Telegraf sends it.' })
  @ApiConsumes('text/plain')
  @ApiQuery({ name: 'precision', required: false, schema: { enum: ['n', 'u', 'ms', 's', 'm', 'h'] } })
  @lines
  @written
  @ApiResponse({ status: 400, description: '{"error": "partial write: … dropped=N"}; the rest is written.' })
  async writeV1(
    @Body() body: unknown,
    @Query('precision') precision: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<{ error: string } | undefined> {
    const problem = await this.write(body, { precision, version: 1 }, response).catch(untilLater);
    return problem === undefined ? undefined : { error: problem };
  }

  @Post('api/v2/write')
  @ApiOperation({ summary: 'Write InfluxDB line protocol (v2), as Telegraf and InfluxDB clients send it.' })
  @ApiConsumes('text/plain')
  @ApiQuery({ name: 'precision', required: false, schema: { enum: ['ns', 'us', 'ms', 's'] } })
  @lines
  @written
  @ApiResponse({ status: 400, description: '{"code": "invalid", "message": "…"}; the rest is written.' })
  async writeV2(
    @Body() body: unknown,
    @Query('precision') precision: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<{ code: string; message: string } | undefined> {
    const problem = await this.write(body, { precision, version: 2 }, response);
    return problem === undefined ? undefined : { code: 'invalid', message: problem };
  }

  @Get('ping')
  @Header('X-Influxdb-Version', INFLUX_VERSION)
  @Header('X-Influxdb-Build', 'Bellwether')
  @HttpCode(204)
  @ApiOperation({ summary: 'Tells InfluxDB clients that somebody is there.' })
  @ApiResponse({ status: 204, description: 'Somebody is.' })
  ping(): void {}

  @Get('query')
  @ApiOperation({ summary: 'Answers CREATE DATABASE, which InfluxDB clients send first, and nothing else.' })
  @queried
  getQuery(@Query('q') query: unknown, @Res({ passthrough: true }) response: Response): object {
    return answer(query, response);
  }

  /** Clients send the query as a form, or in the address. */
  @Post('query')
  @ApiOperation({ summary: 'Answers CREATE DATABASE, which InfluxDB clients send first, and nothing else.' })
  @HttpCode(200)
  @queried
  @ApiConsumes('application/x-www-form-urlencoded')
  postQuery(
    @Body() body: unknown,
    @Query('q') query: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): object {
    return answer(queryInForm(body, contentType) ?? query, response);
  }

  /** Answers and returns what was wrong, if something was. */
  private async write(
    body: unknown,
    { precision, version }: { precision: unknown; version: 1 | 2 },
    response: Response,
  ): Promise<string | undefined> {
    this.service.ensureRoom();
    try {
      const settings = { precision: readPrecision(precision, version), nowMs: this.now() };
      const result = await this.ingest(Buffer.isBuffer(body) ? body : Buffer.alloc(0), settings);
      response.setHeader('X-Influxdb-Version', INFLUX_VERSION);
      if (countSkipped(result) > 0) response.setHeader(SKIPPED, countSkipped(result));
      const problem = explainPartial(result);
      response.status(problem === undefined ? 204 : 400);
      return problem;
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      response.status(400);
      return error.message;
    }
  }

  private async ingest(body: Buffer, settings: Parameters<typeof decodeLines>[1]): Promise<IngestResult> {
    const decoded = decodeLines(body, settings, this.service.acceptance);
    try {
      return await this.service.ingest(decoded);
    } catch (error) {
      if (error instanceof NothingWritten) return { written: 0, refused: error.refused };
      throw error;
    }
  }
}

function answer(query: unknown, response: Response): object {
  const isKnown = typeof query === 'string' && isCreateDatabase(query);
  response.status(isKnown ? 200 : 400);
  return isKnown ? { results: [{ statement_id: 0 }] } : { error: NO_QUERIES };
}
