/** Silences on the real database: what they hold back of the outbox, what they let go, and what training leaves out for them. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import {
  ChannelInput,
  type Labels,
  type Matcher,
  NAME_LABEL,
  type Schedule,
  SilenceInput,
} from '@bellwether/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NotificationStore } from '../../apps/backend/src/alerts/notification.store';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { heldBy } from '../../apps/backend/src/silences/held.store';
import { SilenceService } from '../../apps/backend/src/silences/silence.service';
import { type NewSilence, SilenceStore } from '../../apps/backend/src/silences/silence.store';
import { TrainingStore } from '../../apps/backend/src/training/training.store';
import { makeWriter } from '../setup/writer';
import { startReceiver } from '../support/bellwether';
import { deliver, follow, newChannels, newSender, writeAlert } from '../support/outbox';

const START = Date.parse('2025-11-20T00:00:00Z');
const HOUR = 3_600_000;
const NAME = 'silence.spec';

let database: Database;
let store: SilenceStore;
let outbox: NotificationStore;
let seriesId: number;
let host: string;
let channelId: number;

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: NAME });
  store = new SilenceStore(database);
  outbox = new NotificationStore(database);
});
beforeEach(async () => {
  host = randomUUID();
  seriesId = await newSeries({ host });
  channelId = await one(
    `INSERT INTO channel (kind, name, url, group_wait_s) VALUES ('webhook', $1, 'http://127.0.0.1:1/', 0) RETURNING id`,
    [NAME],
  );
});
afterEach(async () => {
  await database.query('DELETE FROM channel WHERE name = $1', [NAME]);
  await database.query('DELETE FROM silence');
});
afterAll(() => database.close());

const one = async (sql: string, values: unknown[] = []): Promise<number> =>
  (await database.query<{ id: number }>(sql, values)).rows[0]!.id;

const newSeries = (labels: Labels, periodMs: number | null = null): Promise<number> =>
  one('INSERT INTO series (name, labels, period_ms) VALUES ($1, $2, $3) RETURNING id', [
    NAME,
    { ...labels, id: randomUUID() },
    periodMs,
  ]);

const at = (hour: number): Date => new Date(START + hour * HOUR);
const own = (): Matcher[] => [
  { label: NAME_LABEL, op: '=~', value: 'silence\\..*' },
  { label: 'host', op: '=', value: host },
];
const between = (from: number, to: number): Schedule => ({
  kind: 'once',
  from: at(from).toISOString(),
  to: at(to).toISOString(),
});
const silence = (schedule: Schedule, rest: Partial<NewSilence> = {}): NewSilence => ({
  ...{ kind: 'silence', matchers: own(), comment: '' },
  schedule,
  ...rest,
});
const add = async (one: NewSilence, now = START): Promise<number> =>
  (await store.add(one, new Date(now), 500))!;

describe('a silence', () => {
  test('is kept as it was given', async () => {
    const weekly: Schedule = {
      ...{ kind: 'weekly', days: [1, 5], at: '22:00', durationMinutes: 90, timeZone: 'Europe/Berlin' },
      ...{ from: at(0).toISOString(), until: null },
    };
    for (const schedule of [between(1, 2), weekly, { ...weekly, until: at(500).toISOString() }]) {
      const given = silence(schedule, { kind: 'maintenance', comment: 'disks' });
      const id = await add(given);
      expect(await store.byId(id)).toMatchObject({ id, ...given, endedAtMs: null, endedBy: null, held: 0 });
    }
  });

  test('that is over makes room, and only the newest of the past are listed', async () => {
    const ids = [await add(silence(between(0, 1))), await add(silence(between(0, 3)))];
    expect(await store.add(silence(between(0, 1)), at(0), 2)).toBeUndefined();
    ids.push((await store.add(silence(between(1, 4)), at(1), 2))!);
    const listed = async (hour: number, past: number) =>
      (await store.all(at(hour), past)).map(({ id }) => ids.indexOf(id)).toSorted();
    expect(await listed(1, 0)).toEqual([1, 2]);
    expect(await listed(1, 5)).toEqual([0, 1, 2]);
    expect(await listed(9, 2)).toEqual([1, 2]);
    expect(await store.end(ids[2]!, 'ann', at(2))).toBe(true);
    expect(await store.end(ids[2]!, 'ben', at(3))).toBe(false);
    expect(await store.byId(ids[2]!)).toMatchObject({ endedAtMs: at(2).getTime(), endedBy: 'ann' });
  });

  test('holds the series that match, until the last of them that does is over', async () => {
    const other = await newSeries({ host: randomUUID() });
    const ids = [await add(silence(between(1, 3))), await add(silence(between(2, 5)))];
    const known: Parameters<typeof heldBy>[1] = [
      { id: seriesId, name: NAME, labels: { host } },
      { id: other, name: NAME, labels: { host: 'other' } },
    ];
    const held = async (hour: number) => [...(await heldBy(database, known, at(hour)))];
    expect(await held(0.999)).toEqual([]);
    expect(await held(1)).toEqual([[seriesId, { silenceIds: [ids[0]], untilMs: at(3).getTime() }]]);
    expect(await held(2)).toEqual([[seriesId, { silenceIds: ids, untilMs: at(5).getTime() }]]);
    expect(await held(5)).toEqual([]);
  });
});

/** Everything as the sender does it, hour after hour. */
describe('the outbox', () => {
  let alertId: number | undefined;
  beforeEach(() => (alertId = undefined));

  /** The alert as this hour's scores show it, written as the alert service writes it. */
  async function live(isFiring: boolean, now: Date): Promise<void> {
    if (alertId === undefined && !isFiring) return;
    if (alertId === undefined) {
      alertId = await writeAlert(database, { seriesId, startsAt: now, isOver: false, now });
      return;
    }
    await database.query(
      `UPDATE alert SET ends_at = CASE WHEN $2 THEN NULL ELSE COALESCE(ends_at, $3) END WHERE id = $1`,
      [alertId, isFiring, now],
    );
    await follow(database, { fired: [], touched: [alertId] }, now);
  }

  /** As if the series had never had an alert. */
  const forget = () =>
    database.query(
      `WITH gone AS (DELETE FROM alert WHERE series_id = $1 RETURNING incident_id)
       DELETE FROM incident i USING gone g WHERE i.id = g.incident_id`,
      [seriesId],
    );
  const incidentOf = (id: number | undefined) =>
    one('SELECT a.incident_id AS id FROM alert a WHERE a.id = $1', [id]);

  const claim = (now: Date, only?: number) =>
    outbox.claim({ now, leaseUntil: new Date(now.getTime() + 60_000), ...(only ? { channelId: only } : {}) });

  /** Sends all that is due: F and R when the receiver takes it, f and r when it is down. */
  async function send(isDown: boolean, now: Date): Promise<string> {
    let sent = '';
    for (;;) {
      const [claimed] = await claim(now, channelId);
      if (!claimed) return sent;
      const letter = claimed.event === 'incident.firing' ? 'F' : 'R';
      sent += isDown ? letter.toLowerCase() : letter;
      if (isDown) await outbox.retry(claimed.id, new Date(now.getTime() + HOUR), 'down');
      else await outbox.delivered(claimed.id, now);
    }
  }

  /** Plays drawings hour by hour: # silenced, A firing, ! the receiver is down; what was sent in each hour. */
  async function play(silences: string[], alert: string, receiver = ''): Promise<string[]> {
    for (const drawing of silences)
      for (const { index, 0: stretch } of drawing.matchAll(/#+/g))
        await add(silence(between(index, index + stretch.length)));
    const sent: string[] = [];
    for (const [hour, state] of [...alert].entries()) {
      await live(state === 'A', at(hour));
      sent.push(await send(receiver[hour] === '!', at(hour)));
    }
    return sent;
  }

  /** What was sent, an hour a character. */
  const drawn = (sent: string[]): string => sent.map((letters) => letters || '.').join(' ');

  test.each<[string, string[], string, string, string?]>([
    ['without a silence: told of both', ['.......'], '.AAA...', '. F . . R . .'],
    ['silenced all the time: told of nothing', ['######.'], '.AAA...', '. . . . . . .'],
    ['silenced, and still true afterwards: told then', ['.####..'], '..AAAA.', '. . . . . F R'],
    ['silenced before and after: told in between', ['##..###'], 'AAA....', '. . F R . . .'],
    ['told before: told of the end, in the silence too', ['..####.'], '.AAA...', '. F . . R . .'],
    ['ends as the silence does: told of nothing', ['####...'], '.AAA...', '. . . . . . .'],
    ['two silences that overlap hold as one', ['.###....', '...###..'], '..AAAAA.', '. . . . . . F R'],
    ['two in a row do too', ['##.....', '..##...'], 'AAAAAA.', '. . . . F . R'],
    ['known again by late samples: told afterwards', ['.####...'], '..A.AAA.', '. . . . . F . R'],
    [
      'over when the receiver comes back: a silence or not',
      ['..###..'],
      '.AA....',
      '. f . R . . .',
      '.!.....',
    ],
    ['tried before the silence, and true after it', ['..##..'], '.AAAA.', '. f . . F R', '.!....'],
  ])('%s', async (_, silences, alert, expected, receiver) =>
    expect(drawn(await play(silences, alert, receiver))).toBe(expected),
  );

  test('tells nothing within a silence but ends, nothing late that is no longer true, and ends each thing once', async () => {
    const stretches = (letter: string) =>
      fc
        .array(fc.constantFrom('.', '.', letter, letter), { minLength: 8, maxLength: 8 })
        .map((all) => all.join(''));
    await fc.assert(
      fc
        .asyncProperty(
          stretches('#'),
          stretches('#'),
          stretches('!'),
          fc.nat(5),
          fc.nat(6),
          async (a, b, down, from, length) => {
            const alert = `${'.'.repeat(from)}${'A'.repeat(length)}`.padEnd(12, '.').slice(0, 12);
            const sent = await play([a, b], alert, down);
            for (const [hour, letters] of sent.entries()) {
              if (/f/i.test(letters)) expect([a[hour], b[hour]]).not.toContain('#');
              if (/f/i.test(letters) && !/[fF]/.test(sent.slice(0, hour).join('')))
                expect(alert[hour]).toBe('A');
            }
            const told = sent.join('').replaceAll(/r/g, '');
            expect(told).toMatch(length === 0 ? /^$/ : /^(f*FR|f+R)?$/);
          },
        )
        .beforeEach(async () => {
          alertId = undefined;
          await database.query('DELETE FROM silence');
          await forget();
        }),
      { numRuns: 40 },
    );
  });

  test('counts once what each silence held back, also when its channel is gone', async () => {
    const ids = [
      await add(silence(between(1, 4))),
      await add(silence(between(2, 6))),
      await add(silence(between(9, 10))),
    ];
    await play([], '..AAAAA.');
    await database.query('DELETE FROM channel WHERE id = $1', [channelId]);
    expect(await Promise.all(ids.map(async (id) => (await store.byId(id))!.held))).toEqual([1, 1, 0]);
  });

  test('lets go at once what a silence held that is ended early, or made shorter', async () => {
    const ended = await add(silence(between(0, 100)));
    await live(true, at(1));
    expect(await send(false, at(1))).toBe('');
    await store.end(ended, 'ann', at(2));
    expect(await send(false, at(2))).toBe('F');

    await forget();
    alertId = undefined;
    const shorter = await add(silence(between(3, 100)));
    await live(true, at(3));
    expect(await send(false, at(3))).toBe('');
    await store.change(shorter, at(4), (before) => ({ ...before, schedule: between(3, 5) }));
    expect(await send(false, at(4))).toBe('');
    expect(await send(false, at(5))).toBe('F');
  });

  test('waits for no channel because of another: what is not silenced goes out behind what is', async () => {
    const loud = await newSeries({ host: 'loud' });
    await add(silence(between(0, 5)));
    await live(true, at(1));
    const quiet = alertId;
    [seriesId, alertId] = [loud, undefined];
    await live(true, at(1));
    const claimed = await claim(at(1));
    expect(claimed.map((one) => [one.incidentId, one.attempts])).toEqual([[await incidentOf(alertId), 1]]);
    const { rows } = await database.query(
      'SELECT attempts, next_attempt_at FROM notification WHERE incident_id = $1',
      [await incidentOf(quiet)],
    );
    expect(rows).toEqual([{ attempts: 0, next_attempt_at: at(5) }]);
  });
});

describe('a receiver', () => {
  const config = readConfig({
    SECRET_KEY: 'a key of thirty-two characters!!',
    PUBLIC_URL: 'https://bellwether.example/',
  });

  test('hears nothing within a silence, and since when it fires once somebody has ended that', async () => {
    let nowMs = START + HOUR;
    const foundation = { database, config, clock: () => nowMs };
    const [sender, silences] = [newSender(foundation), new SilenceService(() => nowMs, store)];
    const receiver = await startReceiver();
    await newChannels(foundation).add(
      ChannelInput.parse({ kind: 'webhook', name: NAME, url: receiver.url, groupWaitSeconds: 0 }),
    );
    const { id } = await silences.add(
      SilenceInput.parse({ matchers: own(), schedule: { kind: 'once', to: at(9).toISOString() } }),
    );
    const alertId = await writeAlert(database, { seriesId, startsAt: at(1), isOver: false, now: at(1) });
    for (; nowMs < START + 5 * HOUR; nowMs += HOUR) await deliver(sender);
    expect(receiver.received).toEqual([]);
    // Two channels: that of every test, and this one's.
    expect(await silences.read(id)).toMatchObject({ state: 'active', held: 2 });
    await expect(silences.remove(id)).rejects.toThrow('end it instead');

    await silences.end(id, 'ann');
    await deliver(sender);
    expect(receiver.received).toMatchObject([
      { event: 'incident.firing', alert: { id: alertId, startsAt: at(1).toISOString() } },
    ]);
    receiver.close();
  });
});

describe('training', () => {
  const MINUTE = 60_000;
  const STEPS = 300;
  const values = Array.from({ length: STEPS }, (_, i) => 50 + (i % 7) + 0.01 * i);

  async function filled(labels: Labels): Promise<number> {
    const id = await newSeries(labels, MINUTE);
    await makeWriter(() => START, database).write({
      seriesId: values.map(() => id),
      timeMs: values.map((_, i) => START + i * MINUTE),
      value: values,
    });
    return id;
  }
  /** The steps that are missing in what training reads, as [first, after the last]. */
  async function holes(id: number): Promise<[number, number][]> {
    const { grid } = (await new TrainingStore(database).grids([id], MINUTE))[0]!;
    const missing = [...grid.values].flatMap((value, i) => (Number.isNaN(value) ? [i] : []));
    const starts = missing.filter((i) => !missing.includes(i - 1));
    return starts.map((start) => {
      let end = start;
      while (missing.includes(end)) end++;
      return [start, end];
    });
  }

  test('leaves out what was measured in maintenance windows, half-open, and in no other silence', async () => {
    const id = await filled({ host });
    const other = await filled({ host: randomUUID() });
    await add(silence(between(0, 1)));
    expect(await holes(id)).toEqual([]);
    await add(silence(between(1, 2), { kind: 'maintenance' }));
    expect(await holes(id)).toEqual([[60, 120]]);
    expect(await holes(other)).toEqual([]);
  });

  test('does so retroactively, for each time of what recurs, and up to where it was ended', async () => {
    const id = await filled({ host });
    const every: Schedule = {
      ...{ kind: 'daily', at: '01:30', durationMinutes: 20, timeZone: 'UTC' },
      ...{ from: at(-48).toISOString(), until: null },
    };
    const recurring = await add(silence(every, { kind: 'maintenance' }), START + 900 * HOUR);
    const once = await add(silence(between(3, 5), { kind: 'maintenance' }));
    await store.end(once, 'ann', at(3.5));
    await store.end(recurring, 'ann', at(900));
    expect(await holes(id)).toEqual([
      [90, 110],
      [180, 210],
    ]);
    await store.end(await add(silence(between(2, 9), { kind: 'maintenance' })), 'ann', at(1));
    expect(await holes(id)).toHaveLength(2);
  });

  test('says so where nothing is left to learn from', async () => {
    const id = await filled({ host });
    await add(silence(between(-1, 99), { kind: 'maintenance' }));
    expect(await new TrainingStore(database).modelable([id], MINUTE)).toEqual([]);
    const { rows } = await database.query<{ reason: string }>(
      'SELECT reason FROM unmodelled WHERE series_id = $1',
      [id],
    );
    expect(rows[0]!.reason).toMatch(new RegExp(`left out.*maintenance.*: ${STEPS}$`));
  });
});
