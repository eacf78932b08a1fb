/** Answers of OTLP/HTTP, in the encoding of the request: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response. Pure. */
import protobuf from 'protobufjs/minimal';
import type { Refusal } from '@bellwether/contracts';
import type { Encoding } from './otlp';

export interface Answer {
  type: string;
  body: Buffer;
}

/** google.rpc.Code */
const INVALID_ARGUMENT = 3;

const tag = (field: number, wire: number): number => (field << 3) | wire;
const VARINT = 0;
const BYTES = 2;

/** An ExportMetricsServiceResponse; the partial success is only there if something was refused. */
export function answerSuccess(encoding: Encoding, rejected: number, message: string): Answer {
  const isFull = rejected === 0;
  if (encoding === 'json')
    return json(
      isFull ? {} : { partialSuccess: { rejectedDataPoints: String(rejected), errorMessage: message } },
    );
  if (isFull) return bytes(new Uint8Array());
  const partial = protobuf.Writer.create().uint32(tag(1, VARINT)).int64(rejected);
  const part = partial.uint32(tag(2, BYTES)).string(message).finish();
  return bytes(protobuf.Writer.create().uint32(tag(1, BYTES)).bytes(part).finish());
}

/** A google.rpc.Status for a request that must not be sent again as it is. */
export function answerFailure(encoding: Encoding, message: string): Answer {
  if (encoding === 'json') return json({ code: INVALID_ARGUMENT, message });
  const status = protobuf.Writer.create().uint32(tag(1, VARINT)).int32(INVALID_ARGUMENT);
  return bytes(status.uint32(tag(2, BYTES)).string(message).finish());
}

/** What was refused of a request of which the rest was written. */
export function explainPartial(refusals: readonly Refusal[]): string {
  if (refusals.length === 0) return '';
  const kinds = refusals.map(({ reason, count }) => `${count} ${reason}`).join(', ');
  const { at, detail } = refusals[0]!.first;
  return `Not all was written: ${kinds}. The first, ${at}: ${detail}.`;
}

const json = (body: object): Answer => ({
  type: 'application/json',
  body: Buffer.from(JSON.stringify(body)),
});
const bytes = (body: Uint8Array): Answer => ({ type: 'application/x-protobuf', body: Buffer.from(body) });
