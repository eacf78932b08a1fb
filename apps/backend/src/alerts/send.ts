/** The sender: one attempt to bring a message to a channel of any kind, over HTTP or SMTP, within limits. */
import { createTransport } from 'nodemailer';
import type { ChannelInput } from '@bellwether/contracts';
import { secretsIn } from './channel';
import { email } from './channels/email';
import { type ChannelOf, type HttpRequest, type Message, shortened } from './channels/message';
import { requestOf } from './channels/requests';
import type { Outcome } from './notification';

export const TIMEOUT_MS = 10_000;
/** A conversation with a mail server has several turns, and greylisting ones are slow. */
const MAIL_TIMEOUT_MS = 30_000;
/** What is read of an answer that says no, in bytes, and what of it is told, in characters. */
const ANSWER_BYTES = 4_096;
const ANSWER_SHOWN = 200;

export interface Attempt {
  /** Gives up early. */
  signal?: AbortSignal;
  /** A PNG of the chart, for mails. */
  picture?: Buffer | null;
}

/** Never throws. What it says holds no secret of the channel, even where the receiver repeats one. */
export async function send(
  channel: ChannelInput,
  message: Message,
  { signal, picture = null }: Attempt = {},
): Promise<Outcome> {
  const outcome =
    channel.kind === 'email'
      ? await mail(channel, message, picture, signal)
      : await post(requestOf(channel, message), signal);
  const detail = secretsIn(channel).reduce((text, secret) => text.replaceAll(secret, '…'), outcome.detail);
  return { ...outcome, detail };
}

// HTTP

async function post({ url, headers, body }: HttpRequest, signal?: AbortSignal): Promise<Outcome> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      ...{ method: 'POST', headers, body, redirect: 'manual' },
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
    });
    const said = response.ok ? '' : await beginningOf(response);
    // Unread it would hold the connection.
    await response.body?.cancel();
    return outcomeOf(response, said);
  } catch (error) {
    return { delivered: false, detail: explain(error as Error, new URL(url).host) };
  }
}

/** What the receiver says about its refusal, on one line: as much as a person reads. */
async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = body?.getReader();
  while (reader && bytes < ANSWER_BYTES) {
    const { value } = (await reader.read()) as { value?: Uint8Array };
    if (!value) break;
    chunks.push(value);
    bytes += value.length;
  }
  reader?.releaseLock();
  return oneLine(Buffer.concat(chunks).subarray(0, ANSWER_BYTES).toString('utf8'));
}

const oneLine = (text: string): string => shortened(text.replace(/[\p{Cc}\s]+/gu, ' ').trim(), ANSWER_SHOWN);

function outcomeOf({ ok, status, headers }: Response, said: string): Outcome {
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
    detail: `The receiver answered HTTP ${status}${said === '' ? '.' : `: ${said}`}`,
    ...(seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {}),
  };
}

function explain(error: Error, host: string): string {
  if (error.name === 'TimeoutError') return `No answer from ${host} within ${TIMEOUT_MS / 1_000} s.`;
  if (error.name === 'AbortError') return `Sending to ${host} was interrupted.`;
  const { code } = (error.cause ?? {}) as { code?: string };
  return `No connection to ${host}${code ? ` (${code})` : ''}.`;
}

// SMTP

async function mail(
  channel: ChannelOf<'email'>,
  message: Message,
  picture: Buffer | null,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { host, port, tls, allowsSelfSigned, username, password } = channel;
  const transport = createTransport({
    ...{ host, port, secure: tls === 'tls', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none' },
    ...(password === null ? {} : { auth: { user: username ?? '', pass: password } }),
    tls: { rejectUnauthorized: !allowsSelfSigned },
    ...{ connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
    // What is sent is made here: nothing is read from files or fetched.
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  const timeout = AbortSignal.timeout(MAIL_TIMEOUT_MS);
  const limit = signal ? AbortSignal.any([timeout, signal]) : timeout;
  try {
    const { rejected } = await Promise.race([
      transport.sendMail(email(channel, message, picture)),
      aborted(limit),
    ]);
    const but = rejected.length > 0 ? `, but the server refuses ${rejected.join(', ')}` : '';
    return { delivered: true, detail: `Delivered to ${host}${but}.` };
  } catch (error) {
    return mailOutcome(error as MailError, `${host}:${port}`);
  } finally {
    transport.close();
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

interface MailError extends Error {
  code?: string;
  /** RFC 5321: 4xx may pass, 5xx is a refusal. */
  responseCode?: number;
  response?: string;
}

function mailOutcome(error: MailError, place: string): Outcome {
  const { name, code, responseCode, response, message } = error;
  if (name === 'TimeoutError')
    return {
      delivered: false,
      detail: `${place} did not take the mail within ${MAIL_TIMEOUT_MS / 1_000} s.`,
    };
  if (name === 'AbortError') return { delivered: false, detail: `Sending to ${place} was interrupted.` };
  if (responseCode !== undefined)
    return {
      delivered: false,
      isRefused: responseCode >= 500,
      detail: `${place} answered ${oneLine(response ?? String(responseCode))}`,
    };
  return { delivered: false, detail: `${place}: ${oneLine(message)}${code ? ` (${code})` : ''}.` };
}
