#!/usr/bin/env node
/** `npx bellwether …`: what can be done with a Bellwether that runs, from a command line. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HELP, readArguments, WrongUsage } from './cli/arguments.mjs';
import { prepare } from './cli/prepare.mjs';
import { Failure } from './cli/send.mjs';
import { checkNode, failuresIn, install, nx, Refusal, root, timed } from './setup.mjs';

const READER = ['csv-layout', 'csv-cell', 'import-query'].map((name) =>
  join(root, 'apps', 'backend', 'dist', 'ingest', `${name}.js`),
);

async function cli() {
  checkNode(process.versions.node);
  const options = readArguments(process.argv.slice(2), process.env);
  if (!options) {
    console.log(HELP);
    return 0;
  }
  const prepared = await prepare(options);
  const reader = await loadReader();
  // It stands on dependencies, which may be installed only now.
  const { importFiles } = await import('./cli/import.mjs');
  return importFiles(prepared, reader);
}

/** How the server reads a CSV; built first where it is not. */
async function loadReader() {
  if (!READER.every(existsSync)) await buildBackend();
  const modules = await Promise.all(READER.map((file) => import(pathToFileURL(file).href)));
  return Object.assign({}, ...modules);
}

async function buildBackend() {
  const here = process.cwd();
  process.chdir(root);
  await install();
  const { code, output } = await timed('building, since this is the first time', () =>
    nx('run', '@bellwether/backend:build'),
  );
  process.chdir(here);
  if (code !== 0) throw new Refusal(`${failuresIn(output)}\nThe build failed: the reason is above.`);
}

try {
  process.exitCode = await cli();
} catch (error) {
  const isUsage = error instanceof WrongUsage;
  if (!isUsage && !(error instanceof Failure || error instanceof Refusal)) throw error;
  console.error(isUsage ? `${error.message} (npx bellwether --help)` : error.message);
  process.exitCode = isUsage ? 2 : 1;
}
