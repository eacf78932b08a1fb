/**
 * Prometheus remote write: one Snappy-compressed protobuf message of series and their samples. Pure.
 * 1.0: https://prometheus.io/docs/specs/prw/remote_write_spec/, prompb/{remote,types}.proto in Prometheus;
 * 2.0: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/, prompb/io/prometheus/write/v2/types.proto.
 */
import type { IngestResult } from '@bellwether/contracts';
import { Reader } from 'protobufjs/minimal';
import { BadInput, RequestError } from '../../http/problem';
import { collect, type Acceptance, type Collector, type Decoded } from '../ingest';
import { addLabel, emptyHead, placeOf, type Head } from './head';
import { unpackSnappy } from './snappy';
import { addSymbol, labelTaker, noSymbols, type Symbols } from './symbols';
import {
  eachField,
  enter,
  FIXED64,
  leave,
  LENGTH_DELIMITED,
  readInt64,
  readText,
  skip,
  tagOf,
  VARINT,
} from './wire';

export const V1 = 'prometheus.WriteRequest';
export const V2 = 'io.prometheus.write.v2.Request';
export type Message = typeof V1 | typeof V2;

const WRITE_REQUEST = {
  timeseries: tagOf(1, LENGTH_DELIMITED),
  labels: tagOf(1, LENGTH_DELIMITED),
  labelName: tagOf(1, LENGTH_DELIMITED),
  labelValue: tagOf(2, LENGTH_DELIMITED),
  samples: tagOf(2, LENGTH_DELIMITED),
  histograms: tagOf(4, LENGTH_DELIMITED),
};
const REQUEST = {
  symbols: tagOf(4, LENGTH_DELIMITED),
  timeseries: tagOf(5, LENGTH_DELIMITED),
  /** A repeated number comes packed or one by one. */
  labelsRefs: tagOf(1, LENGTH_DELIMITED),
  labelsRef: tagOf(1, VARINT),
  samples: tagOf(2, LENGTH_DELIMITED),
  histograms: tagOf(3, LENGTH_DELIMITED),
  metadata: tagOf(5, LENGTH_DELIMITED),
  metadataType: tagOf(1, VARINT),
};
const SAMPLE = { value: tagOf(1, FIXED64), timestamp: tagOf(2, VARINT) };

/** Which message a content type announces: the older one where it names none. */
export function messageOf(contentType = ''): Message {
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim());
  const [, proto = V1] =
    /^proto="?([^"]*)"?$/.exec(parameters.find((one) => one.startsWith('proto=')) ?? '') ?? [];
  if (type!.toLowerCase() === 'application/x-protobuf' && (proto === V1 || proto === V2)) return proto;
  throw new RequestError(
    415,
    `The content type ${JSON.stringify(contentType.slice(0, 100))} is not taken: send application/x-protobuf;proto=${V1} (remote write 1.0) or application/x-protobuf;proto=${V2} (2.0), compressed with Snappy.`,
  );
}

/** Throws BadInput where the message as a whole cannot be read, a 413 where it is too much; single bad samples are counted. */
export function decodeRemoteWrite(
  body: Buffer,
  message: Message,
  { accept, maxBytes }: { accept: Acceptance; maxBytes: number },
): Decoded {
  const reader = Reader.create(unpackSnappy(body, maxBytes));
  const collector = collect(accept);
  try {
    if (message === V1) readWriteRequest(reader, collector);
    else readRequest(reader, collector, maxBytes);
  } catch (error) {
    // protobufjs tells of malformed bytes by an Error or a RangeError; anything else is a mistake of ours.
    if (error instanceof RequestError || error instanceof TypeError) throw error;
    throw new BadInput(
      `The body is not a valid ${message}: byte ${reader.pos}: ${(error as Error).message}.`,
    );
  }
  return collector.done();
}

function readWriteRequest(reader: Reader, collector: Collector): void {
  eachMessage(reader, WRITE_REQUEST.timeseries, (index) => {
    const head = emptyHead();
    const start = reader.pos;
    eachMessage(reader, WRITE_REQUEST.labels, () => readLabel(reader, head));
    // Once more from the start: nothing says that labels stand before samples.
    reader.pos = start;
    readSamples(reader, WRITE_REQUEST, { head, index, collector });
  });
}

function readLabel(reader: Reader, head: Head): void {
  let name = '';
  let value = '';
  eachField(reader, (tag) => {
    if (tag === WRITE_REQUEST.labelName) name = readText(reader);
    else if (tag === WRITE_REQUEST.labelValue) value = readText(reader);
    else return false;
    return true;
  });
  addLabel(head, name, value);
}

function readRequest(reader: Reader, collector: Collector, maxCharacters: number): void {
  const symbols = noSymbols(maxCharacters);
  eachField(reader, (tag) => {
    if (tag !== REQUEST.symbols) return false;
    addSymbol(symbols, readText(reader));
    return true;
  });
  // Once more from the start: nothing says that symbols stand before series, or metadata before samples.
  reader.pos = 0;
  eachMessage(reader, REQUEST.timeseries, (index) => {
    const start = reader.pos;
    const head = readSymbolicHead(reader, symbols, `timeseries[${index}]`);
    reader.pos = start;
    readSamples(reader, REQUEST, { head, index, collector });
  });
}

function readSymbolicHead(reader: Reader, symbols: Symbols, at: string): Head {
  const head = emptyHead();
  const labels = labelTaker(symbols, head, at);
  eachField(reader, (tag) => {
    if (tag === REQUEST.labelsRefs) {
      const outer = enter(reader);
      while (reader.pos < reader.len) labels.take(reader.uint32());
      leave(reader, outer);
    } else if (tag === REQUEST.labelsRef) labels.take(reader.uint32());
    else if (tag === REQUEST.metadata) readMetadata(reader, head);
    else return false;
    return true;
  });
  labels.end();
  return head;
}

function readMetadata(reader: Reader, head: Head): void {
  const outer = enter(reader);
  eachField(reader, (tag) => {
    if (tag !== REQUEST.metadataType) return false;
    head.metricType = reader.uint32();
    return true;
  });
  leave(reader, outer);
}

const NATIVE_HISTOGRAM =
  'native histograms are not taken: send classic ones, with always_scrape_classic_histograms in prometheus.yml';

/** Hands the samples of one series over. A series without samples is none. */
function readSamples(
  reader: Reader,
  { samples, histograms }: { samples: number; histograms: number },
  { head, index, collector }: { head: Head; index: number; collector: Collector },
): void {
  let place: number | string | undefined;
  const read = { samples: 0, histograms: 0 };
  const at = (what: keyof typeof read) =>
    `timeseries[${index}].${what}[${read[what]}] of ${JSON.stringify((head.name ?? '').slice(0, 80))}`;
  const atSample = () => at('samples');
  eachField(reader, (tag) => {
    if (tag === samples) {
      const { timeMs, value } = readSample(reader);
      // NaN is no value: a series that has ended (the staleness marker is one), or a quantile of nothing.
      if (!Number.isNaN(value)) collector.add((place ??= placeOf(head, collector)), timeMs, value, atSample);
      read.samples++;
      return true;
    }
    if (tag === histograms) {
      collector.refuse('native_histogram', () => at('histograms'), NATIVE_HISTOGRAM);
      read.histograms++;
    }
    return false;
  });
}

interface Sample {
  timeMs: number;
  value: number;
}

function readSample(reader: Reader): Sample {
  const outer = enter(reader);
  const sample = { timeMs: 0, value: 0 };
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    if (tag === SAMPLE.value) sample.value = reader.double();
    else if (tag === SAMPLE.timestamp) sample.timeMs = readInt64(reader);
    else skip(reader, tag);
  }
  leave(reader, outer);
  return sample;
}

/** Goes into every field of this tag, one after another, and reads over the others. */
function eachMessage(reader: Reader, wanted: number, read: (index: number) => void): void {
  let index = 0;
  eachField(reader, (tag) => {
    if (tag !== wanted) return false;
    const outer = enter(reader);
    read(index++);
    leave(reader, outer);
    return true;
  });
}

/** What the sender hears where some samples were refused and the others written; undefined: none was refused. */
export function explainRefusals({ written, refused }: IngestResult): string | undefined {
  if (refused.length === 0) return undefined;
  const kinds = refused.map(({ reason, count }) => `${count} ${reason}`).join(', ');
  const { at, detail } = refused[0]!.first;
  return `Written: ${written}; refused: ${kinds}. The first, ${at}: ${detail}.`;
}
