/** Sources as a person sees them: in words, and their settings as the fields of a form. Pure. */
import type {
  SourceChange,
  SourceInput,
  SourceKind,
  SourceSecrets,
  SourceSettings,
} from '@bellwether/contracts';

/** What stands in a form, by the name of the field: its text; a ticked box is `on`. */
export type Fields = Partial<Record<string, string>>;

type SettingsOf<Kind extends SourceKind> = Extract<SourceSettings, { kind: Kind }>;

export const KINDS: Record<SourceKind, { name: string; says: string }> = {
  prometheus: {
    name: 'Prometheus',
    says: 'Asks /api/v1/query_range at every step. Thanos, Mimir and VictoriaMetrics answer it too.',
  },
  sql: {
    name: 'SQL',
    says: 'Reads rows of PostgreSQL or TimescaleDB as they come, in transactions that can only read.',
  },
  mqtt: {
    name: 'MQTT',
    says: 'Listens to topics of a broker, which keeps messages while Bellwether is away.',
  },
  kafka: { name: 'Kafka', says: 'Reads topics as a consumer group, and goes on where it stopped.' },
};

export const isKind = (text: string): text is SourceKind => text in KINDS;

/** Where it fetches from, and what. */
export function askedOf(settings: SourceSettings): { place: string; what: string } {
  switch (settings.kind) {
    case 'prometheus':
      return { place: settings.url, what: settings.query };
    case 'sql':
      return { place: settings.url, what: readFrom(settings.from) };
    case 'mqtt':
      return { place: settings.url, what: settings.topics.join(', ') };
    case 'kafka':
      return { place: settings.brokers.join(', '), what: settings.topics.join(', ') };
  }
}

function readFrom(from: SettingsOf<'sql'>['from']): string {
  if (from.kind === 'query') return from.query;
  return from.schema === null ? from.table : `${from.schema}.${from.table}`;
}

/** What `cursorAt` is: brokers do not say that there was nothing before it. */
export const cursorName = (kind: SourceKind): string =>
  kind === 'mqtt' || kind === 'kafka' ? 'Newest sample' : 'Fetched up to';

/** What a field is called, by its path in the settings; the unit of a number is in it. */
export const LABELS = {
  name: 'Name',
  url: 'Address',
  username: 'User name',
  password: 'Password',
  token: 'Bearer token',
  headers: 'Headers',
  query: 'Query',
  series: 'Series name',
  stepMs: 'Step, seconds',
  offsetMs: 'Behind the clock, seconds',
  backfillMs: 'Begin back, days',
  'from.kind': 'Read',
  'from.schema': 'Schema',
  'from.table': 'Table',
  'from.query': 'SELECT',
  timeColumn: 'Time column',
  timeFormat: 'Its times are',
  valueColumns: 'Value columns',
  seriesColumn: 'Series column',
  labelColumns: 'Label columns',
  intervalMs: 'Look every, seconds',
  overlapMs: 'Read again, minutes',
  clientId: 'Client id',
  brokers: 'Brokers',
  usesTls: 'Speak TLS',
  sasl: 'SASL',
  groupId: 'Consumer group',
  topics: 'Topics',
  from: 'Begin with',
  'payload.format': 'A message is',
  'payload.series': 'Series name',
  'payload.values': 'Paths of values',
  'payload.time': 'Path of the time',
};
export type FieldName = keyof typeof LABELS;

/** A refusal names paths (`settings.valueColumns.0: …`); a person knows the field by its label. */
export const inFormWords = (refusal: string): string =>
  refusal.replace(/(?:settings|secrets)\.([\w.]+)(?=:)/g, (path, inner: string) => labelOf(inner) ?? path);

function labelOf(path: string): string | undefined {
  if (path in LABELS) return LABELS[path as FieldName];
  const end = path.lastIndexOf('.');
  return end < 0 ? undefined : labelOf(path.slice(0, end));
}

// Settings to fields

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Milliseconds in the unit that a field counts. */
const UNIT_MS: Record<string, number> = {
  stepMs: 1000,
  offsetMs: 1000,
  intervalMs: 1000,
  overlapMs: MINUTE,
  backfillMs: DAY,
};

type Setting = string | number | boolean | null | string[] | { [part: string]: Setting };

/** Lists have one entry a line, what is in an object is named by its path, and null is empty. */
export function fieldsOf(settings: SourceSettings): Fields {
  return Object.fromEntries(
    Object.entries<Setting>(settings).flatMap(([name, value]) => written(name, value)),
  );
}

function written(name: string, value: Setting): [string, string][] {
  if (value === null) return [[name, '']];
  if (Array.isArray(value)) return [[name, value.join('\n')]];
  if (typeof value === 'object')
    return Object.entries(value).flatMap(([part, inner]) => written(`${name}.${part}`, inner));
  if (typeof value === 'number') return [[name, String(value / (UNIT_MS[name] ?? 1))]];
  if (typeof value === 'boolean') return [[name, value ? 'on' : '']];
  return [[name, value]];
}

const SAMPLES = { format: 'samples' } as const;

/** What a form begins with: the contract's own defaults, and columns as most tables name them. */
const BEGINNINGS: { [Kind in SourceKind]: SettingsOf<Kind> } = {
  prometheus: {
    ...{ kind: 'prometheus', url: '', username: null, query: '', series: null },
    ...{ stepMs: MINUTE, offsetMs: MINUTE, backfillMs: 7 * DAY },
  },
  sql: {
    ...{ kind: 'sql', url: '', username: null, from: { kind: 'table', schema: null, table: '' } },
    ...{ timeColumn: 'time', timeFormat: 'timestamp', valueColumns: ['value'], labelColumns: [] },
    ...{ seriesColumn: null, series: null },
    ...{ intervalMs: 10_000, overlapMs: 5 * MINUTE, backfillMs: 30 * DAY },
  },
  mqtt: { kind: 'mqtt', url: '', username: null, clientId: null, topics: [], payload: SAMPLES },
  kafka: {
    ...{ kind: 'kafka', brokers: [], usesTls: false, sasl: null, username: null },
    ...{ groupId: 'bellwether', topics: [], from: 'latest', payload: SAMPLES },
  },
};

export const beginning = (kind: SourceKind): Fields => ({
  ...fieldsOf(BEGINNINGS[kind]),
  name: KINDS[kind].name,
});

// Fields to settings; what they hold is judged by the API

const text = (fields: Fields, name: FieldName): string => fields[name]?.trim() ?? '';
const orNull = (fields: Fields, name: FieldName): string | null => text(fields, name) || null;
const milliseconds = (fields: Fields, name: FieldName): number =>
  Math.round(Number(text(fields, name)) * (UNIT_MS[name] ?? 1));

function lines(fields: Fields, name: FieldName): string[] {
  return text(fields, name)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** One of these words, else the first. */
function oneOf<const Word extends string>(fields: Fields, name: FieldName, words: [Word, ...Word[]]): Word {
  return words.find((word) => word === fields[name]) ?? words[0];
}

const SETTINGS: { [Kind in SourceKind]: (fields: Fields) => SettingsOf<Kind> } = {
  prometheus: (fields) => ({
    kind: 'prometheus',
    url: text(fields, 'url'),
    username: orNull(fields, 'username'),
    query: text(fields, 'query'),
    series: orNull(fields, 'series'),
    stepMs: milliseconds(fields, 'stepMs'),
    offsetMs: milliseconds(fields, 'offsetMs'),
    backfillMs: milliseconds(fields, 'backfillMs'),
  }),
  sql: (fields) => ({
    kind: 'sql',
    url: text(fields, 'url'),
    username: orNull(fields, 'username'),
    from:
      fields['from.kind'] === 'query'
        ? { kind: 'query', query: text(fields, 'from.query') }
        : { kind: 'table', schema: orNull(fields, 'from.schema'), table: text(fields, 'from.table') },
    timeColumn: text(fields, 'timeColumn'),
    timeFormat: oneOf(fields, 'timeFormat', ['timestamp', 'seconds', 'milliseconds']),
    valueColumns: lines(fields, 'valueColumns'),
    seriesColumn: orNull(fields, 'seriesColumn'),
    series: orNull(fields, 'series'),
    labelColumns: lines(fields, 'labelColumns'),
    intervalMs: milliseconds(fields, 'intervalMs'),
    overlapMs: milliseconds(fields, 'overlapMs'),
    backfillMs: milliseconds(fields, 'backfillMs'),
  }),
  mqtt: (fields) => ({
    kind: 'mqtt',
    url: text(fields, 'url'),
    username: orNull(fields, 'username'),
    clientId: orNull(fields, 'clientId'),
    topics: lines(fields, 'topics'),
    payload: payload(fields),
  }),
  kafka: (fields) => ({
    kind: 'kafka',
    brokers: lines(fields, 'brokers'),
    usesTls: fields['usesTls'] === 'on',
    sasl: oneOf(fields, 'sasl', ['', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) || null,
    username: orNull(fields, 'username'),
    groupId: text(fields, 'groupId'),
    topics: lines(fields, 'topics'),
    from: oneOf(fields, 'from', ['latest', 'earliest']),
    payload: payload(fields),
  }),
};

function payload(fields: Fields): SettingsOf<'mqtt'>['payload'] {
  const format = oneOf(fields, 'payload.format', ['samples', 'number', 'json']);
  const series = orNull(fields, 'payload.series');
  if (format === 'samples') return { format };
  if (format === 'number') return { format, series };
  return { format, series, values: lines(fields, 'payload.values'), time: orNull(fields, 'payload.time') };
}

export const settingsIn = (kind: SourceKind, fields: Fields): SourceSettings => SETTINGS[kind](fields);

/** A secret that is left empty stays as it was; one whose box `… is removed` is ticked goes. */
function secretsIn(fields: Fields): SourceSecrets {
  const given = (name: 'password' | 'token') =>
    fields[`${name}.remove`] === 'on' ? { [name]: null } : fields[name] ? { [name]: fields[name] } : {};
  const headers = lines(fields, 'headers').map(headerIn);
  return {
    ...given('password'),
    ...given('token'),
    ...(fields['headers.remove'] === 'on' ? { headers: null } : {}),
    ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
  };
}

/** `X-Scope-OrgID: tenant`. */
function headerIn(line: string): [string, string] {
  const colon = line.includes(':') ? line.indexOf(':') : line.length;
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

export const newSource = (kind: SourceKind, fields: Fields): SourceInput => ({
  name: text(fields, 'name'),
  isEnabled: fields['isEnabled'] === 'on',
  settings: settingsIn(kind, fields),
  secrets: secretsIn(fields),
});

export const changeIn = (kind: SourceKind, fields: Fields): SourceChange => ({
  name: text(fields, 'name'),
  settings: settingsIn(kind, fields),
  secrets: secretsIn(fields),
});
