/** Bodies as clients of each protocol send them: one sample of each of a stretch of series, at one time. */
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';

const require = createRequire(new URL('../../apps/backend/package.json', import.meta.url));
const { Writer } = require('protobufjs/minimal');
const snappy = require('snappyjs');

const labelsOf = (series) => ({ host: `host-${series % 100}`, device: `disk${(series / 100) | 0}` });
const valueOf = (series, timeMs) => Math.round(1e4 * Math.sin(series + timeMs / 6e5)) / 1e2;

/** Each: the path, its headers, and (series numbers, time in ms) → body. The names differ, so that no protocol finds another's series. */
export const PROTOCOLS = {
  ndjson: {
    path: '/api/v1/samples',
    headers: { 'content-type': 'application/x-ndjson' },
    body: (all, time) =>
      all
        .map((series) =>
          JSON.stringify({
            series: 'bench_ndjson',
            labels: labelsOf(series),
            time,
            value: valueOf(series, time),
          }),
        )
        .join('\n'),
  },
  'remote write 1.0': {
    path: '/api/v1/write',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: (all, time) => snappy.compress(remoteWrite(all, time)),
  },
  'line protocol': {
    path: '/api/v2/write?precision=ms',
    headers: { 'content-type': 'text/plain' },
    body: (all, time) =>
      all
        .map((series) => {
          const { host, device } = labelsOf(series);
          return `bench_line,device=${device},host=${host} v=${valueOf(series, time)} ${time}`;
        })
        .join('\n'),
  },
  'line protocol gzip': {
    path: '/api/v2/write?precision=ms',
    headers: { 'content-type': 'text/plain', 'content-encoding': 'gzip' },
    body: (all, time) => gzipSync(PROTOCOLS['line protocol'].body(all, time), { level: 1 }),
  },
  'OTLP protobuf': {
    path: '/v1/metrics',
    headers: { 'content-type': 'application/x-protobuf' },
    body: otlp,
  },
};

/** prometheus.WriteRequest: https://github.com/prometheus/prometheus/blob/main/prompb/remote.proto */
function remoteWrite(all, time) {
  const writer = Writer.create();
  for (const series of all) {
    writer.uint32(10).fork();
    for (const [name, value] of Object.entries({ __name__: 'bench_remote', ...labelsOf(series) }))
      writer.uint32(10).fork().uint32(10).string(name).uint32(18).string(value).ldelim();
    writer.uint32(18).fork().uint32(9).double(valueOf(series, time)).uint32(16).int64(time).ldelim();
    writer.ldelim();
  }
  return writer.finish();
}

/** ExportMetricsServiceRequest with one gauge: https://github.com/open-telemetry/opentelemetry-proto */
function otlp(all, time) {
  const writer = Writer.create();
  writer.uint32(10).fork().uint32(18).fork().uint32(18).fork().uint32(10).string('bench_otlp');
  writer.uint32(42).fork();
  for (const series of all) {
    writer.uint32(10).fork();
    for (const [key, value] of Object.entries(labelsOf(series)))
      writer
        .uint32(58)
        .fork()
        .uint32(10)
        .string(key)
        .uint32(18)
        .fork()
        .uint32(10)
        .string(value)
        .ldelim()
        .ldelim();
    writer.uint32(25).fixed64(nanoseconds(time)).uint32(33).double(valueOf(series, time)).ldelim();
  }
  return writer.ldelim().ldelim().ldelim().ldelim().finish();
}

const nanoseconds = (time) => {
  const ns = BigInt(time) * 1_000_000n;
  return { low: Number(ns & 0xffffffffn) | 0, high: Number(ns >> 32n) | 0, unsigned: true };
};
