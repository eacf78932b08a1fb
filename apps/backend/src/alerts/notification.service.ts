import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { Database, DatabaseAway } from '../database/database';
import { SecretUnusable } from '../database/secret';
import { heldBy } from '../silences/held.store';
import { AlertStore } from './alert.store';
import { ChannelStore, type StoredChannel } from './channel.store';
import type { Message } from './channels/message';
import type { Member } from './grouping';
import { IncidentStore } from './incident.store';
import { baseUrlOf, chosen, decide, isFor, messageOf, type Outcome, toldOf } from './notification';
import { type Claimed, NotificationStore } from './notification.store';
import { PictureService } from './picture.service';
import { SafeService } from './safe.service';
import { send } from './send';
import { VerdictLinkService } from './verdict-link.service';
import type { ToldIncident } from '@bellwether/contracts';

/** Longer than any attempt takes, so that a notification never has two senders. */
export const LEASE_MS = 60_000;
/** How long a shutdown waits for what is on its way. */
const GRACE_MS = 2_000;
/** Alerts that one message tells of. */
const MOST_TOLD = 10;

/** Empties the outbox: one sender for each channel, so that a slow receiver delays nobody else. */
@Injectable()
export class NotificationService implements BeforeApplicationShutdown, OnApplicationBootstrap {
  private readonly logger = new Logger('alerts');
  private readonly senders = new Map<number, Promise<void>>();
  private readonly interruption = new AbortController();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(NotificationStore) private readonly outbox: NotificationStore,
    @Inject(IncidentStore) private readonly incidents: IncidentStore,
    @Inject(AlertStore) private readonly alerts: AlertStore,
    @Inject(ChannelStore) private readonly channels: ChannelStore,
    @Inject(SafeService) private readonly safe: SafeService,
    @Inject(PictureService) private readonly pictures: PictureService,
    @Inject(VerdictLinkService) private readonly links: VerdictLinkService,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  /** Addresses that were kept as they are until now. */
  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.safe.closePlain();
    } catch (error) {
      if (error instanceof DatabaseAway) return;
      if (!(error instanceof SecretUnusable)) throw error;
      this.logger.warn(`The addresses of some channels stay unencrypted: ${error.message}`);
    }
  }

  /**
   * Takes what is due and starts to send it; resolves once all of it is on its way, not when it has arrived. `random` gives
   * numbers in [0, 1) that spread the retries. Fails with DatabaseAway when the outbox cannot be reached.
   */
  async deliver(random: () => number): Promise<void> {
    if (this.interruption.signal.aborted) return;
    await this.outbox.remind(new Date(this.now()));
    for (const first of await this.claim({ busy: [...this.senders.keys()] })) {
      const { channelId } = first;
      this.senders.set(
        channelId,
        this.empty(first, random).finally(() => this.senders.delete(channelId)),
      );
    }
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    while (this.senders.size > 0) await Promise.all(this.senders.values());
  }

  /** What is cut off here stays in the outbox and is sent again, with the same id, when its lease is over. */
  async beforeApplicationShutdown(): Promise<void> {
    const grace = setTimeout(() => this.interruption.abort(), GRACE_MS);
    await this.idle();
    clearTimeout(grace);
    this.interruption.abort();
  }

  private claim(of: { busy?: number[]; channelId?: number }): Promise<Claimed[]> {
    const nowMs = this.now();
    return this.outbox.claim({ now: new Date(nowMs), leaseUntil: new Date(nowMs + LEASE_MS), ...of });
  }

  /** Sends what is due to one channel, one after the other. */
  private async empty(first: Claimed, random: () => number): Promise<void> {
    let claimed: Claimed | undefined = first;
    try {
      while (claimed) {
        await this.send(claimed, random);
        if (this.interruption.signal.aborted) return;
        const { channelId }: Claimed = claimed;
        claimed = (await this.claim({ channelId }))[0];
      }
    } catch (error) {
      this.report(error, claimed ?? first);
    }
  }

  private async send(claimed: Claimed, random: () => number): Promise<void> {
    const channel = await this.channels.stored(claimed.channelId);
    const incident = channel && (await this.told(claimed, channel));
    // Gone since it was claimed: its channel, or all of its series.
    if (!channel || !incident?.alerts[0]) return this.outbox.drop(claimed.id);
    const baseUrl = baseUrlOf(this.config);
    const verdictLink = await this.links.make(incident.alerts[0].id, baseUrl);
    const message = messageOf(claimed, incident, { baseUrl, verdictLink, nowMs: this.now() });
    const outcome = await this.attempt(channel, message);
    if (!outcome.delivered && this.interruption.signal.aborted) return;
    await this.settle({ ...claimed, place: channel.place }, outcome, random);
  }

  /** The incident as this channel is told of it. An Alertmanager knows alerts one by one, so it gets those that it asked for alone. */
  private async told(
    { incidentId, event }: Claimed,
    channel: StoredChannel,
  ): Promise<ToldIncident | undefined> {
    const record = await this.incidents.byId(incidentId);
    if (!record) return undefined;
    const all = await this.incidents.members(incidentId);
    const wanted = channel.kind === 'alertmanager' ? all.filter((one) => isFor(channel, one)) : [];
    const members = chosen(wanted.length > 0 ? wanted : all, { event, isSilenced: await this.silenced(all) });
    const ids = members.slice(0, MOST_TOLD).map(({ id }) => id);
    const alerts = new Map((await this.alerts.byIds(ids)).map((alert) => [alert.id, alert]));
    const { id, title, severity, mergedInto, reasons } = record;
    const span = { startsAt: record.startsAt.toISOString(), endsAt: record.endsAt?.toISOString() ?? null };
    const shown = ids.flatMap((one) => alerts.get(one) ?? []);
    return toldOf({ ...{ id, title, severity, mergedInto, reasons }, ...span }, members, shown);
  }

  private async silenced(members: readonly Member[]): Promise<(member: Member) => boolean> {
    const series = members.map(({ seriesId, name, labels }) => ({ id: seriesId, name, labels }));
    const holds = await heldBy(this.database, series, new Date(this.now()));
    return ({ seriesId }) => holds.has(seriesId);
  }

  private async attempt(channel: StoredChannel, message: Message): Promise<Outcome> {
    try {
      const { signal } = this.interruption;
      const picture =
        channel.kind === 'email' && message.alert ? await this.pictures.of(message.alert) : null;
      return await send(await this.safe.open(channel), message, { signal, picture });
    } catch (error) {
      if (error instanceof SecretUnusable) return { delivered: false, detail: error.message };
      throw error;
    }
  }

  private async settle(
    { id, failures, event, place }: Claimed & { place: string },
    outcome: Outcome,
    random: () => number,
  ): Promise<void> {
    const nowMs = this.now();
    const fate = decide(outcome, failures + 1, random());
    if (fate.kind === 'delivered') return this.outbox.delivered(id, new Date(nowMs));
    if (fate.kind === 'retry') return this.outbox.retry(id, new Date(nowMs + fate.afterMs), outcome.detail);
    this.logger.error(
      { notification: id, event, place, failures: failures + 1 },
      `A notification was given up: ${outcome.detail} Check its channel in the settings.`,
    );
    return this.outbox.failed(id, new Date(nowMs), outcome.detail);
  }

  private report(error: unknown, { id, channelId }: Claimed): void {
    // The lease brings it back when the database is there again.
    if (error instanceof DatabaseAway) return;
    this.logger.error({ err: error, notification: id, channel: channelId }, 'a notification was not sent');
  }
}
