/** What the suites of the embedded database share: one in a folder of its own, and clients that speak to it. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import {
  type Embedded,
  type EmbeddedOptions,
  startEmbedded,
} from '../../apps/backend/src/database/embedded/start';
import { message } from '../../apps/backend/src/database/embedded/protocol';
import { buildEmbedded } from '../setup/embedded-build';

export async function temporaryFolder(): Promise<string> {
  buildEmbedded();
  return mkdtemp(join(tmpdir(), 'bellwether-embedded-'));
}

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

export const start = (dataDir: string, options: Partial<EmbeddedOptions> = {}): Promise<Embedded> =>
  startEmbedded({ dataDir, log: (text) => process.stderr.write(`${text}\n`), ...options });

/** A client that may be cut off: its error belongs to the test's picture, not to the process. */
export async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Dies as a killed program does: without a word. */
export function die(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

/** Waits for a claim to become true; a claim that never does runs into the test's own limit. */
export async function until(claim: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await claim())) await sleep(10);
}

/** A client that speaks the bare protocol: sends bytes, reads message types and bodies as text. */
export async function rawClient(url: string) {
  const { hostname, port, password } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let held = Buffer.alloc(0);
  let isClosed = false;
  socket.on('data', (chunk) => (held = Buffer.concat([held, chunk])));
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  await once(socket, 'connect');

  const next = async (): Promise<{ type: string; body: string } | undefined> => {
    await until(() => isClosed || (held.length >= 5 && held.length > held.readInt32BE(1)));
    if (held.length < 5) return undefined;
    const end = held.readInt32BE(1) + 1;
    const found = { type: String.fromCharCode(held[0] ?? 0), body: held.toString('utf8', 5, end) };
    held = held.subarray(end);
    return found;
  };
  /** The types of all messages up to one of type `last`, or to the end. */
  const typesUntil = async (last: string): Promise<string> => {
    let types = '';
    for (let found = await next(); found; found = await next()) {
      types += found.type;
      if (found.type === last) break;
    }
    return types;
  };
  const login = async (): Promise<void> => {
    const body = Buffer.from('user\0raw\0\0');
    const head = Buffer.alloc(8);
    head.writeInt32BE(8 + body.length, 0);
    head.writeInt32BE(196608, 4);
    socket.write(Buffer.concat([head, body]));
    await typesUntil('R');
    socket.write(message('p', password));
    await typesUntil('Z');
  };
  return {
    socket,
    login,
    next,
    typesUntil,
    /** Everything that has come and was not read, as bytes. */
    unread: (): Buffer => held,
    send: (...messages: Buffer[]): void => void socket.write(Buffer.concat(messages)),
  };
}
