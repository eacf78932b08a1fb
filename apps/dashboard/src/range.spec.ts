import { describe, expect, it } from 'vitest';
import {
  aroundAlert,
  boundsOf,
  NEWEST,
  pan,
  rangeFromParams,
  rangeToParams,
  selection,
  settle,
  stretchOf,
  zoom,
  type Bounds,
  type RangeChoice,
} from './range';

const bounds: Bounds = { first: 0, end: 1000, periodMs: 10 };

/** `.....###..` is the stretch [500, 800) of [0, 1000). */
const stretch = (drawing: string) => ({
  from: drawing.indexOf('#') * 100,
  to: (drawing.lastIndexOf('#') + 1) * 100,
});

describe('a stretch', () => {
  it.each([
    ['pans into the past', '....####..', -0.5, '..####....'],
    ['stops at the first sample', '.####.....', -0.5, '####......'],
    ['stops at the newest sample', '.....####.', 0.5, '......####'],
  ])('%s', (_, before, fraction, after) => {
    expect(pan(stretch(before), fraction, bounds)).toEqual(stretch(after));
  });

  it.each([
    ['zooms out around its middle', '...####...', 2, '.########.'],
    ['zooms in around its middle', '...####...', 0.5, '....##....'],
    ['keeps the newest sample when it ends there', '......####', 0.5, '........##'],
    ['zooms out to all there is', '..######..', 2, '##########'],
  ])('%s', (_, before, factor, after) => {
    expect(zoom(stretch(before), factor, bounds)).toEqual(stretch(after));
  });

  it('never gets shorter than three periods', () => {
    expect(zoom({ from: 500, to: 530 }, 0.1, bounds)).toEqual({ from: 500, to: 530 });
  });

  it('is selected by a drag in either direction, but not by a click', () => {
    expect(selection(700, 300, bounds)).toEqual({ from: 300, to: 700 });
    expect(selection(300, 305, bounds)).toBeNull();
  });

  it.each<[string, string, RangeChoice]>([
    ['follows the newest sample once it reaches it', '......####', { kind: 'newest', span: 400 }],
    ['stays where it is in the past', '..####....', { kind: 'fixed', from: 200, to: 600 }],
    ['is all there is when it holds everything', '##########', { kind: 'newest', span: 'all' }],
  ])('%s', (_, drawing, choice) => {
    expect(settle(stretch(drawing), bounds)).toEqual(choice);
  });
});

describe('a choice', () => {
  it.each<[RangeChoice]>([
    [NEWEST],
    [{ kind: 'newest', span: 'all' }],
    [{ kind: 'newest', span: 21_600_000 }],
    [{ kind: 'newest', span: 12_345 }],
    [{ kind: 'fixed', from: 1_700_000_000_000, to: 1_700_000_600_000 }],
  ])('%j survives the address', (choice) => {
    expect(rangeFromParams(new URLSearchParams(rangeToParams(choice)))).toEqual(choice);
  });

  it.each(['from=x&to=y', 'from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z', 'span=-5', 'span=soon', ''])(
    'is the newest stretch when the address says %j',
    (address) => {
      expect(rangeFromParams(new URLSearchParams(address))).toEqual(NEWEST);
    },
  );

  it('becomes the stretch to ask for', () => {
    expect(stretchOf(NEWEST, bounds)).toBeNull();
    expect(stretchOf({ kind: 'newest', span: 400 }, bounds)).toEqual({ from: 600, to: 1000 });
    expect(stretchOf({ kind: 'newest', span: 'all' }, bounds)).toEqual({ from: 0, to: 1000 });
    expect(stretchOf({ kind: 'newest', span: 9000 }, bounds)).toEqual({ from: 0, to: 1000 });
    expect(stretchOf({ kind: 'newest', span: 400 }, null)).toBeNull();
  });
});

describe('boundsOf', () => {
  it('ends one period past the newest sample, and is null before the first', () => {
    const series = {
      firstSampleAt: '1970-01-01T00:00:00Z',
      lastSampleAt: '1970-01-01T00:01:00Z',
      periodMs: 1000,
    };
    expect(boundsOf(series)).toEqual({ first: 0, end: 61_000, periodMs: 1000 });
    expect(boundsOf({ ...series, lastSampleAt: null })).toBeNull();
  });
});

describe('aroundAlert', () => {
  it('shows what came before and after', () => {
    const { from, to } = aroundAlert('1970-01-01T10:00:00Z', '1970-01-01T11:00:00Z', '1970-01-01T10:30:00Z');
    expect([from / 3_600_000, to / 3_600_000]).toEqual([7, 14]);
  });
});
