/** Where a text stops being JSON (RFC 8259) and what was expected there. Pure; used after JSON.parse has refused it. */

export interface SyntaxProblem {
  /** From 1. */
  line: number;
  column: number;
  what: string;
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

type Expected =
  'a value' | 'a value or "]"' | 'a name or "}"' | 'a name' | '":"' | '"," or the end' | 'the end';

export function findSyntaxError(text: string): SyntaxProblem {
  const { at, expected } = scan(text);
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  return { line, column, what: `${describe(text, at, expected)} where ${expected} was expected` };
}

function describe(text: string, at: number, expected: Expected): string {
  if (at >= text.length) return 'the text ends';
  if (text[at] === '"' && /name|value/.test(expected))
    return 'a string that does not end, or holds a bad escape or a control character, stands';
  const word = /^(?:[\w+-]+|.)/su.exec(text.slice(at, at + 20))![0];
  return `${JSON.stringify(word)} stands`;
}

/** Goes from token to token, the open brackets on a stack of its own: nesting is bounded by memory, not by calls. */
function scan(text: string): Step {
  const open: ('[' | '{')[] = [];
  let expected: Expected = 'a value';
  let at = skip(SPACE, text, 0)!;
  while (at < text.length) {
    const next = step(text, at, expected, open);
    if (next === undefined) break;
    expected = next.expected;
    at = skip(SPACE, text, next.at)!;
  }
  return { at, expected };
}

interface Step {
  at: number;
  expected: Expected;
}

/** The place after the token at `at` and what may follow it; undefined: that token may not stand there. */
function step(text: string, at: number, expected: Expected, open: ('[' | '{')[]): Step | undefined {
  const character = text[at]!;
  const to = (end: number | undefined, next: Expected) =>
    end === undefined ? undefined : { at: end, expected: next };
  const afterValue = (): Expected => (open.length === 0 ? 'the end' : '"," or the end');
  const bracket = open.at(-1);
  if (
    mayClose(expected) &&
    ((character === ']' && bracket === '[') || (character === '}' && bracket === '{'))
  ) {
    open.pop();
    return to(at + 1, afterValue());
  }
  switch (expected) {
    case 'the end':
      return undefined;
    case '"," or the end':
      return character === ',' ? to(at + 1, bracket === '[' ? 'a value' : 'a name') : undefined;
    case '":"':
      return character === ':' ? to(at + 1, 'a value') : undefined;
    case 'a name':
    case 'a name or "}"':
      return to(endOfString(text, at), '":"');
    default:
      if (character !== '[' && character !== '{')
        return to(endOfString(text, at) ?? skip(SCALAR, text, at), afterValue());
      open.push(character);
      return to(at + 1, character === '[' ? 'a value or "]"' : 'a name or "}"');
  }
}

const mayClose = (expected: Expected): boolean => expected.includes(' or ');

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** The end of the string that begins at `at`; a loop, since a regular expression has no room for a string of megabytes. */
function endOfString(text: string, at: number): number | undefined {
  if (text[at] !== '"') return undefined;
  for (let i = at + 1; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"') return i + 1;
    if (character < ' ') return undefined;
    if (character !== '\\') continue;
    const end = skip(ESCAPE, text, i);
    if (end === undefined) return undefined;
    i = end - 1;
  }
  return undefined;
}

/** The end of what `pattern` finds right at `at`. */
function skip(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
