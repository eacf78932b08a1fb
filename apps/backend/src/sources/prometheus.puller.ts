/** Asks Prometheus for one stretch at a time: bounded in time and bytes, smaller where an answer is too large. */
import type { PrometheusSettings } from '@bellwether/contracts';
import type { Acceptance, Decoded } from '../ingest/ingest';
import {
  adaptSteps,
  decodeRange,
  explainStatus,
  FIRST_STEPS,
  nextStretch,
  rangeForm,
  type Stretch,
  TooMuch,
  untilNext,
} from './prometheus';
import type { Occasion, Puller } from './puller';
import { explainConnection, printable, type Secrets, SourceError } from './source';

const TIMEOUT_MS = 30_000;
const MIB = 1024 * 1024;
const MAX_ANSWER_BYTES = 32 * MIB;
const TRIAL_STEPS = 60;

export function prometheusPuller(settings: PrometheusSettings, secrets: Secrets): Puller {
  let steps = FIRST_STEPS;
  return async (cursor, { nowMs, accept }, signal) => {
    for (;;) {
      const at = { cursorMs: cursor?.atMs, nowMs, oldestMs: accept.oldestMs, steps };
      const stretch = nextStretch(settings, at);
      if (!stretch) {
        const empty = { batch: { series: [], seriesAt: [], timeMs: [], value: [] }, refusals: [] };
        return { decoded: empty, cursor, nextInMs: untilNext(settings, nowMs) };
      }
      try {
        const decoded = await fetchRange(settings, secrets, { stretch, accept, signal });
        steps = adaptSteps(steps, decoded.batch.value.length);
        const nextInMs = stretch.isLast ? untilNext(settings, nowMs) : 0;
        return { decoded, cursor: { position: String(stretch.toMs), atMs: stretch.toMs }, nextInMs };
      } catch (error) {
        if (!(error instanceof TooMuch)) throw error;
        const asked = (stretch.toMs - stretch.fromMs) / settings.stepMs + 1;
        const fewer = adaptSteps(Math.min(steps, asked), 'too much');
        if (fewer === 0) throw error;
        steps = fewer;
      }
    }
  };
}

/** What the newest steps hold. */
export function tryPrometheus(
  settings: PrometheusSettings,
  secrets: Secrets,
  occasion: Occasion,
): Promise<Decoded> {
  const { stepMs, offsetMs } = settings;
  const toMs = Math.floor((occasion.nowMs - offsetMs) / stepMs) * stepMs;
  const stretch = { fromMs: toMs - (TRIAL_STEPS - 1) * stepMs, toMs, isLast: true };
  return fetchRange(settings, secrets, {
    stretch,
    accept: occasion.accept,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

async function fetchRange(
  settings: PrometheusSettings,
  secrets: Secrets,
  { stretch, accept, signal }: { stretch: Stretch; accept: Acceptance; signal: AbortSignal },
): Promise<Decoded> {
  const { host } = new URL(settings.url);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(`${settings.url.replace(/\/+$/, '')}/api/v1/query_range`, {
      method: 'POST',
      headers: headersOf(settings, secrets),
      body: rangeForm(settings, stretch),
      // Credentials go to the address they were given for, and nowhere else.
      redirect: 'manual',
      signal: AbortSignal.any([timeout, signal]),
    });
    const text = await readBounded(response);
    if (!response.ok) throw explainStatus(response.status, text, host);
    return decodeRange(text, settings, accept);
  } catch (error) {
    if (error instanceof SourceError || signal.aborted) throw error;
    const late =
      timeout.aborted && `${host} did not answer within ${TIMEOUT_MS / 1_000} s: narrow the query.`;
    const unforeseen = `${host} could not be asked: ${printable((error as Error).message)}.`;
    throw new SourceError(late || (explainConnection(error, host) ?? unforeseen), { cause: error });
  }
}

function headersOf({ username }: PrometheusSettings, { password, token, headers }: Secrets): Headers {
  const all = new Headers(headers);
  if (token !== undefined) all.set('Authorization', `Bearer ${token}`);
  else if (username !== null || password !== undefined) {
    const pair = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
    all.set('Authorization', `Basic ${pair}`);
  }
  all.set('User-Agent', 'Bellwether');
  return all;
}

async function readBounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // Left early, the rest is not read: the connection is closed.
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    parts.push(part);
    if (bytes > MAX_ANSWER_BYTES)
      throw new TooMuch(
        `The answer is larger than ${MAX_ANSWER_BYTES / MIB} MiB: narrow the query, so that it selects fewer series.`,
      );
  }
  return Buffer.concat(parts).toString('utf8');
}
