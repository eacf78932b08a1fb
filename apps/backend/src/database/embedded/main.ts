/**
 * The process of the embedded database: a WebAssembly PostgreSQL blocks its thread, so it has one of its own. It lives as
 * long as its parent: when the IPC channel closes, even by a SIGKILL of the parent, it closes the cluster and exits.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bridge, startBridge } from './bridge';
import { type Cluster, openCluster } from './cluster';
import { lockDirectory } from './lock';
import type { StartOrder, ToChild, ToParent } from './messages';
import { DEFAULT_UPKEEP, startUpkeep } from './upkeep';

/** Long enough for a predecessor whose parent was killed to finish its statement and close. */
const LOCK_WAIT_MS = 10_000;

const tell = (message: ToParent): void => {
  if (process.connected) process.send?.(message);
};

/** Ends the process; a failed database is not closed, its log is what recovers it. */
const fail = (reason: string): void => {
  const end = (): never => process.exit(1);
  if (!process.connected || !process.send) return end();
  process.send({ kind: 'failed', reason } satisfies ToParent, undefined, {}, end);
};

async function open(order: StartOrder): Promise<() => Promise<void>> {
  await mkdir(order.dataDir, { recursive: true, mode: 0o700 });
  const unlock = await lockDirectory(order.dataDir, order.lockWaitMs ?? LOCK_WAIT_MS);
  let cluster: Cluster | undefined;
  try {
    cluster = await openCluster(join(order.dataDir, 'timescale'));
    return await serve(order, cluster, unlock);
  } catch (error) {
    await cluster?.close();
    await unlock();
    throw error;
  }
}

async function serve(
  order: StartOrder,
  cluster: Cluster,
  unlock: () => Promise<void>,
): Promise<() => Promise<void>> {
  const onFailure = (error: unknown): void => fail(`the embedded database failed: ${reasonOf(error)}`);
  const bridge: Bridge = await startBridge({ ...order, engine: cluster, onFailure });
  const log = (text: string): void => tell({ kind: 'log', text });
  const stopUpkeep = startUpkeep(bridge, cluster, order.upkeep ?? DEFAULT_UPKEEP, log);
  tell({ kind: 'ready', port: bridge.port });
  return async () => {
    stopUpkeep();
    await bridge.stop();
    await cluster.close();
    await unlock();
  };
}

/** The message of an error, with the variable to change where a person can do something about it. */
function reasonOf(error: unknown): string {
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code !== 'EADDRINUSE') return message ?? String(error);
  return `port ${port} on 127.0.0.1 is taken: set EMBEDDED_PORT to a free port, or to 0 for any free one`;
}

let closing: Promise<() => Promise<void>> | undefined;
let isStopping = false;

const stop = (): void => {
  if (isStopping) return;
  isStopping = true;
  const close = closing ?? Promise.resolve(() => Promise.resolve());
  close
    .then((run) => run())
    .then(
      () => process.exit(0),
      (error: unknown) => fail(reasonOf(error)),
    );
};

process.on('message', (message: ToChild) => {
  if (message.kind === 'stop') return stop();
  closing = open(message);
  closing.catch((error: unknown) => fail(reasonOf(error)));
});
process.on('disconnect', stop);
process.on('SIGTERM', stop);
// Ctrl-C and a closed terminal reach the whole process group: the parent decides, and asks.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
