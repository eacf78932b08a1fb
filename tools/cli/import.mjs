/** `npx bellwether import FILE…`: writes files into a Bellwether that runs, and says how it went. */
import { URLSearchParams } from 'node:url';
import { begin, howFar, sendFile } from './file.mjs';
import { commonBeginning, progressLine, sum, summary } from './progress.mjs';
import { Failure } from './send.mjs';

const REDRAW_MS = 200;
const SAY_MS = 5000;

/** Imports what `prepare` has found and answers the exit code. `reader` is how the server reads a CSV. */
export async function importFiles({ options, found, ask }, reader) {
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
