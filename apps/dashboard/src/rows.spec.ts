import type { Alert, SeriesView } from '@bellwether/contracts';
import { describe, expect, it } from 'vitest';
import { alertStretches, chartRows, summaryOf } from './rows';

const at = (time: number) => new Date(time).toISOString();
const nothing = (length: number) => Array<number | null>(length).fill(null);

const series = {
  id: 1,
  name: 'cpu',
  labels: {},
  unit: '%',
  isCounter: false,
  rateOf: null,
  periodMs: 10,
  periodIsSet: false,
  upperLimit: null,
  lowerLimit: null,
  breachProbability: null,
  firstSampleAt: at(0),
  lastSampleAt: at(90),
  lastValue: 5,
  score: 1,
  peakScore: 1,
  state: 'watching',
  why: '',
} as const;

/** Digits are samples, `.` is a stored missing sample, a space is no row at all. */
function view(drawing: string, change: Partial<SeriesView> = {}): SeriesView {
  const cells = [...drawing].flatMap((cell, i) => (cell === ' ' ? [] : [{ time: i * 10, cell }]));
  const value = cells.map(({ cell }) => (cell === '.' ? null : Number(cell)));
  return {
    series,
    from: at(0),
    to: at(drawing.length * 10),
    resolution: { bucketMs: 0, source: 'sample' },
    time: cells.map(({ time }) => time),
    samples: { value, min: value, max: value },
    expected: nothing(value.length),
    band: { lower: nothing(value.length), upper: nothing(value.length) },
    scores: nothing(value.length),
    threshold: 3,
    alerts: [],
    forecast: null,
    ...change,
  };
}

const alert = (from: number, to: number | null, peak: number): Alert => ({
  id: 1,
  kind: 'anomaly',
  severity: 'warning',
  incidentId: null,
  seriesId: 1,
  series: { name: 'cpu', labels: {}, unit: '%' },
  startsAt: at(from),
  endsAt: to === null ? null : at(to),
  peak: { time: at(peak), value: 9, expected: 5, lower: 4, upper: 6, score: 4, vrnnShare: 0.5 },
  why: '',
  isHistory: false,
  record: null,
  ruleVersion: 1,
  verdict: null,
});

const drawn = (rows: { value: number | null }[]) => rows.map(({ value }) => value ?? '.').join('');

describe('chartRows', () => {
  it.each([
    ['keeps an unbroken line', '123456', '123456'],
    ['keeps a missing sample missing, never zero', '12.456', '12.456'],
    ['breaks the line where rows are absent', '12   678', '12.678'],
  ])('%s', (_, before, after) => {
    expect(drawn(chartRows(view(before)))).toBe(after);
  });

  it('shows extremes of buckets, and none of raw samples', () => {
    expect(chartRows(view('1'))[0]?.extent).toBeNull();
    const bucketed = view('5', {
      resolution: { bucketMs: 10, source: 'sample_hour' },
      samples: { value: [5], min: [2], max: [8] },
    });
    expect(chartRows(bucketed)[0]?.extent).toEqual([2, 8]);
  });

  it('appends the forecast past the newest sample only', () => {
    const q = [1, 2, 3];
    const forecast = { issuedAt: at(20), time: [20, 30, 40], q05: q, q25: q, q50: q, q75: q, q95: q };
    const rows = chartRows(view('123', { forecast }));
    expect(rows.map(({ time, value, median }) => [time, value, median])).toEqual([
      [0, 1, null],
      [10, 2, null],
      [20, 3, null],
      [30, null, 2],
      [40, null, 3],
    ]);
  });
});

describe('alertStretches', () => {
  it.each<[string, Alert, [number, number] | null, boolean]>([
    ['is where it was', alert(10, 30, 20), [10, 30], true],
    ['reaches the newest sample while it fires', alert(30, null, 40), [30, 50], true],
    ['is cut to what is visible', alert(-50, 20, -10), [0, 20], false],
    ['is left out when it ended before', alert(-50, -10, -20), null, false],
    ['is left out when it starts after', alert(60, 70, 60), null, false],
  ])('%s', (_, one, stretch, hasPeak) => {
    const [found] = alertStretches(view('123456', { alerts: [one] }));
    expect(found === undefined ? null : [found.from, found.to]).toEqual(stretch);
    expect(found?.peak !== undefined && found.peak !== null).toBe(hasPeak);
  });
});

describe('summaryOf', () => {
  it('says what a reader who cannot see the chart needs', () => {
    const text = summaryOf(view('1285', { scores: [null, 3.6, 1, 0], alerts: [alert(10, 20, 10)] }));
    expect(text).toContain('newest 5 %, lowest 1 %, highest 8 %; 1 alert; strangest sample about 1 in 4,000');
  });

  it('says that there is nothing', () => {
    expect(summaryOf(view('..'))).toContain('no samples between');
  });
});
