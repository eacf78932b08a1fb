/** A look: what is seen of the series, and what is decided of their alerts. Pure. */
import type { WatchKind } from './statement';
import { type Pulse, silentAfterMs, wasLive } from './watch';
import type { Watched } from './profile.store';
import type { Ending, OpenAlert, Opening, Restating } from './watch.store';

/** That a series reports live is noted so often. */
export const SIGHT_MS = 3_600_000;
/** Series whose newest samples are read in one look. */
export const SERIES_PER_LOOK = 200;

/** What a look decided. */
export interface Decisions {
  begin: Opening[];
  end: Ending[];
  restate: Restating[];
}

/** A series at a look. */
export interface Seen {
  series: Watched;
  lastMs: number;
  pulse: Pulse;
}

/** Those that went on since their last turn, first whose turn was longest ago, as many as one look reads. */
export function nextTurns(seen: readonly Seen[], turns: ReadonlyMap<number, number>): Seen[] {
  const turnOf = ({ series }: Seen) => turns.get(series.id);
  return seen
    .filter((one) => turnOf(one) !== one.lastMs)
    .toSorted((x, y) => (turnOf(x) ?? 0) - (turnOf(y) ?? 0))
    .slice(0, SERIES_PER_LOOK);
}

export type Open = ReadonlyMap<number, Partial<Record<WatchKind, OpenAlert>>>;

export function openBySeries(alerts: readonly OpenAlert[]): Open {
  const open = new Map<number, Partial<Record<WatchKind, OpenAlert>>>();
  for (const alert of alerts) open.set(alert.seriesId, { ...open.get(alert.seriesId), [alert.kind]: alert });
  return open;
}

export const limitOf = (series: Watched, delayMs: number): number =>
  silentAfterMs({ periodMs: series.periodMs, delayMs }, series.profile, series);

export const hasLimits = ({ upper, lower }: Watched): boolean => upper !== null || lower !== null;

/** Whether its newest sample is as young as it usually is, and came in time. */
export const isLive = ({ series, lastMs, pulse }: Seen, nowMs: number): boolean =>
  wasLive(pulse, SIGHT_MS) && nowMs - lastMs < limitOf(series, pulse.delayMs);

export const opening = (
  { id, severity, ruleVersion }: Watched,
  kind: WatchKind,
  stated: Pick<Opening, 'startsMs' | 'peakMs' | 'value' | 'facts'>,
): Opening => ({ seriesId: id, kind, severity, ruleVersion, ...stated });
