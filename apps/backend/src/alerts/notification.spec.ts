import type { ToldIncident } from '@bellwether/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Member } from './grouping';
import { backoffMs, baseUrlOf, chosen, decide, isFor, MAX_ATTEMPTS, messageOf, toldOf } from './notification';

const DAY_MS = 86_400_000;
const refused = (status?: number) => ({ delivered: false, detail: '', status });

/** Draws the attempts until a notification is given up: one letter each, 'r' retry, 'F' failed. */
function draw(status?: number): string {
  let picture = '';
  for (let attempt = 1; !picture.endsWith('F'); attempt++)
    picture += decide(refused(status), attempt, 0.5).kind === 'failed' ? 'F' : 'r';
  return picture;
}

describe('a notification', () => {
  for (const [name, status, expected] of [
    ['is tried for long when nobody answers', undefined, 'rrrrrrrrrrrF'],
    ['is tried for long when the receiver is broken', 503, 'rrrrrrrrrrrF'],
    ['is tried for long when it came too fast', 429, 'rrrrrrrrrrrF'],
    ['is given up soon when the receiver says no', 404, 'rrF'],
    ['is given up soon when the receiver sends it elsewhere', 302, 'rrF'],
    ['is given up at once when the receiver is gone', 410, 'F'],
  ] as const) {
    test(name, () => expect(draw(status)).toBe(expected));
  }

  test('is given up soon when a mail server says no', () => {
    const no = { delivered: false, detail: '', isRefused: true };
    expect([1, 2, 3].map((attempt) => decide(no, attempt, 0.5).kind)).toEqual(['retry', 'retry', 'failed']);
  });

  test('is done once it is delivered', () => {
    expect(decide({ delivered: true, detail: '', status: 200 }, 1, 0)).toEqual({ kind: 'delivered' });
  });

  test('waits as long as the receiver asks for, within reason', () => {
    const asked = (retryAfterMs: number) => decide({ ...refused(429), retryAfterMs }, 1, 0.5);
    expect(asked(60_000)).toEqual({ kind: 'retry', afterMs: 60_000 });
    expect(asked(DAY_MS)).toEqual({ kind: 'retry', afterMs: 3_600_000 });
    expect(asked(1)).toEqual({ kind: 'retry', afterMs: 5_000 });
  });

  test('waits longer each time, and is tried for about a day', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (random) => {
        const waits = Array.from({ length: MAX_ATTEMPTS - 1 }, (_, index) => backoffMs(index + 1, random));
        expect(waits.every((wait, index) => index === 0 || wait >= waits[index - 1]!)).toBe(true);
        const total = waits.reduce((sum, wait) => sum + wait, 0);
        expect(total).toBeGreaterThan(0.7 * DAY_MS);
        expect(total).toBeLessThan(1.3 * DAY_MS);
      }),
    );
  });

  test('links to the series around the alert', () => {
    const alert = {
      id: 5,
      seriesId: 7,
      startsAt: '2025-11-22T14:00:00.000Z',
      endsAt: '2025-11-22T14:30:00.000Z',
      peak: { time: '2025-11-22T14:05:00.000Z' },
    };
    const incident = { id: 3, alerts: [alert] } as unknown as ToldIncident;
    const from = Date.parse('2025-11-22T13:00:00Z');
    const to = Date.parse('2025-11-22T15:30:00Z');
    const notification = {
      id: 'n',
      event: 'incident.resolved',
      episode: 0,
      repetition: 0,
      thread: 'first',
    } as const;
    const message = messageOf(notification, incident, {
      baseUrl: 'https://b.example',
      verdictLink: null,
      nowMs: to,
    });
    expect(message).toEqual({
      ...notification,
      sentAtMs: to,
      incident,
      alert,
      link: `https://b.example/series/?id=7&from=${from}&to=${to}`,
      verdictLink: null,
    });
  });

  for (const [name, config, expected] of [
    [
      'its public address',
      { PUBLIC_URL: 'https://b.example/x/', HOST: '::', PORT: 1 },
      'https://b.example/x',
    ],
    ['where it listens', { HOST: '127.0.0.1', PORT: 8080 }, 'http://127.0.0.1:8080'],
    ['this machine when it listens everywhere', { HOST: '0.0.0.0', PORT: 8080 }, 'http://localhost:8080'],
    ['brackets around IPv6', { HOST: '::1', PORT: 8080 }, 'http://[::1]:8080'],
    ['nothing when the port is not known', { HOST: '127.0.0.1', PORT: 0 }, null],
  ] as const) {
    test(`links to ${name}`, () => expect(baseUrlOf(config)).toBe(expected));
  }
});

describe('of an incident', () => {
  /** An alert for each letter: F fires, e has ended, h fires in history; where it is upper, it is not silenced. */
  const members = (letters: string): Member[] =>
    [...letters].map((letter, id) => ({
      ...{ id, kind: 'anomaly', severity: 'warning', seriesId: id, name: `s${id}`, labels: { host: 'a' } },
      ...{ periodMs: 60_000, startsMs: id * 3_600_000, endsMs: /e/i.test(letter) ? 9e9 : null },
      ...{ isHistory: /h/i.test(letter), score: 1, incidentId: 1 },
    }));
  const shown = (letters: string, event: 'incident.firing' | 'incident.resolved') =>
    chosen(members(letters), { event, isSilenced: ({ id }) => letters[id] === letters[id]!.toLowerCase() })
      .map(({ id }) => id)
      .join('');

  for (const [name, letters, event, expected] of [
    ['what fires is told, the first first', 'FFF', 'incident.firing', '012'],
    ['what has ended is not, while something fires', 'EFE', 'incident.firing', '1'],
    ['what is silenced is not, while something else fires', 'fFf', 'incident.firing', '1'],
    ['what is silenced is told where nothing else fires', 'ffE', 'incident.firing', '01'],
    ['what is over is told where nothing fires', 'EE', 'incident.firing', '01'],
    ['history is not told', 'HF', 'incident.firing', '1'],
    ['all of it is told when it is over', 'eEe', 'incident.resolved', '012'],
  ] as const)
    test(name, () => expect(shown(letters, event)).toBe(expected));

  test('the title and the reasons are of what is told', () => {
    const incident = { id: 1, title: 's0 and 2 more series', severity: 'warning' as const, mergedInto: null };
    const span = { startsAt: '2026-01-01T00:00:00Z', endsAt: null };
    const told = (ones: Member[], mergedInto: number | null = null) =>
      toldOf({ ...incident, ...span, mergedInto, reasons: ['why.'] }, ones, []);
    expect(told(members('FFF').slice(1))).toMatchObject({
      ...{ title: 's1{host=a} and 1 more series', reasons: ['why.'], alertCount: 2, seriesCount: 2 },
    });
    expect(told(members('FFF').slice(2))).toMatchObject({ title: 's2{host=a}', reasons: [], seriesCount: 1 });
    expect(told(members('F'), 7)).toMatchObject({ title: 's0 and 2 more series', mergedInto: 7 });
  });

  for (const [name, selector, leastSeverity, expected] of [
    ['every one', {}, 'info', true],
    ['those of its labels', { labels: { host: 'a' } }, 'info', true],
    ['none of other labels', { labels: { host: 'b' } }, 'info', false],
    ['those of its name', { name: 's0' }, 'warning', true],
    ['none of another name', { name: 's1' }, 'info', false],
    ['none that is less severe', {}, 'critical', false],
  ] as const)
    test(`a channel is for ${name}`, () =>
      expect(isFor({ selector, leastSeverity }, members('F')[0]!)).toBe(expected));
});
