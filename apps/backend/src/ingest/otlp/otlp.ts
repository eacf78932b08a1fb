/** OTLP metrics to samples, from either encoding. Pure. */
import { collect, type Acceptance, type Decoded } from '../ingest';
import { readJson } from './json';
import { readProtobuf } from './protobuf';
import { takePoints } from './samples';

export type Encoding = 'json' | 'protobuf';

/** Of a Content-Type; undefined: OTLP has none such. */
export function encodingOf(contentType: string | undefined): Encoding | undefined {
  const [, type] = /^\s*application\/(x-protobuf|protobuf|json)\s*(?:;|$)/i.exec(contentType ?? '') ?? [];
  if (type === undefined) return undefined;
  return type.toLowerCase() === 'json' ? 'json' : 'protobuf';
}

/** Throws BadInput where the body as a whole cannot be read, a 413 where it holds too much; single bad points are counted. */
export function decodeOtlp(body: Buffer, encoding: Encoding, accept: Acceptance): Decoded {
  const collector = collect(accept);
  const read = encoding === 'json' ? readJson : readProtobuf;
  read(body, takePoints(collector));
  return collector.done();
}
