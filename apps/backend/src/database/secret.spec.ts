import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seal, secretKey, SecretUnusable, unseal } from './secret';

const key = Buffer.alloc(32, 7);

describe('what is sealed', () => {
  test('opens to what it was, with the same key and context', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, context) => {
        expect(unseal(key, seal(key, text, context), context)).toBe(text);
      }),
    );
  });

  test('is never the same twice, and shows nothing of the text', () => {
    expect(seal(key, 'a', 'b')).not.toEqual(seal(key, 'a', 'b'));
    expect(seal(key, 'a long secret', 'b').toString('latin1')).not.toContain('secret');
  });

  test.each([
    ['another key', { key: Buffer.alloc(32, 8) }],
    ['another address', { context: 'other host' }],
    ['a byte too few', { cut: (sealed: Buffer) => sealed.subarray(0, -1) }],
    ['nothing', { cut: () => Buffer.alloc(0) }],
    ['another version', { cut: (sealed: Buffer) => Buffer.concat([Buffer.of(2), sealed.subarray(1)]) }],
  ])('does not open with %s', (_, change) => {
    const given = { key, context: 'host', cut: (sealed: Buffer) => sealed, ...change };
    const sealed = given.cut(seal(key, 'text', 'host'));
    expect(() => unseal(given.key, sealed, given.context)).toThrow(SecretUnusable);
  });

  test('does not open with a bit changed anywhere', () => {
    const sealed = seal(key, 'text', 'host');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => unseal(key, changed, 'host')).toThrow(SecretUnusable);
    }
  });
});

describe('the key', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'bellwether-key-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('of SECRET_KEY is the same each time, and another for another', async () => {
    const of = (SECRET_KEY: string) => secretKey({ SECRET_KEY, DATA_DIR: folder });
    const one = await of('x'.repeat(32));
    expect(one).toHaveLength(32);
    expect(await of('x'.repeat(32))).toEqual(one);
    expect(await of('x'.repeat(33))).not.toEqual(one);
  });

  test('is made once, by whoever comes first, for its owner alone', async () => {
    const DATA_DIR = join(folder, 'data');
    const keys = await Promise.all(
      Array.from({ length: 8 }, () => secretKey({ SECRET_KEY: undefined, DATA_DIR })),
    );
    expect(new Set(keys.map((one) => one.toString('hex'))).size).toBe(1);
    const { mode } = await stat(join(DATA_DIR, 'secret.key'));
    if (process.platform !== 'win32') expect(mode & 0o777).toBe(0o600);
    expect((await readFile(join(DATA_DIR, 'secret.key'), 'utf8')).trim()).toBe(keys[0]!.toString('hex'));
  });

  test('in a file that is none, or cannot be kept, is told of', async () => {
    await writeFile(join(folder, 'secret.key'), 'abc');
    const of = (DATA_DIR: string) => secretKey({ SECRET_KEY: undefined, DATA_DIR });
    await expect(of(folder)).rejects.toThrow(/holds no key/);
    // A file where a folder should be.
    await expect(of(join(folder, 'secret.key'))).rejects.toThrow(/set SECRET_KEY/);
  });
});
