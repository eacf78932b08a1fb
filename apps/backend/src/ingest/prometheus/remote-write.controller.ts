import { Body, Controller, Headers, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { IngestResult } from '@bellwether/contracts';
import type { Response } from 'express';
import { CONFIG, type Config } from '../../config';
import { BadInput } from '../../http/problem';
import { untilLater } from '../busy';
import { IngestService } from '../ingest.service';
import { decodeRemoteWrite, explainRefusals, messageOf, type Message, V1, V2 } from './remote-write';

const MIB = 1024 * 1024;

@ApiTags('ingest')
@Controller('api/v1/write')
export class RemoteWriteController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(IngestService) private readonly service: IngestService,
  ) {}

  @Post()
  @HttpCode(204)
  @ApiOperation({ summary: 'Write samples by Prometheus remote write, 1.0 or 2.0, compressed with Snappy.' })
  @ApiConsumes(`application/x-protobuf;proto=${V1}`, `application/x-protobuf;proto=${V2}`)
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiResponse({ status: 204, description: 'Everything was written.' })
  @ApiResponse({
    status: 400,
    description: 'Some was refused, and the rest is written: nothing to send again.',
  })
  async write(
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    const message = messageOf(contentType);
    const tellWritten = (samples: number) => message === V2 && response.setHeaders(writtenHeaders(samples));
    // Also where something throws: 2.0 wants to know how much was written of every request that was understood.
    tellWritten(0);
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const result = await this.take(bytes, message).catch(untilLater);
    tellWritten(result.written);
    const refusals = explainRefusals(result);
    if (refusals)
      throw new BadInput(
        refusals,
        result.refused.map(({ first }) => first),
      );
  }

  private async take(bytes: Buffer, message: Message): Promise<IngestResult> {
    this.service.ensureRoom();
    const limits = { accept: this.service.acceptance, maxBytes: this.config.MAX_BODY_MB * MIB };
    return this.service.ingest(decodeRemoteWrite(bytes, message, limits));
  }
}

const writtenHeaders = (samples: number) =>
  new Map([
    ['X-Prometheus-Remote-Write-Samples-Written', String(samples)],
    ['X-Prometheus-Remote-Write-Histograms-Written', '0'],
    ['X-Prometheus-Remote-Write-Exemplars-Written', '0'],
  ]);
