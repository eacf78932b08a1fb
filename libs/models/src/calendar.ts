/**
 * Calendar inputs: where a step lies in the hour, the day, the week (UTC) and the year, as harmonics
 * sin(2πkφ), cos(2πkφ) of the phase φ = time / cycle, k = 1 … K. They condition both models, so that "3 a.m."
 * need not be remembered by a hidden state. A last column of ones is the bias of whatever reads them.
 */
export type Cycle = 'hour' | 'day' | 'week' | 'year';

const CYCLES: Record<Cycle, { ms: number; harmonics: number }> = {
  hour: { ms: 3_600_000, harmonics: 2 },
  day: { ms: 86_400_000, harmonics: 4 },
  week: { ms: 604_800_000, harmonics: 3 },
  year: { ms: 365.25 * 86_400_000, harmonics: 3 },
};

/** A cycle of fewer steps than this has no shape to learn. */
const MIN_STEPS = 6;
/** A cycle seen less often than this would be learnt by heart. */
const MIN_REPEATS = 2.5;

/** The cycles that steps of this period can show. */
export function cyclesOf(periodMs: number): Cycle[] {
  return (Object.keys(CYCLES) as Cycle[]).filter((cycle) => CYCLES[cycle].ms / periodMs >= MIN_STEPS);
}

/** Those of `cycles` that a history of `steps` shows often enough to learn. */
export function cyclesWithin(cycles: Cycle[], periodMs: number, steps: number): Cycle[] {
  return cycles.filter((cycle) => steps * periodMs >= MIN_REPEATS * CYCLES[cycle].ms);
}

/** How many steps a cycle takes, rounded. */
export const stepsOf = (cycle: Cycle, periodMs: number): number => Math.round(CYCLES[cycle].ms / periodMs);

/** The number of calendar inputs of a step, the column of ones among them. */
export const calendarWidth = (cycles: Cycle[]): number =>
  1 + cycles.reduce((sum, cycle) => sum + 2 * CYCLES[cycle].harmonics, 0);

/** Writes the calendar inputs of `step` into `into` from `offset` on. */
export function writeCalendar(
  into: Float32Array,
  offset: number,
  at: { cycles: Cycle[]; step: number; periodMs: number },
): void {
  const time = at.step * at.periodMs;
  for (const cycle of at.cycles) {
    const { ms, harmonics } = CYCLES[cycle];
    const phase = (2 * Math.PI * (((time % ms) + ms) % ms)) / ms;
    for (let k = 1; k <= harmonics; k++) {
      into[offset++] = Math.sin(k * phase);
      into[offset++] = Math.cos(k * phase);
    }
  }
  into[offset] = 1;
}

/** The calendar inputs of `steps` steps from `start` on, [time, width]. */
export function calendarFrom(
  start: number,
  steps: number,
  { cycles, periodMs }: { cycles: Cycle[]; periodMs: number },
): Float32Array {
  const width = calendarWidth(cycles);
  const rows = new Float32Array(steps * width);
  for (let t = 0; t < steps; t++) writeCalendar(rows, t * width, { cycles, step: start + t, periodMs });
  return rows;
}

/** `calendarFrom`, made once for all series that begin together. The rows may be more than were asked for. */
export function calendars(at: {
  cycles: Cycle[];
  periodMs: number;
}): (start: number, steps: number) => Float32Array {
  const known = new Map<number, Float32Array>();
  const width = calendarWidth(at.cycles);
  return (start, steps) => {
    let rows = known.get(start);
    if (!rows || rows.length < steps * width) {
      rows = calendarFrom(start, steps, at);
      known.set(start, rows);
    }
    return rows;
  };
}
