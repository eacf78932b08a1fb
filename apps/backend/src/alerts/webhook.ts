/** Webhooks: one POST of JSON, told apart from its repetitions by the `Idempotency-Key` header. */
import type { NotificationBody } from '@bellwether/contracts';
import type { Outcome } from './notification';

export const TIMEOUT_MS = 10_000;

/** Sends `body` to `url`; never throws. `signal` gives up early. */
export async function post(url: string, body: NotificationBody, signal?: AbortSignal): Promise<Outcome> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'Idempotency-Key': body.id,
        'User-Agent': 'Bellwether',
      },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
    });
    // The answer's text is of no use, and unread it would hold the connection.
    await response.body?.cancel();
    return outcomeOf(response);
  } catch (error) {
    return { delivered: false, detail: explain(error as Error, hostOf(url)) };
  }
}

/** The part of an address that may be logged. */
export const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'unreadable address');

function outcomeOf({ ok, status, headers }: Response): Outcome {
  if (ok) return { delivered: true, status, detail: `Delivered: HTTP ${status}.` };
  if (status >= 300 && status < 400)
    return {
      delivered: false,
      status,
      detail: `HTTP ${status} sends to another address, and redirects are not followed: enter the final address.`,
    };
  const seconds = Number(headers.get('Retry-After') ?? Number.NaN);
  return {
    delivered: false,
    status,
    detail: `The receiver answered HTTP ${status}.`,
    ...(seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {}),
  };
}

function explain(error: Error, host: string): string {
  if (error.name === 'TimeoutError') return `No answer from ${host} within ${TIMEOUT_MS / 1_000} s.`;
  if (error.name === 'AbortError') return `Sending to ${host} was interrupted.`;
  const { code } = (error.cause ?? {}) as { code?: string };
  return `No connection to ${host}${code ? ` (${code})` : ''}.`;
}
