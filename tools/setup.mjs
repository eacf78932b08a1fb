/**
 * What every command needs first: a fitting Node, the dependencies of the lock file, the built projects. Plain Node, since
 * nothing is installed yet. Each step is skipped when it stands already, and done again when it was interrupted.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stamp = join(modules, '.bellwether');

/** Nx and Next stay on this machine: no daemon, no cloud, no telemetry, no advice. */
export const toolEnv = {
  ...process.env,
  NX_DAEMON: 'false',
  NX_NO_CLOUD: 'true',
  NX_TUI: 'false',
  NEXT_TELEMETRY_DISABLED: '1',
  VITE_CONFIG_NATIVE_IGNORE_WARNING: 'true',
};
// `next build` under a foreign NODE_ENV builds something else.
delete toolEnv.NODE_ENV;

/** A failure that is told in one message, without a stack. */
export class Refusal extends Error {}

/** Runs a command's main function; a refusal ends it with its message alone. */
export async function main(action) {
  try {
    checkNode(process.versions.node);
    process.chdir(root);
    await action();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

/** Refuses a Node that is older than what the dependencies run on. */
export function checkNode(version) {
  const [major, minor] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Refusal(
    `Bellwether needs Node 20.19 or newer; this is Node ${version}. Get it from https://nodejs.org`,
  );
}

/** Dependencies and build, as `npm start` needs them. */
export async function setup() {
  await install();
  await build();
}

/** Installs what package-lock.json says, unless it stands in node_modules. */
export async function install() {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const wanted = `${process.platform}-${process.arch} ${createHash('sha256').update(lock).digest('hex')}\n`;
  if (existsSync(stamp) ? readFileSync(stamp, 'utf8') === wanted : isInstalled(lock)) {
    if (!existsSync(stamp)) writeFileSync(stamp, wanted);
    return;
  }

  rmSync(stamp, { force: true });
  const { code, output, seconds } = await timed('installing dependencies', () =>
    run(...npm('ci', '--include=dev', '--no-audit', '--no-fund'), { env: toolEnv }),
  );
  if (code !== 0)
    throw new Refusal(
      `${lastLines(output)}\nInstalling failed: the reason is above (npm ci, exit code ${code}).`,
    );
  writeFileSync(stamp, wanted);
  console.log(`installed the dependencies in ${seconds} s`);
}

/** Builds every project through Nx, which takes from its cache what did not change. */
export async function build() {
  let result = await timed('building', () => nx('run-many', '-t', 'build'));
  if (result.code !== 0 && /sqlite|database disk image|workspace data/i.test(result.output)) {
    // Killed while it wrote, Nx may have left a broken database of its own.
    rmSync(join(root, '.nx', 'workspace-data'), { recursive: true, force: true });
    result = await timed('building', () => nx('run-many', '-t', 'build'));
  }
  if (result.code !== 0)
    throw new Refusal(`${failuresIn(result.output)}\nThe build failed: the reason is above.`);
  console.log(`built ${inWords(result.output)} in ${result.seconds} s`);
}

/** The script behind a package's command, wherever the package keeps it. */
export function bin(name) {
  const { bin: bins } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
  return join(modules, name, typeof bins === 'string' ? bins : bins[name]);
}

/** Runs Nx quietly. */
export function nx(...args) {
  return run(process.execPath, [bin('nx'), ...args, '--outputStyle=static'], {
    env: toolEnv,
  });
}

/** Nx's summary in a few words: "4 projects (3 from cache)". */
export function inWords(output) {
  const count = /Successfully ran targets? .* for (?:(\d+) projects|project )/.exec(output);
  const cached =
    /Nx read the output from the cache instead of running the command for (\d+) out of \d+ tasks?/.exec(
      output,
    );
  const projects = count?.[1] ? `${count[1]} projects` : 'one project';
  return cached ? `${projects} (${cached[1]} from cache)` : projects;
}

/** What the failed tasks said, out of all that Nx printed; everything where no task is named. */
export function failuresIn(output) {
  const failed = [...output.matchAll(/^- (\S+:\S+)$/gm)].map(([, task]) => task);
  const sections = output.split(/^(?=> nx run )/m);
  const said = sections.filter((section) => failed.includes(/^> nx run (\S+)/.exec(section)?.[1]));
  const withoutSummary = said.map((section) => section.split(/^ NX /m)[0].trim());
  return (said.length > 0 ? withoutSummary.join('\n\n') : output).trim();
}

/** How to run this npm: the one that runs us, else the one on the path. */
export function npm(...args) {
  const self = process.env.npm_execpath;
  if (self && /npm-cli\.c?js$/.test(self)) return [process.execPath, [self, ...args]];
  return process.platform === 'win32' ? ['cmd.exe', ['/c', 'npm', ...args]] : ['npm', args];
}

/**
 * Whether node_modules holds what the lock file wants, by npm's own list of what it last installed, which it writes when it is
 * done. So a `npm install` by hand counts as well. Packages for other platforms may be missing.
 */
function isInstalled(lock) {
  const list = join(modules, '.package-lock.json');
  return existsSync(list) && matches(JSON.parse(lock), JSON.parse(readFileSync(list, 'utf8')));
}

export function matches(lock, installed) {
  const wanted = Object.entries(lock.packages).filter(([path]) => /(^|\/)node_modules\//.test(path));
  return (
    wanted.every(([path, entry]) => {
      const found = installed.packages[path];
      return found
        ? found.version === entry.version
        : Boolean(entry.optional ?? entry.devOptional ?? entry.peer);
    }) && Object.keys(installed.packages).every((path) => path in lock.packages)
  );
}

/** Tells how long an action has been going on, on one line in a terminal and now and then in a log. */
export async function timed(title, action) {
  const start = performance.now();
  const secondsSince = () => Math.round((performance.now() - start) / 100) / 10;
  const isTerminal = process.stdout.isTTY;
  let said = 0;
  const ticker = setInterval(() => {
    const seconds = Math.floor(secondsSince());
    if (isTerminal) process.stdout.write(`\r\x1b[K${title} … ${seconds} s`);
    else if (seconds >= said + 10) console.log(`${title} … ${(said = seconds)} s`);
  }, 1000);
  if (isTerminal) process.stdout.write(`${title} …`);
  try {
    return { ...(await action()), seconds: secondsSince() };
  } finally {
    clearInterval(ticker);
    if (isTerminal) process.stdout.write('\r\x1b[K');
  }
}

export function lastLines(output) {
  return output.trim().split('\n').slice(-30).join('\n');
}
