/**
 * Secrets at rest: AES-256-GCM (NIST SP 800-38D) under one key of this installation, `SECRET_KEY` or a file in DATA_DIR. What is
 * sealed opens only with the same `context`, so that nobody who can write to the database can hand a password to another host.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** A secret that cannot be kept or read; the message says what to do. */
export class SecretUnusable extends Error {}

/** version (1 byte), nonce (12), tag (16), then the ciphertext of the UTF-8 text. */
export function seal(key: Buffer, text: string, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), sealed]);
}

export function unseal(key: Buffer, sealed: Buffer, context: string): string {
  const tagAt = 1 + NONCE_BYTES;
  const textAt = tagAt + TAG_BYTES;
  try {
    if (sealed[0] !== VERSION || sealed.length < textAt) throw new Error('not sealed by this version');
    const nonce = sealed.subarray(1, tagAt);
    const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(context));
    cipher.setAuthTag(sealed.subarray(tagAt, textAt));
    return Buffer.concat([cipher.update(sealed.subarray(textAt)), cipher.final()]).toString('utf8');
  } catch (error) {
    throw new SecretUnusable(
      'What is kept secret was written with another key: set SECRET_KEY, or DATA_DIR/secret.key, to what it was, or give the passwords again.',
      { cause: error },
    );
  }
}

/** The key of this installation; made, for its owner alone to read, where there is none. */
export async function secretKey({ SECRET_KEY, DATA_DIR }: Pick<Config, 'SECRET_KEY' | 'DATA_DIR'>) {
  if (SECRET_KEY) return Buffer.from(hkdfSync('sha256', SECRET_KEY, '', 'bellwether secret', KEY_BYTES));
  const file = join(DATA_DIR, 'secret.key');
  try {
    return keyIn((await readIfThere(file)) ?? (await makeKey(DATA_DIR, file)), file);
  } catch (error) {
    if (error instanceof SecretUnusable) throw error;
    throw new SecretUnusable(
      `The key for secrets cannot be kept in ${file} (${(error as Error).message}): set SECRET_KEY to 32 characters or more.`,
      { cause: error },
    );
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Linked into place whole: of several processes that start at once one makes the key, and all of them read it. */
async function makeKey(folder: string, file: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await mkdir(folder, { recursive: true });
  await writeFile(draft, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(file, 'utf8');
}

function keyIn(text: string, file: string): Buffer {
  if (/^[0-9a-f]{64}\s*$/.test(text)) return Buffer.from(text.trim(), 'hex');
  throw new SecretUnusable(
    `${file} holds no key: put it back from a backup, or remove it and give the passwords again.`,
  );
}
