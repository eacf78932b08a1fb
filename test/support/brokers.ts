/** What Bellwether talks to, as it is outside of tests: Prometheus, its Alertmanager and a broker of MQTT, in processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './bellwether';

export interface Program {
  port: number;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

async function start(
  path: string,
  { port, files, args }: { port: number; files: Record<string, string>; args: (folder: string) => string[] },
): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'bellwether-broker-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  let output = '';
  const child: ChildProcess = spawn(path, args(folder), { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${path} ended (${child.exitCode}):\n${output}`);
    return answers(port);
  });
  return {
    port,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Keeps sessions in memory; on a port given, it comes back where it was. */
export const startMosquitto = (path: string, port: number): Promise<Program> => {
  const config = `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`;
  return start(path, {
    port,
    files: { 'mosquitto.conf': config },
    args: (folder) => ['-c', join(folder, 'mosquitto.conf')],
  });
};

/** Watches itself, every second. */
export const startPrometheus = (path: string, port: number): Promise<Program> => {
  const config = `global:
  scrape_interval: 1s
scrape_configs:
  - job_name: self
    static_configs:
      - targets: ['127.0.0.1:${port}']
`;
  return start(path, {
    port,
    files: { 'prometheus.yml': config },
    args: (folder) => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
  });
};

/** Keeps nothing that it would remember after a restart, and tells nobody. */
export const startAlertmanager = (path: string, port: number): Promise<Program> =>
  start(path, {
    port,
    files: { 'alertmanager.yml': 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n' },
    args: (folder) => [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
  });
