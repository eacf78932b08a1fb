import { describe, expect, test } from 'vitest';
import { ConfigError, isLoopback, readConfig } from './config';

const complaint = (environment: Record<string, string>): string => {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
};

test('nothing set is loopback, everything in one place, everything kept', () => {
  expect(readConfig({})).toEqual({
    HOST: '127.0.0.1',
    PORT: 8080,
    DATA_DIR: './data',
    EMBEDDED_PORT: 0,
    ROLES: ['api', 'scorer', 'trainer'],
    RETENTION_DAYS: 0,
    LOG_LEVEL: 'info',
    MAX_BODY_MB: 32,
    MAX_NEW_SERIES: 20_000,
    MAX_SERIES: 100_000,
  });
});

test('an empty variable is one that is not set', () => {
  const names = ['HOST', 'PORT', 'DATABASE_URL', 'COMPUTE', 'ROLES', 'PUBLIC_URL', 'API_KEY', 'DEMO'];
  expect(readConfig(Object.fromEntries(names.map((name) => [name, ' '])))).toEqual(readConfig({}));
});

test('what is set is read', () => {
  const set = { PORT: '0', ROLES: 'api, scorer,api', RETENTION_DAYS: '30', DEMO: '1', COMPUTE: 'wasm' };
  expect(readConfig(set)).toMatchObject({
    PORT: 0,
    ROLES: ['api', 'scorer'],
    RETENTION_DAYS: 30,
    DEMO: 1,
    COMPUTE: 'wasm',
  });
});

describe('what cannot be used is named, with what would do', () => {
  test.each([
    ['PORT', 'http', 'PORT must be a whole number from 0 to 65535'],
    ['PORT', '65536', 'PORT must be a whole number from 0 to 65535'],
    ['PORT', '0x50', 'PORT must be a whole number'],
    ['PORT', '-1', 'PORT must be a whole number'],
    ['EMBEDDED_PORT', '1.5', 'EMBEDDED_PORT must be a whole number'],
    ['RETENTION_DAYS', 'a week', 'RETENTION_DAYS must be a whole number from 0'],
    ['MAX_BODY_MB', '0', 'MAX_BODY_MB must be a whole number from 1 to 512'],
    ['MAX_SERIES', '0', 'MAX_SERIES must be a whole number from 1'],
    ['DEMO', 'true', 'DEMO must be a whole number from 0 to 3600'],
    ['COMPUTE', 'cuda', 'COMPUTE must be one of gpu, node, wasm, cpu'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of trace, debug'],
    ['ROLES', 'api,worker', 'ROLES must be some of api,scorer,trainer'],
    ['ROLES', ',', 'ROLES must be some of api,scorer,trainer'],
    ['DATABASE_URL', 'mysql://a:b@c/d', 'DATABASE_URL must look like postgres://'],
    ['PUBLIC_URL', 'bellwether.example', 'PUBLIC_URL must be an address like https://'],
    ['SECRET_KEY', 'short', 'SECRET_KEY must have 32 to 1000 characters'],
    ['API_KEY', 'short', 'API_KEY must have 20 to 200 letters'],
    ['API_KEY', 'a key with some spaces in it', 'API_KEY must have 20 to 200 letters'],
    ['API_KEY', 'schlüssel-mit-umlauten', 'API_KEY must have 20 to 200 letters'],
  ])('%s=%s', (name, value, expected) => {
    expect(complaint({ [name]: value })).toContain(`\n  ${expected}`);
  });

  test('all at once, one line each', () => {
    const lines = complaint({ PORT: 'x', ROLES: 'a,b', DEMO: 'y' }).split('\n');
    expect(lines.slice(1).map((line) => line.trim().split(' ')[0])).toEqual(['PORT', 'ROLES', 'DEMO']);
  });
});

describe('a password that is not escaped', () => {
  test.each(['12/secret', '12?secret', '12#secret', 'secret/12'])(
    '%s is not taken for a host',
    (password) => {
      const message = complaint({ DATABASE_URL: `postgres://user:${password}@db.example/metrics` });
      expect(message).toContain('DATABASE_URL');
      expect(message).not.toContain('secret');
    },
  );

  test('is fine with %-escapes', () => {
    const DATABASE_URL = 'postgres://user:12%2Fsecret@db.example/metrics';
    expect(readConfig({ DATABASE_URL })).toMatchObject({ DATABASE_URL });
  });
});

test('loopback is what only the machine itself can reach', () => {
  const hosts = ['localhost', 'LOCALHOST', '127.0.0.1', '127.8.8.8', '::1', '[::1]'];
  expect(hosts.map(isLoopback)).toEqual(hosts.map(() => true));
  const others = ['0.0.0.0', '::', '10.0.0.1', 'localhost.example', '127.0.0.1.nip.io', '', 'x127.0.0.1'];
  expect(others.map(isLoopback)).toEqual(others.map(() => false));
});
