/** The outbox as the processes put it together, on a database, a configuration and a clock of the test's own. */
import { AlertStore } from '../../apps/backend/src/alerts/alert.store';
import { ChannelService } from '../../apps/backend/src/alerts/channel.service';
import { ChannelStore } from '../../apps/backend/src/alerts/channel.store';
import { ChartStore } from '../../apps/backend/src/alerts/chart.store';
import { GroupingStore } from '../../apps/backend/src/alerts/grouping.store';
import { IncidentDeskService } from '../../apps/backend/src/alerts/incident-desk.service';
import { type AlertChanges, IncidentService } from '../../apps/backend/src/alerts/incident.service';
import { IncidentStore } from '../../apps/backend/src/alerts/incident.store';
import { NotificationService } from '../../apps/backend/src/alerts/notification.service';
import { NotificationStore } from '../../apps/backend/src/alerts/notification.store';
import { OutboxStore } from '../../apps/backend/src/alerts/outbox.store';
import { PictureService } from '../../apps/backend/src/alerts/picture.service';
import { RelatedStore } from '../../apps/backend/src/alerts/related.store';
import { SafeService } from '../../apps/backend/src/alerts/safe.service';
import type { Config } from '../../apps/backend/src/config';
import type { Database } from '../../apps/backend/src/database/database';
import { VerdictLinkService } from '../../apps/backend/src/alerts/verdict-link.service';
import { VaultService } from '../../apps/backend/src/database/vault.service';

const middle = () => 0.5;

export interface Foundation {
  database: Database;
  config: Config;
  clock: () => number;
}

const partsOf = ({ database, config }: Foundation) => ({
  outbox: new NotificationStore(database),
  alerts: new AlertStore(database),
  channels: new ChannelStore(database),
  safe: new SafeService(new ChannelStore(database), new VaultService(config)),
});

export function newSender(foundation: Foundation): NotificationService {
  const { outbox, alerts, channels, safe } = partsOf(foundation);
  const pictures = new PictureService(new ChartStore(foundation.database));
  return new NotificationService(
    foundation.database,
    outbox,
    new IncidentStore(foundation.database),
    alerts,
    channels,
    safe,
    pictures,
    new VerdictLinkService(foundation.clock, new VaultService(foundation.config)),
    foundation.config,
    foundation.clock,
  );
}

export function newChannels(foundation: Foundation): ChannelService {
  const { outbox, alerts, channels, safe } = partsOf(foundation);
  return new ChannelService(channels, outbox, alerts, safe, foundation.config, foundation.clock);
}

export const newIncidents = (database: Database): IncidentService =>
  new IncidentService(database, new GroupingStore(), new RelatedStore(database), new OutboxStore());

export function newDesk({ database, clock }: Foundation): IncidentDeskService {
  const [incidents, alerts] = [new IncidentStore(database), new AlertStore(database)];
  const outbox = new NotificationStore(database);
  return new IncidentDeskService(clock, database, incidents, alerts, new GroupingStore(), outbox);
}

/** Tells incidents, in a transaction of its own, what happened to alerts. */
export const follow = (database: Database, changes: AlertChanges, now: Date): Promise<void> =>
  database.transaction((queries) => newIncidents(database).follow(queries, changes, now));

/** Lets a sender look into the outbox and waits until all it took is settled. */
export async function deliver(sender: NotificationService): Promise<void> {
  await sender.deliver(middle);
  await sender.idle();
}

/** Writes an alert that lasts a minute, or fires, and whom to notify of it. */
export async function writeAlert(
  database: Database,
  { seriesId, startsAt, isOver, now }: { seriesId: number; startsAt: Date; isOver: boolean; now: Date },
): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
     VALUES ($1, $2, $3, $2, 1, 9, 0.5, 3) RETURNING id`,
    [seriesId, startsAt, isOver ? new Date(startsAt.getTime() + 60_000) : null],
  );
  const id = rows[0]!.id;
  await follow(database, { fired: [id], touched: [id] }, now);
  return id;
}

/** Ends an alert, and tells who was told of it. */
export async function endAlert(database: Database, id: number, now: Date, endsAt = now): Promise<void> {
  await database.transaction(async (queries) => {
    await queries.query('UPDATE alert a SET ends_at = $2 WHERE a.id = $1', [id, endsAt]);
    await newIncidents(database).follow(queries, { fired: [], touched: [id] }, now);
  });
}

export async function writeSeries(
  database: Database,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO series (name, labels, unit, period_ms)
     VALUES ($1, $2::jsonb || jsonb_build_object('id', gen_random_uuid()), 'ms', 60000) RETURNING id`,
    [name, labels],
  );
  return rows[0]!.id;
}
