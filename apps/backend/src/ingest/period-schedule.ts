/** When to infer the period of which series: as its samples double, then rarely. Pure but for the counts it keeps. */
import { SAMPLES_ASKED, SAMPLES_TO_INFER, type Look } from '../series/series.service';

/** Samples until the period of a settled series is looked at again: a source may have changed its pace. */
const SETTLED_SAMPLES = 2_000;
/** More series than this are forgotten, and looked at once more. */
const MAX_REMEMBERED = 500_000;

export interface PeriodSchedule {
  /** Counts samples written; returns the series to look at now, each only once until `looked` says what was seen. */
  wrote(rows: ReadonlyMap<number, number>, hasPeriod: (id: number) => boolean): number[];
  looked(ids: readonly number[], looks: ReadonlyMap<number, Look>): void;
}

export function schedulePeriods(): PeriodSchedule {
  /** Samples to come until the next look. */
  const left = new Map<number, number>();
  return {
    wrote(rows, hasPeriod) {
      if (left.size > MAX_REMEMBERED) left.clear();
      const due: number[] = [];
      for (const [id, count] of rows) {
        const remaining = (left.get(id) ?? (hasPeriod(id) ? SAMPLES_TO_INFER : 0)) - count;
        left.set(id, remaining > 0 ? remaining : Infinity);
        if (remaining <= 0) due.push(id);
      }
      return due;
    },
    looked(ids, looks) {
      for (const id of ids) left.set(id, samplesUntilNextLook(looks.get(id)));
    },
  };
}

/** No look at all: the period was set by a person, or the series is gone. */
function samplesUntilNextLook(look: Look | undefined): number {
  if (!look) return SETTLED_SAMPLES;
  if (look.count < SAMPLES_TO_INFER) return SAMPLES_TO_INFER - look.count;
  return look.count < SAMPLES_ASKED || look.isChanged ? look.count : SETTLED_SAMPLES;
}
