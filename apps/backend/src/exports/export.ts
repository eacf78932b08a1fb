/**
 * How a score is told to Prometheus and to what speaks its protocols: four metrics for each series, with the series' name in the
 * label `series` beside its own labels. Pure.
 */
import type { Labels } from '@bellwether/contracts';

/** A score and what was expected; `timeMs` is epoch ms. */
export interface ScoreRow {
  name: string;
  labels: Labels;
  timeMs: number;
  score: number;
  expected: number | null;
  lower: number | null;
  upper: number | null;
}

/** What is told of a score, in the unit of the series but for the score itself. */
export const METRICS = {
  score: 'How surprising the newest sample was: -log10 of its tail probability.',
  expected: 'What was expected instead of it.',
  lower: 'Lower end of the band that was expected.',
  upper: 'Upper end of the band that was expected.',
} as const;
export type Metric = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as Metric[];

/** Metrics of Bellwether's own: scores of them are not told, or each round would make series for the next. */
export const OWN_PREFIX = 'bellwether_';

export const metricName = (metric: Metric): string => `${OWN_PREFIX}${metric}`;

/**
 * Labels as Prometheus takes them, sorted by name: letters, digits and _; of two that become one name the later has a _ more. What
 * is reserved (`__name__` and the like, `series`) is told as `exported_…`.
 * https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
 */
export function prometheusLabels(name: string, labels: Labels): [string, string][] {
  const taken = new Map<string, string>([['series', name]]);
  for (const [key, value] of Object.entries(labels).sort(byName)) {
    if (value === '') continue;
    const clean = key.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
    let label = clean === 'series' || clean.startsWith('__') ? `exported_${clean.replace(/^_+/, '')}` : clean;
    // Two underscores would be reserved.
    while (taken.has(label)) label = label === '_' ? 'exported_' : `${label}_`;
    taken.set(label, value);
  }
  return [...taken].sort(byName);
}

export const byName = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : a > b ? 1 : 0);

export type Fate = 'sent' | 'retry' | 'refused';

/**
 * What becomes of what was sent, by the receiver's status (undefined: it did not answer): only 5xx and 429 are tried again.
 * https://prometheus.io/docs/specs/prw/remote_write_spec/#retries--backoff
 */
export function fateOf(status: number | undefined): Fate {
  if (status === undefined || status === 429 || status >= 500) return 'retry';
  return status >= 200 && status < 300 ? 'sent' : 'refused';
}

const FIRST_MS = 1_000;
const MOST_MS = 60_000;
const MOST_ASKED_MS = 300_000;

/** How long to wait after so many failures in a row (1 and more); as long as the receiver asks for, within reason. */
export function waitMs(failures: number, askedMs: number | undefined): number {
  const own = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(30, failures - 1));
  return Math.max(own, Math.min(MOST_ASKED_MS, askedMs ?? 0));
}
