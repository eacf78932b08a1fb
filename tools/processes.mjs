/** Child processes that never outlive their parent, and a parent that notices when npm above it is gone. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const isWindows = process.platform === 'win32';
const leash = fileURLToPath(new URL('leash.mjs', import.meta.url));
const running = new Set();

/** The reason to stop when npm died above this process. */
export const npmIsGone = 'npm is gone';

/** Signals a process and everything in its group; a group that is already gone is fine. */
export function killGroup(pid, signal) {
  try {
    if (isWindows) execFileSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
    else process.kill(-pid, signal);
  } catch (error) {
    if (!isWindows && error.code !== 'ESRCH') throw error;
  }
}

/**
 * Starts `node …args` as the leader of a process group of its own, with an IPC channel: Ctrl-C in the terminal reaches this
 * process only, which decides what becomes of the child.
 */
export function spawnNode(args, { stdio = 'inherit', env = process.env } = {}) {
  return spawn(process.execPath, args, {
    stdio: ['ignore', stdio, stdio, 'ipc'],
    env,
    detached: !isWindows,
    windowsHide: true,
  });
}

/** Runs a command to its end on a leash. Answers its exit code and, unless it is shown, its output. */
export function run(command, args, { env, isShown = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawnNode([leash, command, ...args], { stdio: isShown ? 'inherit' : 'pipe', env });
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.on('error', reject);
    // What the command may have left behind in its group would hold the pipes open.
    child.on('exit', () => killGroup(child.pid, 'SIGKILL'));
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code: code ?? 1, output });
    });
  });
}

/** Asks everything that `run` started to end, and ends it after `graceMs`. */
export async function endRunning(graceMs = 5000) {
  const children = [...running];
  const ended = Promise.all(children.map((child) => new Promise((resolve) => child.once('close', resolve))));
  for (const child of children) killGroup(child.pid, 'SIGTERM');
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, graceMs).unref())]);
  for (const child of children) killGroup(child.pid, 'SIGKILL');
}

/**
 * Calls `stop(reason)` on Ctrl-C, on SIGTERM, when the terminal closes, and when npm, or the shell that npm puts between, is
 * gone: npm killed with SIGKILL cannot tell anyone.
 */
export function whenToldToStop(stop) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
  if (!process.env.npm_lifecycle_event) return;

  const before = ancestors(process.ppid).join();
  const watch = setInterval(
    () => {
      if (ancestors(process.ppid).join() === before) return;
      clearInterval(watch);
      stop(npmIsGone);
    },
    process.platform === 'linux' ? 300 : 2000,
  );
  watch.unref();
}

/** For a command that only runs others: told to stop, it ends them and goes. */
export function endWhenToldToStop() {
  let isStopping = false;
  whenToldToStop(async () => {
    if (!isStopping) {
      isStopping = true;
      await endRunning();
    } else for (const child of running) killGroup(child.pid, 'SIGKILL');
    process.exit(130);
  });
}

/**
 * The process ids from `parent` up to npm: `[npm]`, or `[sh, npm]` where the shell stays. A process that dies is replaced in
 * its children's eyes at once, even while it waits as a zombie, so that a changed answer means a death.
 */
export function ancestors(parent, look = lookUp) {
  const found = look(parent);
  if (!found) return [];
  return isShell(found.name) ? [parent, found.parent] : [parent];
}

function isShell(name) {
  return /^-?(ba|da|a|z|k|fi)?sh$|^busybox$/.test(name);
}

/** Name and parent of a process, or nothing when it is gone. Windows tells only whether it is there. */
function lookUp(pid) {
  try {
    if (isWindows) return process.kill(pid, 0) && { name: '', parent: 0 };
    if (process.platform === 'linux') {
      // pid (name) state ppid …, where the name may itself hold spaces and parentheses
      const [, name, above] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      return { name, parent: Number(above) };
    }
    const line = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const [above, command] = line.split(/\s+(.*)/s);
    return { name: command.split('/').at(-1), parent: Number(above) };
  } catch {
    return undefined;
  }
}
