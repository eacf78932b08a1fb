import { describe, expect, test } from 'vitest';
import { acceptance, collect, NothingWritten, mergeRefusals, rememberIdentities } from './ingest';

const NOW = Date.UTC(2026, 0, 31);
const DAY = 86_400_000;

test.each([
  ['takes what is as old as 2000', 0, Date.UTC(2000, 0, 1), 'written'],
  ['refuses what is older', 0, Date.UTC(2000, 0, 1) - 1, 'too_old'],
  ['takes what is less than a day ahead', 0, NOW + DAY - 1, 'written'],
  ['refuses what is further ahead', 0, NOW + DAY, 'in_the_future'],
  ['refuses what would be dropped at once', 7, NOW - 7 * DAY - 1, 'too_old'],
  ['takes what is kept', 7, NOW - 7 * DAY, 'written'],
  ['refuses no time at all', 0, NaN, 'in_the_future'],
])('%s', (_, retentionDays, timeMs, fate) => {
  const collector = collect(acceptance(NOW, retentionDays));
  collector.add(collector.series('a'), timeMs, 1, () => 'here');
  const { batch, refusals } = collector.done();
  expect(refusals[0]?.reason ?? 'written').toBe(fate);
  expect(batch.value.length).toBe(fate === 'written' ? 1 : 0);
});

const refusal = (reason: 'too_old' | 'unparsable', count: number, at: string) => ({
  reason,
  count,
  first: { at, detail: 'so' },
});

test('refusals of one reason are added up, and the first stays first', () => {
  const merged = mergeRefusals([
    refusal('too_old', 1, 'a'),
    refusal('unparsable', 1, 'b'),
    refusal('too_old', 2, 'c'),
  ]);
  expect(merged).toEqual([refusal('too_old', 3, 'a'), refusal('unparsable', 1, 'b')]);
});

test('a request of which nothing was written hears each reason', () => {
  const refused = [refusal('too_old', 3, 'a'), refusal('unparsable', 1, 'b')];
  expect(new NothingWritten(refused)).toMatchObject({
    status: 400,
    message: 'No sample was written: 3 too_old, 1 unparsable. The first, a: so.',
    errors: [
      { at: 'a', detail: 'so' },
      { at: 'b', detail: 'so' },
    ],
    refused,
  });
});

describe('identities are remembered', () => {
  test('as one object, whatever the order of their labels, and again when forgotten', () => {
    const identities = rememberIdentities(200);
    const first = identities.get('cpu', { a: '1', b: '2' });
    expect(identities.get('cpu', { b: '2', a: '1', c: '' })).toBe(first);
    expect(identities.get('cpu', { a: '1', b: '3' })).not.toEqual(first);
    for (let i = 0; i < 100; i++) identities.get(`other ${i}`, { a: '1' });
    expect(identities.get('cpu', { a: '1', b: '2' })).toEqual(first);
  });

  test('and never taken for one another, nor a counter for a gauge', () => {
    const identities = rememberIdentities();
    const names = ['foo', '=foo', 'as false\nfoo', 'is false\nfoo', 'true\nfoo'];
    const keys = names
      .map((name) => identities.get(name, undefined))
      .map((one) => (typeof one === 'string' ? one : one.key));
    expect(keys.slice(0, 2)).toEqual(['foo', '=foo']);
    expect(new Set(keys.slice(2))).toEqual(new Set(['series: the name holds control characters']));
    expect(identities.get('foo', undefined, { isCounter: true })).toMatchObject({
      key: 'foo',
      isCounter: true,
    });
    expect(identities.get('foo', undefined)).not.toHaveProperty('isCounter');
  });
});
