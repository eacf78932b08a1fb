/** Where a text stops being JSON (RFC 8259) and what was expected there. Pure; used after JSON.parse has refused it. */

export interface SyntaxProblem {
  /** From 1. */
  line: number;
  column: number;
  what: string;
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

type Expected =
  'a value' | 'a value or "]"' | 'a name or "}"' | 'a name' | '":"' | '"," or the end' | 'the end';

export function findSyntaxError(text: string): SyntaxProblem {
  const { at, expected } = scan(text);
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  return { line, column, what: `${describe(text, at)} where ${expected} was expected` };
}

function describe(text: string, at: number): string {
  if (at >= text.length) return 'the text ends';
  if (text[at] === '"') return 'a string that does not end, or holds a bad escape or a control character,';
  const word = /^(?:[\w+-]+|.)/su.exec(text.slice(at, at + 20))![0];
  return `${JSON.stringify(word)} stands`;
}

/** Goes from token to token, the open brackets on a stack of its own: nesting is bounded by memory, not by calls. */
function scan(text: string): { at: number; expected: Expected } {
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

function step(text: string, at: number, expected: Expected, open: ('[' | '{')[]) {
  const character = text[at]!;
  const after = (): Expected => (open.length === 0 ? 'the end' : '"," or the end');
  const closes = (character === ']' && open.at(-1) === '[') || (character === '}' && open.at(-1) === '{');
  if (
    closes &&
    (expected === '"," or the end' || expected === 'a value or "]"' || expected === 'a name or "}"')
  ) {
    open.pop();
    return { at: at + 1, expected: after() };
  }
  if (expected === '"," or the end')
    return character === ','
      ? { at: at + 1, expected: open.at(-1) === '[' ? ('a value' as const) : ('a name' as const) }
      : undefined;
  if (expected === '":"') return character === ':' ? { at: at + 1, expected: 'a value' as const } : undefined;
  if (expected === 'the end') return undefined;
  if (expected === 'a name' || expected === 'a name or "}"') {
    const end = skip(STRING, text, at);
    return end === undefined ? undefined : { at: end, expected: '":"' as const };
  }
  if (character === '[' || character === '{') {
    open.push(character);
    return {
      at: at + 1,
      expected: character === '[' ? ('a value or "]"' as const) : ('a name or "}"' as const),
    };
  }
  const end = skip(STRING, text, at) ?? skip(SCALAR, text, at);
  return end === undefined ? undefined : { at: end, expected: after() };
}

/** The end of what `pattern` finds right at `at`. */
function skip(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
