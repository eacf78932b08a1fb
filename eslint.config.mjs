/**
 * The architecture as lint: which project may import which (Nx tags), which backend folder may import which (zones), and
 * the rules of the house that a machine can check. `test/architecture` proves that each of them catches its offence.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import { createProjectGraphAsync } from 'nx/src/devkit-exports.js';
import tseslint from 'typescript-eslint';

const root = dirname(fileURLToPath(import.meta.url));

// Without a project graph the Nx rule passes everything in silence: outside an Nx task (an editor, bare eslint), make one.
if (!process.env.NX_TASK_TARGET_PROJECT) {
  process.env.NX_DAEMON ??= 'false';
  await createProjectGraphAsync({ exitOnError: false });
}

/** apps/backend/src from left to right: a folder or file imports only from what stands to its left. */
export const backendOrder = [
  'clock.ts',
  'config.ts',
  'database',
  'http',
  'series',
  'ingest',
  'sources',
  'registry',
  'silences',
  'training',
  'scoring',
  'exports',
  'alerts',
  'demo',
  'screens',
  'api',
  'main.ts',
  'worker.main.ts',
];

/** One zone for each place: what stands to its right is closed to it. The two entry points at the end may import all. */
const zones = backendOrder.slice(0, -2).map((place, at) => ({
  target: `apps/backend/src/${place}`,
  from: backendOrder.slice(at + 1).map((right) => `apps/backend/src/${right}`),
  message: `Data moves one way: '${place}' may import only from ${backendOrder.slice(0, at).join(', ') || 'libraries'}.`,
}));

/** Which tagged project may import which. */
const boundaries = [
  { sourceTag: 'scope:backend', onlyDependOnLibsWithTags: ['scope:models', 'scope:contracts'] },
  { sourceTag: 'scope:dashboard', onlyDependOnLibsWithTags: ['scope:contracts'] },
  { sourceTag: 'scope:models', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'scope:contracts', onlyDependOnLibsWithTags: [] },
];

const entryPoints = ['**/main.ts', '**/*.main.ts'];
const schedules = ['**/*.schedule.ts'];
const specs = ['**/*.spec.ts', '**/*.spec.tsx', '**/*.spec.mjs', 'test/**'];
const product = ['apps/backend/src/**/*.ts', 'libs/*/src/**/*.ts'];
const nextFiles = [
  'page',
  'layout',
  'loading',
  'error',
  'global-error',
  'not-found',
  'template',
  'default',
].map((name) => `apps/dashboard/**/${name}.tsx`);

const randomness = { object: 'Math', property: 'random', message: 'Randomness is an argument: pass a seed.' };
const clock = { object: 'Date', property: 'now', message: 'Time is an argument: pass it in from the edge.' };
const environment = {
  object: 'process',
  property: 'env',
  message: 'Config is read once, in main.ts, and injected.',
};
const newDate = {
  selector:
    ":matches(NewExpression[callee.name='Date'][arguments.length=0], CallExpression[callee.name='Date'])",
  message: clock.message,
};
const sqlOutsideStore = {
  selector: "CallExpression[callee.type='MemberExpression'][callee.property.name='query']",
  message: 'SQL lives only in *.store.ts (and in database/).',
};

/** Limits the lines of a function that are its own: a factory is as long as what it does besides defining its functions. */
const functionLength = {
  meta: { type: 'suggestion', schema: [{ type: 'integer' }] },
  create(context) {
    const [limit] = context.options;
    const nested = [0];
    return {
      ':function': () => nested.push(0),
      ':function:exit'(node) {
        const lines = node.loc.end.line - node.loc.start.line;
        const own = lines + 1 - nested.pop();
        nested.push(nested.pop() + lines);
        if (own > limit)
          context.report({ node, message: `This function has ${own} lines of its own, more than ${limit}.` });
      },
    };
  },
};

export default tseslint.config(
  {
    ignores: [
      '**/node_modules',
      '**/dist',
      '**/out',
      '**/.next',
      '**/.nx',
      '**/coverage',
      'data',
      '**/next-env.d.ts',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,

  {
    name: 'house/types',
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      // Leaves files with decorators alone, where Nest needs the class itself for injection.
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      // React takes an async handler where it ignores the promise.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
    },
  },

  {
    name: 'house/imports',
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs'],
    plugins: { 'import-x': importX, '@nx': nx },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({
          extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
          conditionNames: ['@bellwether/source', 'node', 'import', 'require', 'default'],
        }),
      ],
      'import-x/extensions': ['.ts', '.tsx', '.mjs', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
    },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          depConstraints: boundaries,
          enforceBuildableLibDependency: false,
          // `import('@bellwether/…')` as a type loads nothing lazily.
          checkDynamicDependenciesExceptions: ['@bellwether/*'],
        },
      ],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-restricted-paths': ['error', { basePath: root, zones }],
      'import-x/no-default-export': 'error',
    },
  },
  {
    name: 'house/default-exports',
    files: ['**/*.config.{ts,mjs,js}', ...nextFiles],
    rules: { 'import-x/no-default-export': 'off' },
  },

  {
    name: 'house/size',
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs'],
    ignores: specs,
    plugins: { house: { rules: { 'function-length': functionLength } } },
    rules: { 'max-lines': ['error', 350], 'house/function-length': ['error', 80] },
  },
  {
    name: 'house/markup',
    files: ['**/*.tsx'],
    ignores: specs,
    rules: { 'house/function-length': ['error', 120] },
  },

  {
    name: 'house/edges',
    files: product,
    ignores: [...entryPoints, ...specs],
    rules: {
      'no-restricted-properties': ['error', randomness, clock, environment],
      'no-restricted-syntax': ['error', newDate, sqlOutsideStore],
    },
  },
  {
    name: 'house/stores',
    files: ['apps/backend/src/**/*.store.ts', 'apps/backend/src/database/**/*.ts'],
    ignores: [...entryPoints, ...specs],
    rules: { 'no-restricted-syntax': ['error', newDate] },
  },
  {
    name: 'house/schedules',
    files: schedules,
    rules: {
      'no-restricted-properties': ['error', randomness, environment],
      'no-restricted-syntax': ['error', sqlOutsideStore],
    },
  },
  {
    name: 'house/dashboard',
    files: ['apps/dashboard/**/*.{ts,tsx}'],
    ignores: ['**/*.config.ts', ...specs],
    rules: { 'no-restricted-properties': ['error', randomness] },
  },

  {
    name: 'house/specs',
    files: specs,
    rules: {
      // A suite stands on every project and reads answers as they come.
      '@nx/enforce-module-boundaries': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    name: 'house/scripts',
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'URL',
          'fetch',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'AbortSignal',
        ]
          .concat(['Buffer', 'performance', 'setImmediate', 'structuredClone', 'TextDecoder', 'TextEncoder'])
          .map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    name: 'house/configs',
    files: ['vitest.config.ts', 'apps/*/*.config.{ts,mjs,js}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: 'readonly' } },
  },
);
