import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  PayloadTooLargeException,
} from '@nestjs/common';
import { catchError, type Observable } from 'rxjs';
import { CONFIG, type Config } from '../config';
import { RequestError } from '../http/problem';

/** Says the limit where the interceptor within, which reads the uploaded file, only says that there is one. */
@Injectable()
export class CsvFileInterceptor implements NestInterceptor {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (!(error instanceof PayloadTooLargeException)) throw error;
        throw new RequestError(
          413,
          `The file is larger than ${this.config.MAX_BODY_MB} MiB: send it in smaller parts, or raise MAX_BODY_MB.`,
        );
      }),
    );
  }
}
