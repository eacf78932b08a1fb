/** The table of strings of a remote write 2.0 request, and the labels that refer to it. Pure. */
import { BadInput, RequestError } from '../../http/problem';
import { MAX_SAMPLES } from '../ingest';
import { addLabel, type Head } from './head';

/** Two strings of its own for each sample that a request may hold. */
const MAX_SYMBOLS = 2 * MAX_SAMPLES;

export interface Symbols {
  texts: string[];
  /** Characters that labels may still have, all written out. */
  left: number;
}

export const noSymbols = (maxCharacters: number): Symbols => ({ texts: [], left: maxCharacters });

export function addSymbol({ texts }: Symbols, text: string): void {
  if (texts.length === 0 && text !== '')
    throw new BadInput('symbols[0] is not empty: remote write 2.0 has the empty string there.');
  if (texts.push(text) > MAX_SYMBOLS)
    throw new RequestError(413, `The body holds more than ${MAX_SYMBOLS} symbols: send it in smaller parts.`);
}

/** Takes the references of one series as they come, name and value in turn; `end` throws where the last value is missing. */
export function labelTaker(
  symbols: Symbols,
  head: Head,
  at: string,
): { take(ref: number): void; end(): void } {
  let name: string | undefined;
  return {
    take(ref) {
      const text = textAt(symbols, ref, at);
      if (name === undefined) name = text;
      else {
        addLabel(head, name, text);
        name = undefined;
      }
    },
    end() {
      if (name !== undefined)
        throw new BadInput(
          `${at}.labels_refs: the label ${JSON.stringify(name.slice(0, 40))} has no value: they come in pairs.`,
        );
    },
  };
}

function textAt(symbols: Symbols, ref: number, at: string): string {
  const text = symbols.texts[ref];
  if (text === undefined)
    throw new BadInput(
      `${at}.labels_refs: there is no symbol ${ref}, the table has ${symbols.texts.length}.`,
    );
  // A few references of a byte each stand for thousands: without an end, a small body would be the work of a huge one.
  symbols.left -= text.length;
  if (symbols.left < 0)
    throw new RequestError(
      413,
      'The labels, with their symbols written out, are larger than MAX_BODY_MB: send them in smaller parts.',
    );
  return text;
}
