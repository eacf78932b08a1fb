import { describe, expect, it } from 'vitest';
import {
  ago,
  axisWords,
  bytes,
  counted,
  duration,
  figure,
  labelsInWords,
  localTime,
  quantity,
  refusalInWords,
  resolutionInWords,
  scoreInWords,
  utcTime,
} from './words';

describe('figure', () => {
  it.each([
    [0, '0'],
    [12.3456, '12.35'],
    [-0.0045678, '−0.004568'],
    [1234.5, '1,235'],
    [987654, '987,654'],
    [0.00000123, '1.23e−6'],
    [NaN, '–'],
  ])('writes %d as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});

describe('quantity', () => {
  it.each<[number | null, string | null, string]>([
    [41.23, '%', '41.23 %'],
    [41.23, 'percent', '41.23 %'],
    [1234, 'W', '1.23 kW'],
    [2_500_000, 'bytes', '2.5 MB'],
    [0.0123, 's', '12.3 ms'],
    [0.0000123, 'seconds', '12.3 µs'],
    [7260, 's', '2 h 1 min'],
    [12.5, '°C', '12.5 °C'],
    [1234567, 'requests/min', '1.23 M requests/min'],
    [12345, null, '12,345'],
    [12345678, null, '12.3 M'],
    [null, '%', '–'],
  ])('writes %d %s as %s', (value, unit, text) => {
    expect(quantity(value, unit)).toBe(text);
  });

  it('writes bytes', () => {
    expect(bytes(183_000)).toBe('183 kB');
  });
});

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [350, '350 ms'],
    [12_400, '12 s'],
    [90_000, '1 min 30 s'],
    [3_600_000, '1 h'],
    [12_000_000, '3 h 20 min'],
    [187_200_000, '2 d 4 h'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('ago', () => {
  it.each([
    [500, 'just now'],
    [12_000, '12 s ago'],
    [7_200_000, '2 h ago'],
    [-7_200_000, 'in 2 h'],
  ])('says %d ms as %s', (ms, text) => {
    expect(ago(10_000_000 - ms, 10_000_000)).toBe(text);
  });
});

describe('scoreInWords', () => {
  it.each<[number | null, string]>([
    [null, 'not scored yet'],
    [0.2, 'as usual'],
    [0.64, 'about 1 in 4'],
    [1, 'about 1 in 10'],
    [2.5, 'about 1 in 320'],
    [3.6, 'about 1 in 4,000'],
    [6.3, 'about 1 in 2 million'],
    [9.48, 'about 1 in 3 billion'],
    [14, 'rarer than 1 in a trillion'],
  ])('says %d as %s', (score, words) => {
    expect(scoreInWords(score)).toBe(words);
  });
});

describe('resolutionInWords', () => {
  it.each([
    [0, 'sample', 'raw samples'],
    [3_600_000, 'sample_hour', '1-hour means, from sample_hour'],
    [300_000, 'sample_minute', '5-minute means, from sample_minute'],
    [86_400_000, 'sample_hour', '1-day means, from sample_hour'],
    [1500, 'sample', '1.5-second means, from sample'],
  ])('says %d ms from %s as %s', (bucketMs, source, words) => {
    expect(resolutionInWords({ bucketMs, source })).toBe(words);
  });
});

it('keeps axis ticks short', () => {
  expect(axisWords('%').tick(75)).toBe('75\u00a0%');
  expect(axisWords('bytes').tick(2_500_000)).toBe('2.5\u00a0MB');
  expect([axisWords('passengers').tick(15000), axisWords('passengers').title]).toEqual([
    '15\u00a0k',
    'passengers',
  ]);
});

it('counts in singular and plural', () => {
  expect([counted(1, 'alert'), counted(2, 'alert'), counted(1200, 'series', 'series')]).toEqual([
    '1 alert',
    '2 alerts',
    '1,200 series',
  ]);
});

it('writes an instant for people here and elsewhere', () => {
  const time = Date.UTC(2024, 4, 1, 12, 0, 5);
  expect(utcTime(time)).toBe('2024-05-01 12:00:05 UTC');
  expect(localTime(time, 'Europe/Berlin')).toBe('01 May 2024, 14:00:05');
});

it('writes labels', () => {
  expect(labelsInWords({ host: 'a', region: 'eu' })).toBe('host=a, region=eu');
});

it('says what was refused, and where the first of it stood', () => {
  const first = { at: 'line 7', detail: 'the time is 1970-01-01' };
  expect(refusalInWords({ reason: 'too_old', count: 2, first })).toBe(
    '2 samples refused, too old. The first: line 7, the time is 1970-01-01',
  );
});
