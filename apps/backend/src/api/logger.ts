/** Structured logs: one JSON line an event, readable ones on a terminal. Keys, cookies and bodies never get there. */
import type { Params } from 'nestjs-pino';
import type { Config } from '../config';

/** Nest tells of every route and module as it starts; nobody asked. */
const CHATTER = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Fields of errors that quote a body: of the body parser, of pg, and PostgreSQL's own words about a row. */
const OF_USERS = ['body', 'detail', 'where', 'parameters', 'config'].map((field) => `err.${field}`);

const PRETTY = {
  target: 'pino-pretty',
  options: { singleLine: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' },
};

export function loggerOptions(
  { LOG_LEVEL }: Config,
  { role, isTerminal }: { role: string; isTerminal: boolean },
): Params {
  return {
    pinoHttp: {
      level: LOG_LEVEL,
      base: { role },
      autoLogging: false,
      quietReqLogger: true,
      redact: ['req.headers', 'res.headers', 'req.query', ...OF_USERS],
      // A request is logged by its path alone: queries and bodies are the users' own.
      serializers: {
        req: ({ method, url }: { method: string; url: string }) => ({ method, path: url?.split('?')[0] }),
      },
      hooks: {
        logMethod(args, method) {
          const { context } = (args[0] ?? {}) as { context?: string };
          if (!context || !CHATTER.has(context)) method.apply(this, args);
        },
      },
      ...(isTerminal ? { transport: PRETTY } : {}),
    },
  };
}
