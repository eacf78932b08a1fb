/** Which alerts belong together, drawn: a line for each series, a letter for each quarter of an hour. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { by, components, type Knowledge, type Member, regroup, type Together } from './grouping';
import type { Shared } from './related';

const QUARTER = 15 * 60_000;
const MINUTE = 60_000;

interface Line {
  labels: string;
  story: string;
  kind?: Member['kind'];
  periodMs?: number;
}

const line = (labels: string, story: string, more: Partial<Line> = {}): Line => ({ labels, story, ...more });

/** An alert for each unbroken stretch of letters: it starts with the first, and ends as long after as there are letters; > never ends. */
function membersOf(lines: Line[]): Member[] {
  let id = 0;
  return lines.flatMap(({ labels, story, kind = 'anomaly', periodMs = MINUTE }, seriesId) =>
    [...story.matchAll(/A+>?/g)].map(({ index, 0: stretch }) => ({
      ...{ id: id++, kind, severity: 'warning' as const, seriesId, name: `s${seriesId}` },
      labels: labelsOf(labels),
      periodMs,
      startsMs: index * QUARTER,
      endsMs: stretch.endsWith('>') ? null : (index + stretch.length) * QUARTER,
      ...{ isHistory: false, score: 9, incidentId: null },
    })),
  );
}

const labelsOf = (labels: string): Record<string, string> =>
  Object.fromEntries(
    labels
      .split(' ')
      .filter(Boolean)
      .map((label) => label.split('=')),
  );

/** What labels say where there are other hosts, too. */
function sharedOf(lines: Line[]): Shared[] {
  const pairs = lines.flatMap(({ labels }, id) =>
    Object.entries(labelsOf(labels)).map((pair) => ({ id, pair })),
  );
  return [...by(pairs, ({ pair }) => pair.join('='))].map(([, ones]) => ({
    ...{ key: ones[0]!.pair[0], value: ones[0]!.pair[1], hasOther: true },
    seriesIds: ones.map(({ id }) => id),
  }));
}

/** The same stories, with the letter of its incident for each alert. */
function draw(lines: Line[], together: Together[] = []): string[] {
  const members = membersOf(lines);
  const found = components(members, { shared: sharedOf(lines), together });
  const letters = new Map(found.flatMap((one, at) => one.members.map(({ id }) => [id, 'abcdefgh'[at]!])));
  let id = 0;
  return lines.map(({ story }) =>
    story.replace(/A+>?/g, (stretch) => stretch.replaceAll('A', letters.get(id++)!)),
  );
}

describe('alerts', () => {
  for (const [name, lines, expected] of [
    [
      'of one host that overlap are one incident',
      [line('host=a', '.AAA...'), line('host=a', '..AAA..')],
      ['.aaa...', '..aaa..'],
    ],
    [
      'of other hosts are others',
      [line('host=a', '.AAA...'), line('host=b', '..AAA..')],
      ['.aaa...', '..bbb..'],
    ],
    [
      'that follow within the window are one story',
      [line('host=a', 'AA.....'), line('host=a', '..AA...')],
      ['aa.....', '..aa...'],
    ],
    [
      'that follow later are two',
      [line('host=a', 'AA.....'), line('host=a', '....AA.')],
      ['aa.....', '....bb.'],
    ],
    ['of one series go on within the window', [line('', 'AA.....')], ['aa.....']],
    ['of one series are two after it', [line('', 'A..A...')], ['a..b...']],
    [
      'hang together by one between them',
      [line('host=a', 'AA......'), line('host=a job=x', '..AA....'), line('job=x', '....AA..')],
      ['aa......', '..aa....', '....aa..'],
    ],
    [
      'of a slow series have a longer window',
      [line('host=a', 'A......', { periodMs: 2 * QUARTER }), line('host=a', '......A')],
      ['a......', '......a'],
    ],
    [
      'that do not end meet whatever comes',
      [line('host=a', 'A>......'), line('host=a', '......A.')],
      ['a>......', '......a.'],
    ],
    [
      'that fell silent together are one, whatever their labels',
      [
        line('host=a', '.A>.....', { kind: 'silent', periodMs: QUARTER }),
        line('host=b', '...A>...', { kind: 'silent', periodMs: MINUTE }),
        line('host=c', '.......A', { kind: 'silent', periodMs: MINUTE }),
      ],
      ['.a>.....', '...a>...', '.......b'],
    ],
  ] as [string, Line[], string[]][])
    test(name, () => expect(draw(lines)).toEqual(expected));

  test('of series that fired together before are one', () => {
    const lines = [line('host=a', 'AA....'), line('host=b', '.AA...'), line('host=c', '.AA...')];
    expect(draw(lines, [{ a: 0, b: 1, met: 4, total: 5 }])).toEqual(['aa....', '.aa...', '.bb...']);
  });
});

/** Members of the incidents 1, 2, … as they were stored: a digit for the incident of each alert, in the order of the alerts. */
function stored(lines: Line[], incidents: string): Member[] {
  return membersOf(lines).map((member, at) => ({
    ...member,
    incidentId: incidents[at] === '.' ? null : Number(incidents[at]),
  }));
}

describe('an incident', () => {
  const host = (story: string) => line('host=a', story);
  for (const [name, lines, incidents, groups, merged, emptied] of [
    ['is new', [host('A>')], '.', [null], [], []],
    ['takes what joins', [host('A>.'), host('.A>')], '1.', [1], [], []],
    [
      'goes on as the one with most alerts',
      [host('A>..'), host('.A>.'), host('..A>')],
      '122',
      [2],
      [[1, 0]],
      [],
    ],
    ['goes on as the older of equals', [host('A>..'), host('.A>.')], '21', [1], [[2, 0]], []],
    [
      'keeps its number where most of it stays',
      [host('A...A.A'), host('.....A.')],
      '1111',
      [null, 1],
      [],
      [],
    ],
    ['is two where nothing links it any more', [host('A....A.')], '11', [1, null], [], []],
    ['is none without alerts', [host('A>')], '2', [2], [], [1]],
  ] as [string, Line[], string, (number | null)[], [number, number][], number[]][])
    test(name, () => {
      const members = stored(lines, incidents);
      const known = [...new Set([1, ...members.flatMap(({ incidentId }) => incidentId ?? [])])];
      const ids = incidents === '.' ? [] : known;
      const found = regroup(members, { shared: sharedOf(lines), together: [] }, ids);
      expect(found.groups.map(({ incidentId }) => incidentId)).toEqual(groups);
      expect(found.merged.map(({ incidentId, into }) => [incidentId, into])).toEqual(merged);
      expect(found.emptied).toEqual(emptied);
    });
});

describe('whatever the order in which alerts come and change', () => {
  const labels = fc.constantFrom('', 'host=a', 'host=b', 'host=a job=x', 'job=x');
  const span = fc.tuple(fc.nat(20), fc.option(fc.integer({ min: 1, max: 6 }), { freq: 5 }));
  const worlds = fc.record({
    series: fc.array(labels, { minLength: 1, maxLength: 5 }),
    /** Of each alert its series, and the stretches that it is known to have, one after the other. */
    alerts: fc.array(fc.tuple(fc.nat(4), fc.array(span, { minLength: 1, maxLength: 3 }), fc.boolean()), {
      minLength: 1,
      maxLength: 8,
    }),
    order: fc.array(fc.nat(), { minLength: 24, maxLength: 24 }),
  });

  /** The incidents as sets of alerts, by regrouping what each change can reach. */
  function live(
    members: Map<number, Member>,
    change: { id: number; to: Member | null },
    knowledge: Knowledge,
  ) {
    const before = members.get(change.id);
    if (change.to) members.set(change.id, { ...change.to, incidentId: before?.incidentId ?? null });
    else members.delete(change.id);
    const all = [...members.values()];
    const linked = components(all, knowledge).find((one) => one.members.some(({ id }) => id === change.id));
    const reached = new Set([
      before?.incidentId,
      ...(linked?.members ?? []).map(({ incidentId }) => incidentId),
    ]);
    const ids = [...reached].filter((id) => id !== undefined && id !== null);
    const scope = all.filter((one) => one.id === change.id || reached.has(one.incidentId));
    const next = Math.max(0, ...all.map(({ incidentId }) => incidentId ?? 0)) + 1;
    for (const [at, { incidentId, members: ones }] of regroup(scope, knowledge, ids).groups.entries())
      for (const one of ones) members.set(one.id, { ...one, incidentId: incidentId ?? next + at });
  }

  test('the incidents are those of the alerts as they are in the end', () => {
    fc.assert(
      fc.property(worlds, ({ series, alerts, order }) => {
        const lines = series.map((one) => line(one, ''));
        const knowledge = { shared: sharedOf(lines), together: [] };
        const changes = alerts.flatMap(([place, spans, isRemoved], id) => {
          const seriesId = place % series.length;
          const stretches = spans.map(([start, length]): Member | null => ({
            ...{ id, kind: 'anomaly', severity: 'warning', seriesId, name: `s${seriesId}` },
            ...{ labels: labelsOf(series[seriesId]!), periodMs: MINUTE, startsMs: start * QUARTER },
            endsMs: length === null ? null : (start + length) * QUARTER,
            ...{ isHistory: false, score: 1, incidentId: null },
          }));
          return [...stretches, ...(isRemoved ? [null] : [])].map((to) => ({ id, to }));
        });
        // Any interleaving that keeps what becomes of each alert in order.
        const queues = by(changes, ({ id }) => id);
        const members = new Map<number, Member>();
        for (const pick of order) {
          const waiting = [...queues.values()].filter(({ length }) => length > 0);
          if (waiting.length === 0) break;
          live(members, waiting[pick % waiting.length]!.shift()!, knowledge);
        }
        for (const left of queues.values()) for (const change of left) live(members, change, knowledge);
        const partition = (ones: Member[][]) =>
          ones.map((group) => group.map(({ id }) => id).sort((a, b) => a - b)).sort((a, b) => a[0]! - b[0]!);
        const lived = partition([...by(members.values(), ({ incidentId }) => incidentId).values()]);
        const inOrder = partition(components([...members.values()], knowledge).map((one) => one.members));
        expect(lived).toEqual(inOrder);
      }),
      { numRuns: 500 },
    );
  });
});
