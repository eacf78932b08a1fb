/** `npm run bench -- NAME`: says what machine this is and runs bench/NAME.mjs; without a name, lists what there is. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { commit, machine } from './machine.mjs';
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
  console.log(`${machine()}, commit ${commit()}`);
  const { code } = await run(process.execPath, [join('bench', `${name}.mjs`), ...args], { isShown: true });
  process.exitCode = code;
}

function available() {
  if (!existsSync('bench')) return [];
  const files = readdirSync('bench').filter((file) => file.endsWith('.mjs') && !file.endsWith('.spec.mjs'));
  return files.map((file) => file.replace(/\.mjs$/, '')).sort();
}

await main(bench);
