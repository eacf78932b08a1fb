/** The kinds of sources: how one is run, and how it is tried once. */
import type { SourceSettings } from '@bellwether/contracts';
import type { Decoded } from '../ingest/ingest';
import { type Connect, listenOnce } from './consumer';
import { connectKafka, type KafkaStart, OffsetGone } from './kafka.consumer';
import { decodeMessages } from './message';
import { connectMqtt, forgetSession, forgetTopics } from './mqtt.consumer';
import { prometheusPuller, tryPrometheus } from './prometheus.puller';
import type { Occasion } from './puller';
import type { Work } from './run';
import type { Cursor, Secrets } from './source';
import { sqlPuller, trySql } from './sql.puller';
import { consumeWork, type Desk, pullWork } from './work';

type SettingsOf<Kind extends SourceSettings['kind']> = Extract<SourceSettings, { kind: Kind }>;

export interface Order {
  settings: SourceSettings;
  secrets: Secrets;
  cursor: Cursor | undefined;
}

export function workOf({ settings, secrets, cursor }: Order, desk: Desk, wake: () => void): Work {
  switch (settings.kind) {
    case 'prometheus':
      return pullWork(prometheusPuller(settings, secrets), cursor, desk);
    case 'sql':
      return pullWork(sqlPuller(settings, secrets), cursor, desk);
    case 'mqtt':
      return consumeWork(mqtt(settings, secrets, desk), settings.payload, { desk, wake });
    case 'kafka':
      return consumeWork(kafka(settings, secrets), settings.payload, { desk, wake });
  }
}

const mqtt =
  (settings: SettingsOf<'mqtt'>, secrets: Secrets, { occasion }: Pick<Desk, 'occasion'>): Connect =>
  (wake) => {
    const session = { clientId: settings.clientId!, isTrial: false };
    return connectMqtt(settings, secrets, { session, now: () => occasion().nowMs, wake });
  };

function kafka(settings: SettingsOf<'kafka'>, secrets: Secrets): Connect {
  let from: KafkaStart['from'] = 'committed';
  return async (wake) => {
    const start = { groupId: settings.groupId, from };
    from = 'committed';
    const consumer = await connectKafka(settings, secrets, { start, wake });
    return {
      take: () => consumer.take(),
      acknowledge: () => consumer.acknowledge(),
      close: () => consumer.close(),
      get failure() {
        if (consumer.failure instanceof OffsetGone) from = 'earliest';
        return consumer.failure;
      },
    };
  };
}

/** Lets a broker know what it need not keep any more for a source that was changed, or deleted. Throws SourceError. */
export async function forget(
  before: SourceSettings,
  after: SourceSettings | undefined,
  secrets: Secrets,
): Promise<void> {
  if (before.kind !== 'mqtt') return;
  const isSame = after?.kind === 'mqtt' && after.clientId === before.clientId && after.url === before.url;
  if (!isSame) return forgetSession(before, secrets);
  const gone = before.topics.filter((topic) => !after.topics.includes(topic));
  if (gone.length > 0) await forgetTopics(before, secrets, gone);
}

/** What it would bring. Throws SourceError. `id` tells its client apart from all others. */
export async function tryOnce(
  { settings, secrets }: Omit<Order, 'cursor'>,
  occasion: Occasion,
  id: string,
): Promise<Decoded> {
  switch (settings.kind) {
    case 'prometheus':
      return tryPrometheus(settings, secrets, occasion);
    case 'sql':
      return trySql(settings, secrets, occasion);
    case 'mqtt': {
      const session = { clientId: `bellwether-${id.slice(0, 12)}`, isTrial: true };
      const connect: Connect = (wake) =>
        connectMqtt(settings, secrets, { session, now: () => occasion.nowMs, wake });
      return decodeMessages(await listenOnce(connect), settings.payload, occasion.accept);
    }
    case 'kafka': {
      // In a group of its own: that of the source stands where it stood.
      const start = { groupId: `${settings.groupId}.test`, from: 'earliest' } as const;
      const connect: Connect = (wake) => connectKafka(settings, secrets, { start, wake });
      return decodeMessages(await listenOnce(connect), settings.payload, occasion.accept);
    }
  }
}

/** Why a trial that works may have brought nothing. */
export const NOTHING: Record<SourceSettings['kind'], string> = {
  prometheus:
    'It answers, and the query selects nothing in the newest 60 steps: correct it, or wait for data.',
  sql: 'It answers, and no row is newer than backfillMs ago with a value: correct the columns, or wait for data.',
  mqtt: 'It is connected, and no message came within 5 seconds: correct the topics, or wait for data.',
  kafka: 'It is connected, and no message came within 5 seconds: correct the topics, or wait for data.',
};
