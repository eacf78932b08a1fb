/**
 * The demo's series and their timetable. Pure.
 *
 * Row r of a file is sample k = r − liveFrom: at the start of the demo sample 0 is now, those before are history, and those after
 * arrive live, `speed` times as fast as they once did. So a series of 5 minutes at speed 300 has a period of one second. When a
 * file ends it begins again.
 */
export interface DemoSeries {
  file: string;
  name: string;
  unit: string;
  labels: Record<string, string>;
  /** The period of the recording, ms. */
  periodMs: number;
  /** Row at which live replay begins: some samples before an anomaly that NAB's authors have marked. */
  liveFrom: number;
}

const MINUTE = 60_000;
const labels = (host: string) => ({ demo: 'nab', host });

export const DEMO_SERIES: DemoSeries[] = [
  {
    file: 'ec2_request_latency_system_failure.csv.gz',
    name: 'cpu_utilization',
    unit: '%',
    labels: labels('ec2-east'),
    periodMs: 5 * MINUTE,
    liveFrom: 3_300,
  },
  {
    file: 'ec2_cpu_utilization_24ae8d.csv.gz',
    name: 'cpu_utilization',
    unit: '%',
    labels: labels('ec2-24ae8d'),
    periodMs: 5 * MINUTE,
    liveFrom: 3_440,
  },
  {
    file: 'rds_cpu_utilization_e47b3b.csv.gz',
    name: 'cpu_utilization',
    unit: '%',
    labels: labels('rds-e47b3b'),
    periodMs: 5 * MINUTE,
    liveFrom: 2_460,
  },
  {
    file: 'ec2_network_in_5abac7.csv.gz',
    name: 'network_in',
    unit: 'bytes',
    labels: labels('ec2-5abac7'),
    periodMs: 5 * MINUTE,
    liveFrom: 3_100,
  },
  {
    file: 'cpu_utilization_asg_misconfiguration.csv.gz',
    name: 'cpu_utilization',
    unit: '%',
    labels: labels('autoscaling-group'),
    periodMs: 5 * MINUTE,
    liveFrom: 16_400,
  },
  {
    file: 'nyc_taxi.csv.gz',
    name: 'taxi_passengers',
    unit: 'passengers',
    labels: labels('new-york'),
    periodMs: 30 * MINUTE,
    liveFrom: 8_480,
  },
];

/** Samples of history, at most. */
const HISTORY = 4_000;

/** Samples that are due and not sent yet, oldest first: [from, to) of k. After a pause the missed ones are caught up with. */
export function due(
  series: DemoSeries,
  { elapsedMs, speed, sent }: { elapsedMs: number; speed: number; sent: number | undefined },
) {
  const to = Math.floor((elapsedMs * speed) / series.periodMs) + 1;
  const earliest = Math.max(-Math.min(series.liveFrom, HISTORY), to - 2 * HISTORY);
  return { from: sent === undefined ? earliest : Math.max(sent, earliest), to };
}

/** Time (epoch ms) and row of sample k. */
export function place(
  series: DemoSeries,
  k: number,
  { startedAt, speed, rows }: { startedAt: number; speed: number; rows: number },
) {
  const row = (((series.liveFrom + k) % rows) + rows) % rows;
  return { row, time: Math.round(startedAt + (k * series.periodMs) / speed) };
}
