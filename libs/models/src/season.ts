/**
 * The season of a series, found from the data: the lag of the highest local maximum of its autocorrelation, averaged over
 * the series that share a network (Box & Jenkins; the same rule as find_length of TSB-AD, Liu & Paparrizos 2024).
 */
import type { ScaledSeries } from './windows';

const SHORTEST = 6;
const LONGEST = 300;
/** How many series, and how many of the newest samples of each, are looked at. */
const MAX_SERIES = 24;
const MAX_SAMPLES = 20_000;

/** In steps, [6, 300]; null when the autocorrelation has no peak there. */
export function findSeason(all: ScaledSeries[]): number | null {
  const stride = Math.max(1, all.length / MAX_SERIES);
  const looked = Array.from(
    { length: Math.floor(all.length / stride) },
    (_, i) => all[Math.floor(i * stride)]!,
  );
  const total = new Float64Array(LONGEST + 2);
  for (const series of looked) {
    for (let f = 0; f < series.features; f++) {
      autocorrelation(series, f).forEach((value, lag) => (total[lag]! += value));
    }
  }
  let best: number | null = null;
  for (let lag = SHORTEST; lag <= LONGEST; lag++) {
    const isPeak = total[lag]! > total[lag - 1]! && total[lag]! > total[lag + 1]!;
    if (isPeak && total[lag]! > (best === null ? 0 : total[best]!)) best = lag;
  }
  return best;
}

/** At lags 0 … LONGEST + 1, missing samples left out; all zero for a constant. */
function autocorrelation({ values, features }: ScaledSeries, feature: number): Float64Array {
  const length = Math.min(values.length / features, MAX_SAMPLES);
  const x = Float64Array.from({ length }, (_, t) => values[t * features + feature]!);
  let [sum, count] = [0, 0];
  for (const value of x) if (!Number.isNaN(value)) [sum, count] = [sum + value, count + 1];
  const centred = x.map((value) => (Number.isNaN(value) ? 0 : value - sum / count));
  const at = (lag: number): number => {
    let sum = 0;
    for (let t = lag; t < length; t++) sum += centred[t]! * centred[t - lag]!;
    return sum;
  };
  const variance = at(0);
  const lags = new Float64Array(LONGEST + 2);
  return variance > 1e-9 ? lags.map((_, lag) => at(lag) / variance) : lags;
}
