/** A file or the standard input as text, a piece at a time: decompressed, in UTF-8 or, where it says so, UTF-16. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const PIECE_BYTES = 256 * 1024;

/** The bytes of `path`, or of the standard input for '-'; `meter.bytes` counts them as they are stored. */
export async function* bytesOf(path, meter) {
  const stream = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: PIECE_BYTES });
  for await (const bytes of stream) {
    meter.bytes += bytes.length;
    yield bytes;
  }
}

/** The text in pieces of bytes, wherever these are cut. */
export async function* textsOf(pieces) {
  const { head, all } = await peek(pieces, 2, (bytes) => bytes.length, joinBytes);
  const isZipped = head?.[0] === 0x1f && head[1] === 0x8b;
  yield* decoded(isZipped ? unzipped(all) : all);
}

async function* unzipped(pieces) {
  const gunzip = createGunzip();
  // What goes wrong destroys the stream that is read here, and is thrown by it.
  pipeline(Readable.from(pieces), gunzip).catch(() => undefined);
  yield* gunzip;
}

async function* decoded(pieces) {
  const { head, all } = await peek(pieces, 2, (bytes) => bytes.length, joinBytes);
  const decoder = new TextDecoder(head?.[0] === 0xff && head[1] === 0xfe ? 'utf-16le' : 'utf-8');
  for await (const bytes of all) yield decoder.decode(bytes, { stream: true });
  yield decoder.decode();
}

const joinBytes = (a, b) => Buffer.concat([a, b]);

/** The beginning of a text, `length` characters or more where there are as many, and the whole of it. */
export const peekText = (texts, length) =>
  peek(
    texts,
    length,
    (text) => text.length,
    (a, b) => a + b,
  );

async function peek(pieces, size, sizeOf, join) {
  const iterator = pieces[Symbol.asyncIterator]();
  let head;
  let next;
  while ((head === undefined || sizeOf(head) < size) && !(next = await iterator.next()).done)
    head = head === undefined ? next.value : join(head, next.value);
  async function* all() {
    if (head !== undefined) yield head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { head, all: all() };
}
