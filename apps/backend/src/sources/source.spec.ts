import { SourceSettings, type SourceSecrets } from '@bellwether/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect, type Decoded } from '../ingest/ingest';
import {
  addressOf,
  backoffMs,
  changeSecrets,
  combine,
  explainConnection,
  givesAll,
  goesOn,
  judge,
  namesOf,
  portionsOf,
  printable,
  secretsSet,
  summarize,
  tidy,
} from './source';

const ACCEPT = { oldestMs: 0, newestMs: 1e15 };
const prometheus = SourceSettings.parse({ kind: 'prometheus', url: 'http://host:9090/', query: 'up' });
const sql = SourceSettings.parse({
  kind: 'sql',
  url: 'postgres://host/db',
  from: { kind: 'table', table: 't' },
  timeColumn: 't',
  valueColumns: ['v'],
});
const kafka = SourceSettings.parse({ kind: 'kafka', brokers: ['a:1'], topics: ['t'] });

describe('an address', () => {
  test('is rid of its user and password', () => {
    const tidied = tidy({ ...prometheus, url: 'http://ann:s%2Fx@host:9090/' } as SourceSettings, {
      token: 't',
    });
    expect(tidied).toEqual({
      settings: { ...prometheus, username: 'ann' },
      secrets: { token: 't', password: 's/x' },
    });
  });

  test.each([
    ['a password among the parameters', { ...sql, url: 'postgres://host/db?password=x' }, {}, /url/],
    ['a malformed user', { ...prometheus, url: 'http://a%zz:x@host/' }, {}, /malformed/],
    ['a fragment', { ...prometheus, url: 'http://host/#x' }, {}, /url/],
    ['SASL without a user', { ...kafka, sasl: 'PLAIN' }, {}, /username/],
    ['a user without SASL', { ...kafka, username: 'ann' }, {}, /username/],
    ['a token for a database', sql, { token: 'x' }, /token/],
  ] as [string, SourceSettings, SourceSecrets, RegExp][])(
    'with %s is refused',
    (_, settings, secrets, why) => {
      expect(tidy(settings, secrets)).toMatch(why);
    },
  );

  test('takes what says how to connect', () => {
    const settings = { ...sql, url: 'postgres://host/db?sslmode=require' } as SourceSettings;
    expect(tidy(settings, {})).toEqual({ settings, secrets: {} });
  });

  test('is another with another host, or another user', () => {
    expect(addressOf({ ...prometheus, query: 'down' } as SourceSettings)).toBe(addressOf(prometheus));
    expect(addressOf({ ...prometheus, url: 'http://other/' } as SourceSettings)).not.toBe(
      addressOf(prometheus),
    );
    expect(addressOf({ ...prometheus, username: 'ann' })).not.toBe(addressOf(prometheus));
    expect(addressOf({ ...kafka, brokers: ['b:1'] } as SourceSettings)).not.toBe(addressOf(kafka));
  });
});

describe('secrets', () => {
  const before = { password: 'p', headers: { A: 'b' } };
  test('stay where they are left out, and go with null', () => {
    expect(changeSecrets(before, { password: null, token: 't' })).toEqual({
      token: 't',
      headers: { A: 'b' },
    });
    expect(changeSecrets(before, {})).toEqual(before);
  });

  test('are told of by name', () => {
    expect(namesOf(before)).toEqual(['password', 'header A']);
    expect(secretsSet(namesOf(before))).toEqual({ password: true, token: false, headers: ['A'] });
  });

  test('are all given anew, or not', () => {
    expect(givesAll(namesOf(before), { password: 'q' })).toBe(false);
    expect(givesAll(namesOf(before), { password: 'q', headers: null })).toBe(true);
    expect(givesAll([], {})).toBe(true);
  });
});

test('a source goes on where it asks for the same, and begins anew where it does not', () => {
  expect(goesOn(prometheus, { ...prometheus, offsetMs: 5 } as SourceSettings)).toBe(true);
  expect(goesOn(sql, { ...sql, overlapMs: 5, intervalMs: 9_000 } as SourceSettings)).toBe(true);
  expect(goesOn(prometheus, { ...prometheus, query: 'down' } as SourceSettings)).toBe(false);
  expect(goesOn(prometheus, { ...prometheus, backfillMs: 5 } as SourceSettings)).toBe(false);
});

test('what fails is tried again later and later, never later than in five minutes, and never at once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, random) => {
        const ms = backoffMs(failures, random);
        expect(ms).toBeGreaterThanOrEqual(500);
        expect(ms).toBeLessThanOrEqual(300_000);
        expect(backoffMs(failures + 1, random)).toBeGreaterThanOrEqual(ms);
      },
    ),
  );
  expect([1, 2, 3].map((failures) => backoffMs(failures, 0))).toEqual([500, 1_000, 2_000]);
});

test.each([
  ['disabled', { isEnabled: false, lastError: 'x' }, /^disabled: /],
  ['failing', { lastError: 'Nothing listens.' }, /^failing, .*: Nothing listens\.$/],
  ['starting', {}, /^starting: /],
  ['working', { lastSuccessMs: 5 }, /no sample has come yet/],
  [
    'working',
    { lastSuccessMs: 5, cursorAtMs: 0, samplesWritten: 3 },
    /3 samples written, up to 1970-01-01 00:00:00 UTC/,
  ],
])('it is %s with %j', (state, facts, why) => {
  const judged = judge({
    isEnabled: true,
    lastSuccessMs: null,
    lastError: null,
    samplesWritten: 0,
    cursorAtMs: null,
    ...facts,
  });
  expect(judged.state).toBe(state);
  expect(judged.why).toMatch(why);
});

/** Samples as [series, time]; a series without a name is refused. */
function decoded(samples: readonly (readonly [string, number])[]): Decoded {
  const collector = collect(ACCEPT);
  for (const [name, timeMs] of samples) collector.add(collector.series(name), timeMs, timeMs, () => name);
  return collector.done();
}

test('parts become one whole: every sample is of its series, every refusal is counted', () => {
  const sample = fc.tuple(fc.constantFrom('a', 'b', 'c', ''), fc.nat(1_000));
  fc.assert(
    fc.property(fc.array(fc.array(sample)), (parts) => {
      const { batch, refusals } = combine(parts.map(decoded));
      const whole = parts.flat();
      const found = batch.seriesAt.map((place, i) => [
        batch.series[place]!.name,
        batch.timeMs[i],
        batch.value[i],
      ]);
      expect(found).toEqual(whole.filter(([name]) => name !== '').map(([name, ms]) => [name, ms, ms]));
      expect(new Set(batch.series.map(({ key }) => key)).size).toBe(batch.series.length);
      expect(refusals.reduce((sum, { count }) => sum + count, 0)).toBe(whole.length - found.length);
    }),
  );
});

test('portions hold everything once, and no more than they may', () => {
  const sample = fc.tuple(fc.constantFrom('a', 'b', ''), fc.nat(1_000));
  fc.assert(
    fc.property(fc.array(sample), fc.integer({ min: 1, max: 20 }), (all, rows) => {
      const whole = decoded(all);
      const portions = [...portionsOf(whole, rows)];
      expect(combine(portions)).toEqual(combine([whole]));
      expect(portions.every(({ batch }) => batch.value.length <= rows)).toBe(true);
    }),
  );
});

describe('a trial', () => {
  test('says what it brought', () => {
    expect(
      summarize(
        decoded([
          ['a', 5_000],
          ['b', 2_000],
          ['', 1],
        ]),
        'nothing',
      ),
    ).toMatchObject({
      works: true,
      detail: 'It works: 2 samples of 2 series.',
      firstAt: '1970-01-01T00:00:02.000Z',
      newestAt: '1970-01-01T00:00:05.000Z',
      examples: [{ name: 'a' }, { name: 'b' }],
      refused: [{ reason: 'bad_series', count: 1 }],
    });
  });
  test('that brought nothing says so, or why', () => {
    expect(summarize(decoded([]), 'Nothing came.')).toMatchObject({
      detail: 'Nothing came.',
      newestAt: null,
    });
    expect(summarize(decoded([['', 1]]), 'Nothing came.').detail).toMatch(
      /nothing of it can be taken: series: the name is empty/,
    );
  });
});

test('what others wrote can be kept: no NUL, no half of a pair, not without end', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
      expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      expect(printable(text).length).toBeLessThanOrEqual(502);
    }),
  );
});

test.each([
  [{ code: 'ECONNREFUSED' }, /Nothing listens at host/],
  [{ message: 'fetch failed', cause: { code: 'ENOTFOUND' } }, /not known/],
  [
    { code: 'PLT_KFK_MULTIPLE', errors: [{ code: 'PLT_KFK_NETWORK', cause: { code: 'ECONNREFUSED' } }] },
    /Nothing listens/,
  ],
  [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, /NODE_EXTRA_CA_CERTS/],
  [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, /does not speak TLS/],
  [{ code: 'UND_ERR_CONNECT_TIMEOUT' }, /cannot be reached/],
  [{ message: 'fetch failed', cause: { message: 'bad port' } }, /serve it on another/],
  [{ code: '42P01' }, undefined],
  ['text', undefined],
])('the error %j is explained', (error, expected) => {
  const words = explainConnection(error, 'host');
  if (expected) expect(words).toMatch(expected);
  else expect(words).toBeUndefined();
});
