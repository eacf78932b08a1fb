import type { Alert, Incident } from '@bellwether/contracts';
import { describe, expect, test } from 'vitest';
import { aroundIncident, sizeInWords, standingOf, swimlaneOf } from './incidents';

const MINUTE = 60_000;
const at = (minute: number): string => new Date(minute * MINUTE).toISOString();

/** Alerts out of a drawing: a letter a series, `>` at the end of one that fires. */
function alertsOf(...drawings: string[]): Alert[] {
  return drawings.map((drawing, id) => {
    const body = drawing.trim();
    const start = drawing.indexOf(body);
    return {
      ...{ id, seriesId: body.charCodeAt(0), startsAt: at(start) },
      endsAt: body.endsWith('>') ? null : at(start + body.length),
      peak: { time: at(start) },
    } as Alert;
  });
}

/** Lanes as they were drawn, a letter for each minute of their bars. */
function drawn(alerts: Alert[], now: number): string[] {
  const { domain, lanes } = swimlaneOf(alerts, now * MINUTE);
  const minutesOf = (share: number) => Math.round((share * (domain[1] - domain[0])) / MINUTE);
  return lanes.map(({ first, bars }) =>
    bars.reduce((line, { left, width }) => {
      const begin = minutesOf(left) + Math.round(domain[0] / MINUTE);
      return line.padEnd(begin) + String.fromCharCode(first.seriesId).repeat(minutesOf(width));
    }, ''),
  );
}

describe('the lanes of an incident', () => {
  test.each([
    ['one a series, in the order of the alerts', ['   bbb', 'aa'], ['   bbb', 'aa']],
    ['alerts of a series share a lane', ['aa', ' bbb', '      aaa'], ['aa    aaa', ' bbb']],
    ['what fires reaches now', ['aa', ' b>'], ['aa', ' bbbbbbbbb']],
    ['a clock behind the samples turns no bar around', ['            a>', 'b'], ['            ', 'b']],
  ])('%s', (_, alerts, lanes) => expect(drawn(alertsOf(...alerts), 10)).toEqual(lanes));

  test('lie within the picture, with room at both sides', () => {
    const bar = swimlaneOf(alertsOf('aaaa'), 10 * MINUTE).lanes[0]!.bars[0]!;
    expect(bar.left).toBeGreaterThan(0);
    expect(bar.left + bar.width).toBeLessThan(1);
  });
});

describe('in words', () => {
  const open = { mergedInto: null, isHistory: false, state: 'open' } as const;
  test.each([
    ['open', {}],
    ['acknowledged', { state: 'acknowledged' as const }],
    ['resolved', { state: 'resolved' as const }],
    ['history', { state: 'resolved' as const, isHistory: true }],
    ['merged', { state: 'resolved' as const, mergedInto: 3 }],
  ])('%s', (standing, change) => expect(standingOf({ ...open, ...change })).toBe(standing));

  test.each([
    [1, 1, '1 alert on 1 series'],
    [1200, 2, '1,200 alerts on 2 series'],
  ])('%i and %i', (alertCount, seriesCount, words) =>
    expect(sizeInWords({ alertCount, seriesCount })).toBe(words),
  );
});

test('the chart shows all of it, and what was before', () => {
  const incident = {
    alerts: alertsOf('  aaa', '   bbbb'),
    startsAt: at(2),
    endsAt: at(7),
  } as unknown as Incident;
  const stretch = aroundIncident(incident)!;
  expect([stretch.from < 2 * MINUTE, stretch.to > 7 * MINUTE]).toEqual([true, true]);
  expect(aroundIncident({ ...incident, alerts: [] })).toBeNull();
});
