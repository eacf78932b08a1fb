import { describe, expect, it } from 'vitest';
import { ownName, usesEarlierUnnamed, withOwnNames } from './names';
import { type Message, message } from './protocol';

const made = (type: string, ...fields: (string | Buffer)[]): Message => ({
  type,
  bytes: message(type, ...fields),
});
const kind = Buffer.from('S');
const rest = Buffer.from([0, 0, 1, 2]);

describe('the names of a client', () => {
  it.each([
    ['Parse', made('P', 'a', 'SELECT 1', rest), made('P', 'c7_a', 'SELECT 1', rest)],
    ['Bind', made('B', 'p', 'a', rest), made('B', 'c7_p', 'c7_a', rest)],
    ['Bind of the unnamed portal', made('B', '', 'a', rest), made('B', '', 'c7_a', rest)],
    ['Describe', made('D', kind, 'a'), made('D', kind, 'c7_a')],
    ['Close', made('C', kind, 'a'), made('C', kind, 'c7_a')],
    ['Execute', made('E', 'p', rest), made('E', 'c7_p', rest)],
    [
      'Parse of the unnamed statement, which is left alone',
      made('P', '', 'SELECT 1'),
      made('P', '', 'SELECT 1'),
    ],
    ['Query, which has no names', made('Q', 'SELECT a'), made('Q', 'SELECT a')],
    [
      'Parse without an end, which the database refuses',
      made('P', rest.subarray(2)),
      made('P', rest.subarray(2)),
    ],
  ])('are its own in %s', (_, before, after) => {
    expect(withOwnNames(before, 7)).toEqual(after);
  });

  it('stay apart where they differ only behind what PostgreSQL compares', () => {
    const long = 'x'.repeat(62);
    const names = [ownName(1, `${long}a`), ownName(1, `${long}b`), ownName(2, `${long}a`)];
    expect(new Set(names.map((name) => name.slice(0, 63))).size).toBe(3);
  });
});

describe('the unnamed statement', () => {
  const parse = made('P', '', 'SELECT 1', rest);
  const bind = made('B', '', '', rest);
  const named = made('B', '', 'a', rest);
  it.each([
    ['parsed and bound in one request', [parse, bind], false],
    ['bound only', [bind], true],
    ['described only', [made('D', kind, '')], true],
    ['described as a portal', [made('D', Buffer.from('P'), '')], false],
    ['not meant where a named one is bound', [named], false],
    ['bound before it is parsed anew', [bind, parse], true],
  ])('%s', (_, messages, isEarlier) => {
    expect(usesEarlierUnnamed(messages)).toBe(isEarlier);
  });
});
