/** From the API's columns to the rows and sentences of a chart. All times are epoch ms, all values in the series' unit. */
import type { Alert, SeriesView } from '@bellwether/contracts';
import { highest, isNumber, lowest } from './axes';
import { limitsInWords } from './limits';
import { counted, duration, localTime, quantity, scoreInWords } from './words';

export type Interval = [number, number] | null;

/** One x of the chart; null means missing and breaks the line. */
export interface Row {
  time: number;
  value: number | null;
  /** Smallest and largest sample of the bucket; null for raw samples. */
  extent: Interval;
  expected: number | null;
  /** 90 % predictive band. */
  band: Interval;
  score: number | null;
  /** Forecast quantiles: 5–95, 25–75 and the median. */
  wide: Interval;
  narrow: Interval;
  median: number | null;
}

export const EMPTY = {
  value: null,
  extent: null,
  expected: null,
  band: null,
  score: null,
  wide: null,
  narrow: null,
  median: null,
};

/** Rows of the samples, with an empty row in each hole, then the forecast's. */
export function chartRows(view: SeriesView): Row[] {
  const step = view.resolution.bucketMs || view.series.periodMs;
  return [...withHoles(sampleRows(view), step), ...forecastRows(view)];
}

function sampleRows(view: SeriesView): Row[] {
  const isBucketed = view.resolution.bucketMs > 0;
  return view.time.map((time, i) => ({
    ...EMPTY,
    time,
    value: view.samples.value[i] ?? null,
    extent: isBucketed ? interval(view.samples.min[i], view.samples.max[i]) : null,
    expected: view.expected[i] ?? null,
    band: interval(view.band.lower[i], view.band.upper[i]),
    score: view.scores[i] ?? null,
  }));
}

function forecastRows(view: SeriesView): Row[] {
  const { forecast } = view;
  if (forecast === null) return [];
  const last = view.time.at(-1) ?? -Infinity;
  return forecast.time.flatMap((time, i) =>
    time <= last
      ? []
      : [
          {
            ...EMPTY,
            time,
            wide: interval(forecast.q05[i], forecast.q95[i]),
            narrow: interval(forecast.q25[i], forecast.q75[i]),
            median: forecast.q50[i] ?? null,
          },
        ],
  );
}

/** Puts an empty row where almost two steps or more lie between two samples. */
function withHoles(rows: Row[], step: number | null): Row[] {
  if (step === null) return rows;
  return rows.flatMap((row, i) => {
    const previous = rows[i - 1];
    if (previous === undefined || row.time - previous.time <= step * 1.9) return [row];
    return [{ ...EMPTY, time: previous.time + step }, row];
  });
}

export function interval(lower: number | null | undefined, upper: number | null | undefined): Interval {
  return lower === null || lower === undefined || upper === null || upper === undefined
    ? null
    : [lower, upper];
}

/** An alert cut to the visible stretch; one that is firing reaches the newest sample. */
export interface AlertStretch {
  alert: Alert;
  from: number;
  to: number;
  /** Null when the peak itself is outside. */
  peak: { time: number; value: number } | null;
}

export function alertStretches(view: SeriesView): AlertStretch[] {
  const [from, to] = [Date.parse(view.from), Date.parse(view.to)];
  const newest = newestTime(view) ?? to;
  return view.alerts.flatMap((alert) => {
    const start = Date.parse(alert.startsAt);
    const end = alert.endsAt === null ? newest : Date.parse(alert.endsAt);
    if (end < from || start >= to) return [];
    const peakTime = Date.parse(alert.peak.time);
    const isPeakVisible = peakTime >= from && peakTime < to;
    return [
      {
        alert,
        from: Math.max(start, from),
        to: Math.min(Math.max(end, start + view.resolution.bucketMs), to),
        peak: isPeakVisible ? { time: peakTime, value: alert.peak.value } : null,
      },
    ];
  });
}

/** Time of the newest sample, which may be later than the left edge of the bucket that holds it. */
export function newestTime(view: SeriesView): number | undefined {
  const last = Date.parse(view.series.lastSampleAt ?? '');
  return last < Date.parse(view.to) ? last : view.time.at(-1);
}

/** Points of a chart, as few sentences: what a reader who cannot see it needs. */
export function summaryOf(view: SeriesView): string {
  const { unit, name } = view.series;
  const values = view.samples.value.filter(isNumber);
  const [from, to] = [Date.parse(view.from), Date.parse(view.to)];
  if (values.length === 0) return `${name}: no samples between ${localTime(from)} and ${localTime(to)}.`;
  const say = (value: number) => quantity(value, unit);
  const sentences = [
    `${name} over ${duration(to - from)} until ${localTime(to)}`,
    `newest ${say(values.at(-1) as number)}, lowest ${say(lowest(values))}, highest ${say(highest(values))}`,
    view.alerts.length === 0 ? 'no alerts' : counted(view.alerts.length, 'alert'),
    `strangest sample ${scoreInWords(highestOrNull(view.scores))}`,
  ];
  const limits = limitsInWords(view.series);
  if (limits !== null) sentences.push(`it should be ${limits}`);
  const median = view.forecast?.q50.at(-1);
  if (median !== undefined) sentences.push(`forecast to end near ${say(median)}`);
  return `${sentences.join('; ')}.`;
}

function highestOrNull(column: (number | null)[]): number | null {
  const values = column.filter(isNumber);
  return values.length === 0 ? null : highest(values);
}
