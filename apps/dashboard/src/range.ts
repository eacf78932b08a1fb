/** Which stretch of a series is shown: pure sums over half-open intervals [from, to) of epoch milliseconds. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface Stretch {
  from: number;
  to: number;
}

/** `newest` follows the newest sample (span null: as much as the server thinks useful); `fixed` stays where it is. */
export type RangeChoice =
  { kind: 'newest'; span: number | 'all' | null } | { kind: 'fixed'; from: number; to: number };

/** What is known of a series: `end` is one period past its newest sample, so that [first, end) holds them all. */
export interface Bounds {
  first: number;
  end: number;
  periodMs: number;
}

export const PRESETS: { name: string; title: string; span: number | 'all' }[] = [
  { name: '1h', title: 'Newest hour', span: HOUR },
  { name: '6h', title: 'Newest 6 hours', span: 6 * HOUR },
  { name: '24h', title: 'Newest 24 hours', span: DAY },
  { name: '7d', title: 'Newest 7 days', span: 7 * DAY },
  { name: '30d', title: 'Newest 30 days', span: 30 * DAY },
  { name: 'all', title: 'All samples', span: 'all' },
];

export const NEWEST: RangeChoice = { kind: 'newest', span: null };

/** The bounds of a series, or null while it has no samples. */
export function boundsOf(series: {
  firstSampleAt: string | null;
  lastSampleAt: string | null;
  periodMs: number | null;
}): Bounds | null {
  if (series.firstSampleAt === null || series.lastSampleAt === null) return null;
  const periodMs = series.periodMs ?? 1000;
  return {
    first: Date.parse(series.firstSampleAt),
    end: Date.parse(series.lastSampleAt) + periodMs,
    periodMs,
  };
}

/** Reads a choice from the address; what cannot be understood means the newest stretch. */
export function rangeFromParams(params: { get(name: string): string | null }): RangeChoice {
  const from = timeFrom(params.get('from'));
  const to = timeFrom(params.get('to'));
  if (from !== null && to !== null && from < to) return { kind: 'fixed', from, to };
  const span = params.get('span');
  if (span === 'all') return { kind: 'newest', span: 'all' };
  const preset = PRESETS.find(({ name }) => name === span);
  if (preset !== undefined) return { kind: 'newest', span: preset.span };
  const ms = Number(span);
  return span !== null && Number.isFinite(ms) && ms > 0 ? { kind: 'newest', span: ms } : NEWEST;
}

function timeFrom(text: string | null): number | null {
  if (text === null || text === '') return null;
  const time = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(time) ? time : null;
}

/** The parameters that `rangeFromParams` reads back. */
export function rangeToParams(choice: RangeChoice): Record<string, string> {
  if (choice.kind === 'fixed') {
    return { from: new Date(choice.from).toISOString(), to: new Date(choice.to).toISOString() };
  }
  if (choice.span === null) return {};
  const preset = PRESETS.find(({ span }) => span === choice.span);
  return { span: preset?.name ?? String(Math.round(choice.span as number)) };
}

/** The stretch to ask the server for; null asks for the newest stretch of its own choice. */
export function stretchOf(choice: RangeChoice, bounds: Bounds | null): Stretch | null {
  if (choice.kind === 'fixed') return { from: choice.from, to: choice.to };
  if (choice.span === null || bounds === null) return null;
  if (choice.span === 'all') return { from: bounds.first, to: bounds.end };
  return { from: Math.max(bounds.first, bounds.end - choice.span), to: bounds.end };
}

/** Turns a stretch into a choice: one that reaches the newest sample follows it from then on. */
export function settle(stretch: Stretch, bounds: Bounds): RangeChoice {
  if (stretch.from <= bounds.first && stretch.to >= bounds.end) return { kind: 'newest', span: 'all' };
  if (stretch.to >= bounds.end) {
    return { kind: 'newest', span: Math.max(bounds.end - stretch.from, shortest(bounds)) };
  }
  return { kind: 'fixed', from: Math.round(stretch.from), to: Math.round(stretch.to) };
}

/** `factor` > 1 shows more, < 1 less, around the middle; a stretch that ends at the newest sample keeps that end. */
export function zoom(stretch: Stretch, factor: number, bounds: Bounds): Stretch {
  const span = Math.max((stretch.to - stretch.from) * factor, shortest(bounds));
  if (stretch.to >= bounds.end) return within({ from: bounds.end - span, to: bounds.end }, bounds);
  const middle = (stretch.from + stretch.to) / 2;
  return within({ from: middle - span / 2, to: middle + span / 2 }, bounds);
}

/** Moves by `fraction` of its own length; negative is into the past. */
export function pan(stretch: Stretch, fraction: number, bounds: Bounds): Stretch {
  const step = (stretch.to - stretch.from) * fraction;
  return within({ from: stretch.from + step, to: stretch.to + step }, bounds);
}

/** The stretch between two times of a drag, in either direction; null when too short to mean one. */
export function selection(a: number, b: number, bounds: Bounds): Stretch | null {
  const stretch = { from: Math.min(a, b), to: Math.max(a, b) };
  return stretch.to - stretch.from < shortest(bounds) ? null : stretch;
}

/** A stretch around an alert that shows what was usual before it and what came after. */
export function aroundAlert(
  startsAt: string,
  endsAt: string | null,
  peakAt: string,
  periodMs = MINUTE,
): Stretch {
  const from = Date.parse(startsAt);
  const to = Date.parse(endsAt ?? peakAt);
  const margin = Math.max((to - from) * 3, periodMs * 60);
  return { from: from - margin, to: to + margin };
}

/** Three periods: less than that draws no line. */
function shortest(bounds: Bounds): number {
  return bounds.periodMs * 3;
}

/** Keeps the length and moves the stretch back into the bounds; a longer one becomes all there is. */
function within(stretch: Stretch, bounds: Bounds): Stretch {
  const span = stretch.to - stretch.from;
  if (span >= bounds.end - bounds.first) return { from: bounds.first, to: bounds.end };
  if (stretch.from < bounds.first) return { from: bounds.first, to: bounds.first + span };
  if (stretch.to > bounds.end) return { from: bounds.end - span, to: bounds.end };
  return stretch;
}
