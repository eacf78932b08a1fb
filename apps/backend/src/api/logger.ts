/** Structured logs: JSON, one line an event; readable ones on a terminal. Keys, cookies and bodies never get there. */
import type { Params } from 'nestjs-pino';
import type { Config } from '../config';

export function loggerOptions({ LOG_LEVEL }: Config, role: string): Params {
  return {
    pinoHttp: {
      level: LOG_LEVEL,
      base: { role },
      autoLogging: false,
      quietReqLogger: true,
      redact: ['req.headers', 'res.headers', 'req.query', 'err.config', 'err.parameters'],
      // A request is logged by its route alone: queries and bodies are the users' own.
      serializers: {
        req: ({ method, url }: { method: string; url: string }) => ({ method, path: url?.split('?')[0] }),
      },
    },
  };
}
