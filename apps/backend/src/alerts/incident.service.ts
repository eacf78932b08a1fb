import { Inject, Injectable } from '@nestjs/common';
import type { Queries } from '../database/database';
import { NotificationStore } from './notification.store';

/** What happened to alerts in a transaction. */
export interface AlertChanges {
  /** Alerts that are news: new ones, and those that were history until now. */
  fired: readonly number[];
  /** Every alert that is stored and changed, those of `fired` among them. */
  touched: readonly number[];
}

/** Makes incidents of alerts, and writes whom to notify, in the transaction that changed the alerts. */
@Injectable()
export class IncidentService {
  constructor(@Inject(NotificationStore) private readonly outbox: NotificationStore) {}

  async follow(queries: Queries, { fired, touched }: AlertChanges, now: Date): Promise<void> {
    if (fired.length > 0) await this.outbox.fire(queries, fired, now);
    if (touched.length > 0) await this.outbox.resolve(queries, touched, now);
  }
}
