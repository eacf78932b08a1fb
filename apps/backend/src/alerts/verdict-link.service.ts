import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../clock';
import { SecretUnusable } from '../database/secret';
import { VaultService } from '../database/vault.service';
import { RequestError } from '../http/problem';
import { claimText, expiryOf, isSame, type LinkClaim, linkOf, PURPOSE, readLink } from './verdict-link';

/** Makes and opens the links of notifications. */
@Injectable()
export class VerdictLinkService {
  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(VaultService) private readonly vault: VaultService,
  ) {}

  /** Null where nobody knows the dashboard's address, or the key cannot be read: a notification goes out without a link, too. */
  async make(alertId: number, baseUrl: string | null): Promise<string | null> {
    if (baseUrl === null) return null;
    const claim = claimText({ alertId, expiresAtMs: expiryOf(this.now()) });
    try {
      return linkOf(baseUrl, `${claim}.${await this.vault.sign(claim, PURPOSE)}`);
    } catch (error) {
      if (error instanceof SecretUnusable) return null;
      throw error;
    }
  }

  /** Throws a 403 for what was not made here, or has expired. */
  async open(token: string): Promise<LinkClaim> {
    const link = readLink(token);
    const isOurs = link && isSame(await this.vault.sign(claimText(link.claim), PURPOSE), link.signature);
    if (!isOurs) throw new RequestError(403, 'This link was not made here, or was cut off: open it anew.');
    if (link.claim.expiresAtMs <= this.now())
      throw new RequestError(403, 'This link has expired: find the alert on the page of alerts.');
    return link.claim;
  }
}
