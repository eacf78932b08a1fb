/**
 * Prepared statements and portals of many clients in one session: each named one is renamed to be its client's own.
 * Messages and their fields: PostgreSQL documentation, "Message Formats". Names inside SQL (`PREPARE x AS`,
 * `DEALLOCATE x`, `DEALLOCATE ALL`) are not rewritten: those are shared by everyone.
 */
import { createHash } from 'node:crypto';
import { type Message, readString } from './protocol';

/** PostgreSQL compares this many bytes of a name (NAMEDATALEN − 1). */
const NAME_BYTES = 63;

/** The name a client's statement has in the session; too long ones are hashed, since their ends would be cut off. */
export function ownName(clientId: number, name: string): string {
  if (name === '') return '';
  const own = `c${clientId}_${name}`;
  if (Buffer.byteLength(own) <= NAME_BYTES) return own;
  return `c${clientId}_${createHash('sha1').update(name).digest('hex')}`;
}

/** The message with its statement and portal renamed; one that cannot be read goes on as it is, to be refused there. */
export function withOwnNames(message: Message, clientId: number): Message {
  const at = namesBegin(message);
  if (at === undefined) return message;
  const first = readString(message.bytes, at);
  const second = message.type === 'B' && first ? readString(message.bytes, first.end) : undefined;
  const names = [first, second].filter((name) => name !== undefined);
  const end = names.at(-1)?.end;
  if (end === undefined || names.every((name) => name.text === '')) return message;
  const renamed = names.map((name) => Buffer.from(`${ownName(clientId, name.text)}\0`));
  const bytes = Buffer.concat([message.bytes.subarray(0, at), ...renamed, message.bytes.subarray(end)]);
  bytes.writeInt32BE(bytes.length - 1, 1);
  return { type: message.type, bytes };
}

/** Where the names of a message begin: after the kind (statement or portal) of Describe and Close. */
function namesBegin({ type }: Message): number | undefined {
  if (type === 'P' || type === 'B' || type === 'E') return 5;
  return type === 'D' || type === 'C' ? 6 : undefined;
}

/** The name of the statement a Parse makes; undefined for other messages. */
export function parsedName({ type, bytes }: Message): string | undefined {
  return type === 'P' ? readString(bytes, 5)?.text : undefined;
}

/** Whether a request uses the unnamed statement of an earlier one: binds or describes it before it parses one. */
export function usesEarlierUnnamed(messages: readonly Message[]): boolean {
  for (const message of messages) {
    if (parsedName(message) === '') return false;
    if (statementUsed(message) === '') return true;
  }
  return false;
}

function statementUsed({ type, bytes }: Message): string | undefined {
  if (type === 'B') return readString(bytes, readString(bytes, 5)?.end ?? bytes.length)?.text;
  const describesStatement = type === 'D' && String.fromCharCode(bytes.readUInt8(5)) === 'S';
  return describesStatement ? readString(bytes, 6)?.text : undefined;
}
