/**
 * What a series does beside its values: whether it reports, whether it changes, and how far apart its samples come. Everything is seen
 * against a profile, which is what the series usually does. Times are epoch ms, ascending. Pure.
 */

/** Samples that a profile is made of, at least and at most. */
export const ENOUGH = 100;
export const MOST = 4_032;
/** What happened less often in a history is not what a series usually does. */
const RECURS = 3;

const SHORTEST_SILENCE_MS = 60_000;
const SHORTEST_RUN = 20;
/** How much longer than usual something has to be; what somebody called a false alarm counts a little more than it was. */
const USUAL_GAPS = 2;
const USUAL_RUNS = 3;
const TOLERATED = 1.25;
/** A series that repeats its values so often cannot freeze. */
const MOST_REPEATS = 0.5;

const NEWEST_GAPS = 20;
const AGREEING = 0.8;
/** Gaps that differ by less are the same. */
const SAME = 1.25;
const OTHER_PACE = 1.5;

export interface Profile {
  /** The longest gap that recurs, ms; and the longest run of equal values that does, samples. */
  gapMs: number;
  longestRun: number;
  /** Share of the samples that repeat the one before. */
  repeats: number;
  /** Whether almost all gaps are the period. */
  isRegular: boolean;
}

const isAlike = (a: number, b: number, factor: number): boolean => a < b * factor && b < a * factor;

/** Null: too little is known of the series. */
export function profileOf(
  timesMs: readonly number[],
  values: readonly number[],
  periodMs: number,
): Profile | null {
  if (timesMs.length < ENOUGH) return null;
  const gaps = gapsOf(timesMs);
  const runs = runsOf(values);
  const kept = gaps.filter((gap) => isAlike(gap, periodMs, SAME)).length;
  return {
    gapMs: recurring(gaps),
    longestRun: recurring(runs),
    repeats: (values.length - runs.length) / (values.length - 1),
    isRegular: kept >= 0.9 * gaps.length,
  };
}

const gapsOf = (timesMs: readonly number[]): number[] =>
  timesMs.slice(1).map((time, i) => time - timesMs[i]!);

/** The lengths of the runs of equal values. */
function runsOf(values: readonly number[]): number[] {
  const runs: number[] = [];
  values.forEach((value, i) => {
    if (i > 0 && value === values[i - 1]) runs[runs.length - 1]!++;
    else runs.push(1);
  });
  return runs;
}

/** The largest that is reached `RECURS` times. */
const recurring = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => b - a)[Math.min(RECURS, numbers.length) - 1] ?? 0;

/** What people called false alarms: the longest silence, the longest run, and the paces. */
export interface Tolerance {
  silenceMs: number;
  run: number;
  pacesMs: readonly number[];
}

/** After how long without a sample a series is silent. `delayMs` is how old its newest sample usually gets. */
export function silentAfterMs(
  { periodMs, delayMs }: { periodMs: number; delayMs: number },
  profile: Profile | null,
  tolerance: Tolerance,
): number {
  const usual = USUAL_GAPS * Math.max(profile?.gapMs ?? 0, delayMs);
  return Math.max(SHORTEST_SILENCE_MS, 3 * periodMs, usual, TOLERATED * tolerance.silenceMs);
}

/** How many equal samples in a row are too many; Infinity where that tells nothing of the series. */
export function frozenAfter(profile: Profile | null, tolerance: Tolerance): number {
  if (!profile || profile.repeats > MOST_REPEATS) return Infinity;
  const usual = Math.max(SHORTEST_RUN, USUAL_RUNS * profile.longestRun, TOLERATED * tolerance.run);
  return Math.ceil(usual);
}

/** How many of the newest samples have the newest value. */
export function newestRun(values: readonly number[]): number {
  const last = values.findLastIndex((value) => value !== values.at(-1));
  return values.length - 1 - last;
}

/** Another pace than the period, and since when. */
export interface Pace {
  sinceMs: number;
  paceMs: number;
}

/** Null: the newest samples keep the period, or no pace at all. */
export function paceOf(
  timesMs: readonly number[],
  { periodMs }: { periodMs: number },
  profile: Profile | null,
  tolerance: Tolerance,
): Pace | null {
  const gaps = gapsOf(timesMs);
  if (!profile?.isRegular || gaps.length < NEWEST_GAPS) return null;
  const newest = gaps.slice(-NEWEST_GAPS);
  const paceMs = newest.toSorted((a, b) => a - b)[NEWEST_GAPS >> 1]!;
  const isPace = (gap: number) => isAlike(gap, paceMs, SAME);
  if (isAlike(paceMs, periodMs, OTHER_PACE) || newest.filter(isPace).length < AGREEING * NEWEST_GAPS)
    return null;
  if (tolerance.pacesMs.some((pace) => isAlike(pace, paceMs, OTHER_PACE))) return null;
  // Before the newest gaps, back to the last one that was the period: among them there may be one that keeps it by chance.
  const surely = gaps.length - NEWEST_GAPS + newest.findIndex(isPace);
  const kept = gaps.slice(0, surely).findLastIndex((gap) => isAlike(gap, periodMs, SAME));
  const first = gaps.findIndex((gap, i) => i > kept && isPace(gap));
  return { sinceMs: timesMs[first]!, paceMs };
}

/** Newest samples that have to be seen of a series whose samples are frozen after `run`. */
export const samplesToSee = (run: number): number =>
  Math.min(MOST, Math.max(3 * NEWEST_GAPS, (Number.isFinite(run) ? run : 0) + 1));

/** How a series reports, from look to look. */
export interface Pulse {
  lastMs: number;
  /** Looks at which it had gone on while its newest sample was young. */
  beats: number;
  /** How old its newest sample usually gets before the next one, ms. */
  delayMs: number;
  /** When it was last seen to report live; −Infinity: never. */
  liveMs: number;
}

/** Two looks at which a series goes on make it live: what is imported once is not. */
const BEATS = 2;
/** How fast a long delay is forgotten, at each look at which the series has gone on. */
const FORGOTTEN = 0.99;

/** What a look tells: `beforeMs` is when the look before was. */
export function beat(
  pulse: Pulse | undefined,
  lastMs: number,
  { nowMs, beforeMs, limitMs }: { nowMs: number; beforeMs: number; limitMs: number },
): Pulse {
  if (!pulse) return { lastMs, beats: 0, delayMs: 0, liveMs: -Infinity };
  if (lastMs <= pulse.lastMs) return { ...pulse, lastMs };
  const isYoung = nowMs - lastMs < limitMs;
  const beats = isYoung ? pulse.beats + 1 : 0;
  const age = beforeMs - pulse.lastMs;
  const delayMs = isYoung && age < limitMs ? Math.max(age, FORGOTTEN * pulse.delayMs) : pulse.delayMs;
  return { lastMs, beats, delayMs, liveMs: beats >= BEATS ? nowMs : pulse.liveMs };
}

/** Whether a series reported live when its newest sample came; `sightMs` is how long that is kept before it is noted again. */
export const wasLive = ({ lastMs, liveMs }: Pulse, sightMs: number): boolean => liveMs >= lastMs - sightMs;
