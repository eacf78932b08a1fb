import { Inject, Injectable } from '@nestjs/common';
import { ChannelInput } from '@bellwether/contracts';
import { VaultService } from '../database/vault.service';
import { addressOf, partsOf, repeatHours, repeatSeconds, type Secrets } from './channel';
import { ChannelStore, type ChannelWrite, type StoredChannel } from './channel.store';

/** Where channels lie: their secrets sealed, and open only to be sent to. */
@Injectable()
export class SafeService {
  constructor(
    @Inject(ChannelStore) private readonly store: ChannelStore,
    @Inject(VaultService) private readonly vault: VaultService,
  ) {}

  /** Throws SecretUnusable. */
  async close(channel: ChannelInput): Promise<ChannelWrite> {
    const { kind } = channel;
    const { routing, settings, secrets, place } = partsOf(channel);
    const { repeatHours: _, ...told } = routing;
    return {
      ...{ kind, ...told, settings, place },
      repeatSeconds: repeatSeconds(channel),
      sealed: await this.vault.seal(secrets, addressOf(kind, settings)),
      secretNames: Object.keys(secrets) as ChannelWrite['secretNames'],
    };
  }

  /** Throws SecretUnusable. */
  async open(channel: StoredChannel): Promise<ChannelInput> {
    return ChannelInput.parse({ ...seen(channel), ...(await this.secretsOf(channel)) });
  }

  /** Throws SecretUnusable. */
  async secretsOf({ kind, settings, sealed, plainUrl }: StoredChannel): Promise<Secrets> {
    if (plainUrl !== null) return { url: plainUrl };
    return this.vault.open<Required<Secrets>>(sealed, addressOf(kind, settings));
  }

  /** Seals the addresses of webhooks that were added before addresses were. Throws SecretUnusable. */
  async closePlain(): Promise<void> {
    for (const channel of await this.store.plain())
      await this.store.change(channel.id, await this.close(await this.open(channel)));
  }
}

/** A channel as far as it can be read without the key. */
export function seen({ kind, name, isEnabled, selector, ...channel }: StoredChannel) {
  const { leastSeverity, groupWaitSeconds, sendResolved, settings } = channel;
  return {
    ...{ kind, name, isEnabled, selector, leastSeverity, groupWaitSeconds, sendResolved, ...settings },
    repeatHours: repeatHours(kind, channel.repeatSeconds),
  };
}
