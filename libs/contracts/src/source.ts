/** A source: what Bellwether fetches samples from by itself, and how far it has come. */
import { z } from 'zod';
import { Labels, SeriesName } from './labels';
import { Refusal } from './sample';
import { Instant } from './time';

const DAY_MS = 86_400_000;

/** An address of these protocols. A user name and a password in it are taken out of it, into `username` and the secrets. */
const address = (protocol: RegExp, error: string) => z.url({ protocol, error }).max(2_000);

const Username = z.string().min(1).max(200).nullable().default(null);

const milliseconds = (min: number, max: number) => z.number().int().min(min).max(max);

/** Prometheus, and whatever else answers `/api/v1/query_range`: Thanos, Mimir, VictoriaMetrics. */
export const PrometheusSettings = z
  .object({
    kind: z.literal('prometheus'),
    /** The address before `/api/v1/query_range`. */
    url: address(/^https?$/, 'the url is not an http(s) address'),
    /** With HTTP's Basic, when there is a password; a `token` is sent as Bearer, and wins. */
    username: Username,
    /** PromQL; its result is taken as it is: `rate(…)` of a counter, not the counter. */
    query: z.string().trim().min(1).max(10_000),
    /** The name of series whose result has none, as that of `sum(…)`. */
    series: SeriesName.nullable().default(null),
    stepMs: milliseconds(1_000, DAY_MS).default(60_000),
    /** How far behind the clock it stays, for samples that come late. */
    offsetMs: milliseconds(0, 30 * DAY_MS).default(60_000),
    /** How far back it begins. */
    backfillMs: milliseconds(0, 3_650 * DAY_MS).default(7 * DAY_MS),
  })
  .strict();
export type PrometheusSettings = z.infer<typeof PrometheusSettings>;

/** As PostgreSQL takes it between quotation marks: at most 63 bytes. */
const Identifier = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[^\0]+$/, 'a name holds no NUL');

/** PostgreSQL, with or without TimescaleDB. */
export const SqlSettings = z
  .object({
    kind: z.literal('sql'),
    url: address(/^postgres(ql)?$/, 'the url is not one like postgres://host:5432/database'),
    username: Username,
    /** A table, or a SELECT of the person's own, which is run as it stands, in a transaction that can only read. */
    from: z.discriminatedUnion('kind', [
      z
        .object({ kind: z.literal('table'), schema: Identifier.nullable().default(null), table: Identifier })
        .strict(),
      z.object({ kind: z.literal('query'), query: z.string().trim().min(1).max(20_000) }).strict(),
    ]),
    timeColumn: Identifier,
    /** What the time column holds: a timestamp or date (UTC where it has no zone), or a number since 1970. */
    timeFormat: z.enum(['timestamp', 'seconds', 'milliseconds']).default('timestamp'),
    /** One series for each; several that share a name are told apart by a label `column`. */
    valueColumns: z.array(Identifier).min(1).max(20),
    /** The column that names the series; else they are named `series`, else as their value column. */
    seriesColumn: Identifier.nullable().default(null),
    series: SeriesName.nullable().default(null),
    labelColumns: z.array(Identifier).max(20).default([]),
    intervalMs: milliseconds(1_000, DAY_MS).default(10_000),
    /** How far back it reads again each time, for rows that come late. */
    overlapMs: milliseconds(0, 7 * DAY_MS).default(300_000),
    backfillMs: milliseconds(0, 36_500 * DAY_MS).default(30 * DAY_MS),
  })
  .strict();
export type SqlSettings = z.infer<typeof SqlSettings>;

/** Dots lead into an object, numbers into an array: `sensors.0.value`. */
const Path = z.string().trim().min(1).max(200);

/** What is in a message. */
export const Payload = z.discriminatedUnion('format', [
  /** As `POST /api/v1/samples` takes them: an object, an array, or NDJSON. */
  z.object({ format: z.literal('samples') }).strict(),
  /** A bare number: the series is the topic, or `series` with the topic as its label `topic`; the time is the message's. */
  z.object({ format: z.literal('number'), series: SeriesName.nullable().default(null) }).strict(),
  /** JSON with numbers at these paths; several are told apart by a label `field`. */
  z
    .object({
      format: z.literal('json'),
      series: SeriesName.nullable().default(null),
      values: z.array(Path).min(1).max(50),
      /** ISO 8601 or epoch milliseconds; null: the message's time. */
      time: Path.nullable().default(null),
    })
    .strict(),
]);
export type Payload = z.infer<typeof Payload>;

export const MqttSettings = z
  .object({
    kind: z.literal('mqtt'),
    url: address(/^(mqtts?|wss?)$/, 'the url is not one like mqtt://host:1883'),
    username: Username,
    /** null: one is made up, and kept: the broker holds messages back for it while Bellwether is away. */
    clientId: z
      .string()
      .regex(/^[!-~]{1,64}$/, 'a client id has 1 to 64 letters, digits or signs')
      .nullable()
      .default(null),
    /** Filters, with + and # as in MQTT. */
    topics: z
      .array(
        z
          .string()
          .min(1)
          .max(1_000)
          .regex(/^[^\0]+$/, 'a topic holds no NUL'),
      )
      .min(1)
      .max(50),
    payload: Payload.default({ format: 'samples' }),
  })
  .strict();
export type MqttSettings = z.infer<typeof MqttSettings>;

export const KafkaSettings = z
  .object({
    kind: z.literal('kafka'),
    brokers: z
      .array(
        z
          .string()
          .max(300)
          .regex(/^[^\s:/@]+:\d{1,5}$/, 'a broker is written host:port'),
      )
      .min(1)
      .max(20),
    usesTls: z.boolean().default(false),
    /** null: no SASL. */
    sasl: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).nullable().default(null),
    username: Username,
    groupId: z.string().trim().min(1).max(200).default('bellwether'),
    topics: z
      .array(z.string().regex(/^[\w.-]{1,249}$/, 'a topic has 1 to 249 letters, digits or . _ -'))
      .min(1)
      .max(50),
    /** Where a group begins that has not read the topic before. */
    from: z.enum(['earliest', 'latest']).default('latest'),
    payload: Payload.default({ format: 'samples' }),
  })
  .strict();
export type KafkaSettings = z.infer<typeof KafkaSettings>;

export const SourceSettings = z.discriminatedUnion('kind', [
  PrometheusSettings,
  SqlSettings,
  MqttSettings,
  KafkaSettings,
]);
export type SourceSettings = z.infer<typeof SourceSettings>;
export const SourceKind = z.enum(['prometheus', 'sql', 'mqtt', 'kafka']);
export type SourceKind = z.infer<typeof SourceKind>;

const secret = z.string().min(1).max(10_000).nullable();

/** Written, kept encrypted, and never read again. Left out: as it was; null: removed. */
export const SourceSecrets = z
  .object({
    password: secret,
    /** A Bearer token, of prometheus only. */
    token: secret,
    /** Further headers, of prometheus only, all of them at once. */
    headers: z
      .record(
        z.string().regex(/^[!#$%&'*+.^`|~\w-]{1,100}$/, 'not a name that a header can have'),
        z.string().max(4_000),
      )
      .nullable(),
  })
  .partial()
  .strict();
export type SourceSecrets = z.infer<typeof SourceSecrets>;

export const SourceInput = z
  .object({
    name: z.string().trim().min(1).max(100),
    isEnabled: z.boolean().default(true),
    settings: SourceSettings,
    secrets: SourceSecrets.default({}),
  })
  .strict();
export type SourceInput = z.infer<typeof SourceInput>;

/** `settings` are replaced whole and keep their kind. With another address or user, the secrets have to be given again. */
export const SourceChange = z
  .object({
    name: SourceInput.shape.name,
    isEnabled: z.boolean(),
    settings: SourceSettings,
    secrets: SourceSecrets,
  })
  .partial()
  .strict();
export type SourceChange = z.infer<typeof SourceChange>;

/** disabled; starting (nothing has come of it yet); working; failing (`lastError` says why, and it is tried again). */
export const SourceState = z.enum(['disabled', 'starting', 'working', 'failing']);
export type SourceState = z.infer<typeof SourceState>;

export const Source = z.object({
  id: z.number().int(),
  name: z.string(),
  isEnabled: z.boolean(),
  settings: SourceSettings,
  /** Which secrets are set; of headers, their names. */
  secretsSet: z.object({ password: z.boolean(), token: z.boolean(), headers: z.array(z.string()) }),
  createdAt: Instant,
  state: SourceState,
  /** One sentence: why the state is what it is, and what to do about it. */
  why: z.string(),
  /** When something was last fetched and written, or it was seen that there is nothing new. */
  lastSuccessAt: Instant.nullable(),
  lastError: z.string().nullable(),
  lastErrorAt: Instant.nullable(),
  /** Since the source was added; what is read twice counts twice. */
  samplesWritten: z.number().int(),
  /** What was passed over since the source was added, and the first of each kind. */
  refused: z.array(Refusal),
  /** Pullers: everything before is fetched. Brokers: the newest sample that came. */
  cursorAt: Instant.nullable(),
  /** How far `cursorAt` is behind the clock. */
  lagMs: z.number().int().nullable(),
});
export type Source = z.infer<typeof Source>;

/** What a source would bring, tried once; nothing is written, and nothing acknowledged. */
export const SourceTest = z.object({
  works: z.boolean(),
  /** What it would bring, or exactly what is wrong and what to do. */
  detail: z.string(),
  series: z.number().int(),
  samples: z.number().int(),
  firstAt: Instant.nullable(),
  newestAt: Instant.nullable(),
  /** Some of the series. */
  examples: z.array(z.object({ name: z.string(), labels: Labels })),
  refused: z.array(Refusal),
});
export type SourceTest = z.infer<typeof SourceTest>;
