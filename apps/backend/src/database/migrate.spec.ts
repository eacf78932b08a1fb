import { describe, expect, test } from 'vitest';
import { explainConnection, explainCreation, explainExtension, explainMigration } from './migrate';

describe('the extension of a server', () => {
  test.each([
    ['is fine', '2.19.0', '2.19.0', undefined],
    ['is newer, of a development version', null, '2.23.0-dev', undefined],
    ['waits to be enabled', '3.0.1', null, undefined],
    ['is missing', null, null, 'has no TimescaleDB extension: install TimescaleDB 2.19'],
    ['is too old', '2.18.2', null, 'TimescaleDB 2.18.2 is too old'],
    ['is too old, and in use', '2.9.1', '2.9.1', 'then run ALTER EXTENSION timescaledb UPDATE'],
    ['is newer than this database has it', '2.20.0', '2.11.0', 'the server has 2.20.0; run ALTER EXTENSION'],
    ['is of another age', '1.7.5', null, 'too old'],
  ])('%s', (_, available, installed, expected) => {
    const problem = explainExtension({ available, installed });
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(expected);
  });

  test('that cannot be enabled says who has to do what', () => {
    expect(explainCreation('permission denied to create extension "timescaledb"')).toMatch(
      /permission denied .* run CREATE EXTENSION timescaledb in this database as a superuser/,
    );
    expect(explainCreation('extension "timescaledb" must be preloaded')).toContain(
      'shared_preload_libraries',
    );
  });
});

describe('a connection that cannot be had', () => {
  const url = 'postgres://ann%40x:s3cret%2F@db.example/metrics';
  test.each([
    ['refused', 'ECONNREFUSED', '', /No connection .* db\.example:5432 \(ECONNREFUSED\): start it/],
    ['of a host that is none', 'ENOTFOUND', '', /ENOTFOUND.*correct DATABASE_URL/],
    ['with a wrong password', '28P01', '', /refuses the password of user "ann@x"/],
    ['without a password', undefined, 'SASL: client password must be a string', /wants a password/],
    ['of a user who may not come in', '28000', 'no pg_hba.conf entry', /no pg_hba.conf entry.*pg_hba/],
    ['to no database', '3D000', '', /"metrics" does not exist .*createdb metrics/],
    [
      'with a certificate of its own making',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      '',
      /sslrootcert=.*sslmode=no-verify/,
    ],
    ['to a database of others', '42501', '', /GRANT CONNECT ON DATABASE "metrics"/],
  ])('%s', (_, code, message, expected) => {
    const problem = explainConnection({ code, message }, url);
    expect(problem).toMatch(expected);
    expect(problem).not.toContain('s3cret');
  });

  test('names what the address leaves out', () => {
    const problem = explainConnection(
      { code: '3D000', message: '' },
      'postgres:///?host=/run/postgresql&user=ann',
    );
    expect(problem).toContain('"ann" does not exist at /run/postgresql:5432');
  });
});

describe('a schema that cannot be changed', () => {
  test.each([
    ['permission denied for schema public', 'GRANT CREATE ON SCHEMA public'],
    ['Unable to ensure migrations table: error: permission denied for schema public\n at x', 'GRANT CREATE'],
    ['must be owner of table sample', 'make it the owner'],
    ['cannot execute CREATE TABLE in a read-only transaction', 'primary'],
  ])('%s', (message, expected) => {
    const problem = explainMigration(message);
    expect(problem).toContain(expected);
    expect(problem).not.toContain('\n');
  });

  test('for a reason nobody foresaw keeps its own words', () => {
    expect(explainMigration('relation "sample" already exists')).toBeUndefined();
  });
});
