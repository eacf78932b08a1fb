/**
 * Messages of Kafka topics, as a member of a group. Offsets are committed once the samples are, never by themselves: after a crash
 * the messages come again, and a sample that is written twice is kept once.
 */
import type { KafkaSettings } from '@bellwether/contracts';
import type { Consumer as KafkaConsumer, Message as KafkaMessage, MessagesStream } from '@platformatic/kafka';
import type { Consumer } from './consumer';
import type { Message } from './message';
import { explainConnection, printable, type Secrets, SourceError } from './source';

const CONNECT_MS = 5_000;
const ANSWER_MS = 10_000;
/** A process that was killed keeps its partitions for so long. */
const SESSION_MS = 10_000;
const FETCH_BYTES = 2 * 1024 * 1024;
/** Messages, and their bytes, that wait here before no more are fetched. */
const MAX_WAITING = 5_000;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

type Received = KafkaMessage<Buffer, Buffer, Buffer, Buffer>;
type Stream = MessagesStream<Buffer, Buffer, Buffer, Buffer>;
type Member = KafkaConsumer<Buffer, Buffer, Buffer, Buffer>;

export interface KafkaStart {
  groupId: string;
  /** Where to begin: where the group is, else as the settings say; or with the oldest there is. */
  from: 'committed' | 'earliest' | 'latest';
}

/** The offset the group stands at is not there any more: messages were dropped before they were read. */
export class OffsetGone extends SourceError {}

export async function connectKafka(
  settings: KafkaSettings,
  secrets: Secrets,
  { start, wake }: { start: KafkaStart; wake: () => void },
): Promise<Consumer> {
  const { Consumer: Client } = await import('@platformatic/kafka');
  const member: Member = new Client({
    clientId: 'bellwether',
    groupId: start.groupId,
    bootstrapBrokers: settings.brokers,
    connectTimeout: CONNECT_MS,
    timeout: ANSWER_MS,
    retries: 1,
    autocreateTopics: false,
    sessionTimeout: SESSION_MS,
    rebalanceTimeout: SESSION_MS,
    heartbeatInterval: SESSION_MS / 4,
    ...(settings.usesTls && { tls: {}, tlsServerName: true }),
    ...(settings.sasl !== null && { sasl: saslOf(settings, secrets) }),
  });
  // Heard by the stream too; unheard here, the event would end the process.
  member.on('error', () => wake());
  try {
    const stream = await member.consume({
      topics: settings.topics,
      mode: start.from,
      fallbackMode: settings.from,
      autocommit: false,
      maxBytes: FETCH_BYTES,
    });
    if (start.from === 'committed' && settings.from === 'latest') holdPlace(member, stream);
    return consume(member, stream, { settings, wake });
  } catch (error) {
    await leave(member);
    throw explain(error, settings);
  }
}

/** Also of what does not know where it is any more: there is nobody to tell. */
const leave = (member: Member): Promise<void> => new Promise((left) => member.close(true, () => left()));

/**
 * A group that begins with the latest stands nowhere until it has read something, and after a crash before that the latest would be
 * another: it is told at once where it stands. An empty partition has no such place.
 */
function holdPlace(member: Member, stream: Stream): void {
  stream.once('offsets', () => {
    const offsets = (member.assignments ?? []).flatMap(({ topic, partitions }) =>
      partitions.flatMap((partition) => {
        const next = stream.offsetsToFetch.get(`${topic}:${partition}`) ?? 0n;
        return next > 0n ? [{ topic, partition, offset: next - 1n, leaderEpoch: -1 }] : [];
      }),
    );
    if (offsets.length > 0) member.commit({ offsets }).catch((error: Error) => stream.destroy(error));
  });
}

const saslOf = ({ sasl, username }: KafkaSettings, { password }: Secrets) => ({
  mechanism: sasl!,
  username: username ?? '',
  password: password ?? '',
});

function consume(
  member: Member,
  stream: Stream,
  { settings, wake }: { settings: KafkaSettings; wake: () => void },
): Consumer {
  let waiting: Received[] = [];
  let waitingBytes = 0;
  let taken: Received[] = [];
  let failure: Error | undefined;
  const fail = (error: unknown) => {
    failure ??= explain(error, settings);
    wake();
  };
  stream.on('data', (message) => {
    waiting.push(message);
    waitingBytes += message.value?.length ?? 0;
    if (waiting.length >= MAX_WAITING || waitingBytes >= MAX_WAITING_BYTES) stream.pause();
    wake();
  });
  stream.on('error', fail);
  stream.on('close', () => fail(new SourceError('The connection to Kafka was closed.')));
  member.on('error', fail);
  return {
    take() {
      const messages = waiting;
      taken.push(...messages);
      [waiting, waitingBytes] = [[], 0];
      return messages.map(messageOf);
    },
    async acknowledge() {
      const offsets = lastOffsets(taken);
      try {
        if (offsets.length > 0) await member.commit({ offsets });
      } catch (error) {
        throw explain(error, settings);
      }
      taken = [];
      stream.resume();
    },
    get failure() {
      return failure;
    },
    async close() {
      await stream.close().catch(() => undefined);
      await leave(member);
    },
  };
}

/** A message without a value, as a deletion in a compacted topic, is an empty one. */
const messageOf = ({ topic, value, timestamp }: Received): Message => ({
  topic,
  payload: value ?? Buffer.alloc(0),
  timeMs: Number(timestamp),
});

/** The last message of each partition. This library takes the offset of the message itself, and goes on after it. */
function lastOffsets(messages: readonly Received[]) {
  const last = new Map<string, { topic: string; partition: number; offset: bigint; leaderEpoch: number }>();
  for (const { topic, partition, offset } of messages)
    last.set(`${topic}:${partition}`, { topic, partition, offset, leaderEpoch: -1 });
  return [...last.values()];
}

const HINTS: [RegExp, string][] = [
  [/UNKNOWN_TOPIC/, 'a topic does not exist: create it, or correct its name'],
  [/TOPIC_AUTHORIZATION/, 'let this user read the topics'],
  [/GROUP_AUTHORIZATION/, 'let this user read the group'],
  [/SASL|AUTHENTICATION/, 'correct sasl, username and password'],
  [
    /UNSUPPORTED_COMPRESSION/,
    'its messages are compressed in a way that cannot be read here: use gzip, lz4, snappy or zstd',
  ],
];

function explain(error: unknown, { brokers }: KafkaSettings): SourceError {
  if (error instanceof SourceError) return error;
  const place = brokers.join(', ');
  const network = explainConnection(error, place);
  if (network) return new SourceError(network, { cause: error });
  const said = wordsOf(error);
  if (/OFFSET_OUT_OF_RANGE/.test(said))
    return new OffsetGone(
      'Kafka dropped messages before they were read: it goes on with the oldest there is.',
      { cause: error },
    );
  const hint =
    HINTS.find(([pattern]) => pattern.test(said))?.[1] ??
    'see the log of the broker, and whether it wants TLS or SASL';
  return new SourceError(`Kafka at ${place}: ${printable(said)}: ${hint}.`, { cause: error });
}

/** The words and Kafka's own names of an error and its parts. */
function wordsOf(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 3) return '';
  const { message, apiId, errors, cause } = error as Record<string, unknown>;
  const own = [apiId, message].filter((word) => typeof word === 'string').join(' ');
  const parts = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return [own, ...parts.map((part) => wordsOf(part, depth + 1))].filter(Boolean).join(': ');
}
