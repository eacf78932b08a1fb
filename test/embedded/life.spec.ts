import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Embedded, EmbeddedOptions } from '../../apps/backend/src/database/embedded/start';
import { message, query } from '../../apps/backend/src/database/embedded/protocol';
import { connected, rawClient, removeFolder, start, temporaryFolder, until } from './temporary';

/** A cluster made once and copied, since making one takes longer than most of what is tried on it. */
let seed: string;
let folder: string;
let running: Embedded | undefined;

beforeAll(async () => {
  seed = await temporaryFolder();
  await (await start(seed)).stop();
});

afterAll(() => removeFolder(seed));

beforeEach(async () => {
  folder = await temporaryFolder();
  await cp(join(seed, 'timescale'), join(folder, 'timescale'), { recursive: true });
});

afterEach(async () => {
  await running?.stop();
  running = undefined;
  await removeFolder(folder);
});

const open = async (options: Partial<EmbeddedOptions> = {}): Promise<Embedded> => {
  running = await start(folder, options);
  return running;
};

const one = async (client: Client, sql: string): Promise<unknown> =>
  Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0];

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a data directory', () => {
  it('is written to again after it was closed: hypertable, compressed chunk and continuous aggregate', async () => {
    const first = await connected((await open()).url);
    await first.query(`
      CREATE TABLE sample (series_id int, time timestamptz, value float8, PRIMARY KEY (series_id, time));
      SELECT create_hypertable('sample', by_range('time', INTERVAL '1 day'));
      ALTER TABLE sample SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id');
      INSERT INTO sample SELECT 1, t, 1 FROM generate_series(timestamptz '2026-01-01', '2026-01-03', '1 hour') AS t;
      SELECT compress_chunk(c) FROM show_chunks('sample', older_than => timestamptz '2026-01-02 12:00') AS c`);
    await first.query(`
      CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
      SELECT time_bucket('1 day', time) AS day, sum(value) AS sum FROM sample GROUP BY 1 WITH NO DATA`);
    await first.query("CALL refresh_continuous_aggregate('daily', NULL, NULL)");
    await first.end();
    const { url } = running as Embedded;
    await running?.stop();

    const again = await connected((await open()).url);
    await again.query(`INSERT INTO sample VALUES (1, '2026-01-01 00:00', 100), (2, '2026-01-01 00:30', 1), (1, now(), 1)
      ON CONFLICT (series_id, time) DO UPDATE SET value = EXCLUDED.value`);
    expect(await one(again, 'SELECT count(*)::int FROM sample')).toBe(51);
    await again.query("CALL refresh_continuous_aggregate('daily', NULL, NULL)");
    expect(await one(again, "SELECT sum FROM daily WHERE day = '2026-01-01'")).toBe(124);
    expect(new URL(running?.url ?? '').password).toBe(new URL(url).password);
    await again.end();
  });

  it('holds every acknowledged row after 20 times SIGKILL in the middle of writes', async () => {
    const acknowledged = new Map<number, number>();
    let writer = 0;
    const write = async (client: Client, id: number): Promise<void> => {
      for (let to = 500; ; to += 500) {
        await client.query(
          `INSERT INTO written SELECT $1, n, timestamptz '2026-01-01' + n * INTERVAL '1 minute'
           FROM generate_series($2::int, $3::int) AS n`,
          [id, to - 499, to],
        );
        acknowledged.set(id, to);
      }
    };
    const found = async (client: Client): Promise<Map<number, number>> => {
      const { rows } = await client.query<{ writer: number; n: number }>(
        'SELECT writer, n FROM kept ORDER BY writer',
      );
      return new Map(rows.map((row) => [row.writer, row.n]));
    };

    for (let round = 0; round <= 20; round++) {
      const client = await connected((await open()).url);
      if (round === 0) {
        await client.query(`
          CREATE TABLE written (writer int, n int, time timestamptz NOT NULL);
          SELECT create_hypertable('written', by_range('time', INTERVAL '1 day'));
          CREATE TABLE wanted (writer int, n int);
          CREATE VIEW kept AS SELECT w.writer, count(DISTINCT w.n)::int AS n
          FROM written AS w JOIN wanted AS a ON a.writer = w.writer AND w.n <= a.n GROUP BY w.writer`);
      }
      await client.query('TRUNCATE wanted');
      await client.query('INSERT INTO wanted SELECT * FROM unnest($1::int[], $2::int[])', [
        [...acknowledged.keys()],
        [...acknowledged.values()],
      ]);
      expect(await found(client)).toEqual(new Map([...acknowledged].sort(([a], [b]) => a - b)));
      if (round === 20) {
        await client.end();
        break;
      }
      const clients = await Promise.all([1, 2, 3].map(() => connected((running as Embedded).url)));
      const writing = clients.map((each) => write(each, ++writer).catch(() => undefined));
      const before = writer - clients.length;
      await until(() => acknowledged.size === before + clients.length);
      await sleep(100);
      const ended = new Promise((told) => running?.onExit(told));
      process.kill((running as Embedded).pid, 'SIGKILL');
      expect(await ended).toContain('SIGKILL');
      await Promise.all(writing);
      running = undefined;
    }
    expect(acknowledged.size).toBe(60);
  });

  it('keeps its write-ahead log short by checkpoints of its own', async () => {
    const { url } = await open({
      upkeep: { everyMs: 20, checkpointBytes: 2 * 1024 * 1024, vacuumEveryMs: 50 },
    });
    const client = await connected(url);
    await client.query('CREATE TABLE filled (a int, b text)');
    const checkpoint = (): Promise<unknown> =>
      one(client, 'SELECT redo_lsn::text FROM pg_control_checkpoint()');
    const before = await checkpoint();
    await client.query("INSERT INTO filled SELECT n, repeat('x', 100) FROM generate_series(1, 50000) AS n");
    await until(async () => (await checkpoint()) !== before);
    await until(
      async () =>
        Number(await one(client, "SELECT reltuples FROM pg_class WHERE relname = 'filled'")) === 50000,
    );
    await client.end();
  });

  it('is for its owner only', async () => {
    await open();
    const modes = await Promise.all(
      ['', 'database.url'].map(async (file) => (await stat(join(folder, file))).mode & 0o77),
    );
    if (process.platform !== 'win32') expect(modes).toEqual([0, 0]);
    expect((await readFile(join(folder, 'database.url'), 'utf8')).trim()).toBe(running?.url);
  });

  it('that another process has open is refused, with its id and the directory', async () => {
    const { pid } = await open();
    await expect(start(folder, { lockWaitMs: 200 })).rejects.toThrow(
      `process ${pid} is using the data directory ${folder}`,
    );
    const client = await connected((running as Embedded).url);
    expect(await one(client, 'SELECT 1')).toBe(1);
    await client.end();
  });

  it('opens over what a killed first start and a dead process have left', async () => {
    await rm(join(folder, 'timescale'), { recursive: true });
    await mkdir(join(folder, 'timescale.unfinished'));
    await writeFile(join(folder, 'timescale.unfinished', 'PG_VERSION'), '17');
    await writeFile(join(folder, 'lock'), '{"pid":4194305,"began":"1"}');
    const client = await connected((await open()).url);
    expect(await one(client, 'SELECT 1')).toBe(1);
    await client.end();
  });
});

describe('the process', () => {
  it('ends when its parent is killed, closes the cluster, and the next start finds it', async () => {
    const parent = fork(join(__dirname, 'parent.cjs'), [folder], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const [{ url }] = (await once(parent, 'message')) as [{ url: string; pid: number }];
    expect(existsSync(join(folder, 'lock'))).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !existsSync(join(folder, 'lock')));
    await expect(connected(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const client = await connected((await open()).url);
    expect(await one(client, 'SELECT 1')).toBe(1);
    await client.end();
  });

  it('leaves Ctrl-C to its parent', async () => {
    const { url, pid } = await open();
    process.kill(pid, 'SIGINT');
    const client = await connected(url);
    expect(await one(client, 'SELECT 1')).toBe(1);
    await client.end();
  });

  it('that is asked to stop tells its clients, ends, and is not reported as lost', async () => {
    const { url, pid, stop, onExit } = await open();
    const reasons: string[] = [];
    onExit((reason) => reasons.push(reason));
    const client = new Client({ connectionString: url });
    const told = new Promise<Error>((resolve) => client.on('error', resolve));
    await client.connect();
    await client.query('BEGIN');
    await stop();
    expect(await told).toMatchObject({ code: '57P01' });
    expect([isAlive(pid), existsSync(join(folder, 'lock')), reasons]).toEqual([false, false, []]);
  });

  it('does not start on a taken port, and names the variable to change', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(start(folder, { port })).rejects.toThrow(
      new RegExp(`port ${port} .* is taken: set EMBEDDED_PORT`),
    );
    server.close();
  });
});

describe('limits', () => {
  it('a request over its limit is refused with the limit, and the others go on', async () => {
    const { url } = await open({ requestBytes: 100_000 });
    const large = await connected(url);
    const asking = large.query('SELECT length($1)', ['x'.repeat(200_000)]);
    await expect(asking).rejects.toThrow(/larger than the limit of 100000 bytes/);
    const many = await rawClient(url);
    await many.login();
    many.send(
      query('COPY t FROM STDIN'),
      ...Array.from({ length: 3 }, () => message('d', Buffer.alloc(40_000))),
    );
    expect(await many.typesUntil('Z')).toBe('GE');
    const other = await connected(url);
    expect(await one(other, "SELECT length('y')")).toBe(1);
    await other.end();
  });

  it('a transaction left idle is rolled back with an error that says so, and the others go on', async () => {
    const { url } = await open({ idleInTransactionMs: 300 });
    const sleeper = new Client({ connectionString: url });
    const told = new Promise<Error>((resolve) => sleeper.on('error', resolve));
    await sleeper.connect();
    await sleeper.query('BEGIN; CREATE TABLE dreamt (a int)');
    const other = await connected(url);
    expect(await one(other, "SELECT to_regclass('dreamt')")).toBe(null);
    expect(await told).toMatchObject({ code: '25P03' });
    await other.end();
  });
});
