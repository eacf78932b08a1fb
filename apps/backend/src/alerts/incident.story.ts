/** The story of an incident: what each change of alerts adds to it, in words, as it was known then. Pure. */
import type { IncidentEvent } from '@bellwether/contracts';
import { by, type Group, type Grouping, type Member } from './grouping';
import { counted, inOrder, seriesName, type Summary, summaryOf } from './incident';

/** Alerts that a sentence names. */
const MOST_NAMED = 3;

export type StoryEvent = Omit<IncidentEvent, 'at'>;

interface Part {
  incidentId: number;
  members: readonly Member[];
}

/** What happened to an incident in one change. */
export interface Change {
  id: number;
  /** Null: it is new. */
  before: Summary | null;
  after: Summary;
  members: readonly Member[];
  /** Alerts of incidents that became a part of it. */
  merged: Part[];
  /** Alerts of incidents that go on without them. */
  taken: Part[];
  /** Alerts that went to other incidents. */
  left: { member: Member; incidentId: number }[];
}

/** Every group with the number of its incident. */
export type Numbered = Omit<Grouping, 'groups'> & { groups: (Group & { incidentId: number })[] };

/** What becomes of each incident that a grouping has to do with. */
export function changesOf({ groups, merged }: Numbered, stored: ReadonlyMap<number, Summary>): Change[] {
  const mergedIds = new Set(merged.map(({ incidentId }) => incidentId));
  const moved = groups.flatMap(({ incidentId: to, members }) =>
    members.flatMap((member) =>
      member.incidentId === null || member.incidentId === to ? [] : [{ member, from: member.incidentId, to }],
    ),
  );
  const leaving = by(moved, ({ from }) => from);
  const coming = by(moved, ({ to }) => to);
  return groups.map((group) => {
    const id = group.incidentId;
    const parts = [...by(coming.get(id) ?? [], ({ from }) => from)].map(([incidentId, ones]) => ({
      incidentId,
      members: ones.map(({ member }) => member),
    }));
    return {
      id,
      before: stored.get(id) ?? null,
      after: summaryOf(group),
      members: group.members,
      merged: parts.filter(({ incidentId }) => mergedIds.has(incidentId)),
      taken: parts.filter(({ incidentId }) => !mergedIds.has(incidentId)),
      left: (leaving.get(id) ?? []).map(({ member, to }) => ({ member, incidentId: to })),
    };
  });
}

/** The sentences a change adds to the story of an incident, in order. */
export function story(change: Change): StoryEvent[] {
  const { before, after, members } = change;
  const found = members.filter(({ incidentId }) => incidentId === null);
  const origin = change.taken[0];
  return [
    ...(before ? [] : [beginning(change, origin?.incidentId)]),
    ...change.merged.map(({ incidentId, members: ones }) =>
      event('merged', `Incident ${incidentId} became a part of it: ${named(ones)}.`),
    ),
    ...(before && found.length > 0 ? [event('joined', `Joined by ${named(found)}.`)] : []),
    ...(before ? change.taken : []).map(({ incidentId, members: ones }) =>
      event('joined', `Joined by ${named(ones)}, until now a part of incident ${incidentId}.`),
    ),
    ...[...by(change.left, ({ incidentId }) => incidentId)].map(([incidentId, ones]) =>
      event('left', `${named(ones.map(({ member }) => member))} left: incident ${incidentId} now.`),
    ),
    ...removal(change),
    ...(before ? corrections(before, after, members) : []),
    ...ending(before, after),
  ];
}

const event = (kind: IncidentEvent['kind'], detail: string): StoryEvent => ({ kind, detail });

function beginning({ after, members }: Change, origin: number | undefined): StoryEvent {
  if (origin !== undefined)
    return event(
      'split',
      `Split off from incident ${origin}: what is known now does not link ${named(members)} to it.`,
    );
  const how = after.isHistory ? 'Found in history, long over' : 'Opened';
  return event('opened', `${how}: ${named(members)}, since ${utc(after.startsMs)}.`);
}

function removal({ before, members, left, merged, taken }: Change): StoryEvent[] {
  if (!before) return [];
  const gained = [...merged, ...taken].reduce((sum, { members: ones }) => sum + ones.length, 0);
  const found = members.filter(({ incidentId }) => incidentId === null).length;
  const gone = before.alertCount + gained + found - left.length - members.length;
  return gone > 0
    ? [
        event(
          'left',
          `${counted(gone, 'alert was', 'alerts were')} taken back: what is known now does not show it.`,
        ),
      ]
    : [];
}

function corrections(before: Summary, after: Summary, members: readonly Member[]): StoryEvent[] {
  const first = members.find(({ id }) => id === after.firstAlertId)!;
  const events: StoryEvent[] = [];
  if (before.firstAlertId !== after.firstAlertId)
    events.push(
      event('changed', `The likely first mover is ${seriesName(first)} now, since ${utc(first.startsMs)}.`),
    );
  if (before.startsMs !== after.startsMs)
    events.push(event('changed', `It began at ${utc(after.startsMs)}, not at ${utc(before.startsMs)}.`));
  if (before.severity !== after.severity)
    events.push(event('changed', `It is ${after.severity} now; it was ${before.severity}.`));
  return events;
}

export const isReopened = (before: Summary | null, after: Summary): boolean =>
  before !== null && before.endsMs !== null && after.endsMs === null;

function ending(before: Summary | null, after: Summary): StoryEvent[] {
  if (isReopened(before, after))
    return [event('reopened', `Reopened: it was over at ${utc(before!.endsMs!)}, and goes on.`)];
  if (after.endsMs === null || after.isHistory) return [];
  if (before && before.endsMs !== null)
    return before.endsMs === after.endsMs ? [] : [event('changed', `It was over at ${utc(after.endsMs)}.`)];
  return [event('resolved', `Over at ${utc(after.endsMs)}, with ${counted(after.alertCount, 'alert')}.`)];
}

/** `a, b and 3 more alerts`. */
function named(members: readonly Member[]): string {
  const names = [...new Set(inOrder(members).map(seriesName))];
  const shown = names.slice(0, MOST_NAMED);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more series`;
  return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)!}` : (shown[0] ?? 'nothing');
}

/** `2026-11-23 14:05:00 UTC`. */
const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
