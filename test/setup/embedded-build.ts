/**
 * Puts the embedded database's compiled files where the build would: its process is forked by Node, which reads no
 * TypeScript. Only files that changed, and without types (the type check is a step of its own), so it takes no time.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const backend = resolve(__dirname, '../../apps/backend');
const source = join(backend, 'src/database/embedded');
const output = join(backend, 'dist/database/embedded');

export function buildEmbedded(): void {
  mkdirSync(output, { recursive: true });
  for (const file of readdirSync(source)) {
    if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
    const from = join(source, file);
    const to = join(output, file.replace(/\.ts$/, '.js'));
    if (!existsSync(to) || statSync(to).mtimeMs < statSync(from).mtimeMs) compile(from, to);
  }
}

/** Moved into place whole: another test run may be reading it. */
function compile(from: string, to: string): void {
  const { outputText } = ts.transpileModule(readFileSync(from, 'utf8'), {
    fileName: from,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2023,
      esModuleInterop: true,
    },
  });
  writeFileSync(`${to}.${process.pid}`, outputText);
  renameSync(`${to}.${process.pid}`, to);
}
