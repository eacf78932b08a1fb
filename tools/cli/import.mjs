/** `npx bellwether import FILE…`: writes files into a Bellwether that runs, and says how it went. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { URLSearchParams } from 'node:url';
import { begin, howFar, sendFile } from './file.mjs';
import { commonBeginning, progressLine, sum, summary } from './progress.mjs';
import { client, explain, Failure } from './send.mjs';

const REDRAW_MS = 200;
const SAY_MS = 5000;

/** Imports all files and answers the exit code. `reader` is how the server reads a CSV. Throws Failure where nothing was sent. */
export async function importFiles(options, reader) {
  const found = options.files.map(look);
  const ask = client({ url: options.url, key: readKey(options) });
  await greet(ask, options.url);

  const startMs = performance.now();
  const files = [];
  const screen = openScreen(() => files.at(-1));
  const tell = (link) => console.log(summary({ files, link, ms: performance.now() - startMs }));
  process.once('SIGINT', () => {
    screen.close();
    tell(`${options.url}/series/`);
    console.error(`Stopped.${howFar(files.at(-1))}`);
    process.exit(130);
  });

  let failure;
  for (const one of found) {
    files.push(begin(one));
    try {
      await sendFile(files.at(-1), { ask, reader, options, say: screen.say });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure = error.message;
      break;
    }
  }
  screen.close();
  if (!failure || files.some(({ line }) => line > 0)) tell(await linkTo(files, ask, options));
  if (failure) console.error(failure);
  return failure || files.some(({ refusals }) => refusals.length > 0) ? 1 : 0;
}

/** What there is to import; all files are looked at before anything is sent. */
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

/** Says what is wrong with the address or the key before a file is read. */
async function greet(ask, url) {
  const answer = await ask('/api/v1/series?limit=1');
  if (answer.broken !== undefined)
    throw new Failure(
      `No Bellwether answers at ${url} (${answer.broken}): start it with npm start, or name its address with --url.`,
    );
  if (answer.status !== 200 || !Array.isArray(answer.body)) throw new Failure(`${url}: ${explain(answer)}`);
}

/** Where the series can be seen: the page of the one, or the list of those whose names begin so. */
async function linkTo(files, ask, { url }) {
  const names = [...new Set(files.flatMap(({ series }) => [...series]))];
  const beginning = commonBeginning(names).slice(0, 200);
  if (beginning === '') return `${url}/series/`;
  const search = new URLSearchParams({ search: beginning });
  const { body } = await ask(`/api/v1/series?${search}&limit=2`);
  return Array.isArray(body) && body.length === 1
    ? `${url}/series/?id=${body[0].id}`
    : `${url}/series/?${search}`;
}

/** Shows how it goes on: one line that changes on a terminal, else a line now and then. */
function openScreen(current) {
  const { stderr } = process;
  let note;
  const line = () => {
    const file = current();
    if (!file) return undefined;
    const { name, bytes, total, written, refusals, startMs } = file;
    const ms = performance.now() - startMs;
    return progressLine(
      { name, bytes, total, written, refused: sum(refusals), ms, note },
      stderr.isTTY ? stderr.columns - 1 : Infinity,
    );
  };
  const draw = () => stderr.write(stderr.isTTY ? `\r\x1b[K${line() ?? ''}` : `${line() ?? ''}\n`);
  const timer = setInterval(draw, stderr.isTTY ? REDRAW_MS : SAY_MS);
  return {
    say(text) {
      note = text;
      if (text !== undefined) draw();
    },
    close() {
      clearInterval(timer);
      if (stderr.isTTY) stderr.write('\r\x1b[K');
    },
  };
}
