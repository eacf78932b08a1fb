/** How many bytes of bodies are read and decoded at once: what would be too much is turned away before it is read. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestError } from './problem';

/** A compressed body is taken to be this many times larger than it says. */
const INFLATION = 8;

/** Bytes that a request is taken to need, at most `largest`, which is where its body is cut off. */
export function needOf(headers: IncomingMessage['headers'], largest: number): number {
  const length = Number(headers['content-length'] ?? NaN);
  if (!Number.isFinite(length)) return largest;
  const encoding = headers['content-encoding'] ?? 'identity';
  return Math.min(largest, encoding === 'identity' ? length : length * INFLATION);
}

export interface AdmissionRules {
  limit: number;
  /** Where a body is cut off. */
  largest: number;
  /** Whether the client sends again after a 429; others are told 503. */
  isPatient: (request: IncomingMessage) => boolean;
}

/** Middleware that lets requests in as long as the bytes of all that are not answered stay within `limit`; a single one always may. */
export function admit({ limit, largest, isPatient }: AdmissionRules) {
  let held = 0;
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const need = needOf(request.headers, largest);
    if (held > 0 && held + need > limit) {
      // The body is not read: the connection cannot serve another request.
      response.setHeader('Connection', 'close');
      throw new RequestError(
        isPatient(request) ? 429 : 503,
        'Too many bytes are being taken at once: send this again in a moment.',
        undefined,
        1,
      );
    }
    held += need;
    response.once('close', () => (held -= need));
    next();
  };
}
