/** Likeness of alerts: which earlier ones were like this one, by how they lay to what was expected, how far and how long. Pure. */
import type { AlertKind } from '@bellwether/contracts';
import { duration } from './explanation';

/** What alerts are compared by. */
export interface Shape {
  id: number;
  seriesId: number;
  kind: AlertKind;
  startsMs: number;
  /** Null: it is firing, so nobody knows how long it will last. */
  endsMs: number | null;
  value: number;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  score: number | null;
}

export interface Like {
  id: number;
  /** In a few words: `same direction, 3 h long, twice as far off`. */
  words: string;
}

const MOST_LIKE = 5;
/** Lengths that differ by less than this are the same. */
const SHORTEST_MS = 60_000;
/** Of another series by the same name; and where but one of two alerts says how it lay to what was expected. */
const ELSEWHERE = Math.log(2);
const UNKNOWN = Math.log(2);
/** Alerts are not alike where distance, score and length differ by a factor of three each, or one of them by all of that. */
const LIMIT = 3 * Math.log(3);
/** Factors below this are `about as`. */
const ABOUT = 1.5;

/** The earlier alerts that are most like this one, the newer of equals first. */
export function mostAlike(alert: Shape, others: readonly Shape[]): Like[] {
  return others
    .filter((other) => other.id !== alert.id && other.startsMs < alert.startsMs)
    .map((other) => ({ other, distance: distance(alert, other) }))
    .filter((one) => one.distance <= LIMIT)
    .sort((a, b) => a.distance - b.distance || b.other.startsMs - a.other.startsMs)
    .slice(0, MOST_LIKE)
    .map(({ other }) => ({ id: other.id, words: likeness(alert, other) }));
}

/** Sum of the logarithms of the factors in which two alerts differ; infinite where they are of another kind or direction. */
export function distance(a: Shape, b: Shape): number {
  if (a.kind !== b.kind || sideOf(a) * sideOf(b) < 0) return Infinity;
  return (
    apart(offOf(a), offOf(b)) +
    apart(a.score, b.score) +
    longerOrShorter(a, b) +
    (a.seriesId === b.seriesId ? 0 : ELSEWHERE)
  );
}

/** What fires still may last as long as the other. */
function longerOrShorter(a: Shape, b: Shape): number {
  const [one, other] = [lengthOf(a), lengthOf(b)];
  return one === null || other === null ? 0 : apart(one, other);
}

function apart(a: number | null, b: number | null): number {
  if (a === null && b === null) return 0;
  if (a === null || b === null || a <= 0 || b <= 0) return a === b ? 0 : UNKNOWN;
  return Math.abs(Math.log(a / b));
}

const sideOf = ({ value, expected }: Shape): number => (expected === null ? 0 : Math.sign(value - expected));

/** How far it lay from what was expected, in widths of the band. */
function offOf({ value, expected, lower, upper }: Shape): number | null {
  if (expected === null || lower === null || upper === null || !(upper > lower)) return null;
  return Math.abs(value - expected) / (upper - lower);
}

const lengthOf = ({ startsMs, endsMs }: Shape): number | null =>
  endsMs === null ? null : Math.max(SHORTEST_MS, endsMs - startsMs);

function likeness(alert: Shape, other: Shape): string {
  const off = [offOf(alert), offOf(other)];
  const words = [
    sideOf(alert) * sideOf(other) > 0 ? 'same direction' : null,
    other.endsMs === null ? 'still firing' : `${duration(other.endsMs - other.startsMs)} long`,
    off.includes(null)
      ? compared(alert.score, other.score, ['strange', 'stranger'])
      : compared(off[0]!, off[1]!, ['far off', 'farther off']),
  ];
  return words.filter((word) => word !== null).join(', ');
}

/** How the other one compares, where that can be said: `about as far off`, `twice as far off`, `much less far off`. */
function compared(own: number | null, other: number | null, [as, more]: [string, string]): string | null {
  if (own === null || other === null || own <= 0 || other <= 0) return null;
  const factor = other / own;
  if (factor < ABOUT && factor > 1 / ABOUT) return `about as ${as}`;
  if (factor >= ABOUT) return factor < 2.5 ? `twice as ${as}` : `much ${more}`;
  return factor > 1 / 2.5 ? `half as ${as}` : `much less ${as}`;
}
