/**
 * Runs a command that ends with whoever started this, even when that is killed with SIGKILL:
 * `node tools/leash.mjs command …` is started as the leader of a process group, holding an IPC channel. The channel closes
 * when the other end dies, and then the whole group goes.
 */
import { spawn } from 'node:child_process';
import { killGroup } from './processes.mjs';

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });

// A signal reaches the whole group: the command decides when it is done, this only waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.on('disconnect', () => killGroup(process.pid, 'SIGKILL'));
child.on('error', (error) => {
  console.error(`${command}: ${error.message}`);
  process.exit(127);
});
child.on('exit', (code) => process.exit(code ?? 1));
