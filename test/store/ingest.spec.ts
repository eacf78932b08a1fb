/** The writer on the real database: what one statement leaves behind, and what it does when things go wrong. */
import 'reflect-metadata';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { LiveEvent } from '@bellwether/contracts';
import { readConfig } from '../../apps/backend/src/config';
import { Database, DatabaseAway } from '../../apps/backend/src/database/database';
import { subscribe } from '../../apps/backend/src/database/live';
import { migrate } from '../../apps/backend/src/database/migrate';
import { ArrivalService } from '../../apps/backend/src/ingest/arrival.service';
import { collect, type Decoded } from '../../apps/backend/src/ingest/ingest';
import { IngestService } from '../../apps/backend/src/ingest/ingest.service';
import { IngestStore } from '../../apps/backend/src/ingest/ingest.store';
import { TouchedStore } from '../../apps/backend/src/ingest/touched.store';
import { identify } from '../../apps/backend/src/series/series';
import { SeriesService } from '../../apps/backend/src/series/series.service';
import { SeriesStore } from '../../apps/backend/src/series/series.store';

const url = process.env['DATABASE_URL']!;
const T0 = Date.UTC(2026, 0, 31, 12);
const NOW = T0 + 3_600_000;

let database: Database;
let sql: Client;

function makeWriter(config = {}, to = database) {
  const clock = () => NOW;
  const settings = readConfig(config);
  const seriesStore = new SeriesStore(to);
  const store = new IngestStore(settings, clock, to);
  const touched = new TouchedStore(clock, to);
  const arrivals = new ArrivalService(to, new SeriesService(seriesStore), touched);
  return { service: new IngestService(settings, clock, store, arrivals), store, seriesStore, arrivals };
}

beforeAll(async () => {
  await migrate(url, () => undefined);
  database = new Database(url, { poolSize: 4, name: 'ingest store spec' });
  sql = new Client(url);
  await sql.connect();
});

afterAll(async () => {
  await sql?.end();
  await database?.close();
});

type Row = [series: string, second: number, value: number];

function batch(rows: Row[]): Decoded {
  const collector = collect({ oldestMs: 0, newestMs: NOW });
  for (const [series, second, value] of rows)
    collector.add(collector.series(series), T0 + second * 1000, value, () => series);
  return collector.done();
}

async function watermark(name: string) {
  const { rows } = await sql.query(
    `SELECT w.*, s.id FROM series s JOIN watermark w ON w.series_id = s.id WHERE s.name = $1`,
    [name],
  );
  const seconds = (time: Date | null) => (time === null ? null : (time.getTime() - T0) / 1000);
  const { first_sample_at, last_sample_at, unscored_from, unscored_since } = rows[0];
  return {
    first: seconds(first_sample_at),
    last: seconds(last_sample_at),
    unscored: seconds(unscored_from),
    isWaiting: unscored_since !== null,
  };
}

/** What scoring does when it takes what waits. */
const scoreAll = (name: string) =>
  sql.query(
    `UPDATE watermark w SET unscored_from = NULL, unscored_since = NULL FROM series s
     WHERE s.id = w.series_id AND s.name = $1`,
    [name],
  );

describe('the watermark', () => {
  let service: IngestService;
  beforeAll(() => {
    service = makeWriter().service;
  });

  test('spans what has arrived, in any order, and says from where to score', async () => {
    const write = async (rows: Row[]) => {
      await service.ingest(batch(rows));
      await service.drain();
    };
    await write([['mark.a', 10, 1]]);
    expect(await watermark('mark.a')).toEqual({ first: 10, last: 10, unscored: 10, isWaiting: true });
    await write([
      ['mark.a', 30, 1],
      ['mark.a', 20, 1],
    ]);
    expect(await watermark('mark.a')).toEqual({ first: 10, last: 30, unscored: 10, isWaiting: true });
    await scoreAll('mark.a');
    await write([
      ['mark.a', 5, 1],
      ['mark.a', 40, 1],
    ]);
    expect(await watermark('mark.a')).toEqual({ first: 5, last: 40, unscored: 5, isWaiting: true });
  });

  test('does not move for samples that were there, and does for one that changed', async () => {
    const rows: Row[] = [
      ['mark.b', 1, 1],
      ['mark.b', 2, 2],
      ['mark.b', 3, 3],
    ];
    await service.ingest(batch(rows));
    await service.drain();
    await scoreAll('mark.b');
    expect(await service.ingest(batch(rows))).toEqual({ written: 3, refused: [] });
    await service.drain();
    expect(await watermark('mark.b')).toMatchObject({ unscored: null, isWaiting: false });
    await service.ingest(
      batch([
        ['mark.b', 1, 1],
        ['mark.b', 2, -2],
        ['mark.b', 3, 3],
      ]),
    );
    await service.drain();
    expect(await watermark('mark.b')).toMatchObject({ unscored: 2, isWaiting: true });
  });
});

test('arrivals are counted by minute', async () => {
  const count = async () => Number((await sql.query('SELECT sum(samples) AS n FROM arrival')).rows[0].n);
  const before = await count();
  const { service } = makeWriter();
  await service.ingest(
    batch([
      ['arrived', 1, 1],
      ['arrived', 2, 1],
    ]),
  );
  await service.drain();
  expect((await count()) - before).toBe(2);
});

test('screens and scoring hear of the series that changed', async () => {
  const events: LiveEvent[] = [];
  const hears = new Database(url, { poolSize: 1, name: 'ingest store spec hears' });
  await subscribe(hears, (event) => events.push(event));
  const { service } = makeWriter();
  await Promise.all([1, 2, 3].map((second) => service.ingest(batch([['told', second, 1]]))));
  await service.drain();
  const { rows } = await sql.query(`SELECT id FROM series WHERE name = 'told'`);
  await vi.waitFor(() => expect(events).toContainEqual({ type: 'samples', seriesIds: [rows[0].id] }));
  expect(events.filter((event) => 'seriesIds' in event && event.seriesIds.includes(rows[0].id)).length).toBe(
    1,
  );
  await hears.close();
});

test('two processes that meet a series at once make it once', async () => {
  const writers = Array.from({ length: 8 }, () => makeWriter().service);
  const names = Array.from({ length: 100 }, (_, i) => `race.${i}`);
  const results = await Promise.all(
    writers.map((service, second) => service.ingest(batch(names.map((name) => [name, second, 1])))),
  );
  expect(results.map(({ written }) => written)).toEqual(writers.map(() => 100));
  const { rows } = await sql.query(
    `SELECT count(*)::int AS samples, count(DISTINCT s.id)::int AS series
     FROM series s JOIN sample p ON p.series_id = s.id WHERE s.name LIKE 'race.%'`,
  );
  expect(rows[0]).toEqual({ samples: 800, series: 100 });
});

test('a series that is deleted while it is written to comes back as a new one', async () => {
  const { service, seriesStore } = makeWriter();
  await service.ingest(batch([['deleted', 1, 1]]));
  const before = (await seriesStore.list({ search: 'deleted', labels: {} }, { limit: 1, offset: 0 }))
    .series[0]!;
  await seriesStore.remove(before.id);
  expect(await service.ingest(batch([['deleted', 2, 2]]))).toEqual({ written: 1, refused: [] });
  await service.drain();
  const after = (await seriesStore.list({ search: 'deleted', labels: {} }, { limit: 1, offset: 0 }))
    .series[0]!;
  expect(after.id).not.toBe(before.id);
  expect(after).toMatchObject({ lastValue: 2, firstSampleAt: new Date(T0 + 2000).toISOString() });
});

test('beyond MAX_SERIES new series are refused and known ones are written', async () => {
  await makeWriter().service.ingest(batch([['limit.known', 1, 1]]));
  const { rows } = await sql.query('SELECT count(*)::int AS n FROM series');
  const { service } = makeWriter({ MAX_SERIES: String(rows[0].n + 1) });
  const result = await service.ingest(
    batch([
      ['limit.known', 2, 1],
      ['limit.x', 1, 1],
      ['limit.y', 1, 1],
      ['limit.y', 2, 1],
    ]),
  );
  expect(result).toMatchObject({
    written: 2,
    refused: [{ reason: 'series_limit', count: 2, first: { at: 'series "limit.y"' } }],
  });
  await expect(service.ingest(batch([['limit.z', 1, 1]]))).rejects.toMatchObject({ status: 400 });
});

test('a request that cannot be written does not take others down', async () => {
  const { service, store } = makeWriter();
  const write = store.write.bind(store);
  vi.spyOn(store, 'write').mockImplementation(async (rows) => {
    if (rows.value.includes(666)) throw new Error('a bad row');
    return write(rows);
  });
  const results = await Promise.allSettled([
    service.ingest(batch([['among.a', 1, 1]])),
    service.ingest(batch([['among.b', 1, 666]])),
    service.ingest(batch([['among.c', 1, 1]])),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(service.totals).toMatchObject({ written: 2, waiting: 0 });
});

test('a database that is away fails what waits for it, and what comes later is written', async () => {
  const away = new Database('postgres://127.0.0.1:1/none', { poolSize: 1, name: 'away' });
  const { service } = makeWriter({}, away);
  await expect(service.ingest(batch([['away', 1, 1]]))).rejects.toBeInstanceOf(DatabaseAway);
  expect(service.totals.waiting).toBe(0);
  await away.close();
});

test('more than may wait is told to come again; what was accepted is written', async () => {
  const { service } = makeWriter();
  const large = (name: string) => batch(Array.from({ length: 30_000 }, (_, i) => [name, -i, i] as Row));
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, (_, i) => service.ingest(large(`full.${i}`))),
  );
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.map(({ reason }) => [reason.status, reason.retryAfter > 0])).toEqual([
    [429, true],
    [429, true],
  ]);
  const { rows } = await sql.query(
    `SELECT s.name, count(*)::int AS n FROM series s JOIN sample p ON p.series_id = s.id
     WHERE s.name LIKE 'full.%' GROUP BY s.name`,
  );
  expect(rows.map(({ n }) => n)).toEqual([30_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
  expect(service.totals.waiting).toBe(0);
});

test('late samples go into chunks that are compressed', async () => {
  const { service } = makeWriter();
  const old = -200 * 86_400;
  const names = Array.from({ length: 60 }, (_, i) => `old.${i}`);
  for (let part = 0; part < 3; part++)
    await service.ingest(
      batch(
        names.flatMap((name) =>
          Array.from({ length: 700 }, (_, i): Row => [name, old + (part * 700 + i) * 10, 1]),
        ),
      ),
    );
  await sql.query(
    `SELECT compress_chunk(c, if_not_compressed => true) FROM show_chunks('sample', older_than => $1::timestamptz) c`,
    [new Date(T0 - 100 * 86_400_000)],
  );
  const late = names.flatMap((name): Row[] => [0, 700, 1400].map((i) => [name, old + i * 10, 2]));
  expect(await service.ingest(batch(late))).toMatchObject({ written: 180 });
  await service.drain();
  expect(await watermark('old.7')).toMatchObject({ first: old });
  const { rows } = await sql.query(
    `SELECT count(*)::int AS n, sum(p.value)::int AS sum FROM series s JOIN sample p ON p.series_id = s.id WHERE s.name LIKE 'old.%'`,
  );
  expect(rows[0]).toEqual({ n: 126_000, sum: 126_180 });
  await makeWriter().seriesStore.remove(
    (await sql.query(`SELECT id FROM series WHERE name = 'old.7'`)).rows[0].id,
  );
});

test('what a process wrote before it was killed, another one folds', async () => {
  const { store } = makeWriter();
  const { series } = await store.resolve([identify('killed')], 10);
  await store.write({ seriesId: [series[0]!.id, series[0]!.id], timeMs: [T0, T0 + 1000], value: [1, 2] });
  await sql.query(`UPDATE touched SET at = now() - INTERVAL '1 minute'`);
  const { arrivals } = makeWriter();
  await arrivals.adopt();
  await arrivals.drain();
  expect(await watermark('killed')).toEqual({ first: 0, last: 1, unscored: 0, isWaiting: true });
  expect((await sql.query('SELECT count(*)::int AS n FROM touched')).rows[0].n).toBe(0);
});

test('more new series in a minute than MAX_NEW_SERIES are refused, and known ones are written', async () => {
  const { service } = makeWriter({ MAX_NEW_SERIES: '2' });
  await service.ingest(batch([['minute.a', 1, 1]]));
  const result = await service.ingest(
    batch([
      ['minute.a', 2, 1],
      ['minute.b', 1, 1],
      ['minute.c', 1, 1],
    ]),
  );
  expect(result).toMatchObject({ written: 2, refused: [{ reason: 'series_limit', count: 1 }] });
  expect(result.refused[0]!.first.detail).toContain('more than 2 new series in a minute');
});

describe('a counter', () => {
  let writer: ReturnType<typeof makeWriter>;
  beforeAll(() => {
    writer = makeWriter();
    ({ service, seriesStore } = writer);
  });
  let service: IngestService;
  let seriesStore: SeriesStore;

  const write = async (name: string, samples: [second: number, value: number][], isCounter = true) => {
    const collector = collect({ oldestMs: 0, newestMs: NOW });
    for (const [second, value] of samples)
      collector.add(
        collector.series(name, { of: 'counters' }, { isCounter }),
        T0 + second * 1000,
        value,
        () => name,
      );
    await service.ingest(collector.done());
    await service.drain();
  };
  const stored = async (name: string) => {
    const { rows } = await sql.query(
      `SELECT p.time, p.value FROM series s JOIN sample p ON p.series_id = s.id
       WHERE s.name = $1 AND s.labels = '{"of": "counters"}' ORDER BY p.time`,
      [name],
    );
    return rows.map(({ time, value }) => [(time.getTime() - T0) / 1000, value]);
  };
  const found = async (name: string) =>
    (
      await seriesStore.list({ search: name, labels: { of: 'counters' } }, { limit: 10, offset: 0 })
    ).series.find((one) => one.name === name);

  test('keeps its values, and its rate is a series beside it; a reset begins from 0', async () => {
    await write('hits', [
      [0, 100],
      [10, 150],
      [20, 150],
    ]);
    await write('hits', [
      [30, 20],
      [50, 60],
    ]);
    expect(await stored('hits')).toEqual([
      [0, 100],
      [10, 150],
      [20, 150],
      [30, 20],
      [50, 60],
    ]);
    expect(await stored('rate(hits)')).toEqual([
      [10, 5],
      [20, 0],
      [30, 2],
      [50, 2],
    ]);
    expect(await found('hits')).toMatchObject({
      isCounter: true,
      state: 'unmodelled',
      why: 'a counter: what is watched is rate(hits)',
    });
    expect(await found('rate(hits)')).toMatchObject({
      unit: '/s',
      rateOf: (await found('hits'))!.id,
      lastValue: 2,
    });
  });

  test('whose samples come late or change is rated again from there', async () => {
    await write('late', [
      [0, 0],
      [20, 40],
    ]);
    expect(await stored('rate(late)')).toEqual([[20, 2]]);
    await write('late', [[10, 10]]);
    expect(await stored('rate(late)')).toEqual([
      [10, 1],
      [20, 3],
    ]);
    await write('late', [[10, 30]]);
    expect(await stored('rate(late)')).toEqual([
      [10, 3],
      [20, 1],
    ]);
  });

  test('can be declared and taken back, and takes its rate with it when it goes', async () => {
    await write(
      'declared',
      [
        [0, 1],
        [10, 11],
      ],
      false,
    );
    const { id } = (await found('declared'))!;
    await seriesStore.change(id, { isCounter: true });
    await writer.arrivals.adopt();
    await service.drain();
    expect(await stored('rate(declared)')).toEqual([[10, 1]]);
    await seriesStore.change(id, { isCounter: false });
    expect(await found('rate(declared)')).toBeUndefined();
    expect(await found('declared')).toMatchObject({ isCounter: false, state: 'collecting' });
    await seriesStore.change(id, { isCounter: true });
    await seriesStore.remove(id);
    expect([await found('declared'), await found('rate(declared)')]).toEqual([undefined, undefined]);
  });

  test('whose rate is removed is watched itself again', async () => {
    await write('unrated', [
      [0, 1],
      [10, 11],
    ]);
    await seriesStore.remove((await found('rate(unrated)'))!.id);
    expect(await found('unrated')).toMatchObject({ isCounter: false });
  });
});
