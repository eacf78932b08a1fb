/**
 * Snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt), unpacked. Pure.
 *
 * Written out here because snappyjs does not check what it reads: a literal of negative length takes it back to where it
 * was, for ever.
 */
import { BadInput, RequestError } from '../../http/problem';

/** Three bytes of a copy make 64 at most: what claims to hold more has not even to be allocated. */
const MOST_OUT_OF_A_BYTE = 22;
const MIB = 1024 * 1024;

/** What is read and what is written, and how far both are. */
interface Progress {
  bytes: Buffer;
  from: number;
  out: Buffer;
  to: number;
}

/** The bytes that were packed. Throws BadInput where they are no Snappy, and a 413 where they would be more than `maxBytes`. */
export function unpackSnappy(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length === 0) throw new BadInput('The body is empty: send a Snappy-compressed protobuf message.');
  const { size, from } = readSize(bytes);
  if (size > maxBytes)
    throw new RequestError(
      413,
      `The body holds ${size} bytes and at most ${maxBytes / MIB} MiB are taken here: send it in smaller parts, or raise MAX_BODY_MB.`,
    );
  if (size > bytes.length * MOST_OUT_OF_A_BYTE) throw broken(0, 'it claims more bytes than it can hold');
  // Nothing of it is handed over before each byte is written.
  const progress = { bytes, from, out: Buffer.allocUnsafe(size), to: 0 };
  while (progress.from < bytes.length) {
    if ((bytes[progress.from]! & 3) === 0) takeLiteral(progress);
    else takeCopy(progress);
  }
  if (progress.to !== size) throw broken(bytes.length, `it holds ${progress.to} bytes instead of ${size}`);
  return progress.out;
}

/** The size of what was packed, a varint of 32 bits, and where the rest begins. */
function readSize(bytes: Buffer): { size: number; from: number } {
  let size = 0;
  for (let i = 0; i < 5 && i < bytes.length; i++) {
    size += (bytes[i]! & 0x7f) * 2 ** (7 * i);
    if (bytes[i]! < 0x80 && size < 2 ** 32) return { size, from: i + 1 };
  }
  throw broken(0, 'its size is no number');
}

function takeLiteral(progress: Progress): void {
  const { bytes, from, out, to } = progress;
  let size = bytes[from]! >>> 2;
  let next = from + 1;
  if (size >= 60) {
    const width = size - 59;
    if (next + width > bytes.length) throw broken(from, 'it ends within a length');
    size = bytes.readUIntLE(next, width);
    next += width;
  }
  size++;
  if (size > bytes.length - next) throw broken(from, 'it ends within a literal');
  if (size > out.length - to) throw broken(from, 'it holds more than it says');
  // Most are short: a loop is faster than a call.
  for (let i = 0; i < size; i++) out[to + i] = bytes[next + i]!;
  progress.from = next + size;
  progress.to += size;
}

/** Repeats what was written `offset` bytes ago; where it is longer than that, it repeats what it writes. */
function takeCopy(progress: Progress): void {
  const { bytes, from, out, to } = progress;
  const tag = bytes[from]!;
  const kind = tag & 3;
  const next = from + (kind === 3 ? 5 : kind + 1);
  if (next > bytes.length) throw broken(from, 'it ends within a copy');
  const size = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
  const offset =
    kind === 1 ? ((tag >>> 5) << 8) | bytes[from + 1]! : bytes.readUIntLE(from + 1, kind === 2 ? 2 : 4);
  if (offset === 0 || offset > to) throw broken(from, 'a copy begins before the first byte');
  if (size > out.length - to) throw broken(from, 'it holds more than it says');
  for (let i = to; i < to + size; i++) out[i] = out[i - offset]!;
  progress.from = next;
  progress.to += size;
}

const broken = (at: number, what: string): BadInput =>
  new BadInput(`The body is not valid Snappy (its block format): byte ${at}: ${what}.`);
