import { expect, test } from 'vitest';
import { judgeAlerts, median, quality, seasonalRule, sigmaRule, windowsOf } from './rules.mjs';

const HOUR = 3_600_000;

test('static sigma counts standard deviations of the past', () => {
  const rule = sigmaRule([{ value: 1 }, { value: 3 }]);
  expect([2, 3, 5, -1].map((value) => rule({ value }))).toEqual([0, 1, 3, 3]);
});

test('a seasonal score knows the hour of the day', () => {
  const past = Array.from({ length: 48 }, (_, hour) => ({
    time: hour * HOUR,
    value: (hour % 24) * 10 + (hour < 24 ? 1 : -1),
  }));
  const rule = seasonalRule(past);
  expect(rule({ time: 75 * HOUR, value: 30 })).toBe(0);
  expect(rule({ time: 75 * HOUR, value: 35 })).toBe(5);
  expect(rule({ time: 76 * HOUR, value: 30 })).toBe(10);
});

test('windows are stretches of labelled rows', () => {
  const rows = [...'..xx.x'].map((mark, time) => ({ time, label: mark === 'x' }));
  expect(windowsOf(rows)).toEqual([
    { from: 2, to: 3 },
    { from: 5, to: 5 },
  ]);
});

test('an alert is inside where it overlaps a window, and a window found by the first that does', () => {
  const windows = [
    { from: 10, to: 20 },
    { from: 50, to: 60 },
    { from: 90, to: 99 },
  ];
  const alerts = [
    { startsAt: 1, firedAt: 2, endsAt: 5 },
    { startsAt: 8, firedAt: 9, endsAt: 12 },
    { startsAt: 15, firedAt: 16, endsAt: 17 },
    { startsAt: 55, firedAt: 57, endsAt: null },
  ];
  const judged = judgeAlerts(alerts, windows);
  expect(judged).toEqual({ windows: 3, found: 3, inside: 3, outside: 1, delays: [0, 7, 0] });
  expect(quality(judged)).toEqual({ precision: 0.75, recall: 1, f1: 1.5 / 1.75 });
  expect(median(judged.delays)).toBe(0);
});
