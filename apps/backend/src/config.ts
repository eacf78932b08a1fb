/** The configuration: one schema, read once from the environment in `main.ts`, injected everywhere else. */
import { z } from 'zod';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;

const Role = z.enum(['api', 'scorer', 'trainer'], 'must be some of api,scorer,trainer, with commas between');
export type Role = z.infer<typeof Role>;

/** Named twice is meant once. */
const roles = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((role) => role.trim()))])
  .pipe(z.array(Role));

/** An empty variable is one that is not set: compose files and CI write them so. */
const trimmed = (value: unknown): unknown => (typeof value === 'string' ? value.trim() || undefined : value);

const optional = <T extends z.ZodType>(schema: T) => z.preprocess(trimmed, schema.optional());

const withDefault = <T extends z.ZodType>(schema: T, value: string) =>
  z.preprocess((given) => trimmed(given) ?? value, schema);

/** `min` to `max` in decimal digits: Number() alone would take "" for 0 and "0x50" for 80. */
function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, error)
    .transform(Number)
    .pipe(z.number().min(min, error).max(max, error));
}

const oneOf = <const T extends readonly string[]>(...names: T) =>
  z.enum(names, `must be one of ${names.join(', ')}`);

const MOST_BODY_MB = 512;
const DATABASE_URL_FORM =
  'must look like postgres://user:password@host:5432/database, with %-escapes for / ? # @ in the password';

/** A "/" or "#" in a password that is not escaped ends the host: what follows would be told as a host or database name. */
const isWhole = (url: string): boolean => {
  const { pathname, search, hash } = new URL(url);
  return !`${pathname}${search}${hash}`.includes('@');
};

export const Config = z.object({
  HOST: withDefault(z.string().max(255), '127.0.0.1'),
  PORT: withDefault(wholeNumber(0, 65_535), '8080'),
  /** Without one, the embedded TimescaleDB is started in DATA_DIR. */
  DATABASE_URL: optional(
    z
      .url({ protocol: /^postgres(ql)?$/, error: DATABASE_URL_FORM, abort: true })
      .refine(isWhole, DATABASE_URL_FORM),
  ),
  DATA_DIR: withDefault(z.string(), './data'),
  EMBEDDED_PORT: withDefault(wholeNumber(0, 65_535), '0'),
  COMPUTE: optional(oneOf('gpu', 'node', 'wasm', 'cpu')),
  ROLES: withDefault(roles, 'api,scorer,trainer'),
  /** Days after which samples and scores are dropped; 0 keeps them. */
  RETENTION_DAYS: withDefault(wholeNumber(0, 36_500), '0'),
  LOG_LEVEL: withDefault(oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info'),
  /** Where people reach the dashboard: the link in notifications. */
  PUBLIC_URL: optional(
    z.url({ protocol: /^https?$/, error: 'must be an address like https://bellwether.example' }),
  ),
  /** A key of the operator's own choosing, instead of a generated one; of characters a header can hold. */
  API_KEY: optional(
    z.string().regex(/^[!-~]{20,200}$/, 'must have 20 to 200 letters, digits or signs, without spaces'),
  ),
  /** What the secrets of sources and channels are encrypted with; without one a key is made in DATA_DIR/secret.key. */
  SECRET_KEY: optional(z.string().regex(/^.{32,1000}$/s, 'must have 32 to 1000 characters')),
  /** Where scores are sent by Prometheus remote write; the address may hold user:password. */
  REMOTE_WRITE_URL: optional(
    z.url({ protocol: /^https?$/, error: 'must be an address like https://prometheus.example/api/v1/write' }),
  ),
  /** A bearer token for it. */
  REMOTE_WRITE_TOKEN: optional(
    z.string().regex(/^[!-~]{1,4000}$/, 'must be letters, digits or signs, without spaces'),
  ),
  /** MiB that the body of a request may have. */
  MAX_BODY_MB: withDefault(wholeNumber(1, MOST_BODY_MB), '32'),
  /** New series in a minute: labels that explode must not fill MAX_SERIES before anybody looks. */
  MAX_NEW_SERIES: withDefault(wholeNumber(1, 10_000_000), '20000'),
  MAX_SERIES: withDefault(wholeNumber(1, 10_000_000), '100000'),
  /** 1 starts the demo, a larger number is its speed. */
  DEMO: optional(wholeNumber(0, 3_600)),
});
export type Config = z.infer<typeof Config>;

/** Injection token of the configuration: zod gives a type, and a type cannot be injected. */
export const CONFIG = Symbol('Config');

export class ConfigError extends Error {}

export function readConfig(environment: Record<string, string | undefined>): Config {
  const result = Config.safeParse(environment);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => `  ${String(path[0])} ${message}`);
  throw new ConfigError(`These variables cannot be used:\n${[...new Set(lines)].join('\n')}`);
}

/** Only the machine itself can reach a loopback address, so nobody is asked for a key there. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
