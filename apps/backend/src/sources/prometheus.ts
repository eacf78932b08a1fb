/**
 * Prometheus `query_range`: which stretch to ask for next, and what the answer holds. Pure.
 * https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
 */
import type { PrometheusSettings } from '@bellwether/contracts';
import { collect, type Acceptance, type Collector, type Decoded } from '../ingest/ingest';
import { printable, SourceError } from './source';

/** Prometheus refuses more points of a series than this in one answer. */
export const MAX_STEPS = 11_000;
export const FIRST_STEPS = 1_000;
/** Samples of one answer after which the next is asked for no more steps. */
const PLENTY = 30_000;
/** Samples of one answer that are still taken. */
export const MAX_ANSWER_SAMPLES = 200_000;

/** An answer that is too large; with fewer steps it may do. */
export class TooMuch extends SourceError {}

/** Steps from `fromMs` to `toMs`, both asked for; `isLast`: there is no newer one now. */
export interface Stretch {
  fromMs: number;
  toMs: number;
  isLast: boolean;
}

type Timing = Pick<PrometheusSettings, 'stepMs' | 'offsetMs' | 'backfillMs'>;

/** The next steps, on the grid of whole steps since 1970, or undefined where all are fetched. */
export function nextStretch(
  { stepMs, offsetMs, backfillMs }: Timing,
  at: { cursorMs: number | undefined; nowMs: number; oldestMs: number; steps: number },
): Stretch | undefined {
  const newestMs = Math.floor((at.nowMs - offsetMs) / stepMs) * stepMs;
  const wanted = at.cursorMs === undefined ? newestMs - backfillMs : at.cursorMs + 1;
  const fromMs = Math.ceil(Math.max(wanted, at.oldestMs) / stepMs) * stepMs;
  if (fromMs > newestMs) return undefined;
  const toMs = Math.min(newestMs, fromMs + (at.steps - 1) * stepMs);
  return { fromMs, toMs, isLast: toMs === newestMs };
}

/** Until the step after `newestMs` can be asked for. */
export const untilNext = ({ stepMs, offsetMs }: Timing, nowMs: number): number =>
  stepMs - ((((nowMs - offsetMs) % stepMs) + stepMs) % stepMs);

/** Steps of the next request: twice as many after a small answer, half after one that was too large; 0: there is no less. */
export const adaptSteps = (steps: number, samples: number | 'too much'): number => {
  if (samples === 'too much') return Math.floor(steps / 2);
  return samples < PLENTY ? Math.min(MAX_STEPS, steps * 2) : steps;
};

export const rangeForm = (
  { query, stepMs }: PrometheusSettings,
  { fromMs, toMs }: Stretch,
): URLSearchParams =>
  new URLSearchParams({
    query,
    start: String(fromMs / 1_000),
    end: String(toMs / 1_000),
    step: String(stepMs / 1_000),
  });

/** The samples of a `query_range` answer. Throws SourceError where it is none. */
export function decodeRange(
  text: string,
  { series }: Pick<PrometheusSettings, 'series'>,
  accept: Acceptance,
): Decoded {
  const results = resultsIn(text);
  const count = results.reduce<number>(
    (sum, { values }) => sum + (Array.isArray(values) ? values.length : 0),
    0,
  );
  if (count > MAX_ANSWER_SAMPLES)
    throw new TooMuch(
      `The answer holds ${count} samples: narrow the query, so that it selects fewer series.`,
    );
  const collector = collect(accept);
  results.forEach((result, i) => takeResult(collector, result, { i, series }));
  return collector.done();
}

interface RangeResult {
  metric?: unknown;
  values?: unknown;
  histograms?: unknown;
}

function resultsIn(text: string): RangeResult[] {
  const answer = parse(text) as { status?: unknown; error?: unknown; data?: unknown } | null | undefined;
  if (typeof answer !== 'object' || answer === null)
    throw new SourceError(
      `The answer is not JSON: the url has to be the address before /api/v1/query_range.`,
    );
  if (answer.status === 'error')
    throw new SourceError(`Prometheus says: ${printable(String(answer.error))}.`);
  const { resultType, result } = (answer.data ?? {}) as { resultType?: unknown; result?: unknown };
  if (resultType !== 'matrix' || !Array.isArray(result))
    throw new SourceError('The answer is not one of query_range: correct the url.');
  return (result as unknown[]).map((item) => (typeof item === 'object' && item !== null ? item : {}));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON at all, as the pages of a proxy: the caller says so.
    return undefined;
  }
}

function takeResult(
  collector: Collector,
  { metric, values, histograms }: RangeResult,
  { i, series }: { i: number; series: string | null },
): void {
  const { __name__: own, ...labels } = (typeof metric === 'object' ? (metric ?? {}) : {}) as Record<
    string,
    unknown
  >;
  const at = () => `result ${i}, ${printable(JSON.stringify(metric) ?? '')}`;
  if (own === undefined && series === null)
    throw new SourceError(
      'The result of this query has no name, as that of every sum or rate: give its `series` a name.',
    );
  if (Array.isArray(histograms) && histograms.length > 0)
    collector.refuse(
      'native_histogram',
      at,
      'a native histogram: ask for histogram_quantile(…) or histogram_avg(…)',
    );
  const place = collector.series(own ?? series, labels);
  for (const pair of Array.isArray(values) ? (values as unknown[]) : []) {
    const [time, text] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (typeof time !== 'number' || typeof text !== 'string')
      collector.refuse('unparsable', at, 'not a pair of a time and a text');
    else if (text !== 'NaN') collector.add(place, time * 1_000, readValue(text), at);
  }
}

/** Prometheus writes numbers as Go does; NaN is a step without a sample. */
const readValue = (text: string): number =>
  /^[+-]?Inf$/.test(text) ? Infinity : text.trim() === '' ? Number.NaN : Number(text);

/** Why Prometheus did not answer with a result, and what to do. */
export function explainStatus(status: number, text: string, place: string): SourceError {
  const said = errorIn(text);
  if (status === 401)
    return new SourceError(
      `${place} wants credentials (HTTP 401): give a token, or a username and password.`,
    );
  if (status === 403)
    return new SourceError(`${place} does not allow this (HTTP 403): give credentials that may query.`);
  if (status === 404)
    return new SourceError(
      `${place} has no /api/v1/query_range (HTTP 404): the url has to be the address before that.`,
    );
  if (status >= 300 && status < 400)
    return new SourceError(
      `HTTP ${status} sends to another address, and redirects are not followed: enter the final address.`,
    );
  if (/too many samples|exceed|limit|too long/i.test(said))
    return new TooMuch(`Prometheus says: ${said}: narrow the query.`);
  if (status === 400 || status === 422)
    return new SourceError(`Prometheus refuses the query: ${said || `HTTP ${status}`}: correct it.`);
  return new SourceError(`${place} answered HTTP ${status}${said && `: ${said}`}: see its log.`);
}

function errorIn(text: string): string {
  const answer = parse(text);
  const error =
    typeof answer === 'object' && answer !== null ? (answer as { error?: unknown }).error : undefined;
  return typeof error === 'string' ? printable(error) : '';
}
