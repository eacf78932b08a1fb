import { describe, expect, test } from 'vitest';
import { duration, explain, type Explained, format, rarity } from './explanation';

const alert: Explained = {
  startsAt: new Date('2025-11-22T14:03:00Z'),
  endsAt: null,
  peak: {
    time: new Date('2025-11-22T14:05:00Z'),
    value: 412.37,
    expected: 210,
    lower: 180.2,
    upper: 240.4,
    score: 4.6,
    vrnnShare: 0.7,
  },
  unit: 'ms',
  periodMs: 60_000,
};

const withPeak = (peak: Partial<Explained['peak']>): string =>
  explain({ ...alert, peak: { ...alert.peak, ...peak } });

describe('an explanation', () => {
  test('says what was seen, what was expected, how rare that is, who noticed and since when', () => {
    expect(explain(alert)).toBe(
      '412 ms at 14:05 UTC; 180 to 240 ms was expected. About once in 28 days for this series; ' +
        'the forecaster was more surprised than the reconstructor (70 % / 30 %). Firing since 14:03 UTC.',
    );
  });

  for (const [name, text, expected] of [
    [
      'says how long it lasted',
      explain({ ...alert, endsAt: new Date('2025-11-22T15:15:00Z') }),
      'It lasted 1 h 12 min.',
    ],
    [
      'says seconds where there are any',
      withPeak({ time: new Date('2025-11-22T14:05:07Z') }),
      'at 14:05:07 UTC;',
    ],
    ['does without a unit', explain({ ...alert, unit: null }), '412 at 14:05 UTC; 180 to 240 was expected.'],
    [
      'does without an expectation',
      withPeak({ expected: null, lower: null, upper: null }),
      '412.4 ms at 14:05 UTC. About',
    ],
    ['does without a band', withPeak({ lower: null }), 'about 210 ms was expected.'],
    [
      'does not call strange a value that is not',
      withPeak({ value: 200 }),
      'is within the expected 180 to 240 ms, but',
    ],
    [
      'claims no rarity that cannot be known',
      withPeak({ score: 15 }),
      'Less than once in a year for this series;',
    ],
    [
      'says when the reconstructor noticed',
      withPeak({ vrnnShare: 0.2 }),
      'reconstructor was more surprised than the forecaster (80 % / 20 %)',
    ],
    [
      'calls equal what is nearly so',
      withPeak({ vrnnShare: 0.53 }),
      'forecaster and reconstructor were equally surprised',
    ],
  ] as const) {
    test(name, () => expect(text).toContain(expected));
  }

  const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];
  for (const [name, score, periodMs, expected] of [
    ['days', 4.76, MINUTE, 'about once in 40 days for this series'],
    ['many days', 5.3, MINUTE, 'about once in 100 days for this series'],
    ['hours', 3.3, MINUTE, 'about once in 33 hours for this series'],
    ['few hours', 2.5, MINUTE, 'about once in 5 hours for this series'],
    ['minutes', 2, 10 * SECOND, 'about once in 17 minutes for this series'],
    ['a minute', 1, 10 * SECOND, 'about once in a minute for this series'],
    ['less than that', 0.5, SECOND, 'more than once in a minute for this series'],
    ['not more than a year', 5, HOUR, 'less than once in a year for this series'],
    ['not more than a calibration knows', 7, SECOND, 'less than once in 12 days for this series'],
    ['samples, without a period', 4.6, null, 'about 1 in 40,000 samples'],
    ['not more samples than a calibration knows', 9, null, 'rarer than 1 in 1,000,000 samples'],
  ] as const) {
    test(`says how rare it is in ${name}`, () => expect(rarity(score, periodMs)).toBe(expected));
  }

  for (const [number, width, expected] of [
    [100.0123, 0.01, '100.012'],
    [1234567.8, 5000, '1,234,568'],
    [0.00004, 0.00001, '0.00004'],
    [-0.001, 10, '0'],
    [3e12, 1, '3.00e+12'],
    [0, 0, '0'],
  ] as const) {
    test(`writes ${number} as ${expected} beside a width of ${width}`, () =>
      expect(format(number, width)).toBe(expected));
  }

  for (const [ms, expected] of [
    [0, '0 s'],
    [250, '250 ms'],
    [61_000, '1 min 1 s'],
    [7_200_000, '2 h'],
    [90_000_000, '1 d 1 h'],
  ] as const) {
    test(`says ${ms} ms as ${expected}`, () => expect(duration(ms)).toBe(expected));
  }
});
