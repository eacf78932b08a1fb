/** The chart in a mail: what stretch it shows, its ticks, and that its picture shows them. */
import type { Alert } from '@bellwether/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chart, type ChartRow, COLORS, HEIGHT, stretchOf, ticks, timeTicks, WIDTH } from './chart';
import { png, ZOOM } from './raster';
import { readPng } from '../../../../test/support/png';

const MINUTE = 60_000;
const START = Date.parse('2026-11-20T14:00:00Z');
const alertAt = (startStep: number, endStep: number | null): Alert =>
  ({
    series: { name: 'latency', labels: { env: '<prod> & co' }, unit: 'ms' },
    startsAt: new Date(START + startStep * MINUTE).toISOString(),
    endsAt: endStep === null ? null : new Date(START + endStep * MINUTE).toISOString(),
    peak: { time: new Date(START + startStep * MINUTE).toISOString() },
  }) as unknown as Alert;

const steps = ({ from, to }: { from: number; to: number }) =>
  [from, to].map((time) => (time - START) / MINUTE);

describe('the stretch', () => {
  const series = { periodMs: MINUTE, newestMs: START + 130 * MINUTE };

  test('has an hour of steps before a short alert, and some after', () =>
    expect(steps(stretchOf(alertAt(100, 110), series))).toEqual([40, 126]));
  test('goes up to the newest sample while it fires', () =>
    expect(steps(stretchOf(alertAt(100, null), series))).toEqual([40, 131]));
  test('has the length of a long one before it', () =>
    expect(steps(stretchOf(alertAt(0, 100), series))).toEqual([-100, 126]));
  test('is bounded, and so are its points', () => {
    const stretch = stretchOf(alertAt(-100_000, null), series);
    expect(steps(stretch)).toEqual([-2_869, 131]);
    expect((stretch.to - stretch.from) / stretch.bucketMs).toBeLessThanOrEqual(600);
  });
});

describe('ticks', () => {
  test('are round', () => {
    expect(ticks(0, 100)).toEqual([0, 25, 50, 75, 100]);
    expect(ticks(-0.13, 0.27)).toEqual([-0.1, 0, 0.1, 0.2]);
  });

  test('are few, in order and within, whatever the numbers', () => {
    const number = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    const share = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(number, share, (low, of) => {
        const span = of * Math.max(1e-9, Math.abs(low));
        const all = ticks(low, low + span);
        expect(all.length).toBeLessThanOrEqual(6);
        expect(all).toEqual(all.toSorted((a, b) => a - b));
        expect(all.every((one) => one >= low - span * 1e-6 && one <= low + span * (1 + 1e-6))).toBe(true);
      }),
    );
  });

  test('of time are those of a clock', () => {
    const hours = timeTicks(START - 5 * 3_600_000, START).map((time) =>
      new Date(time).toISOString().slice(11, 16),
    );
    expect(hours).toEqual(['09:00', '10:00', '11:00', '12:00', '13:00']);
    expect(timeTicks(0, 86_400_000 * 3_000).length).toBeLessThanOrEqual(9);
  });
});

describe('the picture', () => {
  const alert = alertAt(60, 80);
  const stretch = stretchOf(alert, { periodMs: MINUTE, newestMs: START + 100 * MINUTE });
  const rows: ChartRow[] = Array.from({ length: 95 }, (_, step) => ({
    time: START + step * MINUTE,
    value: step >= 60 && step < 80 ? 95 : 40 + 5 * Math.sin(step / 4),
    expected: 40,
    lower: 30,
    upper: 50,
  })).filter((_, step) => step < 20 || step > 30);

  test('is a PNG that shows observed, expected band and alert where they are', async () => {
    const image = readPng(await png(chart(alert, rows, stretch)));
    expect([image.width, image.height]).toEqual([WIDTH * ZOOM, HEIGHT * ZOOM]);
    for (const part of ['observed', 'expected', 'alert', 'band'] as const)
      expect(image.count(COLORS[part], part === 'band' ? 8 : 2)).toBeGreaterThan(100);
    // The alert's stretch is right of the middle, where nothing else is as red.
    const columns = image.columnsOf(COLORS.alert, { top: 0.25, bottom: 0.8 });
    expect(columns.first / image.width).toBeGreaterThan(0.5);
    expect(columns.last / image.width).toBeLessThan(0.95);
  });

  test('breaks its line where samples are missing', () =>
    expect(chart(alert, rows, stretch).match(/<polyline[^>]*stroke-width="1.6"/g)).toHaveLength(2));

  test('says the unit, and no label breaks it', async () => {
    const svg = chart(alert, rows, stretch);
    expect(svg).toContain('>ms</text>');
    expect(svg).toContain('&lt;prod&gt; &amp; co');
    expect(readPng(await png(chart(alert, [], stretch))).width).toBe(WIDTH * ZOOM);
    expect(readPng(await png(chart(alert, rows.slice(0, 1), stretch))).width).toBe(WIDTH * ZOOM);
  });
});
