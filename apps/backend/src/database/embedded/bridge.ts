/**
 * A PostgreSQL server on loopback in front of a database that is one session (PGlite). Clients take turns, first come
 * first served, from a request's first message to its ReadyForQuery; a client inside a transaction keeps the session
 * until the transaction ends, and loses it when it dies or sleeps in there.
 * Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol".
 */
import { createServer, type Server, type Socket } from 'node:net';
import { type Client, type ClientRules, connect } from './client';
import { errorResponse } from './protocol';
import { createSession, type Engine } from './session';
import { createTurns, type Turn } from './turns';

export type BridgeOptions = Pick<ClientRules, 'password'> &
  Partial<Omit<ClientRules, 'password'>> & {
    engine: Engine;
    /** 0 takes any free one. */
    port: number;
    /** The database itself failed: nothing can be served any more. */
    onFailure: (error: unknown) => void;
    maxClients?: number;
  };

export type Bridge = {
  port: number;
  /** Runs `work` on the engine alone, when its turn has come. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Refuses new clients, ends those there are (open transactions are rolled back) and waits for the last turn. */
  stop(): Promise<void>;
};

/** Loopback only: the password crosses it in clear text. */
const HOST = '127.0.0.1';
const MEGABYTE = 1024 * 1024;

export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  const { engine, onFailure, maxClients = 100 } = options;
  const rules: ClientRules = {
    password: options.password,
    requestBytes: options.requestBytes ?? 64 * MEGABYTE,
    idleInTransactionMs: options.idleInTransactionMs ?? 60_000,
    loginMs: options.loginMs ?? 10_000,
    parameters: options.parameters ?? (await serverParameters(engine)),
  };
  const clients = new Set<Client>();
  const session = createSession(engine, clients);
  const turns = createTurns(onFailure);
  await session.open();
  let lastId = 0;

  const takeTurn = async (client: Client): Promise<boolean> => {
    if (client.isGone) {
      await session.release(client);
      return false;
    }
    const isHolding = client.request ? await session.serve(client, client.request) : false;
    client.answered(isHolding);
    return isHolding;
  };

  const accept = (socket: Socket): void => {
    if (clients.size >= maxClients) {
      socket.on('error', () => undefined);
      return void socket.end(
        errorResponse('FATAL', '53300', `the embedded database serves ${maxClients} clients at most`),
      );
    }
    const turn: Turn = { take: () => takeTurn(client) };
    const client = connect(socket, ++lastId, rules, {
      onRequest: () => turns.enqueue(turn),
      onGone: () => {
        clients.delete(client);
        // With a request waiting it has a turn already, in which it will be found gone.
        if (!client.request) turns.enqueue(turn);
      },
    });
    clients.add(client);
  };

  const server = createServer(accept);
  const port = await listen(server, options.port);
  return {
    port,
    exclusively: (work) => turns.exclusively(() => session.serveHouse(work)),
    async stop() {
      server.close();
      for (const client of clients) client.refuse('57P01', 'the embedded database is stopping');
      for (const client of clients) client.leave();
      await turns.exclusively(() => Promise.resolve());
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: HOST, port }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** What drivers want to know of a server before their first query. */
async function serverParameters(engine: Engine): Promise<Record<string, string>> {
  const names = [
    'server_version',
    'server_encoding',
    'client_encoding',
    'DateStyle',
    'IntervalStyle',
    'TimeZone',
  ];
  const booleans = ['integer_datetimes', 'standard_conforming_strings'];
  const [row] = await engine.rows<Record<string, string>>(
    `SELECT ${[...names, ...booleans].map((name) => `current_setting('${name}') AS "${name}"`).join(', ')}`,
  );
  return { ...row, is_superuser: 'on' };
}
