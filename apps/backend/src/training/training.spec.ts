import { describe, expect, test } from 'vitest';
import { type Group, isBetter, outcome, reasonToTrain, toCalibrateOn } from './training';

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;

const group = (change: Partial<Group>): Group => ({
  detectorId: 1,
  periodMs: 60_000,
  retrainHours: 24,
  readySeries: 3,
  steps: 900,
  oldestSeriesAt: NOW - HOUR,
  newestSeriesAt: NOW - HOUR,
  hasChampion: false,
  lastRun: null,
  ...change,
});
const ran = (change: Partial<NonNullable<Group['lastRun']>>) => ({
  lastRun: { endedAt: NOW - HOUR, hasFailed: false, seriesCount: 3, steps: 900, ...change },
});

describe('a group is trained', () => {
  test.each<[string, Partial<Group>, string | undefined]>([
    ['as soon as there is enough', {}, 'enough samples'],
    ['not before a series is long enough', { readySeries: 0 }, undefined],
    [
      'not while new series still come in',
      { newestSeriesAt: NOW - 500, oldestSeriesAt: NOW - 5_000 },
      undefined,
    ],
    ['although new series come in, after half a minute', { newestSeriesAt: NOW - 500 }, 'enough samples'],
    ['not again for nothing', { hasChampion: true, ...ran({}) }, undefined],
    [
      'again with twice the samples',
      { hasChampion: true, ...ran({ steps: 450 }) },
      'twice the samples of the last training',
    ],
    ['again when no model serves', ran({}), 'no model serves'],
    ['but not at once when none does', ran({ endedAt: NOW - 60_000 }), undefined],
    ['again for new series', { hasChampion: true, ...ran({ seriesCount: 2 }) }, 'new series'],
    [
      'but not for each new series at once',
      { hasChampion: true, ...ran({ seriesCount: 2, endedAt: NOW - 1_000 }) },
      undefined,
    ],
    [
      'again after a day',
      { hasChampion: true, ...ran({ endedAt: NOW - 24 * HOUR }) },
      'the models are 24 h old',
    ],
    ['not at once after a failure', ran({ hasFailed: true, endedAt: NOW - 60_000 }), undefined],
    ['some time after a failure', ran({ hasFailed: true }), 'the last training failed'],
    [
      'not at once after a failure, whatever serves meanwhile',
      { hasChampion: true, readySeries: 4, ...ran({ hasFailed: true, endedAt: NOW - 6 * 60_000 }) },
      undefined,
    ],
    [
      'not at once after a failure that came before the samples',
      ran({ hasFailed: true, steps: 0, endedAt: NOW - 30_000 }),
      undefined,
    ],
    [
      'soon after a failure that came before the samples',
      ran({ hasFailed: true, steps: 0, endedAt: NOW - 90_000 }),
      'the last training failed',
    ],
    [
      'not again for series beyond those that one training takes',
      { hasChampion: true, readySeries: 1_000, ...ran({ seriesCount: 200 }) },
      undefined,
    ],
  ])('%s', (_, change, expected) => expect(reasonToTrain(group(change), NOW)).toBe(expected));
});

describe('a challenger', () => {
  test.each([
    ['is promoted where there is no champion', 1.2, null, true],
    ['is promoted when it is better', 1.0, 1.2, true],
    ['is promoted when it is as good', 1.2, 1.2, true],
    ['is not promoted when it is worse', 1.4, 1.2, false],
    ['is not promoted when its loss is no number', NaN, null, false],
  ])('%s', (_, challenger, champion, expected) => expect(isBetter(challenger, champion)).toBe(expected));

  test('says what came of it', () => {
    expect(outcome([{ kind: 'vae', isPromoted: false, heldOutLoss: 1.4, championLoss: 1.2 }])).toBe(
      'VAE was not promoted: 1.400 nats per sample held out, against 1.200 of the champion',
    );
  });
});

describe('a calibration is made on', () => {
  test.each([
    ['the held-out fifth of a long history', 4_000, 800],
    ['the newest half of one whose fifth is too short to show a tail', 2_000, 1_000],
    ['the newest half of a short one', 200, 100],
  ])('%s', (_, length, expected) => {
    const raw = Float32Array.from({ length }, (_, i) => i);
    expect([...toCalibrateOn(raw)]).toEqual([...raw.slice(length - expected)]);
  });
});
