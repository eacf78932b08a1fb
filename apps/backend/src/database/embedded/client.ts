/**
 * One connection: the password, then requests. A request is everything up to a message that the server answers: Query,
 * Sync or Flush, or the end of a COPY. While one waits or runs, nothing more is read from the socket.
 * Source: PostgreSQL documentation, "Message Flow".
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  authenticationCleartextPassword,
  authenticationOk,
  backendKeyData,
  copyInResponse,
  createFramer,
  errorResponse,
  type Message,
  noEncryption,
  type Packet,
  parameterStatus,
  readString,
  readyForQuery,
  sqlOf,
} from './protocol';
import { copyFormat, isCopyIn, type ListenChange } from './sql';

/** Messages to run in one go; of the answer, the first message of type `drop` was sent already. */
export type Request = { messages: Message[]; drop?: string };

/** What the session keeps of a client. */
export type ClientState = {
  readonly id: number;
  /** Wire names of the prepared statements to close when it leaves. */
  statements: Set<string>;
  /** Its last unnamed Parse, to be repeated if another client's came in between. */
  unnamed: Message | undefined;
  channels: Set<string>;
  /** Changes to `channels` that wait for the end of the transaction. */
  changes: ListenChange[];
  /** SQL that makes its settings again; empty while it has changed none. */
  settings: string;
  hasTouchedSettings: boolean;
  /** Whether it prepared something that could ask for COPY data. */
  mayCopyIn: boolean;
};

export type Client = ClientState & {
  /** The request to run next, if there is one. */
  request: Request | undefined;
  isGone: boolean;
  isReady: boolean;
  send(bytes: Buffer): void;
  /** Its request was answered: read on; `isHolding` says that the others wait for it. */
  answered(isHolding: boolean): void;
  /** Ends the connection with an error. */
  refuse(code: string, text: string): void;
  /** Counts as gone from now on, whatever its socket does. */
  leave(): void;
};

export type ClientRules = {
  password: string;
  /** Largest request, in bytes. */
  requestBytes: number;
  idleInTransactionMs: number;
  loginMs: number;
  /** What the server says of itself after the password. */
  parameters: Record<string, string>;
};

/** Called when a request is there to be run, and once when the connection is over. */
export type ClientEvents = { onRequest(client: Client): void; onGone(client: Client): void };

/** A login needs little: so that nobody without the password makes this process hold megabytes. */
const LOGIN_BYTES = 10_000;
/** A listener that reads nothing is dropped before what waits for it fills the memory. */
const UNREAD_BYTES = 16 * 1024 * 1024;
const REQUEST_ENDS = new Set(['Q', 'S', 'H']);
const REQUEST_PARTS = new Set(['P', 'B', 'D', 'E', 'C']);
/** Left over from a COPY that failed; the protocol says to ignore them. */
const COPY_PARTS = new Set(['d', 'c', 'f']);

export function connect(socket: Socket, id: number, rules: ClientRules, events: ClientEvents): Client {
  const framer = createFramer();
  let user = '';
  let parts: Message[] = [];
  let partBytes = 0;
  let isCopying = false;
  let idle: NodeJS.Timeout | undefined;
  const login = setTimeout(() => socket.destroy(), rules.loginMs);

  const client: Client = {
    id,
    statements: new Set(),
    unnamed: undefined,
    channels: new Set(),
    changes: [],
    settings: '',
    hasTouchedSettings: false,
    mayCopyIn: false,
    request: undefined,
    isGone: false,
    isReady: false,
    send(bytes) {
      if (socket.destroyed || bytes.length === 0) return;
      socket.write(bytes);
      if (client.request === undefined && socket.writableLength > UNREAD_BYTES) socket.destroy();
    },
    answered(isHolding) {
      client.request = undefined;
      if (isHolding) idle = setTimeout(endIdleTransaction, rules.idleInTransactionMs);
      if (socket.writableNeedDrain) socket.once('drain', readOn);
      else readOn();
    },
    refuse(code, text) {
      if (socket.destroyed) return;
      socket.end(errorResponse('FATAL', code, text));
      // A client that does not read its error is not waited for.
      setTimeout(() => socket.destroy(), 1000).unref();
    },
    leave() {
      clearTimeout(login);
      stopIdling();
      if (client.isGone) return;
      client.isGone = true;
      events.onGone(client);
    },
  };

  const endIdleTransaction = (): void => {
    const seconds = rules.idleInTransactionMs / 1000;
    client.refuse(
      '25P03',
      `a transaction was left open and idle for ${seconds} s; it was rolled back, because the embedded database serves one transaction at a time`,
    );
    client.leave();
  };

  const stopIdling = (): void => {
    clearTimeout(idle);
    idle = undefined;
  };

  const submit = (request: Request): void => {
    stopIdling();
    parts = [];
    partBytes = 0;
    isCopying = false;
    client.request = request;
    socket.pause();
    events.onRequest(client);
  };

  const greet = (password: string): void => {
    if (!isSame(password, rules.password))
      return client.refuse('28P01', `password authentication failed for user "${user}"`);
    clearTimeout(login);
    client.isReady = true;
    const parameters = Object.entries({ ...rules.parameters, session_authorization: user });
    client.send(
      Buffer.concat([
        authenticationOk,
        ...parameters.map(([name, value]) => parameterStatus(name, value)),
        backendKeyData(id, 0),
        readyForQuery('I'),
      ]),
    );
  };

  const beginCopy = (sql: string): void => {
    isCopying = true;
    client.send(copyInResponse(copyFormat(sql)));
  };

  const receiveCopy = (message: Message): void => {
    // The whole COPY runs at once: the database cannot wait for its data in the middle of a statement.
    if (message.type === 'c') submit({ messages: parts, drop: 'G' });
    if (message.type === 'f')
      submit({ messages: [parts[0], message].filter((part) => part !== undefined), drop: 'G' });
  };

  const receive = (message: Message): void => {
    const { type } = message;
    if (!client.isReady) {
      if (type === 'p') return greet(readString(message.bytes, 5)?.text ?? '');
      return client.refuse('08P01', 'a password is expected first');
    }
    if (type === 'X') return void socket.destroySoon();
    if (isCopying ? type === 'S' || type === 'H' : COPY_PARTS.has(type)) return;
    const isKnown = isCopying ? COPY_PARTS.has(type) : REQUEST_ENDS.has(type) || REQUEST_PARTS.has(type);
    // Only what is known goes on: the database aborts at a message it does not know.
    if (!isKnown)
      return client.refuse('0A000', `the embedded database does not speak message type "${type}" here`);
    parts.push(message);
    partBytes += message.bytes.length;
    if (isCopying) return receiveCopy(message);
    if (!REQUEST_ENDS.has(type)) return;
    const sql = type === 'Q' ? sqlOf(message) : undefined;
    if (sql !== undefined && isCopyIn(sql)) beginCopy(sql);
    else submit({ messages: parts });
  };

  const handle = (packet: Packet): void => {
    if (packet.kind === 'encryption') client.send(noEncryption);
    if (packet.kind === 'cancel') socket.destroy(); // A running statement blocks this thread: nothing can be cancelled.
    if (packet.kind === 'violation') client.refuse('08P01', packet.reason);
    if (packet.kind === 'message') receive(packet.message);
    if (packet.kind !== 'startup') return;
    user = packet.parameters['user'] ?? '';
    client.send(authenticationCleartextPassword);
  };

  const readOn = (): void => {
    while (!client.request && !client.isGone && !socket.destroyed && !socket.writableEnded) {
      const packet = framer.next(client.isReady ? rules.requestBytes : LOGIN_BYTES, partBytes);
      if (!packet) return void socket.resume();
      handle(packet);
    }
  };

  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    // After a refusal what still comes is read and forgotten: closing at once would take the error from the client.
    if (socket.writableEnded) return;
    idle?.refresh();
    framer.push(chunk);
    readOn();
  });
  // An error is followed by 'close', which is what counts.
  socket.on('error', () => undefined);
  socket.on('close', () => client.leave());
  return client;
}

/** Compares without telling by its duration how much was right. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
