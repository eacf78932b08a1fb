/**
 * The framing of the PostgreSQL wire protocol, version 3: bytes to whole messages and back, no I/O.
 * Source: PostgreSQL 17 documentation, chapter 53 "Frontend/Backend Protocol".
 *
 * After start-up every message is a type byte, a big-endian length that counts itself, and a body. Start-up packets
 * have no type byte: a length, a code (the protocol version, or a request with a number of its own), a body.
 */

/** What a client sent: a start-up packet, a message, or bytes after which nothing can be understood any more. */
export type Packet =
  | { kind: 'encryption' }
  | { kind: 'cancel' }
  | { kind: 'startup'; parameters: Record<string, string> }
  | { kind: 'message'; message: Message }
  | { kind: 'violation'; reason: string };

/** One whole message, its bytes with type and length. */
export type Message = { type: string; bytes: Buffer };

/** `I` idle, `T` in a transaction, `E` in a transaction that failed. */
export type TransactionStatus = 'I' | 'T' | 'E';

const PROTOCOL_3 = 3;
const CANCEL_CODE = 80877102;
const TLS_CODE = 80877103;
const GSS_CODE = 80877104;
/** The server's own limit for a start-up packet (MAX_STARTUP_PACKET_LENGTH). */
const STARTUP_LIMIT_BYTES = 10_000;

/** Takes chunks as the socket cuts them and gives packets as the client meant them, the same for any cutting. */
export function createFramer() {
  const held = createBytes();
  let isStarted = false;
  let isBroken = false;

  const violation = (reason: string): Packet => {
    isBroken = true;
    return { kind: 'violation', reason };
  };

  const nextStartup = (): Packet | undefined => {
    if (held.size() < 8) return undefined;
    const length = held.peek(8).readInt32BE(0);
    if (length < 8 || length > STARTUP_LIMIT_BYTES)
      return violation('this is not a PostgreSQL start-up packet');
    if (held.size() < length) return undefined;
    const packet = parseStartup(held.take(length));
    if (packet.kind === 'violation') return violation(packet.reason);
    isStarted = packet.kind === 'startup';
    return packet;
  };

  const nextMessage = (limitBytes: number, usedBytes: number): Packet | undefined => {
    if (held.size() < 5) return undefined;
    const header = held.peek(5);
    const length = header.readInt32BE(1);
    if (length < 4) return violation('a message gives a length below 4');
    if (usedBytes + length + 1 > limitBytes)
      return violation(`a request is larger than the limit of ${limitBytes} bytes`);
    if (held.size() < length + 1) return undefined;
    const type = String.fromCharCode(header.readUInt8(0));
    return { kind: 'message', message: { type, bytes: held.take(length + 1) } };
  };

  return {
    push: (chunk: Buffer): void => held.push(chunk),
    /**
     * The next whole packet. A message that makes its request, of which `usedBytes` were taken already, larger than
     * `limitBytes` is a violation as soon as its header is there.
     */
    next(limitBytes: number, usedBytes = 0): Packet | undefined {
      if (isBroken) return undefined;
      return isStarted ? nextMessage(limitBytes, usedBytes) : nextStartup();
    },
  };
}

/** Chunks joined only when a whole message is there, so that a large message is not copied once per chunk. */
function createBytes() {
  let chunks: Buffer[] = [];
  let size = 0;
  const joined = (length: number): Buffer => {
    const first = chunks[0];
    if (first && first.length >= length) return first;
    const whole = Buffer.concat(chunks, size);
    chunks = [whole];
    return whole;
  };
  return {
    size: (): number => size,
    push(chunk: Buffer): void {
      if (chunk.length === 0) return;
      chunks.push(chunk);
      size += chunk.length;
    },
    peek: (length: number): Buffer => joined(length).subarray(0, length),
    take(length: number): Buffer {
      const first = joined(length);
      if (first.length === length) chunks.shift();
      else chunks[0] = first.subarray(length);
      size -= length;
      return first.subarray(0, length);
    },
  };
}

function parseStartup(bytes: Buffer): Packet {
  const code = bytes.readInt32BE(4);
  if (code === TLS_CODE || code === GSS_CODE) return { kind: 'encryption' };
  if (code === CANCEL_CODE) return { kind: 'cancel' };
  if (code >>> 16 !== PROTOCOL_3)
    return { kind: 'violation', reason: 'only version 3 of the protocol is spoken here' };
  const words = bytes.toString('utf8', 8).split('\0');
  const parameters: Record<string, string> = {};
  for (let i = 0; words[i]; i += 2) parameters[words[i] as string] = words[i + 1] ?? '';
  return { kind: 'startup', parameters };
}

/** The zero-terminated string at `offset` and where the next field begins; undefined where no zero follows. */
export function readString(bytes: Buffer, offset: number): { text: string; end: number } | undefined {
  const zero = bytes.indexOf(0, offset);
  if (zero < 0) return undefined;
  return { text: bytes.toString('utf8', offset, zero), end: zero + 1 };
}

/** The SQL in a Query or Parse message; every other message has none. */
export function sqlOf({ type, bytes }: Message): string | undefined {
  if (type === 'Q') return readString(bytes, 5)?.text;
  if (type !== 'P') return undefined;
  const name = readString(bytes, 5);
  return name && readString(bytes, name.end)?.text;
}

// What is sent.

/** One message: its type and its body, strings zero-terminated. */
export function message(type: string, ...fields: (string | Buffer)[]): Buffer {
  const body = fields.map((field) => (typeof field === 'string' ? Buffer.from(`${field}\0`) : field));
  const header = Buffer.alloc(5);
  header.write(type, 0, 'latin1');
  header.writeInt32BE(4 + body.reduce((sum, part) => sum + part.length, 0), 1);
  return Buffer.concat([header, ...body]);
}

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const noEncryption = Buffer.from('N');
export const authenticationCleartextPassword = message('R', int32(3));
export const authenticationOk = message('R', int32(0));
export const sync = message('S');
export const query = (sql: string): Buffer => message('Q', sql);
export const closeStatement = (name: string): Buffer => message('C', Buffer.from('S'), name);
export const copyFail = (reason: string): Buffer => message('f', reason);
export const parameterStatus = (name: string, value: string): Buffer => message('S', name, value);
export const backendKeyData = (processId: number, secret: number): Buffer =>
  message('K', int32(processId), int32(secret));
export const readyForQuery = (status: TransactionStatus): Buffer => message('Z', Buffer.from(status));
/** Every column in text (0) or in binary (1); how many there are only the database knows, and clients do not ask. */
export const copyInResponse = (format: 0 | 1): Buffer => message('G', Buffer.from([format]), int16(0));

/** An error a person can act on, with its SQLSTATE; `FATAL` says that the connection ends here. */
export function errorResponse(severity: 'ERROR' | 'FATAL', code: string, text: string): Buffer {
  return message('E', `S${severity}`, `V${severity}`, `C${code}`, `M${text}`, Buffer.from([0]));
}

// What the database answers.

export type Notification = { channel: string; bytes: Buffer };

/** An answer read: what goes to the client, what goes to listeners, and where the transaction stands. */
export type Answer = {
  bytes: Buffer;
  notifications: Notification[];
  /** Of the last ReadyForQuery; undefined where none came (after Flush, or an error that skipped to Sync). */
  status: TransactionStatus | undefined;
  hasFailed: boolean;
  /** Of the last CommandComplete: `COMMIT`, `INSERT 0 1`. */
  tag: string | undefined;
};

/** Reads an answer, taking out notifications and the first message of type `drop` (the client was given it already). */
export function readAnswer(answer: Buffer, drop?: string): Answer {
  const read: Answer = {
    bytes: answer,
    notifications: [],
    status: undefined,
    hasFailed: false,
    tag: undefined,
  };
  const kept: Buffer[] = [];
  let keptFrom = 0;
  let toDrop = drop;
  for (let start = 0; start + 5 <= answer.length;) {
    const end = start + 1 + answer.readInt32BE(start + 1);
    const type = String.fromCharCode(answer.readUInt8(start));
    if (type === 'Z') read.status = String.fromCharCode(answer.readUInt8(start + 5)) as TransactionStatus;
    if (type === 'E') read.hasFailed = true;
    if (type === 'C') read.tag = readString(answer, start + 5)?.text;
    if (type === 'A') read.notifications.push(readNotification(answer.subarray(start, end)));
    if (type === 'A' || type === toDrop) {
      kept.push(answer.subarray(keptFrom, start));
      keptFrom = end;
      if (type === toDrop) toDrop = undefined;
    }
    start = end;
  }
  if (keptFrom > 0) read.bytes = Buffer.concat([...kept, answer.subarray(keptFrom)]);
  return read;
}

function readNotification(bytes: Buffer): Notification {
  return { channel: readString(bytes, 9)?.text ?? '', bytes };
}
