/** Incidents on the real database: what belongs together, what is told of it to whom, and what is remembered. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { ChannelInput, type NewChannel } from '@bellwether/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { by, components } from '../../apps/backend/src/alerts/grouping';
import { GroupingStore } from '../../apps/backend/src/alerts/grouping.store';
import { MOST_ALERTS } from '../../apps/backend/src/alerts/incident.service';
import { NotificationStore } from '../../apps/backend/src/alerts/notification.store';
import { RelatedStore } from '../../apps/backend/src/alerts/related.store';
import { readConfig } from '../../apps/backend/src/config';
import { Database, type Queries } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { SilenceStore } from '../../apps/backend/src/silences/silence.store';
import { follow, newChannels, newDesk, newIncidents } from '../support/outbox';

const MINUTE = 60_000;
const SLOT = 10 * MINUTE;
const START = Date.parse('2025-03-01T00:00:00Z');
const NAME = 'incident.spec';
const config = readConfig({ SECRET_KEY: 'k'.repeat(32) });

let database: Database;
let outbox: NotificationStore;
let nowMs = START;
let hosts: string[];
/** Two series of the first host, and one of the second. */
let series: number[];

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: NAME });
  outbox = new NotificationStore(database);
});
beforeEach(async () => {
  nowMs = START;
  await meetAnew();
});
async function clear(): Promise<void> {
  await database.query('DELETE FROM channel WHERE name = $1', [NAME]);
  await database.query('DELETE FROM silence WHERE comment = $1', [NAME]);
  await database.query('DELETE FROM incident WHERE title LIKE $1', [`${NAME}%`]);
  await database.query('DELETE FROM series WHERE name LIKE $1', [`${NAME}%`]);
}
afterEach(clear);
afterAll(() => database.close());

async function meetAnew(): Promise<void> {
  hosts = [randomUUID(), randomUUID()];
  series = [];
  for (const [at, host] of [hosts[0]!, hosts[0]!, hosts[1]!].entries())
    series.push(await newSeries(`s${at}`, { host }));
}

async function newSeries(name: string, labels: Record<string, string>): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    'INSERT INTO series (name, labels, period_ms) VALUES ($1, $2, 60000) RETURNING id',
    [`${NAME} ${name}`, { ...labels, id: randomUUID() }],
  );
  return rows[0]!.id;
}

/** Puts the series at two places into one rack, where there are others, too. */
async function relate(...places: [number, number]): Promise<void> {
  await newSeries('rack', { rack: randomUUID() });
  await database.query(`UPDATE series s SET labels = s.labels || $2 WHERE s.id = ANY($1::int[])`, [
    places.map((place) => series[place]),
    { rack: randomUUID() },
  ]);
}

const at = (slot: number): Date => new Date(START + slot * SLOT);
const foundation = () => ({ database, config, clock: () => nowMs });

async function addChannel(more: Partial<NewChannel> = {}): Promise<number> {
  const given = { name: NAME, url: 'http://127.0.0.1:1/', groupWaitSeconds: 0, ...more };
  return (await newChannels(foundation()).add(ChannelInput.parse(given))).id;
}

/** Writes an alert over [from, to) in slots, and has it followed. */
async function addAlert(
  seriesId: number,
  from: number,
  to: number | null,
  { severity = 'warning', isHistory = false }: { severity?: string; isHistory?: boolean } = {},
): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold, severity, is_history)
     VALUES ($1, $2, $3, $2, 1, 9, 0.5, 3, $4, $5) RETURNING id`,
    [seriesId, at(from), to === null ? null : at(to), severity, isHistory],
  );
  const id = rows[0]!.id;
  await follow(database, { fired: isHistory ? [] : [id], touched: [id] }, new Date(nowMs));
  return id;
}

/** Gives an alert another stretch, as late samples do. */
async function change(id: number, from: number, to: number | null): Promise<void> {
  await database.query('UPDATE alert SET starts_at = $2, ends_at = $3 WHERE id = $1', [
    id,
    at(from),
    to === null ? null : at(to),
  ]);
  await follow(database, { fired: [], touched: [id] }, new Date(nowMs));
}

const incidentOf = async (alertId: number): Promise<number> => {
  const { rows } = await database.query<{ id: number }>('SELECT incident_id AS id FROM alert WHERE id = $1', [
    alertId,
  ]);
  return rows[0]!.id;
};

interface Sent {
  letter: string;
  thread: string;
  incidentId: number;
}

/** Sends what is due to a channel: F and R where the receiver takes it, f and r where it is down; with the thread of each. */
async function send(channelId: number, slot: number, isDown = false): Promise<Sent[]> {
  const now = at(slot);
  const sent: Sent[] = [];
  for (;;) {
    const [claimed] = await outbox.claim({ now, leaseUntil: new Date(now.getTime() + 60_000), channelId });
    if (!claimed) return sent;
    const letter = claimed.event === 'incident.firing' ? 'F' : 'R';
    const { thread, incidentId } = claimed;
    sent.push({ letter: isDown ? letter.toLowerCase() : letter, thread, incidentId });
    if (isDown) await outbox.retry(claimed.id, at(slot + 1), 'down');
    else await outbox.delivered(claimed.id, now);
  }
}
const letters = (sent: { letter: string }[]): string => sent.map(({ letter }) => letter).join('') || '.';

/** What of one series is open, while its story is played. */
interface Open {
  id: number | null;
  endedAt: number;
}

/** Lives one slot of a series: an alert begins, goes on or ends, as its letter says; what ended a slot ago goes on where `isLate`. */
async function live(
  seriesId: number,
  state: Open,
  letter: string,
  slot: number,
  isLate = false,
): Promise<void> {
  nowMs = at(slot).getTime();
  const isOpen = state.id !== null && state.endedAt < 0;
  if (letter === 'A' && !isOpen) {
    if (isLate && state.id !== null && state.endedAt === slot - 1) {
      const { rows } = await database.query<{ at: Date }>('SELECT starts_at AS at FROM alert WHERE id = $1', [
        state.id,
      ]);
      await change(state.id, (rows[0]!.at.getTime() - START) / SLOT, null);
    } else state.id = await addAlert(seriesId, slot, null);
    state.endedAt = -1;
  }
  if (letter !== 'A' && isOpen) {
    await database.query('UPDATE alert SET ends_at = $2 WHERE id = $1', [state.id, at(slot)]);
    await follow(database, { fired: [], touched: [state.id!] }, at(slot));
    state.endedAt = slot;
  }
}

/** Plays the stories of the three series, a slot of ten minutes a letter; what a channel was sent in each. */
async function play(stories: string[], channelId: number, receiver = ''): Promise<string> {
  const states = stories.map((): Open => ({ id: null, endedAt: -1 }));
  const sent: string[] = [];
  for (let slot = 0; slot < stories[0]!.length; slot++) {
    for (const [place, story] of stories.entries())
      await live(series[place]!, states[place]!, story[slot]!, slot);
    sent.push(letters(await send(channelId, slot, receiver[slot] === '!')));
  }
  return sent.join(' ');
}

/** Silences a host from one slot to another. */
const silence = (slot: number, until: number, host: string) =>
  new SilenceStore(database).add(
    {
      ...{ kind: 'silence', comment: NAME, matchers: [{ label: 'host', op: '=', value: host }] },
      schedule: { kind: 'once', from: at(slot).toISOString(), to: at(until).toISOString() },
    },
    at(slot),
    500,
  );

describe('a channel', () => {
  test.each<[string, string[], string, string?]>([
    ['is told once of what one host does', ['.AAA..', '..AAA.', '......'], '. F . . . R'],
    ['is told of each host', ['.AAA..', '......', '..AA..'], '. F F . RR .'],
    ['is told of the end when everything has ended', ['.A.....', '..AA...', '.......'], '. F . . R . .'],
    [
      'is told again when it goes on, and of its second end',
      ['.AA.A..', '.......', '.......'],
      '. F . R F R .',
    ],
    ['is told again when another goes on', ['.A.....', '...A...', '.......'], '. F R F R . .'],
    ['is told anew of what comes later', ['.A...A.', '.......', '.......'], '. F R . . F R'],
    ['that was down hears of what it became', ['.A.A...', '.......', '.......'], '. f f f f FR .', '.!!!!..'],
  ])('%s', async (_, stories, expected, receiver) => {
    expect(await play(stories, await addChannel(), receiver)).toBe(expected);
  });

  test('waits for what joins, and is told once', async () => {
    const channelId = await addChannel({ groupWaitSeconds: 600 });
    await addAlert(series[0]!, 0, null);
    expect(letters(await send(channelId, 0.9))).toBe('.');
    await addAlert(series[1]!, 0.5, null);
    expect(letters(await send(channelId, 1))).toBe('F');
    await addAlert(series[1]!, -1, 0);
    expect(letters(await send(channelId, 9))).toBe('.');
  });

  test('is told once an alert joins that is for it, and of the end of all', async () => {
    const [severe, ofSecond, all] = [
      await addChannel({ leastSeverity: 'critical' }),
      await addChannel({ selector: { name: `${NAME} s1` } }),
      await addChannel(),
    ];
    const first = await addAlert(series[0]!, 0, null);
    const told = async (slot: number) =>
      (await Promise.all([severe, ofSecond, all].map((id) => send(id, slot)))).map(letters).join(' ');
    expect(await told(0)).toBe('. . F');
    const second = await addAlert(series[1]!, 1, null);
    expect(await told(1)).toBe('. F .');
    const third = await addAlert(series[0]!, -3, -1, { severity: 'critical' });
    expect(await told(2)).toBe('F . .');
    expect(await incidentOf(third)).toBe(await incidentOf(first));
    nowMs = at(3).getTime();
    await change(first, 0, 3);
    expect(await told(3)).toBe('. . .');
    await change(second, 1, 3);
    expect(await told(4)).toBe('R R R');
  });

  test('that wants no ends is told again of what begins again', async () => {
    const channelId = await addChannel({ sendResolved: false });
    expect(await play(['.A.A..', '......', '......'], channelId)).toBe('. F . F . .');
  });

  test('hears nothing of history, and of what goes on now', async () => {
    const channelId = await addChannel();
    const old = await addAlert(series[0]!, 0, null, { isHistory: true });
    expect(letters(await send(channelId, 0))).toBe('.');
    const { state, isHistory } = await newDesk(foundation()).read(await incidentOf(old));
    expect([state, isHistory]).toEqual(['open', true]);
    await addAlert(series[1]!, 1, null);
    expect(letters(await send(channelId, 1))).toBe('F');
  });
});

describe('two incidents that become one', () => {
  /** An alert of each of the two series of a host, apart; and what links them. */
  async function apart(): Promise<[number, number]> {
    return [await addAlert(series[0]!, 0, 1), await addAlert(series[1]!, 9, null)];
  }

  test('go on under the number of the older, and on the thread of each channel that knew one', async () => {
    const [first, second] = [await addAlert(series[0]!, 0, 1), await addAlert(series[1]!, 9, null)];
    const [into, from] = [await incidentOf(first), await incidentOf(second)];
    expect(into).not.toBe(from);
    const channelId = await addChannel();
    await change(second, 9, null);
    expect(letters(await send(channelId, 9))).toBe('.');
    nowMs = at(10).getTime();
    await change(first, 0, 8);
    expect([await incidentOf(first), await incidentOf(second)]).toEqual([into, into]);
    const desk = newDesk(foundation());
    expect(await desk.read(from)).toMatchObject({ mergedInto: into, state: 'resolved', alerts: [] });
    expect((await desk.read(into)).trail.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['opened', 'resolved', 'merged', 'reopened']),
    );
    expect((await desk.list({ limit: 200, offset: 0 })).incidents.map(({ id }) => id)).not.toContain(from);
  });

  test('are told to be over once each, by whoever was told of both', async () => {
    const channelId = await addChannel();
    const [first, second] = await apart();
    const told = await send(channelId, 9);
    expect(letters(told)).toBe('FFR');
    const older = told.find(({ letter }) => letter === 'R')!.thread;
    const newer = told.find(({ thread }) => thread !== older)!.thread;
    nowMs = at(10).getTime();
    await change(first, 0, 8);
    const merged = await send(channelId, 10);
    // The older begins again on its thread, and the newer is over on its own.
    expect(merged).toHaveLength(2);
    expect(merged).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ letter: 'F', thread: older }),
        expect.objectContaining({ letter: 'R', thread: newer }),
      ]),
    );
    await change(second, 9, 11);
    expect(await send(channelId, 11)).toMatchObject([{ letter: 'R', thread: older }]);
  });

  test('are two again where late samples undo what linked them; what fires in the new one is told', async () => {
    const channelId = await addChannel();
    const first = await addAlert(series[0]!, 0, 8);
    const second = await addAlert(series[1]!, 9, null);
    const one = await incidentOf(first);
    expect(await incidentOf(second)).toBe(one);
    expect(letters(await send(channelId, 9))).toBe('F');
    await change(first, 0, 1);
    expect(await incidentOf(first)).toBe(one);
    expect(await incidentOf(second)).not.toBe(one);
    expect(
      letters(await send(channelId, 10))
        .split('')
        .sort()
        .join(''),
    ).toBe('FR');
    await change(second, 9, 10);
    expect(letters(await send(channelId, 11))).toBe('R');
    const { trail } = await newDesk(foundation()).read(await incidentOf(second));
    expect(trail[0]).toMatchObject({ kind: 'split', detail: expect.stringContaining(`incident ${one}`) });
  });
});

describe('a silence', () => {
  test('holds an incident back while all that fires in it is silenced, and lets it go when something is not', async () => {
    await relate(0, 2);
    const channelId = await addChannel();
    await silence(0, 5, hosts[0]!);
    const first = await addAlert(series[0]!, 0, null);
    expect(letters(await send(channelId, 0))).toBe('.');
    nowMs = at(1).getTime();
    const shown = await newDesk(foundation()).read(await incidentOf(first));
    expect(shown.silencedUntil).toBe(at(5).toISOString());
    const loud = await addAlert(series[2]!, 1, null);
    expect(await incidentOf(loud)).toBe(await incidentOf(first));
    expect(letters(await send(channelId, 1))).toBe('F');
    expect((await newDesk(foundation()).read(await incidentOf(first))).silencedUntil).toBeNull();
  });

  test('that holds one channel back lets another hear what it alone is for', async () => {
    await relate(0, 2);
    await silence(0, 5, hosts[0]!);
    await addAlert(series[0]!, 0, null);
    await addAlert(series[2]!, 0, null);
    const [all, quiet] = [await addChannel(), await addChannel({ selector: { name: `${NAME} s0` } })];
    await addAlert(series[0]!, -2, -1);
    await addAlert(series[1]!, 0, null);
    expect([letters(await send(all, 0)), letters(await send(quiet, 0))]).toEqual(['F', '.']);
    expect(letters(await send(quiet, 5))).toBe('F');
  });
});

describe('a person', () => {
  test('acknowledges: nobody is reminded, the end is told, and what begins again is anybody’s', async () => {
    const channelId = await addChannel({ repeatHours: 1 });
    const alertId = await addAlert(series[0]!, 0, null);
    const id = await incidentOf(alertId);
    const desk = newDesk(foundation());
    expect(letters(await send(channelId, 0))).toBe('F');
    await outbox.remind(at(6));
    expect(await desk.acknowledge(id, 'ann')).toMatchObject({ state: 'acknowledged' });
    await outbox.remind(at(60));
    expect(letters(await send(channelId, 60))).toBe('.');
    expect(await desk.takeBack(id)).toMatchObject({ state: 'open', acknowledgedAt: null });
    await outbox.remind(at(60));
    expect(letters(await send(channelId, 60))).toBe('F');
    await desk.acknowledge(id);
    await change(alertId, 0, 61);
    expect(letters(await send(channelId, 61))).toBe('R');
    await expect(desk.acknowledge(id)).rejects.toThrow('It is over');
    await change(alertId, 0, null);
    expect(await desk.read(id)).toMatchObject({ state: 'open', reopenings: 1, acknowledgedAt: null });
    expect((await desk.read(id)).trail.map(({ kind, detail }) => [kind, detail])).toMatchObject([
      ['opened', expect.stringContaining(`${NAME} s0`)],
      ['acknowledged', 'Acknowledged by ann.'],
      ['unacknowledged', 'No longer acknowledged.'],
      ['acknowledged', 'Acknowledged.'],
      ['resolved', expect.any(String)],
      ['reopened', expect.any(String)],
    ]);
  });

  test('sees the likely first mover first, why the others belong to it, and how many', async () => {
    await addAlert(series[1]!, 2, null, { severity: 'critical' });
    const id = await incidentOf(await addAlert(series[0]!, 1, null));
    const shown = await newDesk(foundation()).read(id);
    expect(shown).toMatchObject({
      severity: 'critical',
      alertCount: 2,
      seriesCount: 2,
      startsAt: at(1).toISOString(),
    });
    expect(shown.title).toMatch(new RegExp(`^${NAME} s0.* and 1 more series$`));
    expect(shown.reasons).toEqual([`2 series have the same host=${hosts[0]}.`]);
    expect(shown.alerts.map(({ seriesId }) => seriesId)).toEqual([series[0], series[1]]);
    expect(shown.alerts.map(({ incidentId }) => incidentId)).toEqual([id, id]);
  });

  test('reads the first and the newest of a long story', async () => {
    const alertId = await addAlert(series[0]!, 0, null);
    for (let turn = 0; turn < 110; turn++) {
      await change(alertId, 0, 1);
      await change(alertId, 0, null);
    }
    const { trail, reopenings } = await newDesk(foundation()).read(await incidentOf(alertId));
    expect([trail.length, trail[0]!.kind, trail.at(-1)!.kind, reopenings]).toEqual([
      200,
      'opened',
      'reopened',
      110,
    ]);
  });
});

describe('what is gone', () => {
  test('of an incident that nobody was told of leaves none', async () => {
    const alertId = await addAlert(series[0]!, 0, null);
    const id = await incidentOf(alertId);
    await database.query('DELETE FROM alert WHERE id = $1', [alertId]);
    await follow(database, { fired: [], touched: [], bereft: [id] }, at(1));
    await expect(newDesk(foundation()).read(id)).rejects.toThrow('There is no incident');
  });

  test('with its series ends what fired there alone', async () => {
    const channelId = await addChannel();
    const id = await incidentOf(await addAlert(series[0]!, 0, null));
    await addAlert(series[1]!, 0, 1);
    expect(letters(await send(channelId, 1))).toBe('F');
    await database.query('DELETE FROM series WHERE id = $1', [series[0]]);
    await newIncidents(database).sweep(at(2));
    expect(letters(await send(channelId, 2))).toBe('R');
    expect(await newDesk(foundation()).read(id)).toMatchObject({ state: 'resolved', alertCount: 1 });
  });
});

describe('alerts that began together before', () => {
  test('are one incident, whatever their labels', async () => {
    for (const day of [-30, -20, -10]) {
      await addAlert(series[0]!, day * 144, day * 144 + 1);
      await addAlert(series[2]!, day * 144 + 1, day * 144 + 2);
    }
    const first = await addAlert(series[0]!, 0, null);
    const second = await addAlert(series[2]!, 1, null);
    expect(await incidentOf(second)).toBe(await incidentOf(first));
    const { reasons } = await newDesk(foundation()).read(await incidentOf(first));
    expect(reasons).toEqual([expect.stringMatching(/s0.* and .*s2.* fired together 3 of 3 times before\.$/)]);
  });
});

describe('many alerts', () => {
  test('that are open cost a change no more than few', async () => {
    const counted = (slot: number) =>
      statements(async (queries) => {
        const { rows } = await queries.query<{ id: number }>(
          `INSERT INTO alert (series_id, starts_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
         VALUES ($1, $2, $2, 1, 9, 0.5, 3) RETURNING id`,
          [series[0], at(slot)],
        );
        await newIncidents(database).follow(
          queries,
          { fired: [rows[0]!.id], touched: [rows[0]!.id] },
          at(slot),
        );
        await queries.query('UPDATE alert SET ends_at = $2 WHERE id = $1', [rows[0]!.id, at(slot + 1)]);
      });
    const few = await counted(-50);
    await crowd(1_000);
    expect(await counted(0)).toBe(few);
    expect(few).toBeLessThan(25);
  });

  test('of one host fill an incident, and what comes then begins another', async () => {
    const host = randomUUID();
    const own = await Promise.all([newSeries('full', { host }), newSeries('full', { host })]);
    const full = await database.query<{ id: number }>(
      `INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
       SELECT $1, t, t + INTERVAL '1 minute', t, 1, 9, 0.5, 3
       FROM (SELECT $2::timestamptz + n * INTERVAL '2 minutes' AS t FROM generate_series(1, $3::int) AS n) t
       RETURNING id`,
      [own[0], at(0), MOST_ALERTS],
    );
    const ids = full.rows.map(({ id }) => id);
    await follow(database, { fired: ids, touched: ids }, at(0));
    expect(new Set(await Promise.all(ids.map(incidentOf))).size).toBe(1);
    const next = await addAlert(own[1], 60, null);
    expect(await incidentOf(next)).not.toBe(await incidentOf(ids[0]!));
    await change(ids.at(-1)!, 110, null);
    expect(await newDesk(foundation()).read(await incidentOf(ids[0]!))).toMatchObject({
      ...{ state: 'open', alertCount: MOST_ALERTS },
    });
  });

  /** How many statements a transaction takes. */
  async function statements(work: (queries: Queries) => Promise<void>): Promise<number> {
    let count = 0;
    await database.transaction((queries) =>
      work({
        query: (sql, values) => {
          count++;
          return queries.query(sql, values);
        },
      }),
    );
    return count;
  }

  async function crowd(count: number): Promise<void> {
    await database.query(
      `WITH s AS (
         INSERT INTO series (name, labels) SELECT $1, jsonb_build_object('host', 'crowd ' || n) FROM generate_series(1, $2::int) AS n
         RETURNING id)
       INSERT INTO alert (series_id, starts_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
       SELECT s.id, $3, $3, 1, 9, 0.5, 3 FROM s`,
      [`${NAME} crowd`, count, at(-1)],
    );
  }
});

describe('whatever comes in whatever order', () => {
  const story = fc
    .array(fc.constantFrom('.', '.', 'A'), { minLength: 7, maxLength: 7 })
    .map((all) => all.join(''));
  const down = fc
    .array(fc.constantFrom('.', '.', '!'), { minLength: 7, maxLength: 7 })
    .map((all) => all.join(''));
  const corrections = fc.array(
    fc.tuple(fc.nat(20), fc.integer({ min: 0, max: 8 }), fc.integer({ min: 1, max: 5 })),
    {
      maxLength: 4,
    },
  );

  test('each channel hears of each incident in pairs, and the incidents are those of the alerts in the end', async () => {
    await fc.assert(
      fc
        .asyncProperty(
          fc.tuple(story, story, story),
          down,
          corrections,
          fc.array(fc.boolean(), { minLength: 21, maxLength: 21 }),
          async (stories, receiver, late, isLate) => {
            const channelId = await addChannel();
            const heard = new Map<string, string>();
            const listen = async (slot: number, isDown = false) => {
              for (const { letter, thread } of await send(channelId, slot, isDown))
                if (letter === letter.toUpperCase()) heard.set(thread, (heard.get(thread) ?? '') + letter);
            };
            const states = stories.map((): Open => ({ id: null, endedAt: -1 }));
            for (let slot = 0; slot < 7; slot++) {
              for (const [place, one] of stories.entries())
                await live(series[place]!, states[place]!, one[slot]!, slot, isLate[slot * 3 + place]);
              await listen(slot, receiver[slot] === '!');
            }
            for (const [place, state] of states.entries()) await live(series[place]!, state, '.', 8);
            await listen(8);
            const all = await alertIds();
            for (const [place, from, length] of late) {
              const id = all[place % all.length];
              if (id !== undefined) await moved(id, from, from + length);
              await listen(9);
            }
            for (const slot of [10, 11, 12]) await listen(slot);

            for (const [thread, what] of heard)
              expect([thread, what]).toEqual([thread, expect.stringMatching(/^(FR)+$/)]);
            expect(await partition()).toEqual(await derived());
            const { rows } = await database.query(
              `SELECT a.id FROM alert a WHERE a.series_id = ANY($1::int[]) AND NOT EXISTS (
                 SELECT FROM notification n WHERE n.incident_id = a.incident_id AND n.delivered_at IS NOT NULL)
                 AND a.incident_id NOT IN (SELECT e.incident_id FROM incident_event e WHERE e.kind = 'split')`,
              [series],
            );
            expect(rows).toEqual([]);
          },
        )
        .beforeEach(async () => {
          await clear();
          await meetAnew();
          // What links the first and the last may come late, and go again.
          await relate(1, 2);
        }),
      { numRuns: 40 },
    );
  });

  test('nobody hears that an incident fires while all that fires in it is silenced, and each end follows a begin', async () => {
    const silenced = fc
      .array(fc.constantFrom('.', '#'), { minLength: 7, maxLength: 7 })
      .map((all) => all.join(''));
    await fc.assert(
      fc
        .asyncProperty(
          fc.tuple(story, story, story),
          fc.tuple(silenced, silenced),
          async (stories, masks) => {
            const channelId = await addChannel();
            for (const [place, mask] of masks.entries())
              for (const { index, 0: stretch } of mask.matchAll(/#+/g))
                await silence(index, index + stretch.length, hosts[place]!);
            const heard = new Map<string, string>();
            const listen = async (slot: number) => {
              for (const { letter, thread, incidentId } of await send(channelId, slot)) {
                heard.set(thread, (heard.get(thread) ?? '') + letter);
                if (letter === 'F')
                  expect(await loud(incidentId, (host) => masks[host]![slot] === '#')).toBe(true);
              }
            };
            const states = stories.map((): Open => ({ id: null, endedAt: -1 }));
            for (let slot = 0; slot < 7; slot++) {
              for (const [place, one] of stories.entries())
                await live(series[place]!, states[place]!, one[slot]!, slot);
              await listen(slot);
            }
            for (const [place, state] of states.entries()) await live(series[place]!, state, '.', 8);
            for (const slot of [8, 9]) await listen(slot);
            for (const [thread, what] of heard)
              expect([thread, what]).toEqual([thread, expect.stringMatching(/^(FR)+$/)]);
          },
        )
        .beforeEach(async () => {
          await clear();
          await meetAnew();
          await relate(1, 2);
        }),
      { numRuns: 40 },
    );
  });

  /** Whether something fires in an incident on a host that is not silenced. */
  async function loud(incidentId: number, isSilenced: (host: number) => boolean): Promise<boolean> {
    const members = await new GroupingStore().ofIncidents(database, [incidentId]);
    return members.some(
      ({ endsMs, labels }) => endsMs === null && !isSilenced(hosts.indexOf(labels['host']!)),
    );
  }

  async function alertIds(): Promise<number[]> {
    const { rows } = await database.query<{ id: number }>(
      'SELECT a.id FROM alert a WHERE a.series_id = ANY($1::int[]) ORDER BY a.id',
      [series],
    );
    return rows.map(({ id }) => id);
  }

  /** Moves an alert where no other of its series is. */
  async function moved(id: number, from: number, to: number): Promise<void> {
    const { rows } = await database.query(
      `SELECT FROM alert a JOIN alert o ON o.series_id = a.series_id AND o.id <> a.id
       WHERE a.id = $1 AND o.starts_at < $3 AND o.ends_at > $2`,
      [id, at(from), at(to)],
    );
    nowMs = at(9).getTime();
    if (rows.length === 0) await change(id, from, to);
  }

  const sorted = (groups: number[][]) =>
    groups.map((ids) => ids.sort((a, b) => a - b)).sort((a, b) => a[0]! - b[0]!);
  const members = async () => new GroupingStore().members(database, await alertIds());

  async function partition(): Promise<number[][]> {
    const groups = by(await members(), ({ incidentId }) => incidentId);
    return sorted([...groups.values()].map((ones) => ones.map(({ id }) => id)));
  }

  async function derived(): Promise<number[][]> {
    const [shared, together] = [
      await new RelatedStore(database).shared(database, series),
      await new GroupingStore().together(database, await alertIds()),
    ];
    return sorted(
      components(await members(), { shared, together }).map((one) => one.members.map(({ id }) => id)),
    );
  }
});
