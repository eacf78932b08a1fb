/**
 * Finds a program that a suite talks to. On Debian and Ubuntu it fetches one: unpacked under node_modules, not installed, so
 * that it takes no root and starts no service.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './processes.mjs';
import { lastLines, Refusal, root, timed } from './setup.mjs';

const cache = join(root, 'node_modules', '.cache', 'programs');
/** Daemons stand where the PATH of most people does not lead. */
const usual = [
  '/usr/bin',
  '/usr/sbin',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/opt/homebrew/bin',
  '/opt/homebrew/sbin',
];

/** Where a program of Debian's looks for files of its own: there is nothing there, since it is not installed. */
const places = { 'prometheus-alertmanager': '/usr/share/prometheus/alertmanager' };

/** The variable that names a program: PROMETHEUS, or the part after the - of a package of Debian's own naming. */
const variableOf = (name) => name.split('-').at(-1).toUpperCase();

/** The path of `prometheus`, say, which the `http` suite needs: the one that PROMETHEUS names, else one found, else one fetched. */
export async function findProgram(name, suite) {
  const variable = variableOf(name);
  const named = process.env[variable];
  if (named) {
    if (isExecutable(named)) return named;
    throw new Refusal(`${variable}=${named} is not an executable file.`);
  }
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...usual, join(cache, name)];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? (await fetchProgram(name, suite));
}

async function fetchProgram(name, suite) {
  const needs = `The ${suite} tests need ${name}`;
  const orSet = `or set ${variableOf(name)}=/path/to/${name}`;
  if (!isExecutable('/usr/bin/apt-get')) {
    const how = process.platform === 'darwin' ? `brew install ${name}` : `install ${name}`;
    throw new Refusal(`${needs}: ${how}, ${orSet}.`);
  }
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, `${name}-`));
  try {
    const { isThere, output, seconds } = await timed(`fetching ${name} with apt-get`, () =>
      unpack(name, folder),
    );
    if (!isThere)
      throw new Refusal(
        `${lastLines(output)}\n${needs}, and apt-get could not fetch it: apt-get install ${name}, ${orSet}.`,
      );
    // Whole or not at all: the next run takes what stands there.
    rmSync(join(cache, name), { recursive: true, force: true });
    renameSync(folder, join(cache, name));
    console.log(`fetched ${name} in ${seconds} s`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return join(cache, name, name);
}

/** Unpacks the packages that this machine lacks for the program, and puts a script in front that shows it their libraries. */
async function unpack(name, folder) {
  const said = [];
  const within = async (command, env = process.env) => {
    const { output } = await run('/bin/sh', ['-c', `cd "$0" && ${command}`, folder], { env });
    said.push(output);
    return output;
  };
  const lists = ownLists(folder);
  for (const env of [process.env, { ...process.env, APT_CONFIG: lists }]) {
    // Nobody has called `apt-get update` here, or long ago: it is done on lists of our own, which takes no root.
    if (env !== process.env) await within('apt-get update', env);
    const plan = await within(`apt-get -s install --no-install-recommends ${name}`, env);
    const packages = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, each]) => each).join(' ');
    await within(`apt-get download ${packages} && for each in *.deb; do dpkg -x "$each" .; done`, env);
    if (writeStarter(name, folder)) break;
  }
  await within('rm -rf apt *.deb');
  return { isThere: existsSync(join(folder, name)), output: said.join('') };
}

function ownLists(folder) {
  const apt = join(folder, 'apt');
  for (const each of ['lists/partial', 'archives/partial']) mkdirSync(join(apt, each), { recursive: true });
  writeFileSync(join(apt, 'apt.conf'), `Dir::State::lists "${apt}/lists";\nDir::Cache "${apt}";\n`);
  return join(apt, 'apt.conf');
}

/** Answers whether there was something to start. */
function writeStarter(name, folder) {
  const place = ['usr/bin', 'usr/sbin'].find((each) => existsSync(join(folder, each, name)));
  if (!place) return false;
  const libraries = existsSync(join(folder, 'usr/lib')) ? readdirSync(join(folder, 'usr/lib')) : [];
  const paths = libraries.filter((each) => each.includes('-linux-')).map((each) => `$here/usr/lib/${each}`);
  const moves = moveFiles(join(folder, place, name), places[name]);
  const start = `${moves ? 'cd "$here" && ' : ''}LD_LIBRARY_PATH="${paths.join(':')}" exec "$here/${place}/${name}" "$@"`;
  const here = 'here=$(cd "$(dirname "$0")" && pwd)';
  writeFileSync(join(folder, name), `#!/bin/sh\n${here}\n${start}\n`, { mode: 0o755 });
  return true;
}

/** Makes a path in a program, which is as long as it was, one of the folder the program is started in. */
function moveFiles(program, path) {
  if (!path) return false;
  const bytes = readFileSync(program);
  const moved = Buffer.from(path.replace(/^\/(\w+)\//, '$1//'));
  for (let at = bytes.indexOf(path); at >= 0; at = bytes.indexOf(path, at + 1)) moved.copy(bytes, at);
  writeFileSync(program, bytes);
  return true;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run
  }
}
