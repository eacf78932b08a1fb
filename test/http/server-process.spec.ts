/** The processes: how they start, end, are started again, and what they say when they cannot start. Against the build. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Bellwether,
  removeFolder,
  startBellwether,
  temporaryFolder,
  until,
} from '../support/bellwether';

const MAIN = resolve(__dirname, '../../apps/backend/dist/main.js');

interface Process {
  pid: number;
  parent: number;
  command: string;
}

/** What runs now, as /proc tells; a process that ends while it is read is left out. Zombies have ended. */
function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return state === 'Z' ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
      } catch (error) {
        if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code!)) return [];
        throw error;
      }
    });
}
const childrenOf = (pid: number) => processes().filter(({ parent }) => parent === pid);
const childNamed = (pid: number, name: string) =>
  childrenOf(pid).find(({ command }) => command.includes(name));
const areGone = (pids: number[]) => () => processes().every(({ pid }) => !pids.includes(pid));

/** Runs main to its own end. */
async function run(env: Record<string, string>): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: folder, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

let folder: string;
// One folder for all: a start on what another one left is the usual one, and the quicker.
beforeAll(async () => (folder = await temporaryFolder()));
afterAll(() => removeFolder(folder));

describe('it ends', () => {
  const begin = async () => {
    const bellwether = await startBellwether(folder);
    const { pid } = bellwether;
    await until(() => childNamed(pid, 'scorer') && childNamed(pid, 'trainer'));
    return { bellwether, children: childrenOf(pid).map((child) => child.pid) };
  };

  test('on SIGTERM, with everything it has started, though a screen is open', async () => {
    const { bellwether, children } = await begin();
    expect(children).toHaveLength(3);
    const screen = await fetch(`${bellwether.url}/api/v1/events`);
    await bellwether.stop();
    await until(areGone(children));
    expect(bellwether.output()).not.toMatch(/cleanly|Error/);
    await screen.text();
  });

  test('of a SIGKILL, and nothing outlives it', async () => {
    const { bellwether, children } = await begin();
    process.kill(bellwether.pid, 'SIGKILL');
    await until(areGone([bellwether.pid, ...children]));
  });

  test('when its database ends, and says so', async () => {
    const { bellwether, children } = await begin();
    process.kill(childNamed(bellwether.pid, 'embedded')!.pid, 'SIGKILL');
    await until(areGone([bellwether.pid, ...children]));
    expect(bellwether.output()).toContain('The embedded database ended');
  });
});

describe('while it runs', () => {
  let bellwether: Bellwether;
  beforeEach(async () => (bellwether = await startBellwether(folder)));
  afterEach(() => bellwether?.stop());

  test.each(['scorer', 'trainer'])('a %s that is killed is started again', async (role) => {
    const worker = await until(() => childNamed(bellwether.pid, role));
    process.kill(worker.pid, 'SIGKILL');
    const next = await until(() => {
      const found = childNamed(bellwether.pid, role);
      return found && found.pid !== worker.pid && found;
    });
    expect(next.pid).not.toBe(worker.pid);
    expect(bellwether.output()).toContain(`The ${role} ended (SIGKILL); it is started again.`);
    expect((await fetch(`${bellwether.url}/health/ready`)).status).toBe(200);
  });
});

describe('roles', () => {
  test('api alone runs without workers', async () => {
    const bellwether = await startBellwether(folder, { ROLES: 'api' });
    expect(childrenOf(bellwether.pid).map(({ command }) => /embedded|worker/.exec(command)?.[0])).toEqual([
      'embedded',
    ]);
    await bellwether.stop();
  });

  test('workers alone run without HTTP, on the database of another', async () => {
    const first = await startBellwether(folder, { ROLES: 'api' });
    const DATABASE_URL = readFileSync(`${folder}/database.url`, 'utf8').trim();
    const child = spawn(process.execPath, [MAIN], { env: { ROLES: 'scorer,scorer', DATABASE_URL } });
    const workers = await until(() => childNamed(child.pid!, 'scorer') && childrenOf(child.pid!));
    expect(workers.map(({ command }) => command.trim().split(' ').at(-1))).toEqual(['scorer']);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    await until(areGone(workers.map(({ pid }) => pid)));
    await first.stop();
  });
});

describe('it does not start, exits with 1, and says why', () => {
  const password = 'a-secret-word';
  let taken: ReturnType<typeof createServer>;
  let port: string;
  beforeAll(async () => {
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    port = String((taken.address() as AddressInfo).port);
  });
  afterAll(() => void taken.close());

  test('with variables that cannot be used', async () => {
    const { code, output } = await run({ PORT: 'http', ROLES: 'none' });
    expect(code).toBe(1);
    expect(output.split('\n').slice(0, 3)).toEqual([
      'These variables cannot be used:',
      '  PORT must be a whole number from 0 to 65535',
      '  ROLES must be some of api,scorer,trainer, with commas between',
    ]);
  });

  test('on a port that is taken', async () => {
    const { code, output } = await run({ PORT: port });
    expect(code).toBe(1);
    expect(output).toContain(`Port ${port} is taken: set PORT`);
    expect(output).not.toMatch(/ {4}at /);
  });

  test('at an address that is not this machine’s', async () => {
    const { code, output } = await run({ HOST: '192.0.2.1', ROLES: 'api' });
    expect(code).toBe(1);
    expect(output).toContain('HOST=192.0.2.1 is no address of this machine');
  });

  test('with a compute backend that cannot be had here', async () => {
    const { code, output } = await run({ COMPUTE: 'gpu' });
    expect(code).toBe(1);
    expect(output.match(/"gpu" cannot be had here/g)).toHaveLength(1);
    expect(output).toContain('leave COMPUTE out');
  });

  test('with a database that does not answer', async () => {
    const { code, output } = await run({ DATABASE_URL: `postgres://me:${password}@127.0.0.1:9/metrics` });
    expect(code).toBe(1);
    expect(output).toMatch(/No connection to the database at 127.0.0.1:9 \(ECONNREFUSED\): start it/);
    expect(output).not.toContain(password);
  });

  test('with a database address that is none', async () => {
    const { code, output } = await run({ DATABASE_URL: `postgres://me:12/${password}@db/metrics` });
    expect(code).toBe(1);
    expect(output).toContain('DATABASE_URL must look like');
    expect(output).not.toContain(password);
  });

  test('on a folder that another one has open', async () => {
    const first = await startBellwether(folder, { ROLES: 'api' });
    const { code, output } = await run({});
    expect(code).toBe(1);
    expect(output).toMatch(/in use|open|another/i);
    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
    await first.stop();
  });
});
