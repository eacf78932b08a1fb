import { expect, test } from 'vitest';
import { type DemoSeries, due, place } from './demo';

const series: DemoSeries = { file: '', name: 'x', unit: '', labels: {}, periodMs: 1_000, liveFrom: 3 };

test('the demo begins with its history, and the newest sample is now', () => {
  expect(due(series, { elapsedMs: 0, speed: 1, sent: undefined })).toEqual({ from: -3, to: 1 });
  expect(place(series, 0, { startedAt: 5_000, speed: 1, rows: 10 })).toEqual({ row: 3, time: 5_000 });
  expect(place(series, -3, { startedAt: 5_000, speed: 1, rows: 10 })).toEqual({ row: 0, time: 2_000 });
});

test('it goes on live, faster by its speed', () => {
  expect(due(series, { elapsedMs: 1_000, speed: 2, sent: 1 })).toEqual({ from: 1, to: 3 });
  expect(place(series, 2, { startedAt: 5_000, speed: 2, rows: 10 })).toEqual({ row: 5, time: 6_000 });
});

test('a file that ends begins again', () => {
  expect(place(series, 8, { startedAt: 0, speed: 1, rows: 10 })).toEqual({ row: 1, time: 8_000 });
});
