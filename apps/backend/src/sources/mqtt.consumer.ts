/**
 * Messages of an MQTT broker (3.1.1), QoS 1, in a session that the broker keeps: what comes while Bellwether is away waits there.
 * The PUBACK is sent once the samples are committed.
 */
import type { MqttSettings } from '@bellwether/contracts';
import type { IPublishPacket, MqttClient } from 'mqtt';
import type { Clock } from '../clock';
import type { Consumer } from './consumer';
import type { Message } from './message';
import { explainConnection, printable, type Secrets, SourceError } from './source';

const CONNECT_MS = 10_000;
const KEEPALIVE_SECONDS = 30;

/** Messages, and their bytes, that wait here before no more are read. */
const MAX_WAITING = 5_000;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** `id`: to be acknowledged; without a message it is passed over. */
interface Waiting {
  id: number | undefined;
  message: Message | undefined;
}

export interface MqttSession {
  clientId: string;
  /** A session that ends with the connection, and takes messages that are kept for newcomers. */
  isTrial: boolean;
}

export async function connectMqtt(
  settings: MqttSettings,
  secrets: Secrets,
  { session, now, wake }: { session: MqttSession; now: Clock; wake: () => void },
): Promise<Consumer> {
  const client = await open(settings, secrets, { clientId: session.clientId, clean: session.isTrial });
  // Before the connection stands: the broker sends at once what it kept.
  const consumer = consume(client, settings, { session, now, wake });
  try {
    await connected(client, settings);
    await subscribe(client, settings, session);
  } catch (error) {
    await consumer.close();
    throw error;
  }
  return consumer;
}

/** Ends the session that the broker keeps. */
export async function forgetSession(settings: MqttSettings, secrets: Secrets): Promise<void> {
  const client = await open(settings, secrets, { clientId: settings.clientId!, clean: true });
  await brief(client, settings, () => Promise.resolve());
}

/** Ends what the session has of these topics; whatever comes in between stays there, for nothing is acknowledged. */
export async function forgetTopics(
  settings: MqttSettings,
  secrets: Secrets,
  topics: string[],
): Promise<void> {
  const client = await open(settings, secrets, { clientId: settings.clientId!, clean: false });
  takeOverAcks(client);
  await brief(client, settings, () => client.unsubscribeAsync(topics));
}

async function brief(
  client: MqttClient,
  settings: MqttSettings,
  work: () => Promise<unknown>,
): Promise<void> {
  // Heard by `connected` while it is waited for; unheard later, the event would end the process.
  client.on('error', () => undefined);
  try {
    await connected(client, settings);
    await work();
  } finally {
    await client.endAsync(!client.connected).catch(() => undefined);
  }
}

async function open(
  { url, username }: MqttSettings,
  { password }: Secrets,
  session: { clientId: string; clean: boolean },
): Promise<MqttClient> {
  const { connect } = await import('mqtt');
  return connect(url, {
    ...session,
    ...(username !== null && { username }),
    ...(password !== undefined && { password }),
    protocolVersion: 4,
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: CONNECT_MS,
    // Whoever runs the source tries again, at its own pace.
    reconnectPeriod: 0,
    resubscribe: false,
  });
}

function consume(
  client: MqttClient,
  settings: MqttSettings,
  { session, now, wake }: { session: MqttSession; now: Clock; wake: () => void },
): Consumer {
  let waiting: Waiting[] = [];
  let taken: Waiting[] = [];
  let waitingBytes = 0;
  /** Where too much waits the next packet is not read before it is taken. */
  let readOn: (() => void) | undefined;
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    wake();
  };
  const ids = takeOverAcks(client);
  client.handleMessage = (packet, done) => {
    const id = ids.get(packet);
    const payload = Buffer.from(packet.payload as Uint8Array | string);
    const message = { topic: packet.topic, payload, timeMs: now() };
    waiting.push({ id, message: isStale(packet, settings, session) ? undefined : message });
    waitingBytes += payload.length;
    if (waiting.length < MAX_WAITING && waitingBytes < MAX_WAITING_BYTES) done();
    else readOn = done;
    wake();
  };
  client.on('error', (error) => fail(explain(error, settings)));
  client.on('close', () => fail(new SourceError(closedBy(settings))));
  const acknowledge = () => {
    for (const { id } of taken) if (id !== undefined && client.connected) client.stream.write(puback(id));
    taken = [];
  };
  return {
    take() {
      const all = waiting;
      [waiting, waitingBytes] = [[], 0];
      taken.push(...all);
      readOn?.();
      readOn = undefined;
      // Those that are passed over are acknowledged at once where nothing else came with them.
      const messages = all.flatMap(({ message }) => (message ? [message] : []));
      if (messages.length === 0) acknowledge();
      return messages;
    },
    acknowledge: async () => acknowledge(),
    get failure() {
      return failure;
    },
    async close() {
      // Not by force where it still stands: what is acknowledged goes out first.
      await client.endAsync(failure !== undefined || !client.connected).catch(() => undefined);
    },
  };
}

/**
 * The library acknowledges one message at a time, and reads the next one only then: one commit for each. So it is told that they are
 * of QoS 0, for which it does nothing, and many are acknowledged here after one commit.
 */
function takeOverAcks(client: MqttClient): WeakMap<object, number> {
  const ids = new WeakMap<object, number>();
  client.on('packetreceive', (packet) => {
    if (packet.cmd !== 'publish' || packet.qos !== 1) return;
    ids.set(packet, packet.messageId!);
    packet.qos = 0;
  });
  return ids;
}

/** MQTT 3.1.1, section 3.4. */
const puback = (id: number): Buffer => Buffer.from([0x40, 2, id >> 8, id & 0xff]);

/** A message kept for newcomers says nothing of when it was measured, unless it brings its time. */
const isStale = ({ retain }: IPublishPacket, { payload }: MqttSettings, { isTrial }: MqttSession): boolean =>
  retain && !isTrial && (payload.format === 'number' || (payload.format === 'json' && payload.time === null));

function connected(client: MqttClient, settings: MqttSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', (error) => reject(explain(error, settings)));
    client.once('close', () => reject(new SourceError(closedBy(settings))));
  });
}

async function subscribe(
  client: MqttClient,
  settings: MqttSettings,
  { isTrial }: MqttSession,
): Promise<void> {
  try {
    const granted = await client.subscribeAsync(settings.topics, { qos: isTrial ? 0 : 1 });
    const refused = granted.find(({ qos }) => qos === 128);
    if (!refused) return;
    throw new SourceError(`The broker refuses the topic ${printable(refused.topic)}: let this user read it.`);
  } catch (error) {
    if (error instanceof SourceError) throw error;
    throw new SourceError(`The topics cannot be subscribed to: ${printable((error as Error).message)}.`, {
      cause: error,
    });
  }
}

const placeOf = ({ url }: MqttSettings): string => new URL(url).host;

const closedBy = (settings: MqttSettings): string =>
  `The broker at ${placeOf(settings)} closed the connection: see its log; two clients with one client id put each other out.`;

/** Return codes of CONNACK: 4 and 5 are the credentials. */
function explain(error: Error & { code?: unknown }, settings: MqttSettings): SourceError {
  const place = placeOf(settings);
  if (error.code === 4 || error.code === 5)
    return new SourceError(`The broker at ${place} refuses the credentials: correct username and password.`);
  if (error.code === 2)
    return new SourceError(`The broker at ${place} refuses the client id: choose another one.`);
  const why = explainConnection(error, place) ?? `The broker at ${place}: ${printable(error.message)}.`;
  return new SourceError(why, { cause: error });
}
