import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { isOpen, refusal } from './access';
import { AccessService } from './access.service';
import { RequestError } from './problem';

/**
 * Stands before everything, bodies included: foreign pages are refused, and the API asks for a key wherever others can reach
 * it. Used on the whole server and not on routes: there, the path lacks what the router has matched already.
 */
@Injectable()
export class AccessMiddleware implements NestMiddleware {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(AccessService) private readonly access: AccessService,
  ) {}

  async use(request: Request, _response: Response, next: NextFunction): Promise<void> {
    const { method, headers } = request;
    const site = headers['sec-fetch-site'];
    const reason = refusal(
      {
        method,
        host: headers.host,
        origin: headers.origin,
        site: typeof site === 'string' ? site : undefined,
      },
      this.config,
    );
    if (reason) throw new RequestError(403, reason);
    if (!isOpen(request.path) && !(await this.access.isAllowed(headers, this.now()))) {
      throw new RequestError(
        401,
        'This needs an API key: send it as "Authorization: Bearer KEY", or sign in at /sign-in/.',
      );
    }
    next();
  }
}
