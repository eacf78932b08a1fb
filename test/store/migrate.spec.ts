/** Bringing a database up to date: twice, side by side, and where it cannot be done. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Embedded, startEmbedded } from '../../apps/backend/src/database/embedded/start';
import { DatabaseUnusable, migrate } from '../../apps/backend/src/database/migrate';

let dataDir: string;
let embedded: Embedded;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bellwether-migrate-'));
  embedded = await startEmbedded({ dataDir, log: () => undefined });
});
afterAll(async () => {
  await embedded?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function applied(): Promise<string[]> {
  const sql = new Client(embedded.url);
  await sql.connect();
  const { rows } = await sql.query<{ name: string }>('SELECT m.name FROM migration m ORDER BY m.id');
  await sql.end();
  return rows.map(({ name }) => name);
}

/** `migrate` in a process of its own. */
async function elsewhere(): Promise<number> {
  const child = fork(join(__dirname, '../../apps/backend/dist/database/migrate.js'), {
    execArgv: ['-e', `require(process.argv[1]).migrate(process.env.URL, () => undefined)`],
    env: { ...process.env, URL: embedded.url },
  });
  const [code] = (await once(child, 'exit')) as [number];
  return code;
}

test('processes that start at once on an empty database apply every migration once', async () => {
  const lines: string[] = [];
  const here = [1, 2, 3].map(() => migrate(embedded.url, (line) => lines.push(line)));
  const [code] = await Promise.all([elsewhere(), ...here]);
  expect(code).toBe(0);
  const names = await applied();
  expect(names.length).toBeGreaterThan(5);
  expect(names).toEqual([...new Set(names)].toSorted());
  expect([0, names.length]).toContain(lines.length);
});

test('and once more changes nothing', async () => {
  const before = await applied();
  const lines: string[] = [];
  await migrate(embedded.url, (line) => lines.push(line));
  expect([await applied(), lines]).toEqual([before, []]);
});

const changed = (change: (url: URL) => void): string => {
  const url = new URL(embedded.url);
  change(url);
  return url.href;
};
const refusalOf = async (url: string): Promise<string> => {
  const error = await migrate(url, () => undefined).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DatabaseUnusable);
  const { message } = error as DatabaseUnusable;
  expect(message).not.toContain(new URL(url).password);
  expect(message).not.toContain('\n');
  return message;
};

test('a wrong password is refused, and not repeated', async () => {
  const message = await refusalOf(changed((url) => (url.password = 'a-wrong-one')));
  expect(message).toContain('refuses the password of user "bellwether": correct DATABASE_URL');
});

test('a port where nobody listens says what to start', async () => {
  const message = await refusalOf(changed((url) => (url.port = '9')));
  expect(message).toMatch(/127\.0\.0\.1:9 \(ECONNREFUSED\): start it, or correct DATABASE_URL/);
});

test('a host that is none says so', async () => {
  const message = await refusalOf(changed((url) => (url.hostname = 'bellwether.invalid')));
  expect(message).toMatch(/bellwether\.invalid:\d+ \((ENOTFOUND|EAI_AGAIN)\)/);
});
