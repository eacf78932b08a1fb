/**
 * Grouping: which alerts belong together. Two alerts are linked when they meet in time and are of one series or of related ones; an
 * incident is what hangs together by links. That is a property of the alerts alone, so the order in which they came is none of it.
 *
 * Alerts meet when their stretches overlap, each prolonged by the window of its series: what goes on within it is one story.
 */
import type { AlertKind, Labels, Severity } from '@bellwether/contracts';
import { type Shared, tells, windowMs } from './related';

export interface Member {
  id: number;
  kind: AlertKind;
  severity: Severity;
  seriesId: number;
  name: string;
  labels: Labels;
  periodMs: number | null;
  startsMs: number;
  /** Null: it is firing. */
  endsMs: number | null;
  isHistory: boolean;
  /** Of the strangest sample; of other kinds than anomalies null. */
  score: number | null;
  incidentId: number | null;
}

/** Two alerts that meet, of series that fired together before: `met` times of `total`. */
export interface Together {
  a: number;
  b: number;
  met: number;
  total: number;
}

export interface Knowledge {
  shared: readonly Shared[];
  together: readonly Together[];
}

export type Reason =
  { kind: 'label'; key: string; value: string } | { kind: 'silent' } | ({ kind: 'together' } & Together);

/** What hangs together, and by what; alerts by start. */
export interface Component {
  members: Member[];
  reasons: Reason[];
}

/** A component and the incident it is: null, a new one. */
export interface Group extends Component {
  incidentId: number | null;
}

export interface Grouping {
  groups: Group[];
  /** Incidents all of whose alerts went to others, and the group (by its place) that took most of them. */
  merged: { incidentId: number; into: number }[];
  /** Incidents that have no alert any more. */
  emptied: number[];
}

/** Until when an alert can meet another, ms. */
export const untilMs = ({ endsMs, periodMs }: Pick<Member, 'endsMs' | 'periodMs'>): number =>
  endsMs === null ? Infinity : endsMs + windowMs(periodMs);

export const meet = (a: Member, b: Member): boolean => a.startsMs < untilMs(b) && b.startsMs < untilMs(a);

/** Whether two series fell silent at about the same time: whoever sends them may have. */
const fellSilentTogether = (a: Member, b: Member): boolean =>
  Math.abs(a.startsMs - b.startsMs) <= 2 * Math.max(a.periodMs ?? 0, b.periodMs ?? 0);

const byStart = (a: Member, b: Member): number => a.startsMs - b.startsMs || a.id - b.id;

/** What hangs together of these alerts, by first start. */
export function components(members: readonly Member[], { shared, together }: Knowledge): Component[] {
  const sorted = [...members].sort(byStart);
  const forest = new Forest(sorted);
  for (const ofSeries of by(sorted, ({ seriesId }) => seriesId).values()) chain(forest, ofSeries);
  for (const one of shared.filter(tells).sort(narrowerFirst)) {
    const carriers = new Set(one.seriesIds);
    const { key, value } = one;
    chain(
      forest,
      sorted.filter(({ seriesId }) => carriers.has(seriesId)),
      { kind: 'label', key, value },
    );
  }
  const silent = sorted.filter(({ kind }) => kind === 'silent');
  for (const [at, a] of silent.entries())
    for (const b of silent.slice(at + 1)) if (fellSilentTogether(a, b)) forest.join(a, b, { kind: 'silent' });
  const byId = new Map(sorted.map((member) => [member.id, member]));
  for (const one of together) {
    const [a, b] = [byId.get(one.a), byId.get(one.b)];
    if (a && b && meet(a, b)) forest.join(a, b, { kind: 'together', ...one });
  }
  return forest.components();
}

const narrowerFirst = (a: Shared, b: Shared): number =>
  a.seriesIds.length - b.seriesIds.length || (`${a.key}=${a.value}` < `${b.key}=${b.value}` ? -1 : 1);

/** Joins all that meet of alerts that are related to each other, by start: whoever reaches farthest meets the next, or nobody does. */
function chain(forest: Forest, members: readonly Member[], reason?: Reason): void {
  let farthest: Member | undefined;
  for (const member of members) {
    if (farthest && member.startsMs < untilMs(farthest)) forest.join(farthest, member, reason);
    if (!farthest || untilMs(member) > untilMs(farthest)) farthest = member;
  }
}

/** Sets of alerts that grow together, with the reasons that made them. */
class Forest {
  private readonly parents = new Map<number, number>();
  private readonly reasons = new Map<number, Reason[]>();

  constructor(private readonly members: readonly Member[]) {
    for (const { id } of members) this.parents.set(id, id);
  }

  join(a: Member, b: Member, reason?: Reason): void {
    const [one, other] = [this.root(a.id), this.root(b.id)];
    if (one === other) return;
    this.parents.set(other, one);
    const reasons = [...(this.reasons.get(one) ?? []), ...(this.reasons.get(other) ?? [])];
    this.reasons.set(one, reason ? [...reasons, reason] : reasons);
  }

  components(): Component[] {
    const groups = by(this.members, ({ id }) => this.root(id));
    return [...groups].map(([root, members]) => ({ members, reasons: this.reasons.get(root) ?? [] }));
  }

  private root(id: number): number {
    let root = id;
    for (let up = this.parents.get(root)!; up !== root; up = this.parents.get(root)!) root = up;
    this.parents.set(id, root);
    return root;
  }
}

/**
 * Says which component is which of the stored incidents: an incident goes on in the component that has most of its alerts, a component
 * as the incident most of whose alerts it has, the older of equals.
 */
export function regroup(
  members: readonly Member[],
  knowledge: Knowledge,
  incidentIds: readonly number[],
): Grouping {
  const found = components(members, knowledge);
  const claims = found.flatMap(({ members: ones }, place) =>
    [...by(ones, ({ incidentId }) => incidentId)].flatMap(([incidentId, own]) =>
      incidentId === null ? [] : [{ place, incidentId, count: own.length }],
    ),
  );
  claims.sort((a, b) => b.count - a.count || a.incidentId - b.incidentId || a.place - b.place);
  const ids = new Map<number, number>();
  const known = new Set<number>();
  for (const { place, incidentId } of claims) {
    if (ids.has(place) || known.has(incidentId)) continue;
    ids.set(place, incidentId);
    known.add(incidentId);
  }
  const merged = new Map<number, number>();
  for (const { place, incidentId } of claims)
    if (!known.has(incidentId) && !merged.has(incidentId)) merged.set(incidentId, place);
  return {
    groups: found.map((component, place) => ({ ...component, incidentId: ids.get(place) ?? null })),
    merged: [...merged].map(([incidentId, into]) => ({ incidentId, into })),
    emptied: incidentIds.filter((id) => !known.has(id) && !merged.has(id)),
  };
}

export function by<T, Key>(ones: Iterable<T>, keyOf: (one: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const one of ones) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}
