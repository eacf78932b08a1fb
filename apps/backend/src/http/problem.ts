/** Errors as a person meets them: RFC 9457 problem details, from the few classes below, in one place. */
import type { Problem } from '@bellwether/contracts';

/** An error whose message is meant for whoever sent the request. */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly errors?: Problem['errors'],
    /** Seconds after which to try again. */
    readonly retryAfter?: number,
    readonly refused?: Problem['refused'],
  ) {
    super(detail);
  }
}

export class BadInput extends RequestError {
  constructor(detail: string, errors?: Problem['errors']) {
    super(400, detail, errors);
  }
}

export class NotFound extends RequestError {
  constructor(what: string, id: string | number) {
    super(404, `There is no ${what} ${id}.`);
  }
}

export class Conflict extends RequestError {
  constructor(detail: string) {
    super(409, detail);
  }
}

const TITLES: Record<number, string> = {
  400: 'Bad input',
  401: 'Key needed',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported content',
  429: 'Too fast',
  431: 'Header too large',
  500: 'Internal error',
  503: 'Not available now',
};

export const problem = (
  status: number,
  detail: string,
  { errors, refused }: Pick<Problem, 'errors' | 'refused'>,
): Problem => ({
  type: 'about:blank',
  title: TITLES[status] ?? 'Error',
  status,
  detail,
  ...(errors && errors.length > 0 ? { errors } : {}),
  ...(refused ? { refused } : {}),
});
