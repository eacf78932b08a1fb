import { Inject, Injectable } from '@nestjs/common';
import { Database, type Queries } from '../database/database';
import { by, components, type Grouping, type Knowledge, type Member, meet, regroup } from './grouping';
import type { Together } from './grouping';
import { GroupingStore, type StoredIncident } from './grouping.store';
import { summaryOf } from './incident';
import { type Change, changesOf, isReopened, type Numbered, story } from './incident.story';
import { OutboxStore } from './outbox.store';
import { companions, rarer, tells, windowMs } from './related';
import { RelatedStore } from './related.store';

/** What happened to alerts in a transaction. */
export interface AlertChanges {
  /** Alerts that are news: new ones, and those that were history until now. */
  fired: readonly number[];
  /** Every alert that is stored and changed, those of `fired` among them. */
  touched: readonly number[];
  /** Incidents that lost an alert which was removed. */
  bereft?: readonly number[];
}

/** Changed alerts that are looked at together; more are looked at one part after the other, which ends the same. */
const MOST_CHANGED = 100;
/** An incident of so many alerts is full: what would join it begins another one. */
export const MOST_ALERTS = 500;
/** Alerts of all incidents that one change may join or divide; incidents beyond stay as they are. */
const MOST_LOADED = 2_000;

/** What may change in one step, and all that is known of it. */
interface Scope {
  members: Member[];
  knowledge: Knowledge;
  /** Incidents that may be joined and divided. */
  free: number[];
  /** Incidents of changed alerts that may not. */
  full: number[];
  stored: Map<number, StoredIncident>;
}

/** Makes incidents of alerts, and writes whom to notify, in the transaction that changed the alerts. */
@Injectable()
export class IncidentService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(GroupingStore) private readonly store: GroupingStore,
    @Inject(RelatedStore) private readonly related: RelatedStore,
    @Inject(OutboxStore) private readonly outbox: OutboxStore,
  ) {}

  async follow(queries: Queries, { fired, touched, bereft = [] }: AlertChanges, now: Date): Promise<void> {
    const changed = [...new Set([...touched, ...fired])];
    if (changed.length === 0 && bereft.length === 0) return;
    await this.store.lock(queries);
    for (let at = 0; at === 0 || at < changed.length; at += MOST_CHANGED) {
      const part = changed.slice(at, at + MOST_CHANGED);
      const scope = await this.scope(queries, part, at === 0 ? bereft : []);
      await this.write(queries, scope, { news: new Set(fired), now });
    }
  }

  /** Looks after incidents whose alerts went with their series. */
  async sweep(now: Date): Promise<void> {
    const bereft = await this.store.orphaned(this.database);
    if (bereft.length === 0) return;
    await this.database.transaction((queries) =>
      this.follow(queries, { fired: [], touched: [], bereft }, now),
    );
  }

  /** The changed alerts, those of every incident that they were in or may be linked with, and of `bereft`. */
  private async scope(queries: Queries, ids: number[], bereft: readonly number[]): Promise<Scope> {
    const changed = ids.length > 0 ? await this.store.members(queries, ids) : [];
    const { linked, shared } =
      changed.length > 0 ? await this.reach(queries, changed) : { linked: [], shared: [] };
    const loose = [...changed, ...linked];
    const incidentIds = [...new Set([...bereft, ...loose.flatMap(({ incidentId }) => incidentId ?? [])])];
    const stored =
      incidentIds.length > 0 ? await this.store.stored(queries, incidentIds) : new Map<number, never>();
    const free = fitting(incidentIds, stored);
    const own = free.size > 0 ? await this.store.ofIncidents(queries, [...free]) : [];
    const members = [...own, ...loose.filter(({ incidentId }) => incidentId === null)];
    const stuck = changed.flatMap(({ incidentId }) =>
      incidentId === null || free.has(incidentId) ? [] : incidentId,
    );
    return {
      ...{ members, stored, free: [...free], full: [...new Set(stuck)] },
      knowledge: await this.knowledge(queries, members, { of: changed, shared }),
    };
  }

  /** Other alerts that changed ones may be linked with, and what labels say of the series of these. */
  private async reach(queries: Queries, changed: Member[]) {
    const shared = await this.related.shared(queries, seriesOf(changed));
    const asked = changed.map(({ seriesId, startsMs, periodMs }) => ({
      seriesId,
      before: new Date(startsMs - windowMs(periodMs)),
    }));
    const often = (await this.related.pasts(queries, asked)).map(companions);
    const seriesIds = [
      ...seriesOf(changed),
      ...shared.filter(tells).flatMap((one) => one.seriesIds),
      ...often.flat().map(({ seriesId }) => seriesId),
    ];
    const near = await this.store.near(queries, changed, [...new Set(seriesIds)]);
    const all = [...changed, ...near];
    const together = changed.flatMap((member, at) => {
      const met = new Map(often[at]!.map((past) => [past.seriesId, rarer(past)]));
      return all.flatMap((other): Together[] => {
        const times = met.get(other.seriesId);
        return times && meet(member, other) ? [{ a: member.id, b: other.id, ...times }] : [];
      });
    });
    if (together.length > 0) await this.store.remember(queries, together);
    const isChanged = new Set(changed.map(({ id }) => id));
    const linked = components(all, { shared, together })
      .filter(({ members }) => members.some(({ id }) => isChanged.has(id)))
      .flatMap(({ members }) => members.filter(({ id }) => !isChanged.has(id)));
    return { linked, shared };
  }

  /** What relates the series of these alerts; `shared` is known already, and all there is of the series `of` some. */
  private async knowledge(
    queries: Queries,
    members: readonly Member[],
    { of, shared }: { of: readonly Member[]; shared: Knowledge['shared'] },
  ): Promise<Knowledge> {
    if (members.length < 2) return { shared, together: [] };
    const known = new Set(seriesOf(of));
    const others = seriesOf(members).filter((id) => !known.has(id));
    const more = others.length > 1 ? await this.related.shared(queries, others) : [];
    const each = new Map([...shared, ...more].map((one) => [JSON.stringify([one.key, one.value]), one]));
    const ids = members.map(({ id }) => id);
    return { shared: [...each.values()], together: await this.store.together(queries, ids) };
  }

  private async write(
    queries: Queries,
    { members, knowledge, free, full, stored }: Scope,
    { news, now }: { news: ReadonlySet<number>; now: Date },
  ): Promise<void> {
    const grouping = await this.numbered(queries, regroup(members, knowledge, free));
    const changes = [...changesOf(grouping, stored), ...(await this.refreshed(queries, full, stored))];
    await this.store.write(
      queries,
      changes.map(({ id, before, after }) => ({ id, isReopened: isReopened(before, after), ...after })),
    );
    const moves = changes.flatMap(({ id, members: ones }) =>
      ones.flatMap((one) => (one.incidentId === id ? [] : [{ alertId: one.id, incidentId: id }])),
    );
    if (moves.length > 0) await this.store.assign(queries, moves);
    const events = changes.flatMap((change) =>
      story(change).map((one) => ({ incidentId: change.id, ...one })),
    );
    if (events.length > 0) await this.store.tell(queries, events, now);
    await this.close(queries, grouping, now);
    await this.tell(queries, changes, { news, now });
  }

  /** New incidents get their numbers. */
  private async numbered(queries: Queries, { groups, ...rest }: Grouping): Promise<Numbered> {
    const count = groups.filter(({ incidentId }) => incidentId === null).length;
    const numbers = count > 0 ? await this.store.numbers(queries, count) : [];
    return {
      ...rest,
      groups: groups.map((group) => ({ ...group, incidentId: group.incidentId ?? numbers.shift()! })),
    };
  }

  /** Incidents that are full keep their alerts; what became of these is said. */
  private async refreshed(
    queries: Queries,
    ids: readonly number[],
    stored: Map<number, StoredIncident>,
  ): Promise<Change[]> {
    if (ids.length === 0) return [];
    const members = by(await this.store.ofIncidents(queries, ids), ({ incidentId }) => incidentId!);
    return [...members].map(([id, ones]) => ({
      ...{ id, before: stored.get(id)!, members: ones, merged: [], taken: [], left: [] },
      after: { ...summaryOf({ members: ones, reasons: [] }), reasons: stored.get(id)!.reasons },
    }));
  }

  /** Incidents that are a part of others now, or of which nothing is left. */
  private async close(queries: Queries, { groups, merged, emptied }: Numbered, now: Date): Promise<void> {
    for (const { incidentId, into } of merged) {
      const target = groups[into]!.incidentId;
      await this.store.merge(queries, incidentId, target, now);
      await this.outbox.merge(queries, { from: incidentId, into: target }, now);
      const detail = `Became a part of incident ${target}.`;
      await this.store.tell(queries, [{ incidentId, kind: 'merged', detail }], now);
    }
    if (emptied.length > 0) await this.store.remove(queries, emptied);
  }

  /** Whoever is to know of it: of news, and of what fires in an incident that began again or has alerts of another. */
  private async tell(
    queries: Queries,
    changes: readonly Change[],
    { news, now }: { news: ReadonlySet<number>; now: Date },
  ): Promise<void> {
    if (changes.length === 0) return;
    const begun = changes.flatMap((change) => {
      const isBegun =
        isReopened(change.before, change.after) || change.taken.length + change.merged.length > 0;
      return change.members.filter(
        ({ id, endsMs, isHistory }) => news.has(id) || (isBegun && endsMs === null && !isHistory),
      );
    });
    const told = {
      incidentIds: changes.map(({ id }) => id),
      alertIds: begun.map(({ id }) => id),
      reopenedIds: changes
        .filter(({ before, after, merged }) => isReopened(before, after) && merged.length === 0)
        .map(({ id }) => id),
      hasMoved: changes.some(({ left }) => left.length > 0),
    };
    await this.outbox.follow(queries, told, now);
  }
}

const seriesOf = (members: readonly Member[]): number[] => [
  ...new Set(members.map(({ seriesId }) => seriesId)),
];

/** The incidents that may be joined or divided: those that are not full, as many as can be looked at. */
function fitting(ids: readonly number[], stored: ReadonlyMap<number, StoredIncident>): Set<number> {
  let room = MOST_LOADED;
  return new Set(
    ids.filter((id) => {
      const count = stored.get(id)?.alertCount ?? 0;
      const fits = count < MOST_ALERTS && count <= room;
      if (fits) room -= count;
      return fits;
    }),
  );
}
