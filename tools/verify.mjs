/** `npm run verify`: format, lint, types and unit tests, without a database. Nx runs only what changed. */
import { endWhenToldToStop, run } from './processes.mjs';
import { bin, failuresIn, inWords, install, main, nx, timed, toolEnv } from './setup.mjs';

const cache = [
  '--cache',
  '--cache-strategy=content',
  '--cache-location=node_modules/.cache/prettier/.prettier-cache',
];

const steps = [
  [
    'format',
    () =>
      run(process.execPath, [bin('prettier'), '--check', '.', '--log-level=warn', ...cache], {
        env: toolEnv,
      }),
  ],
  ['lint', () => nx('run-many', '-t', 'lint')],
  ['types', () => nx('run-many', '-t', 'typecheck')],
  ['unit', () => nx('run-many', '-t', 'unit')],
];

async function verify() {
  endWhenToldToStop();
  await install();

  const failed = [];
  for (const [name, step] of steps) {
    const { code, output, seconds } = await timed(name, step);
    const isFine = code === 0;
    if (!isFine) {
      failed.push(name);
      console.log(failuresIn(output));
    }
    const told = isFine
      ? output.includes('Successfully ran')
        ? inWords(output)
        : 'ok'
      : 'FAILED, see above';
    console.log(`${name.padEnd(8)}${seconds.toFixed(1).padStart(6)} s   ${told}`);
  }
  if (failed.length > 0) {
    console.log(`verify failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
}

await main(verify);
