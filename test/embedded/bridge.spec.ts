import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { Client, Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { message, query, sync } from '../../apps/backend/src/database/embedded/protocol';
import type { Embedded } from '../../apps/backend/src/database/embedded/start';
import { connected, die, rawClient, removeFolder, start, temporaryFolder, until } from './temporary';

let folder: string;
let database: Embedded;
let pool: Pool;

beforeAll(async () => {
  folder = await temporaryFolder();
  database = await start(folder);
  pool = new Pool({ connectionString: database.url, max: 8 });
});

afterAll(async () => {
  await pool.end();
  await database.stop();
  await removeFolder(folder);
});

const count = async (table: string): Promise<number> =>
  Number((await pool.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`)).rows[0]?.n);

const parse = (name: string, sql: string): Buffer => message('P', name, sql, Buffer.alloc(2));
const bind = (name: string): Buffer => message('B', '', name, Buffer.alloc(6));
const execute = message('E', '', Buffer.alloc(4));
const flush = message('H');

describe('a pool of 8', () => {
  it('sends statements of 200 KB side by side, and each arrives whole', async () => {
    await pool.query('CREATE TABLE large (id int PRIMARY KEY, body text, length int)');
    const bodies = Array.from({ length: 40 }, (_, id) =>
      createHash('sha1').update(`${id}`).digest('hex').repeat(5000),
    );
    await Promise.all(
      bodies.map((body, id) =>
        id % 2 === 0
          ? pool.query('INSERT INTO large VALUES ($1, $2, $3)', [id, body, body.length])
          : pool.query(`INSERT INTO large VALUES (${id}, '${body}', ${body.length})`),
      ),
    );
    const { rows } = await pool.query<{ id: number; body: string }>('SELECT id, body FROM large ORDER BY id');
    expect(rows.map(({ body }) => body)).toEqual(bodies);
  });

  it('gets every answer to its own question', async () => {
    const questions = Array.from({ length: 400 }, (_, i) => i);
    const answers = questions.map(async (i) => {
      if (i % 7 === 0) return (await pool.query(`SELECT ${i} AS i`)).rows[0].i;
      if (i % 5 === 0)
        return pool.query('SELECT 1 / $1::int', [0]).catch((error: { code: string }) => error.code && i);
      return (
        await pool.query({
          name: `add${i % 3}`,
          text: `SELECT $1::int + ${i % 3} AS i`,
          values: [i - (i % 3)],
        })
      ).rows[0].i;
    });
    expect(await Promise.all(answers)).toEqual(questions);
  });

  it('gets the answers of requests sent all at once in their order', async () => {
    const raw = await rawClient(database.url);
    await raw.login();
    raw.send(...Array.from({ length: 50 }, (_, i) => query(`SELECT ${i}`)));
    const tags = [];
    for (let i = 0; i < 50; i++) {
      expect((await raw.next())?.type).toBe('T');
      tags.push(Number((await raw.next())?.body.slice(6)));
      expect([(await raw.next())?.type, (await raw.next())?.type]).toEqual(['C', 'Z']);
    }
    expect(tags).toEqual(tags.map((_, i) => i));
    raw.socket.destroy();
  });
});

describe('a transaction', () => {
  beforeAll(() => pool.query('CREATE TABLE booking (who text)'));

  it('is not seen, nor entered, by another client before it ends', async () => {
    const [one, other] = [await connected(database.url), await connected(database.url)];
    const order: string[] = [];
    await one.query('BEGIN');
    await one.query("INSERT INTO booking VALUES ('first')");
    const reading = other
      .query("SELECT count(*)::int AS n FROM booking WHERE who IN ('first', 'second')")
      .then((result) => {
        order.push('read');
        return result.rows[0].n;
      });
    await one.query("INSERT INTO booking VALUES ('second')");
    order.push('written');
    await one.query('COMMIT');
    expect(await reading).toBe(2);
    expect(order).toEqual(['written', 'read']);
    await Promise.all([one.end(), other.end()]);
  });

  it('that fails takes only ROLLBACK, and leaves the others untouched', async () => {
    const one = await connected(database.url);
    await one.query('BEGIN');
    await one.query("INSERT INTO booking VALUES ('failed')");
    await expect(one.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
    await expect(one.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
    const reading = pool.query("SELECT 1 FROM booking WHERE who = 'failed'");
    await one.query('ROLLBACK');
    expect((await reading).rowCount).toBe(0);
    await one.end();
  });

  it.each<[string, (client: Client) => unknown]>([
    ['dies', die],
    ['dies after an error', (client) => client.query('SELECT 1 / 0').catch(() => die(client))],
    [
      'dies with a statement on its way',
      (client) => (client.query('SELECT 1').catch(() => undefined), die(client)),
    ],
    ['says goodbye', (client) => client.end()],
  ])('is rolled back when its client %s, and the others go on', async (name, leave) => {
    const one = await connected(database.url);
    await one.query('BEGIN');
    await one.query('INSERT INTO booking VALUES ($1)', [name]);
    const reading = pool.query('SELECT 1 FROM booking WHERE who = $1', [name]);
    await leave(one);
    expect((await reading).rowCount).toBe(0);
  });

  it('is rolled back when its client dies before the Sync of a request', async () => {
    const raw = await rawClient(database.url);
    await raw.login();
    raw.send(query('BEGIN'), parse('', "INSERT INTO booking VALUES ('unsynced')"), bind(''), execute, flush);
    await raw.typesUntil('Z');
    await raw.typesUntil('C');
    raw.socket.destroy();
    expect((await pool.query("SELECT 1 FROM booking WHERE who = 'unsynced'")).rowCount).toBe(0);
  });
});

describe('prepared statements', () => {
  it('of the same name and different SQL do not meet, also after one client has gone', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => connected(database.url)));
    const ask = (client: Client, factor: number, x: number) =>
      client
        .query({ name: 'scale', text: `SELECT $1::int * ${factor} AS y`, values: [x] })
        .then(({ rows }) => rows[0].y);
    for (let x = 1; x <= 5; x++)
      expect(await Promise.all(clients.map((client, i) => ask(client, i + 1, x)))).toEqual([x, 2 * x, 3 * x]);
    await clients[0]?.end();
    expect(await ask(clients[1] as Client, 2, 6)).toBe(12);
    await Promise.all(clients.slice(1).map((client) => client.end()));
  });

  it('are closed with their client', async () => {
    const client = await connected(database.url);
    await client.query({ name: 'left behind', text: 'SELECT 12345' });
    die(client);
    await until(
      async () =>
        (await pool.query("SELECT 1 FROM pg_prepared_statements WHERE name LIKE '%left behind'")).rowCount ===
        0,
    );
  });

  it('without a name stay their client’s when another client comes in between', async () => {
    const raw = await rawClient(database.url);
    await raw.login();
    raw.send(parse('', 'SELECT 41'), message('D', Buffer.from('S'), ''), sync);
    expect(await raw.typesUntil('Z')).toBe('1tTZ');
    await pool.query('SELECT $1::int', [7]);
    raw.send(bind(''), execute, sync);
    expect([(await raw.next())?.type, (await raw.next())?.body.slice(6)]).toEqual(['2', '41']);
    raw.socket.destroy();
  });
});

describe('LISTEN and NOTIFY', () => {
  const listener = async (...channels: string[]) => {
    const client = await connected(database.url);
    const heard: string[] = [];
    client.on('notification', ({ channel, payload }) => heard.push(`${channel} ${payload}`));
    for (const channel of channels) await client.query(`LISTEN ${channel}`);
    return { client, heard };
  };
  const notify = (channel: string, payload: string) =>
    pool.query('SELECT pg_notify($1, $2)', [channel, payload]);

  it('reach every client that listens, while it is idle, and no other', async () => {
    const [one, both, none] = [await listener('one'), await listener('one', 'two'), await listener()];
    await notify('one', 'a');
    await notify('two', 'b');
    await until(() => both.heard.length === 2 && one.heard.length === 1);
    await Promise.all([one, both, none].map(({ client }) => client.query('SELECT 1')));
    expect([one.heard, both.heard, none.heard]).toEqual([['one a'], ['one a', 'two b'], []]);
    await Promise.all([one, both, none].map(({ client }) => client.end()));
  });

  it.each<[string, (client: Client) => unknown]>([
    ['unlistens', (client) => client.query('UNLISTEN shared')],
    ['unlistens all', (client) => client.query('UNLISTEN *')],
    ['dies', die],
    ['leaves', (client) => client.end()],
  ])('still reach a listener when another one of its channel %s', async (_, leave) => {
    const [stays, goes] = [await listener('shared'), await listener('shared')];
    await leave(goes.client);
    await pool.query('SELECT 1');
    await notify('shared', 'still');
    await until(() => stays.heard.length === 1);
    expect(goes.heard).toEqual([]);
    await stays.client.end();
    if (goes.client.listenerCount('end') > 0) die(goes.client);
  });

  it('come with the commit, and a LISTEN that is rolled back was none', async () => {
    const [hears, hearsNot, speaks] = [
      await listener('commit'),
      await listener(),
      await connected(database.url),
    ];
    await hearsNot.client.query('BEGIN');
    await hearsNot.client.query('LISTEN commit');
    await hearsNot.client.query('ROLLBACK');
    await speaks.query('BEGIN');
    await speaks.query("NOTIFY commit, 'committed'");
    await speaks.query('SELECT 1');
    expect(hears.heard).toEqual([]);
    await speaks.query('COMMIT');
    await until(() => hears.heard.length === 1);
    await hearsNot.client.query('SELECT 1');
    expect(hearsNot.heard).toEqual([]);
    await Promise.all([hears.client.end(), hearsNot.client.end(), speaks.end()]);
  });
});

describe('settings', () => {
  const shown = async (client: Client | Pool, name: string) =>
    (await client.query(`SHOW ${name}`)).rows[0][name];

  it('of one client are its own, and stay', async () => {
    const [one, other] = [await connected(database.url), await connected(database.url)];
    await one.query("SET search_path = ''");
    await other.query('SET work_mem = 8192');
    expect([await shown(one, 'search_path'), await shown(one, 'work_mem')]).toEqual(['""', '4MB']);
    expect([await shown(other, 'search_path'), await shown(other, 'work_mem')]).toEqual(['public', '8MB']);
    await one.query('RESET ALL');
    await pool.query('SELECT 1');
    expect(await shown(one, 'search_path')).toBe('public');
    await Promise.all([one.end(), other.end()]);
  });

  it('let the planner scan a table', async () => {
    expect(await shown(pool, 'enable_seqscan')).toBe('on');
  });
});

describe('COPY', () => {
  beforeAll(() => pool.query('CREATE TABLE copied (a int)'));
  const data = (text: string): Buffer => message('d', Buffer.from(text));

  it.each([
    ['takes rows in', [data('1\n'), data('2\n'), message('c')], 'GCZ', 2],
    ['takes none of them where one is wrong', [data('3\nx\n'), message('c')], 'GEZ', 2],
    ['takes none of them where the client gives up', [data('4\n'), message('f', 'enough')], 'GEZ', 2],
  ])('FROM STDIN %s', async (_, parts, types, rows) => {
    const raw = await rawClient(database.url);
    await raw.login();
    raw.send(query('COPY copied FROM STDIN'), ...parts);
    expect(await raw.typesUntil('Z')).toBe(types);
    expect(await count('copied')).toBe(rows);
    raw.socket.destroy();
  });

  it('FROM STDIN as a prepared statement gets an error that says how, and the database goes on', async () => {
    const one = await connected(database.url);
    const prepared = { name: 'copy in', text: 'COPY copied FROM STDIN', values: [] };
    await expect(one.query(prepared)).rejects.toThrow(/only as a simple query/);
    await expect(one.query(prepared)).rejects.toThrow(/only as a simple query/);
    await expect(one.query('SELECT 1; COPY copied FROM STDIN')).rejects.toThrow(/only as a simple query/);
    expect((await one.query('SELECT 1 AS x')).rows).toEqual([{ x: 1 }]);
    await one.end();
  });
});

describe('a stranger', () => {
  it('with a wrong password is refused', async () => {
    const wrong = new Client({ connectionString: database.url.replace(/:[^:@]+@/, ':wrong@') });
    await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' });
  });

  it('that asks for a statement instead of giving the password is refused', async () => {
    const raw = await rawClient(database.url);
    raw.send(Buffer.from('0000000a0003000000 00'.replaceAll(' ', ''), 'hex'), query('SELECT 1'));
    expect(await raw.typesUntil('Z')).toBe('RE');
  });

  it('that wants encryption is told that there is none', async () => {
    const encrypted = new Client({ connectionString: database.url, ssl: true });
    await expect(encrypted.connect()).rejects.toThrow(/does not support SSL/);
  });

  it('that cancels is let go, and nothing is cancelled', async () => {
    const raw = await rawClient(database.url);
    raw.send(Buffer.from('0000001004d2162e0000000100000000', 'hex'));
    expect(await raw.next()).toBeUndefined();
    expect(await count('pg_database')).toBe(3);
  });

  it('that speaks nonsense is refused, and the database goes on', async () => {
    const raw = await rawClient(database.url);
    await raw.login();
    raw.send(message('z', 'what?'));
    expect(await raw.typesUntil('Z')).toBe('E');
    raw.socket.destroy();
    const broken = await rawClient(database.url);
    await broken.login();
    broken.send(message('P', Buffer.from([1, 2, 3])), message('B', Buffer.from([9])), message('E'), sync);
    expect(await broken.typesUntil('Z')).toBe('EZ');
    broken.socket.destroy();
    expect(await count('pg_database')).toBe(3);
  });
});

const hasPsql = spawnSync('psql', ['--version']).status === 0;

describe.skipIf(!hasPsql)(`psql${hasPsql ? '' : ' (not on this machine: not tried)'}`, () => {
  const psql = (input: string, ...args: string[]) =>
    spawnSync('psql', [database.url, '-X', '-A', '-t', ...args], { input, encoding: 'utf8' });

  it('asks, describes and copies in and out', () => {
    expect(psql('', '-c', 'SELECT 6 * 7').stdout).toBe('42\n');
    expect(psql('', '-c', '\\dx').stdout).toContain('timescaledb');
    psql('', '-c', 'CREATE TABLE by_psql (a int, b text)');
    expect(psql('1\tx\n2\ty\n', '-c', '\\copy by_psql FROM STDIN').stdout).toBe('COPY 2\n');
    expect(psql('', '-c', '\\copy by_psql TO STDOUT').stdout).toBe('1\tx\n2\ty\n');
    expect(psql('BEGIN;\nSELECT 1 / 0;\n').stderr).toContain('division by zero');
  });
});
