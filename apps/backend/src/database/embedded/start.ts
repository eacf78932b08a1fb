/**
 * Starts the embedded TimescaleDB in a process of its own and gives the URL to reach it. Under the data directory:
 *
 *     timescale/     the cluster
 *     database.url   the URL, for its owner only: psql "$(cat data/database.url)"
 *     lock           the process that has it open
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { StartOrder, ToChild, ToParent } from './messages';

export type EmbeddedOptions = Partial<Omit<StartOrder, 'kind' | 'dataDir' | 'password'>> & {
  dataDir: string;
  log: (text: string) => void;
};

export type Embedded = {
  url: string;
  pid: number;
  /** Closes the cluster and waits for the end of the process. */
  stop(): Promise<void>;
  /** Called once if the process ends without having been asked to. */
  onExit(listener: (reason: string) => void): void;
};

/** A statement that runs longer than this when the database is to stop is cut off; nothing acknowledged is lost by it. */
const STOP_MS = 30_000;

/** Compiled, `main.js` is beside this file; run from its source by vitest, it is where the build puts it. */
const MAIN = __filename.endsWith('.ts')
  ? resolve(__dirname, '../../../dist/database/embedded/main.js')
  : join(__dirname, 'main.js');

/** Errors say what to do: a taken port, a directory in use, a cluster that does not open. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { log, port = 0, ...rules } = options;
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const password = (await readPassword(dataDir)) ?? randomBytes(24).toString('base64url');
  const child = fork(MAIN, [], {
    execArgv: [],
    serialization: 'json',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const exit = watchExit(child);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => log(text.trimEnd()));
  child.on('message', (message: ToParent) => {
    if (message.kind === 'log') log(message.text);
  });

  tell(child, { ...rules, kind: 'start', dataDir, port, password });
  const url = `postgres://bellwether:${password}@127.0.0.1:${await portOf(child, exit.reason)}/postgres`;
  await writeUrl(dataDir, url);
  return {
    url,
    pid: child.pid ?? 0,
    stop: () => stopChild(child, exit),
    onExit: (listener) =>
      void exit.reason.then((reason) => {
        if (!exit.isExpected) listener(reason);
      }),
  };
}

type Exit = { isExpected: boolean; reason: Promise<string> };

function watchExit(child: ChildProcess): Exit {
  let failure: string | undefined;
  child.on('message', (message: ToParent) => {
    if (message.kind === 'failed') failure = message.reason;
  });
  const reason = new Promise<string>((ended) => {
    child.once('error', (error) =>
      ended(`the process of the embedded database could not be started: ${error.message}`),
    );
    child.once('exit', (code, signal) =>
      ended(failure ?? `the process of the embedded database ended with ${signal ?? `code ${code}`}`),
    );
  });
  return { isExpected: false, reason };
}

function portOf(child: ChildProcess, ended: Promise<string>): Promise<number> {
  return new Promise((found, fail) => {
    child.on('message', (message: ToParent) => {
      if (message.kind === 'ready') found(message.port);
    });
    void ended.then((reason) => fail(new Error(reason)));
  });
}

async function stopChild(child: ChildProcess, exit: Exit): Promise<void> {
  exit.isExpected = true;
  tell(child, { kind: 'stop' });
  const killing = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exit.reason;
  clearTimeout(killing);
}

/** A process that has ended cannot be told anything; that it has is seen elsewhere. */
function tell(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message, () => undefined);
}

/** The password of the last start, so that a URL that was copied stays good. */
async function readPassword(dataDir: string): Promise<string | undefined> {
  try {
    return /:\/\/bellwether:([\w-]{32})@/.exec(await readFile(join(dataDir, 'database.url'), 'utf8'))?.[1];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

async function writeUrl(dataDir: string, url: string): Promise<void> {
  const path = join(dataDir, 'database.url');
  await writeFile(`${path}.new`, `${url}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
