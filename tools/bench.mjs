/** `npm run bench -- NAME`: says what machine this is and runs bench/NAME.mjs; without a name, lists what there is. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { endWhenToldToStop, run } from './processes.mjs';
import { main, Refusal, setup } from './setup.mjs';

async function bench() {
  endWhenToldToStop();
  const [name, ...args] = process.argv.slice(2);
  const names = available();
  if (!name) {
    console.log(
      names.length > 0 ? `npm run bench -- ${names.join('|')}` : 'There is no benchmark in bench/ yet.',
    );
    return;
  }
  if (!names.includes(name))
    throw new Refusal(`There is no benchmark '${name}'. There is: ${names.join(', ') || 'none'}.`);

  await setup();
  console.log(machine());
  const { code } = await run(process.execPath, [join('bench', `${name}.mjs`), ...args], { isShown: true });
  process.exitCode = code;
}

function available() {
  if (!existsSync('bench')) return [];
  const files = readdirSync('bench').filter((file) => file.endsWith('.mjs') && !file.endsWith('.spec.mjs'));
  return files.map((file) => file.replace(/\.mjs$/, '')).sort();
}

/** What the numbers were measured on. */
function machine() {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  return `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} cores, ${memory}, Node ${process.versions.node}, commit ${commit()}`;
}

function commit() {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown'; // a copy without its history
  }
}

await main(bench);
