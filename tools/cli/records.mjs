/** Cuts text into records, whichever way it comes in pieces, and knows the line at which each begins. Pure. */
import Papa from 'papaparse';

/** Characters of one record: a longer one is a quote that is not closed, or no file of samples. */
export const MAX_RECORD = 256 * 1024;

/** Text that cannot be cut further; `line` is where. */
export class Uncuttable extends Error {
  constructor(line, detail) {
    super(`line ${line}: ${detail}`);
    this.line = line;
  }
}

/** The line break of a CSV, as papaparse finds it in its beginning. */
export const lineBreakOf = (head, delimiter) => Papa.parse(head, { delimiter, preview: 1 }).meta.linebreak;

/**
 * The rows of a CSV: `take(text)` answers those that are complete, `end()` the last one. A row is `{ cells, line, isBroken }`, its
 * line counting from `line`. Throws Uncuttable.
 */
export function csvSplitter({ delimiter, newline, line = 1 }) {
  const lineBreak = newline === '\r' ? '\r' : '\n';
  let rest = '';
  const cut = (isEnd) => {
    const rows = [];
    const starts = [0];
    Papa.parse(rest, {
      delimiter,
      newline,
      step: ({ data, errors, meta }) => {
        rows.push({ cells: data, line, isBroken: errors.some(({ type }) => type === 'Quotes') });
        line += count(rest, lineBreak, starts.at(-1), meta.cursor);
        starts.push(meta.cursor);
      },
    });
    if (isEnd || rows.length === 0) return rows;
    // More of the last one may come.
    const last = rows.pop();
    line = last.line;
    rest = rest.slice(starts.at(-2));
    if (rest.length > MAX_RECORD)
      throw new Uncuttable(line, `a row of more than ${MAX_RECORD / 1024} KiB: is a quote not closed?`);
    return rows;
  };
  return {
    take(text) {
      rest += text;
      return cut(false);
    },
    end: () => (rest === '' ? [] : cut(true)),
  };
}

function count(text, character, from, to) {
  let found = 0;
  for (let at = text.indexOf(character, from); at >= 0 && at < to; at = text.indexOf(character, at + 1))
    found++;
  return found;
}

/** The lines of NDJSON that hold something, as `{ text, line }`, in the same manner. */
export function lineSplitter() {
  let rest = '';
  let line = 0;
  const lines = (texts) =>
    texts.map((text) => ({ text: text.trim(), line: ++line })).filter(({ text }) => text !== '');
  return {
    take(text) {
      const texts = (rest + text).split('\n');
      rest = texts.pop();
      if (rest.length > MAX_RECORD)
        throw new Uncuttable(line + texts.length + 1, `a line of more than ${MAX_RECORD / 1024} KiB`);
      return lines(texts);
    },
    end: () => lines([rest]),
  };
}
