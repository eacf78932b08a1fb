import {
  KafkaSettings,
  MqttSettings,
  PrometheusSettings,
  SourceChange,
  SourceInput,
  SourceKind,
  type SourceSettings,
  SqlSettings,
} from '@bellwether/contracts';
import { describe, expect, it } from 'vitest';
import { askedOf, beginning, changeIn, fieldsOf, inFormWords, newSource, settingsIn } from './sources';

const table = { kind: 'table', schema: null, table: 'metrics' } as const;
const sql = { kind: 'sql', url: 'postgres://db:5432/shop', from: table, timeColumn: 'time' };
const mqtt = { kind: 'mqtt', url: 'mqtt://broker:1883', topics: ['plant/+/temperature', 'plant/#'] };
const json = { format: 'json', series: 'room', values: ['temperature', 'air.0.humidity'], time: 'at' };

/** One of each, with nothing but what has to be said: the rest is the contract's default. */
const settings: SourceSettings[] = [
  PrometheusSettings.parse({ kind: 'prometheus', url: 'http://prometheus:9090/', query: 'up' }),
  SqlSettings.parse({ ...sql, valueColumns: ['value'] }),
  MqttSettings.parse({ ...mqtt }),
  KafkaSettings.parse({ kind: 'kafka', brokers: ['a:9092', 'b:9092'], topics: ['metrics'] }),
];

/** And some that leave none of them as it is. */
const further: SourceSettings[] = [
  SqlSettings.parse({
    ...{ ...sql, username: 'reader', from: { kind: 'query', query: 'SELECT *\nFROM "a b"' } },
    ...{ timeFormat: 'seconds', valueColumns: ['cpu', 'used, bytes'], labelColumns: ['host', 'disk'] },
    ...{ seriesColumn: 'metric', series: 'machine', intervalMs: 1_500, overlapMs: 0, backfillMs: 3_600_000 },
  }),
  MqttSettings.parse({ ...mqtt, clientId: 'bellwether-1', payload: json }),
  MqttSettings.parse({ ...mqtt, payload: { format: 'number', series: 'temperature' } }),
  KafkaSettings.parse({
    ...{ kind: 'kafka', brokers: ['a:9092'], topics: ['metrics'], usesTls: true, sasl: 'SCRAM-SHA-512' },
    ...{ username: 'ann', groupId: 'other', from: 'earliest', payload: json },
  }),
];

describe('the fields of a form', () => {
  it.each([...settings, ...further].map((one) => [one.kind, one] as const))(
    'hold %s settings, and give them back as they were',
    (kind, one) => expect(settingsIn(kind, fieldsOf(one))).toEqual(one),
  );

  it.each(settings.map((one) => [one.kind, one] as const))('of %s begin with its defaults', (kind, one) => {
    const said = new Set(['url', 'query', 'from.table', 'topics', 'brokers']);
    const given = Object.entries(fieldsOf(one)).filter(([name]) => said.has(name));
    expect(settingsIn(kind, { ...beginning(kind), ...Object.fromEntries(given) })).toEqual(one);
  });

  it.each(SourceKind.options)('of %s say what is wrong where they say too little', (kind) => {
    expect(SourceInput.safeParse(newSource(kind, beginning(kind))).success).toBe(false);
  });

  it('count in seconds, minutes and days', () => {
    expect(fieldsOf(settings[1]!)).toMatchObject({ intervalMs: '10', overlapMs: '5', backfillMs: '30' });
  });
});

describe('secrets', () => {
  const fields = { ...fieldsOf(settings[0]!), name: 'Prometheus', isEnabled: 'on' };
  it.each<[string, object, object]>([
    ['that are empty stay', { password: '', token: '', headers: ' ' }, {}],
    ['are taken as they are typed', { password: ' s3cret ' }, { password: ' s3cret ' }],
    ['are removed where that is ticked', { 'token.remove': 'on', token: '' }, { token: null }],
    [
      'may be headers, one a line',
      { headers: 'X-Scope-OrgID: tenant\nAuthorization: Custom a:b\n' },
      { headers: { 'X-Scope-OrgID': 'tenant', Authorization: 'Custom a:b' } },
    ],
    ['may be headers that go', { 'headers.remove': 'on' }, { headers: null }],
  ])('%s', (_, typed, secrets) => {
    const change = changeIn('prometheus', { ...fields, ...typed });
    expect(SourceChange.parse(change).secrets).toEqual(secrets);
    expect(SourceInput.parse(newSource('prometheus', { ...fields, ...typed })).secrets).toEqual(secrets);
  });
});

it('says where a source fetches from, and what', () => {
  expect([...settings, further[0]!].map(askedOf)).toEqual([
    { place: 'http://prometheus:9090/', what: 'up' },
    { place: 'postgres://db:5432/shop', what: 'metrics' },
    { place: 'mqtt://broker:1883', what: 'plant/+/temperature, plant/#' },
    { place: 'a:9092, b:9092', what: 'metrics' },
    { place: 'postgres://db:5432/shop', what: 'SELECT *\nFROM "a b"' },
  ]);
});

it.each([
  ['settings.url: the url is not one', 'Address: the url is not one'],
  [
    'settings.valueColumns.0: too long; settings.stepMs: too small',
    'Value columns: too long; Step, seconds: too small',
  ],
  ['settings.payload.values: empty', 'Paths of values: empty'],
  ['settings.somethingNew: strange', 'settings.somethingNew: strange'],
  ['Bellwether does not answer.', 'Bellwether does not answer.'],
])('calls what was refused by the names on screen: %s', (refusal, words) => {
  expect(inFormWords(refusal)).toBe(words);
});
