/** The configuration: one schema, read once from the environment in `main.ts`, injected everywhere else. */
import { z } from 'zod';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

const Role = z.enum(['api', 'scorer', 'trainer']);
export type Role = z.infer<typeof Role>;

const roles = z
  .string()
  .transform((text) => text.split(',').map((role) => role.trim()))
  .pipe(z.array(Role).min(1));

const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

const withDefault = <T extends z.ZodType>(schema: T, value: string) =>
  z.preprocess((given) => (given === undefined || given === '' ? value : given), schema);

export const Config = z.object({
  HOST: withDefault(z.string().max(255), '127.0.0.1'),
  PORT: withDefault(z.coerce.number().int().min(0).max(65_535), '8080'),
  /** Without one, the embedded TimescaleDB is started in DATA_DIR. */
  DATABASE_URL: optional(
    z.url({
      protocol: /^postgres(ql)?$/,
      error: 'must look like postgres://user:password@host:5432/database',
    }),
  ),
  DATA_DIR: withDefault(z.string(), './data'),
  EMBEDDED_PORT: withDefault(z.coerce.number().int().min(0).max(65_535), '0'),
  COMPUTE: optional(z.enum(['gpu', 'node', 'wasm', 'cpu'])),
  ROLES: withDefault(roles, 'api,scorer,trainer'),
  /** Days after which samples and scores are dropped; 0 keeps them. */
  RETENTION_DAYS: withDefault(z.coerce.number().int().min(0).max(36_500), '0'),
  LOG_LEVEL: withDefault(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), 'info'),
  /** Where people reach the dashboard: the link in notifications. */
  PUBLIC_URL: optional(z.url({ protocol: /^https?$/ })),
  /** A key of the operator's own choosing, instead of a generated one. */
  API_KEY: optional(z.string().min(20, 'must have at least 20 characters').max(200)),
  /** MiB that the body of a request may have. */
  MAX_BODY_MB: withDefault(z.coerce.number().int().min(1).max(512), '32'),
  MAX_SERIES: withDefault(z.coerce.number().int().min(1), '100000'),
  DEMO: optional(z.coerce.number().int().min(0).max(3600)),
});
export type Config = z.infer<typeof Config>;

/** Injection token of the configuration: zod gives a type, and a type cannot be injected. */
export const CONFIG = Symbol('Config');

export class ConfigError extends Error {}

export function readConfig(environment: Record<string, string | undefined>): Config {
  const result = Config.safeParse(environment);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
  throw new ConfigError(`These variables cannot be used:\n${lines.join('\n')}`);
}

/** Only the machine itself can reach a loopback address, so nobody is asked for a key there. */
export const isLoopback = (host: string): boolean => LOOPBACK.has(host);
