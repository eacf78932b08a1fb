/** Which stretches of which series were written and are not in their watermarks yet. Pure but for the map it keeps. */
import type { Rows } from './queue';

/** Stretches [firsts[i], lasts[i]] (epoch ms) of the series seriesIds[i], in columns of one length. */
export interface Touched {
  seriesIds: number[];
  firsts: number[];
  lasts: number[];
}

/** What settled rows touch: they are sorted by series, then time. */
export function touchedBy({ seriesId, timeMs }: Rows): Touched {
  const touched: Touched = { seriesIds: [], firsts: [], lasts: [] };
  for (let i = 0; i < seriesId.length; i++) {
    const last = touched.seriesIds.length - 1;
    if (i === 0 || seriesId[i] !== seriesId[i - 1]) {
      touched.seriesIds.push(seriesId[i]!);
      touched.firsts.push(timeMs[i]!);
      touched.lasts.push(timeMs[i]!);
    } else touched.lasts[last] = timeMs[i]!;
  }
  return touched;
}

/** Stretches gathered over statements: one of each series, as wide as all that touched it. */
export class Gathered {
  private readonly stretches = new Map<number, { first: number; last: number }>();

  get size(): number {
    return this.stretches.size;
  }

  add({ seriesIds, firsts, lasts }: Touched): void {
    seriesIds.forEach((id, i) => {
      const known = this.stretches.get(id);
      const [first, last] = [firsts[i]!, lasts[i]!];
      if (!known) this.stretches.set(id, { first, last });
      else {
        known.first = Math.min(known.first, first);
        known.last = Math.max(known.last, last);
      }
    });
  }

  /** All of them in parts of at most `size` series, in one order for all who write watermarks. */
  *parts(size: number): Generator<Touched> {
    const ids = [...this.stretches.keys()].sort((a, b) => a - b);
    for (let at = 0; at < ids.length; at += size) {
      const seriesIds = ids.slice(at, at + size);
      const stretches = seriesIds.map((id) => this.stretches.get(id)!);
      yield {
        seriesIds,
        firsts: stretches.map(({ first }) => first),
        lasts: stretches.map(({ last }) => last),
      };
    }
  }
}
