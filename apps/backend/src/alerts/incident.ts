/** Incidents: what is said of alerts that belong together. Pure. */
import type { Labels, Severity } from '@bellwether/contracts';
import type { Component, Member, Reason } from './grouping';
import { inCommon } from './related';

const SEVERITIES: Severity[] = ['info', 'warning', 'critical'];
const MOST_REASONS = 5;

/** An incident as it is stored, without its alerts. */
export interface Summary {
  startsMs: number;
  endsMs: number | null;
  severity: Severity;
  isHistory: boolean;
  firstAlertId: number | null;
  title: string;
  reasons: string[];
  alertCount: number;
  seriesCount: number;
}

/** `name{key=value, …}`. */
export function seriesName({ name, labels }: { name: string; labels: Labels }): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length > 0 ? `${name}{${pairs.join(', ')}}` : name;
}

export const isAtLeast = (severity: Severity, least: Severity): boolean =>
  SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);

/**
 * The likely first mover: whose change was there first. A series is seen once in a period, so it may have changed that much earlier; among
 * those that may have been first, the strangest.
 */
export function firstMover(members: readonly Member[]): Member {
  const since = Math.min(...members.map(({ startsMs }) => startsMs));
  const early = members.filter(({ startsMs, periodMs }) => startsMs - (periodMs ?? 0) <= since);
  return early.reduce((best, one) => (precedes(one, best) ? one : best));
}

function precedes(a: Member, b: Member): boolean {
  const difference = (a.score ?? 0) - (b.score ?? 0);
  if (difference !== 0) return difference > 0;
  return a.startsMs - b.startsMs || a.id - b.id ? (a.startsMs - b.startsMs || a.id - b.id) < 0 : false;
}

/** The likely first mover, then by start. */
export function inOrder(members: readonly Member[]): Member[] {
  if (members.length === 0) return [];
  const first = firstMover(members);
  const others = members.filter(({ id }) => id !== first.id);
  return [first, ...others.sort((a, b) => a.startsMs - b.startsMs || a.id - b.id)];
}

const seriesCount = (members: readonly Member[]): number =>
  new Set(members.map(({ seriesId }) => seriesId)).size;

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** `cpu{host=web-1} and 3 more series`. */
export function titleOf(first: Member, count: number): string {
  return count > 1 ? `${seriesName(first)} and ${count - 1} more series` : seriesName(first);
}

export function summaryOf({ members, reasons }: Component): Summary {
  const first = firstMover(members);
  const count = seriesCount(members);
  const ends = members.map(({ endsMs }) => endsMs ?? Infinity);
  const end = Math.max(...ends);
  return {
    startsMs: Math.min(...members.map(({ startsMs }) => startsMs)),
    endsMs: end === Infinity ? null : end,
    severity: members.map(({ severity }) => severity).reduce((a, b) => (isAtLeast(a, b) ? a : b)),
    isHistory: members.every(({ isHistory }) => isHistory),
    firstAlertId: first.id,
    title: titleOf(first, count),
    reasons: count > 1 ? reasonsOf(reasons, members) : [],
    alertCount: members.length,
    seriesCount: count,
  };
}

function reasonsOf(reasons: readonly Reason[], members: readonly Member[]): string[] {
  const byId = new Map(members.map((member) => [member.id, member]));
  const sentences = reasons.map((reason) => sentenceOf(reason, members, byId));
  return [...new Set(sentences)].slice(0, MOST_REASONS);
}

function sentenceOf(reason: Reason, members: readonly Member[], byId: Map<number, Member>): string {
  if (reason.kind === 'label') {
    const carriers = members.filter(({ labels }) => labels[reason.key] === reason.value);
    return `${seriesCount(carriers)} series have the ${inCommon(reason)}.`;
  }
  if (reason.kind === 'silent')
    return `${seriesCount(members.filter(({ kind }) => kind === 'silent'))} series fell silent at about the same time.`;
  const [a, b] = [byId.get(reason.a)!, byId.get(reason.b)!].sort(
    (one, other) => one.seriesId - other.seriesId,
  );
  return `${seriesName(a!)} and ${seriesName(b!)} fired together ${reason.met} of ${reason.total} times before.`;
}
