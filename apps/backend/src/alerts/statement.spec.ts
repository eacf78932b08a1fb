import { expect, test } from 'vitest';
import { state } from './statement';

const at = (time: string) => new Date(`2026-11-23T${time}:00Z`);
const told = { startsAt: at('14:05'), endsAt: null, value: 95, unit: '%', record: null };
const record = { right: 7, known: 9 };

test.each([
  [
    state('silent', { periodMs: 10_000 }, told),
    'No sample has come since 14:05 UTC; usually one comes every 10 s.',
  ],
  [
    state('silent', { periodMs: 10_000 }, { ...told, endsAt: at('14:20'), record }),
    'No sample came from 14:05 UTC on, for 15 min; usually one comes every 10 s. Such alerts were right 7 of 9 times before on this series.',
  ],
  [
    state('frozen', { count: 40, usual: 6 }, told),
    '40 samples or more in a row were 95 %, from 14:05 UTC on; runs of more than 6 are unusual.',
  ],
  [
    state('cadence', { periodMs: 10_000, paceMs: 30_000 }, told),
    'A sample came every 30 s from 14:05 UTC on; it was every 10 s.',
  ],
  [
    state(
      'breach',
      { phase: 'coming', side: 'above', limit: 90, atMs: +at('16:00'), probability: 0.8, record },
      { ...told, record },
    ),
    'Will be above its limit of 90 % at 16:00 UTC, with 80 % probability. Such forecasts were right 7 of 9 times before on this series.',
  ],
  [
    state(
      'breach',
      { phase: 'beyond', side: 'below', limit: 90, record: { right: 0, known: 0 } },
      { ...told, record: { right: 0, known: 0 } },
    ),
    'Below its limit of 90 %: 95 %. Said since 14:05 UTC. No such forecast has been checked yet on this series.',
  ],
])('%s', (said, expected) => {
  expect(said).toBe(expected);
});
