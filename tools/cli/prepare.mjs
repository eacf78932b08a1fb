/** What is checked before anything is read, built or sent: the files, the key, the server. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { client, explain, Failure } from './send.mjs';

/** The files of an import and the server that takes them. Throws Failure. */
export async function prepare(options) {
  const found = options.files.map(look);
  const ask = client({ url: options.url, key: readKey(options) });
  await greet(ask, options.url);
  return { options, found, ask };
}

/** What there is at a path to import. */
function look(path) {
  if (path === '-') return { path, name: 'standard input', total: 0 };
  let stat;
  try {
    stat = statSync(path);
  } catch (error) {
    if (error.code === 'ENOENT') throw new Failure(`There is no file ${path}.`);
    throw new Failure(`${path} cannot be read (${error.code}).`);
  }
  if (!stat.isDirectory()) return { path, name: basename(path), total: stat.size };
  throw new Failure(`${path} is a directory: name the files in it, as in ${path.replace(/\/+$/, '')}/*.csv`);
}

/** The key of the file, else of the environment. A key that no header can hold is none. */
function readKey({ keyFile, key }) {
  let text = key;
  try {
    if (keyFile !== undefined) text = readFileSync(keyFile, 'utf8').trim();
  } catch (error) {
    throw new Failure(`The key file ${keyFile} cannot be read (${error.code}).`);
  }
  if (text !== undefined && !/^[!-~]+$/.test(text))
    throw new Failure(
      `What ${keyFile ?? 'BELLWETHER_API_KEY'} holds is no API key: letters, digits and signs, without spaces.`,
    );
  return text;
}

/** Says what is wrong with the address or the key. */
async function greet(ask, url) {
  const answer = await ask('/api/v1/series?limit=1');
  if (answer.broken !== undefined)
    throw new Failure(
      `No Bellwether answers at ${url} (${answer.broken}): start it with npm start, or name its address with --url.`,
    );
  if (answer.status !== 200 || !Array.isArray(answer.body)) throw new Failure(`${url}: ${explain(answer)}`);
}
