import { Inject, Injectable } from '@nestjs/common';
import type { Alert, Incident, IncidentDetail, IncidentEvent, IncidentQuery } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { Database } from '../database/database';
import { publish } from '../database/live';
import { Conflict, NotFound } from '../http/problem';
import { heldBy, holdOfAll } from '../silences/held.store';
import { AlertStore } from './alert.store';
import { by } from './grouping';
import { GroupingStore } from './grouping.store';
import { type IncidentRecord, IncidentStore } from './incident.store';
import { NotificationStore } from './notification.store';

/** What a person sees of incidents, and does about them. */
@Injectable()
export class IncidentDeskService {
  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(Database) private readonly database: Database,
    @Inject(IncidentStore) private readonly store: IncidentStore,
    @Inject(AlertStore) private readonly alerts: AlertStore,
    @Inject(GroupingStore) private readonly stories: GroupingStore,
    @Inject(NotificationStore) private readonly outbox: NotificationStore,
  ) {}

  async list(query: IncidentQuery): Promise<{ incidents: Incident[]; total: number }> {
    const { records, total } = await this.store.list(query);
    return { incidents: await this.shown(records), total };
  }

  async read(id: number): Promise<IncidentDetail> {
    const [[incident], trail] = await Promise.all([
      this.find(id).then((record) => this.shown([record])),
      this.store.trail(id),
    ]);
    return { ...incident!, trail };
  }

  /** Nobody is reminded of it any more. */
  async acknowledge(id: number, by?: string): Promise<Incident> {
    const record = await this.find(id);
    if (record.mergedInto !== null)
      throw new Conflict(`It is a part of incident ${record.mergedInto} now: acknowledge that one.`);
    if (record.endsAt !== null) throw new Conflict('It is over: there is nothing to acknowledge.');
    if (await this.store.acknowledge(id, new Date(this.now()))) {
      await this.outbox.quieten(id);
      await this.tell(id, 'acknowledged', `Acknowledged${by === undefined ? '' : ` by ${by}`}.`);
    }
    return this.current(id);
  }

  /** Reminders go on. */
  async takeBack(id: number): Promise<Incident> {
    await this.find(id);
    if (await this.store.takeBack(id)) await this.tell(id, 'unacknowledged', 'No longer acknowledged.');
    return this.current(id);
  }

  private async tell(incidentId: number, kind: IncidentEvent['kind'], detail: string): Promise<void> {
    await this.stories.tell(this.database, [{ incidentId, kind, detail }], new Date(this.now()));
    const members = await this.store.members(incidentId);
    const seriesIds = [...new Set(members.map(({ seriesId }) => seriesId))];
    await publish(this.database, { type: 'alerts', seriesIds });
  }

  private async find(id: number): Promise<IncidentRecord> {
    const record = await this.store.byId(id);
    if (!record) throw new NotFound('incident', id);
    return record;
  }

  private async current(id: number): Promise<Incident> {
    const [incident] = await this.shown([await this.find(id)]);
    return incident!;
  }

  private async shown(records: readonly IncidentRecord[]): Promise<Incident[]> {
    const ids = records.map(({ id }) => id);
    const chosen = await this.store.shown(ids);
    const alerts = await this.alerts.byIds([...chosen.values()].flat());
    const byId = new Map(alerts.map((alert) => [alert.id, alert]));
    const silenced = await this.silenced(records.filter(({ endsAt }) => endsAt === null).map(({ id }) => id));
    return records.map((record) => {
      const own = (chosen.get(record.id) ?? []).flatMap((id) => byId.get(id) ?? []);
      return incidentOf(record, own, silenced.get(record.id) ?? null);
    });
  }

  /** Until when (ms) at least all that fires in each of these is silenced. */
  private async silenced(incidentIds: readonly number[]): Promise<Map<number, number>> {
    const firing = incidentIds.length > 0 ? await this.store.firing(incidentIds) : [];
    const holds = await heldBy(this.database, firing, new Date(this.now()));
    if (holds.size === 0) return new Map();
    return new Map(
      [...by(firing, ({ incidentId }) => incidentId)].flatMap(([incidentId, series]) => {
        const hold = holdOfAll(series, holds);
        return hold ? [[incidentId, hold.untilMs] as const] : [];
      }),
    );
  }
}

function incidentOf(record: IncidentRecord, alerts: Alert[], silencedUntilMs: number | null): Incident {
  const { id, severity, isHistory, reopenings, mergedInto, title, reasons, alertCount, seriesCount } = record;
  const { startsAt, endsAt, acknowledgedAt } = record;
  const state = endsAt !== null ? 'resolved' : acknowledgedAt !== null ? 'acknowledged' : 'open';
  return {
    ...{
      id,
      state,
      severity,
      isHistory,
      reopenings,
      mergedInto,
      title,
      reasons,
      alerts,
      alertCount,
      seriesCount,
    },
    startsAt: startsAt.toISOString(),
    endsAt: endsAt?.toISOString() ?? null,
    acknowledgedAt: acknowledgedAt?.toISOString() ?? null,
    silencedUntil: silencedUntilMs === null ? null : new Date(silencedUntilMs).toISOString(),
  };
}
