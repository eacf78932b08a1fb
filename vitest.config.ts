import { defineConfig } from 'vitest/config';

/** Lets tests import the libraries' sources, so that no build stands between an edit and its test. */
const resolve = { conditions: ['@bellwether/source', 'node'] };
const ssr = { resolve };

/** Suites that need the database share one embedded TimescaleDB, started by `test/setup/database.ts`. */
const withDatabase = {
  globalSetup: ['test/setup/database.ts'],
  testTimeout: 120_000,
  hookTimeout: 120_000,
  fileParallelism: false,
};

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: [
            'apps/*/src/**/*.spec.ts',
            'libs/*/src/**/*.spec.ts',
            'test/architecture/*.spec.ts',
            'tools/*.spec.mjs',
            'bench/*/*.spec.mjs',
          ],
          testTimeout: 30_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'embedded',
          include: ['test/embedded/**/*.spec.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      { resolve, ssr, test: { name: 'store', include: ['test/store/**/*.spec.ts'], ...withDatabase } },
      { resolve, ssr, test: { name: 'http', include: ['test/http/**/*.spec.ts'], ...withDatabase } },
      {
        resolve,
        ssr,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.spec.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
