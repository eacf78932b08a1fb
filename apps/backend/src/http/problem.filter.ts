/** Turns every error into a problem answer; what nobody foresaw is logged once, here. */
import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Logger,
  NotFoundException,
} from '@nestjs/common';
import type { Problem } from '@bellwether/contracts';
import type { Request, Response } from 'express';
import { DatabaseAway } from '../database/database';
import { problem, RequestError } from './problem';

const RETRY_SECONDS = 5;

interface Answer extends Pick<Problem, 'status' | 'detail' | 'errors' | 'refused'> {
  retryAfter?: number;
}

@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const answer = explain(error);
    if (answer.status >= 500 && answer.status !== 503)
      this.logger.error({ err: error, method: request.method, path: request.path }, 'unexpected error');
    if (response.headersSent) {
      response.end();
      return;
    }
    if (answer.retryAfter) response.setHeader('Retry-After', String(answer.retryAfter));
    if (answer.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (answer.status === 413) response.setHeader('Connection', 'close');
    response
      .status(answer.status)
      .type('application/problem+json')
      .json(problem(answer.status, answer.detail, answer));
  }
}

function explain(error: unknown): Answer {
  if (error instanceof RequestError) {
    return {
      status: error.status,
      detail: error.message,
      errors: error.errors,
      retryAfter: error.retryAfter,
      refused: error.refused,
    };
  }
  if (error instanceof DatabaseAway) return { status: 503, detail: error.message, retryAfter: RETRY_SECONDS };
  return explainBody(error) ?? explainNest(error) ?? UNFORESEEN;
}

const UNFORESEEN: Answer = {
  status: 500,
  detail: 'Something went wrong inside Bellwether; its log says what.',
};

interface BodyError {
  type?: string;
  code?: string;
  limit?: number;
  message?: string;
}

const MIB = 1024 * 1024;

const tooLarge = (limit: number): Answer => ({
  status: 413,
  detail: `The body is larger than ${limit / MIB} MiB, the most that is taken here: send it in smaller parts${limit > MIB ? ', or raise MAX_BODY_MB' : ''}.`,
});

/** Errors of the body parser carry a `type`: https://github.com/expressjs/body-parser#errors */
function explainBody(error: unknown): Answer | undefined {
  const { type, code, limit, message } = (error ?? {}) as BodyError;
  if (type === 'entity.too.large') return tooLarge(limit ?? 0);
  if (type === 'encoding.unsupported' || type === 'charset.unsupported')
    return { status: 415, detail: `${message}.` };
  if (type?.startsWith('request.') || type === 'entity.verify.failed')
    return { status: 400, detail: `The body could not be read: ${message}.` };
  if (code?.startsWith('Z_')) return { status: 400, detail: 'The body is not valid gzip or deflate data.' };
  return undefined;
}

function explainNest(error: unknown): Answer | undefined {
  const isMalformed = error instanceof URIError || /Failed to decode param/.test((error as Error)?.message);
  if (isMalformed) return { status: 400, detail: 'The address holds a malformed % sequence.' };
  if (error instanceof NotFoundException) {
    const [, what] = /^Cannot ([A-Z]+ [^?]*)/.exec(error.message) ?? [];
    return {
      status: 404,
      detail: what ? `There is no ${what}: see /api/docs for what there is.` : error.message,
    };
  }
  if (error instanceof HttpException) return { status: error.getStatus(), detail: error.message };
  return undefined;
}
