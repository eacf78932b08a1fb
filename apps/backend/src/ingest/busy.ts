import { RequestError } from '../http/problem';

/**
 * Throws `error`, a 429 as a 503, to clients that throw away what they hear a 4xx of: Telegraf's `outputs.influxdb`, and Prometheus unless
 * `retry_on_http_429` is set.
 */
export function untilLater(error: unknown): never {
  if (error instanceof RequestError && error.status === 429)
    throw new RequestError(503, error.message, error.errors, error.retryAfter);
  throw error;
}
