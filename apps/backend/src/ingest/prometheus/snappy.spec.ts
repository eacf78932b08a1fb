import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadInput, RequestError } from '../../http/problem';
import { unpackSnappy } from './snappy';

/** It has no types of its own. */
const { compress } = createRequire(__filename)('snappyjs') as { compress(bytes: Buffer): Buffer };

const MAX = 1_000_000;
const unpack = (...bytes: number[]) => unpackSnappy(Buffer.from(bytes), MAX).toString('latin1');

test('what was packed comes out again', () => {
  const repetitive = fc.array(fc.constantFrom(...'ab')).map((letters) => letters.join(''));
  const random = fc.uint8Array({ maxLength: 5_000 });
  fc.assert(
    fc.property(fc.oneof(repetitive, random), fc.integer({ min: 1, max: 40 }), (part, times) => {
      const bytes = Buffer.concat(Array.from({ length: times }, () => Buffer.from(part as string)));
      expect(unpackSnappy(compress(bytes), MAX).equals(bytes)).toBe(true);
    }),
  );
});

const a = 'a'.charCodeAt(0);
const b = 'b'.charCodeAt(0);
test.each([
  ['a literal', [2, 1 << 2, a, b], 'ab'],
  ['a literal with its length in a byte', [2, 60 << 2, 1, a, b], 'ab'],
  ['a literal with its length in four bytes', [2, 63 << 2, 1, 0, 0, 0, a, b], 'ab'],
  ['a copy of what stands before', [8, 1 << 2, a, b, 1 | (2 << 2), 2], 'abababab'],
  ['a copy with its offset in two bytes', [4, 1 << 2, a, b, 2 | (1 << 2), 2, 0], 'abab'],
  ['a copy with its offset in four bytes', [4, 1 << 2, a, b, 3 | (1 << 2), 2, 0, 0, 0], 'abab'],
  ['nothing', [0], ''],
])('%s is read', (_, bytes, text) => expect(unpack(...bytes)).toBe(text));

describe('what is none is a 400:', () => {
  test.each([
    ['no byte', [], /empty/],
    ['a size without end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], /byte 0: its size/],
    ['a size beyond 32 bits', [0xff, 0xff, 0xff, 0xff, 0x7f], /byte 0: its size/],
    ['a size that its bytes cannot hold', [0xff, 0x7f, 0, a], /more bytes than it can hold/],
    ['a size that is not reached', [9, 0, a], /1 bytes instead of 9/],
    ['a literal beyond the end', [9, 8 << 2, a], /byte 1: it ends within a literal/],
    // snappyjs goes back by it, and never ends.
    ['a literal of negative length', [10, 0xfc, 0xfa, 0xff, 0xff, 0xff, 0], /within a literal/],
    ['a length beyond the end', [9, 63 << 2, 1], /within a length/],
    ['a literal beyond the size', [1, 1 << 2, a, b], /more than it says/],
    ['a copy beyond the size', [3, 1 << 2, a, b, 1, 2], /more than it says/],
    ['a copy beyond the end', [6, 1 << 2, a, b, 1], /within a copy/],
    ['a copy of nothing', [6, 1 << 2, a, b, 1, 0], /before the first byte/],
    ['a copy from before the start', [6, 1 << 2, a, b, 1, 3], /before the first byte/],
    ['a copy from far before the start', [4, 0, a, 3, 0xff, 0xff, 0xff, 0xff], /before the first byte/],
  ])('%s', (_, bytes, message) => {
    expect(() => unpack(...bytes)).toThrow(BadInput);
    expect(() => unpack(...bytes)).toThrow(message);
  });

  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(unpackSnappy(Buffer.from(bytes), MAX).length).toBeLessThanOrEqual(MAX);
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

test('what would be too large is a 413 that says the limit', () => {
  const packed = compress(Buffer.alloc(3 * 1024 * 1024));
  expect(() => unpackSnappy(packed, 2 * 1024 * 1024)).toThrow(
    expect.objectContaining({ status: 413, message: expect.stringMatching(/2 MiB.*MAX_BODY_MB/) }),
  );
});
