/** What is said of an incident: who moved first, and the story of what changed. */
import { describe, expect, test } from 'vitest';
import type { Member } from './grouping';
import { firstMover, inOrder, summaryOf } from './incident';
import { type Change, story } from './incident.story';

const MINUTE = 60_000;
const START = Date.parse('2026-11-20T14:00:00Z');

const alert = (id: number, startsAt: number, more: Partial<Member> = {}): Member => ({
  ...{ id, kind: 'anomaly', severity: 'warning', seriesId: id, name: `s${id}`, labels: {}, periodMs: MINUTE },
  startsMs: START + startsAt * MINUTE,
  ...{ endsMs: null, isHistory: false, score: 5, incidentId: null },
  ...more,
});
const at = (minute: number): number => START + minute * MINUTE;

describe('the likely first mover', () => {
  for (const [name, members, expected] of [
    ['is the earliest', [alert(1, 5), alert(2, 0), alert(3, 3)], 2],
    ['is the strangest of what began together', [alert(1, 0, { score: 3 }), alert(2, 1, { score: 9 })], 2],
    [
      'may be a series that could only be seen later',
      [alert(1, 0), alert(2, 50, { periodMs: 60 * MINUTE, score: 9 })],
      2,
    ],
    ['is no series that was seen often enough', [alert(1, 0), alert(2, 50, { score: 9 })], 1],
    ['is the one with a score, of what began at once', [alert(1, 0, { score: null }), alert(2, 0)], 2],
    ['is the first known, of equals', [alert(2, 0), alert(1, 0)], 1],
  ] as const)
    test(name, () => {
      expect(firstMover(members).id).toBe(expected);
      expect(firstMover(members.toReversed()).id).toBe(expected);
    });

  test('stands first, and the others by start', () =>
    expect(inOrder([alert(1, 9), alert(2, 1, { score: 9 }), alert(3, 0)]).map(({ id }) => id)).toEqual([
      2, 3, 1,
    ]));
});

test('an incident spans its alerts, is as severe as the worst, and names the first', () => {
  const members = [
    alert(1, 5, { endsMs: at(9), severity: 'critical' }),
    alert(2, 0, { endsMs: at(7), labels: { host: 'a' } }),
    alert(3, 8, { endsMs: at(8), labels: { host: 'a' }, severity: 'info' }),
  ];
  expect(summaryOf({ members, reasons: [{ kind: 'label', key: 'host', value: 'a' }] })).toEqual({
    ...{ startsMs: START, endsMs: at(9), severity: 'critical', isHistory: false, firstAlertId: 2 },
    ...{ title: 's2{host=a} and 2 more series', reasons: ['2 series have the same host=a.'] },
    ...{ alertCount: 3, seriesCount: 3 },
  });
  expect(summaryOf({ members: [alert(1, 0)], reasons: [] })).toMatchObject({
    endsMs: null,
    title: 's1',
    reasons: [],
  });
});

test('reasons are a sentence each', () => {
  const members = [alert(1, 0, { kind: 'silent' }), alert(2, 0, { kind: 'silent' }), alert(3, 1)];
  const reasons = [{ kind: 'silent' as const }, { kind: 'together' as const, a: 3, b: 1, met: 4, total: 5 }];
  expect(summaryOf({ members, reasons }).reasons).toEqual([
    '2 series fell silent at about the same time.',
    's1 and s3 fired together 4 of 5 times before.',
  ]);
});

describe('the story', () => {
  const open = [alert(1, 0, { incidentId: 7 })];
  const over = [alert(1, 0, { incidentId: 7, endsMs: at(5) })];
  const of = (members: Member[], before: Member[] | null, more: Partial<Change> = {}): Change => ({
    ...{ id: 7, members, merged: [], taken: [], left: [] },
    before: before && summaryOf({ members: before, reasons: [] }),
    after: summaryOf({ members, reasons: [] }),
    ...more,
  });
  const joining = [alert(2, 1), alert(3, 2)];
  const others = joining.map((one) => ({ ...one, incidentId: 9 }));
  for (const [name, change, expected] of [
    ['begins', of([alert(1, 0)], null), ['opened: Opened: s1, since 2026-11-20 14:00:00 UTC.']],
    [
      'begins in history',
      of([alert(1, 0, { isHistory: true, endsMs: at(5) })], null),
      ['opened: Found in history, long over: s1, since 2026-11-20 14:00:00 UTC.'],
    ],
    ['says nothing where nothing changed', of(open, open), []],
    ['names what joins', of([...open, ...joining], open), ['joined: Joined by s2 and s3.']],
    [
      'names what it took',
      of([...open, ...others], open, { merged: [{ incidentId: 9, members: others }] }),
      ['merged: Incident 9 became a part of it: s2 and s3.'],
    ],
    [
      'names what left',
      of(open, [...open, ...joining], { left: joining.map((member) => ({ member, incidentId: 8 })) }),
      ['left: s2 and s3 left: incident 8 now.'],
    ],
    [
      'says what was taken back',
      of(open, [...open, ...joining]),
      ['left: 2 alerts were taken back: what is known now does not show it.'],
    ],
    [
      'says where a part of it came from',
      of(joining, null, { taken: [{ incidentId: 7, members: joining }] }),
      ['split: Split off from incident 7: what is known now does not link s2 and s3 to it.'],
    ],
    [
      'corrects who moved first, and when',
      of([alert(2, -9, { incidentId: 7 }), ...open], [...open, alert(2, 3, { incidentId: 7 })]),
      [
        'changed: The likely first mover is s2 now, since 2026-11-20 13:51:00 UTC.',
        'changed: It began at 2026-11-20 13:51:00 UTC, not at 2026-11-20 14:00:00 UTC.',
      ],
    ],
    ['ends', of(over, open), ['resolved: Over at 2026-11-20 14:05:00 UTC, with 1 alert.']],
    ['goes on', of(open, over), ['reopened: Reopened: it was over at 2026-11-20 14:05:00 UTC, and goes on.']],
  ] as [string, Change, string[]][])
    test(name, () => expect(story(change).map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual(expected));
});
