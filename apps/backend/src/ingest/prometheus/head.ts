/** What a message says of one series besides its samples: its name, its labels, and whether it counts. Pure. */
import { MAX_LABELS } from '@bellwether/contracts';
import type { Collector } from '../ingest';

export interface Head {
  name: string | undefined;
  labels: Record<string, string>;
  /** Labels so far; one more than a series may have is kept, so that the collector refuses it. */
  labelCount: number;
  /** Why it can be no series, as far as Prometheus' own rules go. */
  problem: string | undefined;
  metricType: number;
}

/** The enum `Metadata.MetricType` of 2.0; 1.0 says nothing here. */
const MetricType = { UNSPECIFIED: 0, COUNTER: 1, HISTOGRAM: 3, SUMMARY: 5 };

export const emptyHead = (): Head => ({
  name: undefined,
  labels: {},
  labelCount: 0,
  problem: undefined,
  metricType: MetricType.UNSPECIFIED,
});

export function addLabel(head: Head, name: string, value: string): void {
  const isRepeated = name === '__name__' ? head.name !== undefined : Object.hasOwn(head.labels, name);
  if (isRepeated) head.problem ??= `labels: ${JSON.stringify(name.slice(0, 40))} stands twice`;
  else if (name === '__name__') head.name = value;
  else if (head.labelCount++ <= MAX_LABELS) head.labels[name] = value;
}

/** The place of the series in the batch, or why it cannot be one. */
export function placeOf(head: Head, collector: Collector): number | string {
  const name = head.name ?? '';
  const kind = isCounter(name, head.metricType) ? { isCounter: true } : undefined;
  return head.problem ?? collector.series(name, head.labels, kind);
}

/** As its metadata has it; where there is none, as counters are named by convention. */
export function isCounter(name: string, metricType: number): boolean {
  switch (metricType) {
    case MetricType.COUNTER:
      return true;
    case MetricType.HISTOGRAM:
    case MetricType.SUMMARY:
      return /_(count|sum|bucket)$/.test(name);
    case MetricType.UNSPECIFIED:
      return /_(total|count|sum|bucket)$/.test(name);
    default:
      return false;
  }
}
