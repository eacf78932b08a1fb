/** The newest scores in the Prometheus text format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. Pure. */
import { METRIC_NAMES, METRICS, metricName, prometheusLabels, type ScoreRow } from './export';

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A line for each series and metric that has a value; `leftOut` series had no room. */
export function exposition(rows: readonly ScoreRow[], leftOut: number): string {
  const labelled = rows.map((row) => ({ row, labels: labelsOf(row) }));
  const lines = METRIC_NAMES.flatMap((metric) => [
    `# HELP ${metricName(metric)} ${METRICS[metric]}`,
    `# TYPE ${metricName(metric)} gauge`,
    ...labelled
      .filter(({ row }) => row[metric] !== null)
      .map(({ row, labels }) => `${metricName(metric)}{${labels}} ${row[metric]}`),
  ]);
  const name = metricName('score');
  lines.push(`# HELP ${name}s_left_out Series whose scores have no room here.`);
  lines.push(`# TYPE ${name}s_left_out gauge`, `${name}s_left_out ${leftOut}`);
  return `${lines.join('\n')}\n`;
}

const labelsOf = ({ name, labels }: ScoreRow): string =>
  prometheusLabels(name, labels)
    .map(([label, value]) => `${label}="${escaped(value)}"`)
    .join(',');

const escaped = (value: string): string =>
  value.replace(/[\\\n"]/g, (sign) => (sign === '\n' ? '\\n' : `\\${sign}`));
