/** prometheus.WriteRequest, remote write 1.0: https://github.com/prometheus/prometheus/blob/main/prompb/remote.proto. Pure. */
import { Writer } from 'protobufjs/minimal';
import { byName, METRIC_NAMES, metricName, prometheusLabels, type Metric, type ScoreRow } from './export';

/** Tags of the fields: number << 3 | wire type. */
const TIMESERIES = 10;
const LABEL = 10;
const NAME = 10;
const VALUE = 18;
const SAMPLE = 18;
const SAMPLE_VALUE = 9;
const SAMPLE_TIME = 16;

/** Rows of one series stand together, oldest first. */
export function writeRequest(rows: readonly ScoreRow[]): Uint8Array {
  const writer = Writer.create();
  for (const series of bySeries(rows)) {
    const labels = prometheusLabels(series[0]!.name, series[0]!.labels);
    for (const metric of METRIC_NAMES) {
      const told = series.filter((row) => row[metric] !== null);
      if (told.length > 0) writeSeries(writer, { metric, labels, rows: told });
    }
  }
  return writer.finish();
}

function writeSeries(
  writer: Writer,
  { metric, labels, rows }: { metric: Metric; labels: [string, string][]; rows: ScoreRow[] },
): void {
  writer.uint32(TIMESERIES).fork();
  // Upper case and _ sort before lower case: __name__ has its place among the others.
  const all: [string, string][] = [['__name__', metricName(metric)], ...labels];
  for (const [name, value] of all.sort(byName))
    writer.uint32(LABEL).fork().uint32(NAME).string(name).uint32(VALUE).string(value).ldelim();
  for (const row of rows)
    writer
      .uint32(SAMPLE)
      .fork()
      .uint32(SAMPLE_VALUE)
      .double(row[metric]!)
      .uint32(SAMPLE_TIME)
      .int64(row.timeMs)
      .ldelim();
  writer.ldelim();
}

function bySeries(rows: readonly ScoreRow[]): ScoreRow[][] {
  const series: ScoreRow[][] = [];
  for (const row of rows) {
    const last = series.at(-1);
    const first = last?.[0];
    if (first?.name === row.name && first.labels === row.labels) last!.push(row);
    else series.push([row]);
  }
  return series;
}
