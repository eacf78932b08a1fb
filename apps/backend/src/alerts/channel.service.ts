import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  type Alert,
  type Channel,
  type ChannelChange,
  ChannelInput,
  type ChannelTest,
  type Notification,
  type NotificationQuery,
} from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { SecretUnusable } from '../database/secret';
import { BadInput, Conflict, NotFound } from '../http/problem';
import { ZodPipe } from '../http/zod.pipe';
import { AlertStore } from './alert.store';
import { halvesOf, repeatHours, repeatSeconds, strayed } from './channel';
import { type ChannelRecord, ChannelStore, type ChannelWrite } from './channel.store';
import { baseUrlOf, messageOf } from './notification';
import { type Listed, NotificationStore } from './notification.store';
import { SafeService, seen } from './safe.service';
import { send } from './send';

const MOST_CHANNELS = 50;

/** What a person does with channels; sending what there is to tell is the notification service's. */
@Injectable()
export class ChannelService {
  constructor(
    @Inject(ChannelStore) private readonly store: ChannelStore,
    @Inject(NotificationStore) private readonly outbox: NotificationStore,
    @Inject(AlertStore) private readonly alerts: AlertStore,
    @Inject(SafeService) private readonly safe: SafeService,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  async list(): Promise<Channel[]> {
    return (await this.store.all()).map(shown);
  }

  async read(id: number): Promise<Channel> {
    return shown(await this.find(id));
  }

  async add(input: ChannelInput): Promise<Channel> {
    const id = await this.store.add(await this.closed(input), MOST_CHANNELS);
    if (id === undefined)
      throw new Conflict(`There are ${MOST_CHANNELS} channels already: delete one to make room.`);
    return this.read(id);
  }

  async change(id: number, change: ChannelChange): Promise<Channel> {
    const before = await this.find(id);
    const { routing, details } = halvesOf(change);
    const after =
      Object.keys(details).length > 0 || before.plainUrl !== null
        ? await this.reached(before, details)
        : before;
    const seconds = routing.repeatHours;
    const write = {
      ...after,
      ...routing,
      ...(seconds === undefined
        ? {}
        : { repeatSeconds: repeatSeconds({ kind: before.kind, repeatHours: seconds }) }),
    };
    if (!(await this.store.change(id, write))) throw new NotFound('channel', id);
    return this.read(id);
  }

  async remove(id: number): Promise<void> {
    if (!(await this.store.remove(id))) throw new NotFound('channel', id);
  }

  /** Sends a test right now, once. */
  async test(id: number): Promise<ChannelTest> {
    const channel = await this.find(id);
    const test = randomUUID();
    const context = { baseUrl: baseUrlOf(this.config), verdictLink: null, nowMs: this.now() };
    const message = messageOf(
      { id: test, event: 'test', episode: 0, repetition: 0, thread: test },
      null,
      context,
    );
    try {
      const { delivered, detail } = await send(await this.safe.open(channel), message);
      return { delivered, detail };
    } catch (error) {
      if (error instanceof SecretUnusable) return { delivered: false, detail: error.message };
      throw error;
    }
  }

  async notifications(
    id: number,
    query: NotificationQuery,
  ): Promise<{ notifications: Notification[]; total: number }> {
    await this.find(id);
    const { listed, total } = await this.outbox.list(id, query);
    const alerts = await this.alerts.byIds([...new Set(listed.flatMap(({ alertId }) => alertId ?? []))]);
    const byId = new Map(alerts.map((alert) => [alert.id, alert]));
    const notifications = listed.flatMap((one) => told(one, byId.get(one.alertId ?? 0)) ?? []);
    return { notifications, total };
  }

  /** Lets one that was given up be tried again, with the id it had. */
  async again(id: number, notificationId: string): Promise<void> {
    await this.find(id);
    const fate = await this.outbox.again(id, notificationId, new Date(this.now()));
    if (fate === 'unknown') throw new NotFound('notification', notificationId);
    if (fate === 'not failed')
      throw new Conflict('It is not given up: it was delivered, or it waits to be sent by itself.');
    if (fate === 'over')
      throw new Conflict(
        'Its incident went on, and the channel was told of that: sent now it would say the opposite.',
      );
  }

  private async find(id: number): Promise<ChannelRecord> {
    const channel = await this.store.byId(id);
    if (!channel) throw new NotFound('channel', id);
    return channel;
  }

  /** The channel with these settings and secrets changed, and the others as they were. */
  private async reached(before: ChannelRecord, details: ChannelChange): Promise<ChannelWrite> {
    const known = await this.opened(before, details);
    const merged = { ...known, ...details };
    const stray = strayed(before.kind, known, details);
    if (stray)
      throw new BadInput(
        `${stray}: with another address it has to be given again, or removed: what is kept goes nowhere else.`,
      );
    return this.closed(new ZodPipe(ChannelInput).transform(merged));
  }

  /** A secret that is given anew need not be readable: the key may be lost. */
  private async opened(before: ChannelRecord, details: ChannelChange) {
    const isAllGiven = secretNamesOf(before).every((name) => details[name] !== undefined);
    try {
      return { ...seen(before), ...(isAllGiven ? {} : await this.safe.secretsOf(before)) };
    } catch (error) {
      if (error instanceof SecretUnusable) throw new Conflict(error.message);
      throw error;
    }
  }

  private async closed(input: ChannelInput): Promise<ChannelWrite> {
    try {
      return await this.safe.close(input);
    } catch (error) {
      if (error instanceof SecretUnusable) throw new Conflict(error.message);
      throw error;
    }
  }
}

const secretNamesOf = ({ plainUrl, secretNames }: ChannelRecord): Channel['secretsSet'] =>
  plainUrl === null ? secretNames : ['url'];

function shown(channel: ChannelRecord): Channel {
  const { id, kind, name, isEnabled, selector, settings, place } = channel;
  const { leastSeverity, groupWaitSeconds, sendResolved, waiting, delivered, failed, lastError } = channel;
  return {
    ...{
      id,
      kind,
      name,
      isEnabled,
      selector,
      leastSeverity,
      groupWaitSeconds,
      sendResolved,
      settings,
      place,
    },
    repeatHours: repeatHours(kind, channel.repeatSeconds),
    secretsSet: secretNamesOf(channel),
    createdAt: channel.createdAt.toISOString(),
    ...{ waiting, delivered, failed, lastError },
    lastDeliveredAt: channel.lastDeliveredAt?.toISOString() ?? null,
  };
}

/** Nothing where the alerts went with their series. */
function told(listed: Listed, alert: Alert | undefined): Notification | undefined {
  if (!alert) return undefined;
  const { id, event, incidentId, title, episode, repetition, attempts, lastError } = listed;
  const { createdAt, nextAttemptAt, deliveredAt, failedAt } = listed;
  const state = deliveredAt ? 'delivered' : failedAt ? 'failed' : 'waiting';
  return {
    ...{ id, event, incidentId, title, episode, repetition, state, attempts, lastError, alert },
    createdAt: createdAt.toISOString(),
    nextAttemptAt: state === 'waiting' ? nextAttemptAt.toISOString() : null,
    deliveredAt: deliveredAt?.toISOString() ?? null,
    failedAt: failedAt?.toISOString() ?? null,
  };
}
