/** The lint rules that carry the architecture catch the offence they are there for, and leave the lawful twin alone. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';
import { backendOrder } from '../../eslint.config.mjs';

const root = join(__dirname, '../..');
const backend = 'apps/backend/src';

/** The rules of the architecture read no types, so that they can be tried on files that do not exist. */
const withoutTypes = { languageOptions: { parserOptions: { projectService: false } } };
const architecture = new Set([
  '@nx/enforce-module-boundaries',
  'import-x/no-restricted-paths',
  'import-x/no-default-export',
  'no-restricted-properties',
  'no-restricted-syntax',
  'no-empty',
  'house/function-length',
]);

let eslint: ESLint;
beforeAll(() => {
  eslint = new ESLint({
    cwd: root,
    overrideConfig: withoutTypes,
    ruleFilter: ({ ruleId }) => architecture.has(ruleId),
  });
}, 60_000);

/** The rules that speak up when the file at `path` holds `code`. */
async function offences(path: string, code: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, path) });
  return result!.messages.map(({ ruleId, message }) => ruleId ?? message);
}

describe('projects', () => {
  const boundary = ['@nx/enforce-module-boundaries'];

  it.each([
    ['libs/models/src/x.ts', '@bellwether/contracts', boundary],
    ['libs/contracts/src/x.ts', '@bellwether/models', boundary],
    ['apps/dashboard/src/x.ts', '@bellwether/models', boundary],
    ['libs/contracts/src/x.ts', '../../models/src/index', boundary],
    [`${backend}/scoring/x.ts`, '@bellwether/models', []],
    [`${backend}/scoring/x.ts`, '@bellwether/contracts', []],
    ['apps/dashboard/src/x.ts', '@bellwether/contracts', []],
  ])('%s importing %s: %s', { timeout: 60_000 }, async (path, imported, expected) => {
    expect(await offences(path, `import * as y from '${imported}';\nexport const x = y;\n`)).toEqual(
      expected,
    );
  });
});

describe('backend folders', () => {
  const present = backendOrder.filter((place: string) => sourceOf(place) !== undefined);

  it('have a place in the order', () => {
    const places = readdirSync(join(root, backend)).filter((place) => !place.endsWith('.spec.ts'));
    const strangers = places.filter((place) => !backendOrder.includes(place));
    expect(strangers).toEqual([]);
  });

  it.runIf(present.length > 1)('import to the left only', { timeout: 60_000 }, async () => {
    const caught = [];
    for (const [at, left] of present.slice(0, -1).entries()) {
      const right = present[at + 1]!;
      if (right.endsWith('main.ts') && left.endsWith('main.ts')) continue;
      const from = left.endsWith('.ts') ? left : `${left}/x.ts`;
      const path = relativeImport(from, right);
      caught.push([from, right, await offences(`${backend}/${from}`, `export * from '${path}';\n`)]);
    }
    expect(caught).toEqual(caught.map(([from, right]) => [from, right, ['import-x/no-restricted-paths']]));
  });

  it.runIf(present.includes('main.ts'))('may all be imported by main.ts', { timeout: 60_000 }, async () => {
    const code = present
      .filter((place: string) => !place.endsWith('main.ts'))
      .map((place: string) => `export * from '${relativeImport('main.ts', place)}';`)
      .join('\n');
    expect(await offences(`${backend}/main.ts`, `${code}\n`)).toEqual([]);
  });
});

/** Some TypeScript file at a place of the backend, if there is one: the resolver follows only imports of real files. */
function sourceOf(place: string): string | undefined {
  const absolute = join(root, backend, place);
  if (!existsSync(absolute)) return undefined;
  if (place.endsWith('.ts')) return place;
  const names = readdirSync(absolute, { recursive: true, encoding: 'utf8' }).map((name) =>
    name.replaceAll('\\', '/'),
  );
  const file = names.find((name) => name.endsWith('.ts'));
  return file && `${place}/${file}`;
}

/** How a file directly in `from` imports something of `place`. */
function relativeImport(from: string, place: string): string {
  return (from.includes('/') ? '../' : './') + sourceOf(place)!.replace(/\.ts$/, '');
}

describe('the rules of the house', () => {
  const property = ['no-restricted-properties'];
  const syntax = ['no-restricted-syntax'];

  it.each([
    [`${backend}/series/x.ts`, 'export const x = Math.random();', property],
    [`${backend}/series/x.ts`, 'export const x = Date.now();', property],
    [`${backend}/series/x.ts`, 'export const x = process.env.PORT;', property],
    [`${backend}/series/x.ts`, 'export const x = new Date();', syntax],
    [`${backend}/series/x.ts`, 'export const x = new Date(0);', []],
    [`${backend}/main.ts`, 'export const x = [new Date(), process.env.PORT];', []],
    [`${backend}/training/training.schedule.ts`, 'export const x = new Date();', []],
    [`${backend}/training/training.schedule.ts`, 'export const x = process.env.PORT;', property],
    [`${backend}/series/x.service.ts`, "export const x = (db) => db.query('SELECT 1');", syntax],
    [`${backend}/series/x.store.ts`, "export const x = (db) => db.query('SELECT 1');", []],
    ['libs/models/src/x.ts', 'export const x = Math.random();', property],
    ['libs/models/src/x.ts', 'export default 1;', ['import-x/no-default-export']],
    ['apps/dashboard/src/app/page.tsx', 'export default 1;', []],
    [`${backend}/series/x.ts`, 'try { x(); } catch {}', ['no-empty']],
  ])('%s: %s', { timeout: 60_000 }, async (path, code, expected) => {
    expect(await offences(path, `${code}\n`)).toEqual(expected);
  });

  it('counts the lines of a function that are its own', async () => {
    const calls = (count: number): string => '  x();\n'.repeat(count);
    const inner = (count: number): string => `const y = () => {\n${calls(count)}};\n`;
    const path = `${backend}/series/x.ts`;

    expect(await offences(path, `export function x() {\n${calls(81)}}\n`)).toEqual(['house/function-length']);
    expect(await offences(path, `export function x() {\n${inner(70)}${calls(20)}return y;\n}\n`)).toEqual([]);
  });
});
