/** One file on its way: read, cut, packed and sent part by part, with what became of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { findFormat, HEAD } from './layout.mjs';
import { locate, mergeRefusals } from './parts.mjs';
import { Uncuttable } from './records.mjs';
import { Failure, send } from './send.mjs';
import { bytesOf, peekText, textsOf } from './source.mjs';

/** A file of which nothing is sent yet. */
export const begin = ({ path, name, total }) => ({
  path,
  name,
  total,
  /** Bytes that were read, and those of which all is answered. */
  meter: { bytes: 0 },
  bytes: 0,
  written: 0,
  refusals: [],
  series: new Set(),
  /** The last line of which all before is answered. */
  line: 0,
  startMs: performance.now(),
});

/** Sends all of a file. `ask` is the server, `reader` how it reads a CSV, `say` tells the person. Throws Failure. */
export async function sendFile(file, { ask, reader, options, say }) {
  const queue = oneAtATime();
  try {
    const { head = '', all } = await peekText(textsOf(bytesOf(file.path, file.meter)), HEAD);
    const { splitter, packer, skip, ...target } = findFormat(file, head, options, reader);
    const post = async (parts) => {
      for (const part of parts) await queue.add(() => deliver(file, part, target, { ask, say }));
    };
    const pack = (records) => post(records.flatMap((record) => packer.add(record)));

    let isFirst = true;
    for await (const text of all) {
      await pack(splitter.take(isFirst ? text.slice(skip) : text));
      isFirst = false;
    }
    await pack(splitter.end());
    await post(packer.end());
    await queue.done();
  } catch (error) {
    // What is on its way counts, if it arrives; the error at hand is the one to tell.
    await queue.done().catch(() => undefined);
    throw explained(error, file);
  }
}

/**
 * Runs one action after the other, and lets who adds them prepare the next meanwhile. The server writes one statement at a time, so
 * that two parts at once are no faster; and of two samples of one time the later in the file has to win.
 */
function oneAtATime() {
  let last = Promise.resolve();
  return {
    async add(action) {
      await last;
      last = action();
      // Thrown where it is waited for, which is later.
      last.catch(() => undefined);
    },
    done: () => last,
  };
}

async function deliver(file, part, { endpoint, type }, { ask, say }) {
  const readBytes = file.meter.bytes;
  const answer =
    part.body === undefined
      ? { written: 0, refused: [] }
      : await send({
          ask: () => ask(endpoint, { method: 'POST', type, body: part.body }),
          ...{ sleep, say, now: () => performance.now() },
        });
  const refused = answer.refused.map((refusal) => locate(refusal, part));
  file.refusals = mergeRefusals(file.refusals, [...part.refused, ...refused]);
  file.written += answer.written;
  if (answer.written > 0) for (const name of part.series) file.series.add(name);
  file.bytes = readBytes;
  file.line = part.lastLine;
}

function explained(error, file) {
  const what = explain(error, file);
  return what === undefined ? error : new Failure(`${what}${howFar(file)}`);
}

function explain(error, { name }) {
  if (error instanceof Failure) return `${name}: ${error.message}`;
  if (error instanceof Uncuttable) return `${name}, ${error.message}`;
  if (error.code?.startsWith('Z_')) return `${name} is damaged: it cannot be unpacked to its end.`;
  if (error.syscall) return `${name} cannot be read (${error.code}).`;
  return undefined;
}

/** Up to where a file is written for certain, once something of it is. */
export const howFar = ({ name, line }) =>
  line > 0 ? ` Up to line ${line} of ${name} all is done; importing it again is harmless.` : '';
