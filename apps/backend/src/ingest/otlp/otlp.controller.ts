import { Body, Controller, Headers, Inject, Post, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Refusal } from '@bellwether/contracts';
import type { Response } from 'express';
import { RequestError } from '../../http/problem';
import { NothingWritten } from '../ingest';
import { IngestService } from '../ingest.service';
import { answerFailure, answerSuccess, explainPartial, type Answer } from './answer';
import { decodeOtlp, encodingOf, type Encoding } from './otlp';

/** As opentelemetry-proto has it; not written out here. */
const OPEN = { type: 'object', additionalProperties: true } as const;
const PARTIAL_SUCCESS = {
  type: 'object',
  properties: { rejectedDataPoints: { type: 'string' }, errorMessage: { type: 'string' } },
} as const;

@ApiTags('ingest')
@Controller('v1/metrics')
export class OtlpController {
  constructor(@Inject(IngestService) private readonly service: IngestService) {}

  @Post()
  @ApiOperation({
    summary: 'Write OTLP metrics (OTLP/HTTP), as OpenTelemetry’s SDKs and its collector send them.',
  })
  @ApiConsumes('application/x-protobuf', 'application/json')
  @ApiProduces('application/x-protobuf', 'application/json')
  @ApiBody({
    description: 'ExportMetricsServiceRequest',
    schema: { type: 'object', properties: { resourceMetrics: { type: 'array', items: OPEN } } },
  })
  @ApiResponse({
    status: 200,
    description: 'ExportMetricsServiceResponse; `partial_success` counts what was refused.',
    schema: { type: 'object', properties: { partialSuccess: PARTIAL_SUCCESS } },
  })
  @ApiResponse({
    status: 400,
    description: 'google.rpc.Status: the body cannot be read, and must not be sent again.',
  })
  async write(
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const encoding = encodingOf(contentType);
    if (!encoding)
      throw new RequestError(415, 'OTLP metrics come as application/x-protobuf or application/json.');
    this.service.ensureRoom();
    try {
      send(response, 200, await this.ingest(Buffer.isBuffer(body) ? body : Buffer.alloc(0), encoding));
    } catch (error) {
      // What will not do better a second time; all else is told as everywhere, with the time to try again.
      if (!(error instanceof RequestError) || ![400, 413].includes(error.status)) throw error;
      send(response, error.status, answerFailure(encoding, error.message));
    }
  }

  private async ingest(body: Buffer, encoding: Encoding): Promise<Answer> {
    const decoded = decodeOtlp(body, encoding, this.service.acceptance);
    try {
      const { refused } = await this.service.ingest(decoded);
      return answerSuccess(encoding, count(refused), explainPartial(refused));
    } catch (error) {
      // None could be written: to OTLP that is a success of which nothing is left.
      if (!(error instanceof NothingWritten)) throw error;
      return answerSuccess(encoding, count(error.refused), error.message);
    }
  }
}

const count = (refusals: readonly Refusal[]): number => refusals.reduce((sum, { count }) => sum + count, 0);

function send(response: Response, status: number, { type, body }: Answer): void {
  response.status(status).setHeader('Content-Type', type).end(body);
}
