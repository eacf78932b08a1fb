/**
 * `npm test`: every suite, one after another, and one closing line. `npm test -- http -t "refuses"` runs the named suites and
 * hands the rest on to vitest.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.mjs';
import { endWhenToldToStop, run } from './processes.mjs';
import { findProgram } from './program.mjs';
import { bin, main, setup, toolEnv } from './setup.mjs';
import { closingLine, failuresOf, sum, tally } from './tally.mjs';

const suites = ['unit', 'embedded', 'store', 'http', 'browser'];
const reports = mkdtempSync(join(tmpdir(), 'bellwether-test-'));
process.on('exit', () => rmSync(reports, { recursive: true, force: true }));

async function test() {
  endWhenToldToStop();
  const args = process.argv.slice(2);
  const named = suites.filter((suite) => args.includes(suite));
  const chosen = named.length > 0 ? named : suites;
  const passedOn = args.filter((arg) => !suites.includes(arg));

  await setup();
  const env = { ...toolEnv };
  if (chosen.includes('http')) {
    env.PROMETHEUS = await findProgram('prometheus', 'http');
    env.MOSQUITTO = await findProgram('mosquitto', 'http');
    env.ALERTMANAGER = await findProgram('prometheus-alertmanager', 'http');
  }
  if (chosen.includes('browser')) env.CHROMIUM = await findChromium();

  const ran = [];
  for (const suite of chosen) ran.push(await runSuite(suite, passedOn, env));
  const failures = ran.flatMap(({ report }) => failuresOf(report, process.cwd()));
  if (failures.length > 0) console.log(`\n── failed ──\n${failures.join('\n')}`);
  const total = sum(ran.map(({ report, code }) => tally(report, code)));
  process.exitCode = total.failed > 0 ? 1 : 0;
  console.log(closingLine(total));
}

/** Runs one vitest project, shown as it goes. */
async function runSuite(suite, passedOn, env) {
  console.log(`\n── ${suite} ──`);
  const file = join(reports, `${suite}.json`);
  const vitest = [bin('vitest'), 'run', '--project', suite];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { code } = await run(process.execPath, [...vitest, ...reporters, ...passedOn], {
    env,
    isShown: true,
  });
  return { report: readReport(file), code };
}

/** The JSON report, or nothing where vitest broke before it wrote one. */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

await main(test);
