import {
  Body,
  Controller,
  Headers,
  HttpCode,
  Inject,
  Post,
  Query,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IngestResult, Sample } from '@bellwether/contracts';
import { z } from 'zod';
import { Answers, Asks, Takes } from '../http/docs';
import { BadInput } from '../http/problem';
import { ZodPipe } from '../http/zod.pipe';
import { decodeCsv } from './csv';
import { CsvFileInterceptor } from './csv-file.interceptor';
import { ImportQuery, nameOfFile } from './import-query';
import { IngestService } from './ingest.service';
import { decodeJson } from './json';

const WRITTEN =
  'What was written, and of each kind of refusal how many and the first. Nothing written at all is a 400.';

/** A file as multer keeps it in memory. */
interface CsvFile {
  originalname: string;
  buffer: Buffer;
}

@ApiTags('ingest')
@Controller('api/v1')
export class IngestController {
  constructor(@Inject(IngestService) private readonly service: IngestService) {}

  @Post('samples')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Write samples: a JSON array, one object, or NDJSON. Sending them twice is harmless.',
  })
  @ApiConsumes('application/json', 'application/x-ndjson')
  @Takes(z.array(Sample))
  @Answers(IngestResult, WRITTEN)
  async write(
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
  ): Promise<IngestResult> {
    this.service.ensureRoom();
    const text = typeof body === 'string' ? body : '';
    return this.service.ingest(decodeJson(text, contentType ?? '', this.service.acceptance));
  }

  @Post('import')
  @HttpCode(200)
  @ApiOperation({ summary: 'Write the samples of a CSV: as the body, or as `file` of a form.' })
  @ApiConsumes('text/csv', 'multipart/form-data')
  @ApiBody({ schema: { type: 'object', properties: { file: { type: 'string', format: 'binary' } } } })
  @Asks(ImportQuery)
  @Answers(IngestResult, WRITTEN)
  @UseInterceptors(CsvFileInterceptor, FileInterceptor('file'))
  async import(
    @Body() body: unknown,
    @UploadedFile() file: CsvFile | undefined,
    @Query(new ZodPipe(ImportQuery)) query: ImportQuery,
  ): Promise<IngestResult> {
    this.service.ensureRoom();
    const text = file ? decodeFile(file.buffer) : typeof body === 'string' ? body : '';
    if (text.trim() === '')
      throw new BadInput(
        'There is no CSV: send it as the body (text/csv), or as the field "file" of a form.',
      );
    const name = query.name?.trim() || nameOfFile(file && fileName(file));
    const choice = { ...query, name, labels: query.labels ?? {} };
    return this.service.ingest(decodeCsv(text, choice, this.service.acceptance));
  }
}

/** UTF-8, unless the byte order mark says that a spreadsheet wrote UTF-16. */
const decodeFile = (buffer: Buffer): string =>
  new TextDecoder(buffer[0] === 0xff && buffer[1] === 0xfe ? 'utf-16le' : 'utf-8').decode(buffer);

/** Forms send names in UTF-8, and multer reads them as Latin-1. */
const fileName = ({ originalname }: CsvFile): string => Buffer.from(originalname, 'latin1').toString('utf8');
