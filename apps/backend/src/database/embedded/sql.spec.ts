import { describe, expect, it } from 'vitest';
import {
  changedChannels,
  changesSettings,
  isCopyIn,
  listenChanges,
  quotedIdentifier,
  quotedLiteral,
} from './sql';

const written = (sql: string): string[] =>
  listenChanges(sql).map(({ verb, channel }) => `${verb} ${channel}`);

describe('a statement', () => {
  it.each([
    ['LISTEN alerts', ['listen alerts']],
    ['listen Alerts;', ['listen alerts']],
    ['LISTEN "Alerts ""now"""', ['listen Alerts "now"']],
    ['LISTEN a; UNLISTEN b; SELECT 1', ['listen a', 'unlisten b']],
    ['/* why */ UNLISTEN *', ['unlisten *']],
    ['-- why\nLISTEN a', ['listen a']],
    ['DISCARD ALL', ['unlisten *']],
    ['SELECT listen FROM t', []],
    ["SELECT 'LISTEN a'", []],
  ])('%s listens as PostgreSQL understands it', (sql, changes) => {
    expect(written(sql)).toEqual(changes);
  });

  it.each([
    ['SET timezone = utc', true],
    ['/* a */ set session timezone to utc', true],
    ['BEGIN; SET a.b = 1', true],
    ['RESET ALL', true],
    ["SELECT set_config('a.b', '1', false)", true],
    ['SET LOCAL timezone = utc', false],
    ['SET TRANSACTION READ ONLY', false],
    ['UPDATE t\nSET a = 1', false],
    ['SELECT 1 OFFSET 2', false],
  ])('%s changes the settings of the session: %s', (sql, isChange) => {
    expect(changesSettings(sql)).toBe(isChange);
  });

  it.each([
    ['COPY t FROM STDIN', true],
    ['copy t (a, b) from stdin with (format csv);', true],
    ['/* a */ COPY t FROM /* b */ STDIN', true],
    ['COPY t TO STDOUT', false],
    ['SELECT 1; COPY t FROM STDIN', false],
    ["SELECT 'copy from stdin'", false],
  ])('%s copies in, alone: %s', (sql, isCopy) => {
    expect(isCopyIn(sql)).toBe(isCopy);
  });

  it('is quoted as SQL wants it', () => {
    expect([quotedIdentifier('a"b'), quotedLiteral("it's")]).toEqual(['"a""b"', "'it''s'"]);
  });
});

it('channels follow their changes in order', () => {
  const after = (before: string[], sql: string): string[] => [
    ...changedChannels(new Set(before), listenChanges(sql)),
  ];
  expect(after(['a'], 'LISTEN b; UNLISTEN a')).toEqual(['b']);
  expect(after(['a', 'b'], 'UNLISTEN *; LISTEN c')).toEqual(['c']);
});
