/**
 * Regular expressions of matchers: the common part of RE2, which Prometheus uses, matched against the whole text in time
 * linear in it (Thompson 1968, as told by Cox, swtch.com/~rsc/regexp). JavaScript's own backtrack without end on some
 * patterns, and PostgreSQL's would hold the one session of the embedded database meanwhile.
 */

const MAX_PROGRAM = 500;
const MAX_REPEAT = 200;

/** Why a pattern is not understood, for whoever wrote it. */
export class BadPattern extends Error {}

/** Code points from and to, both included. */
type Ranges = readonly (readonly [number, number])[];

type Node =
  | { kind: 'one'; ranges: Ranges; isNegated: boolean }
  | { kind: 'begin' }
  | { kind: 'end' }
  | { kind: 'sequence'; parts: Node[] }
  | { kind: 'choice'; parts: Node[] }
  | { kind: 'repeat'; part: Node; min: number; max: number };

type Step =
  | { kind: 'one'; ranges: Ranges; isNegated: boolean }
  | { kind: 'begin' }
  | { kind: 'end' }
  | { kind: 'match' }
  | { kind: 'fork'; to: number[] };

export type Pattern = readonly Step[];

const DIGIT: Ranges = [[48, 57]];
const WORD: Ranges = [...DIGIT, [65, 90], [95, 95], [97, 122]];
const SPACE: Ranges = [
  [9, 10],
  [12, 13],
  [32, 32],
];
const CLASSES: Record<string, Ranges> = { d: DIGIT, w: WORD, s: SPACE };
const LAST_CODE_POINT = 0x10ffff;

/** Throws BadPattern, with what to write instead. */
export function compile(text: string): Pattern {
  return assemble(parse(text));
}

/** Whether the pattern matches all of `text`. */
export function matchesAll(pattern: Pattern, text: string): boolean {
  const points = [...text].map((one) => one.codePointAt(0)!);
  let active = reach(pattern, [0], 0, points.length);
  for (const [at, point] of points.entries()) {
    const next = active.flatMap((index) => (takes(pattern[index]!, point) ? [index + 1] : []));
    if (next.length === 0) return false;
    active = reach(pattern, next, at + 1, points.length);
  }
  return active.some((index) => pattern[index]!.kind === 'match');
}

/** All steps that can be reached from these without taking a character. */
function reach(pattern: Pattern, from: number[], at: number, length: number): number[] {
  const reached = new Set<number>();
  const open = [...from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const step = pattern[index]!;
    if (step.kind === 'fork') open.push(...step.to);
    else if ((step.kind === 'begin' && at === 0) || (step.kind === 'end' && at === length))
      open.push(index + 1);
  }
  return [...reached];
}

const takes = (step: Step, point: number): boolean =>
  step.kind === 'one' && isIn(step.ranges, point) !== step.isNegated;

const isIn = (ranges: Ranges, point: number): boolean =>
  ranges.some(([low, high]) => low <= point && point <= high);

function assemble(root: Node): Pattern {
  const steps: Step[] = [];
  let work = 0;
  const add = (node: Node): void => {
    if (++work > 4 * MAX_PROGRAM || steps.length >= MAX_PROGRAM)
      throw new BadPattern('the expression is too large; repeat less, or use several matchers');
    if (node.kind === 'sequence') node.parts.forEach(add);
    else if (node.kind === 'choice') addChoice(node.parts);
    else if (node.kind === 'repeat') addRepeat(node);
    else steps.push(node);
  };
  const addChoice = (parts: Node[]): void => {
    const fork = { kind: 'fork' as const, to: [] as number[] };
    steps.push(fork);
    const exits = parts.map((part) => {
      fork.to.push(steps.length);
      add(part);
      const exit = { kind: 'fork' as const, to: [] as number[] };
      steps.push(exit);
      return exit;
    });
    for (const exit of exits) exit.to.push(steps.length);
  };
  const addRepeat = ({ part, min, max }: Extract<Node, { kind: 'repeat' }>): void => {
    for (let count = 0; count < min; count++) add(part);
    const exits: { to: number[] }[] = [];
    const optional = max === Infinity ? 1 : max - min;
    for (let count = 0; count < optional; count++) {
      const fork = { kind: 'fork' as const, to: [steps.length + 1] };
      const index = steps.push(fork) - 1;
      exits.push(fork);
      add(part);
      if (max === Infinity) steps.push({ kind: 'fork', to: [index] });
    }
    for (const exit of exits) exit.to.push(steps.length);
  };
  add(root);
  steps.push({ kind: 'match' });
  return steps;
}

function parse(text: string): Node {
  const reader = new Reader([...text]);
  const node = reader.choice();
  if (!reader.isAtEnd) throw new BadPattern('a ")" closes nothing; write \\) for the character');
  return node;
}

class Reader {
  private at = 0;
  constructor(private readonly characters: string[]) {}

  get isAtEnd(): boolean {
    return this.at >= this.characters.length;
  }

  choice(): Node {
    const parts = [this.sequence()];
    while (this.skip('|')) parts.push(this.sequence());
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  private sequence(): Node {
    const parts: Node[] = [];
    while (!this.isAtEnd && this.peek() !== '|' && this.peek() !== ')') parts.push(this.repeated());
    return { kind: 'sequence', parts };
  }

  private repeated(): Node {
    const part = this.atom();
    const times = this.times();
    if (!times) return part;
    // How greedy it is makes no difference to whether all of the text matches.
    this.skip('?');
    if (this.times()) throw new BadPattern('what is repeated cannot be repeated again; put it in ( )');
    return { kind: 'repeat', part, ...times };
  }

  private times(): { min: number; max: number } | undefined {
    if (this.skip('*')) return { min: 0, max: Infinity };
    if (this.skip('+')) return { min: 1, max: Infinity };
    if (this.skip('?')) return { min: 0, max: 1 };
    if (this.peek() !== '{') return undefined;
    const counted = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.characters.slice(this.at, this.at + 12).join(''));
    if (!counted)
      throw new BadPattern('a "{" is not followed by a count like {2,5}; write \\{ for the character');
    this.at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] ? Number(counted[3]) : Infinity;
    if (max < min || Math.max(min, max === Infinity ? 0 : max) > MAX_REPEAT)
      throw new BadPattern(`a count is at most ${MAX_REPEAT}, the smaller one first`);
    return { min, max };
  }

  private atom(): Node {
    const character = this.next();
    if (character === '(') return this.group();
    if (character === '[') return this.set();
    if (character === '.') return { kind: 'one', ranges: [], isNegated: true };
    if (character === '^') return { kind: 'begin' };
    if (character === '$') return { kind: 'end' };
    if ('*+?{'.includes(character))
      throw new BadPattern(`a "${character}" repeats nothing; write \\${character} for the character`);
    if (character === '\\') return this.escape();
    return oneOf([only(character)]);
  }

  private group(): Node {
    if (this.skip('?') && !this.skip(':'))
      throw new BadPattern('of groups that begin with (? only (?:…) is understood; write (…)');
    const node = this.choice();
    if (!this.skip(')')) throw new BadPattern('a "(" is not closed; write \\( for the character');
    return node;
  }

  private escape(): Extract<Node, { kind: 'one' }> {
    if (this.isAtEnd) throw new BadPattern('it ends with a \\; write \\\\ for the character');
    const character = this.next();
    const known = CLASSES[character.toLowerCase()];
    if (known) return { ...oneOf(known), isNegated: character !== character.toLowerCase() };
    if (/[\p{L}\p{N}]/u.test(character))
      throw new BadPattern(`\\${character} is not understood; \\d, \\w, \\s and escaped punctuation are`);
    return oneOf([only(character)]);
  }

  private set(): Node {
    const isNegated = this.skip('^');
    const ranges: (readonly [number, number])[] = [];
    // A "]" right at the beginning is the character.
    for (let isFirst = true; isFirst || this.peek() !== ']'; isFirst = false) {
      if (this.isAtEnd) throw new BadPattern('a "[" is not closed; write \\[ for the character');
      ranges.push(...this.member());
    }
    this.next();
    return { ...oneOf(ranges), isNegated };
  }

  private member(): Ranges {
    if (this.peek() === '[' && this.characters[this.at + 1] === ':')
      throw new BadPattern('classes like [:alpha:] are not understood; write the range, as in a-z');
    const low = this.bound();
    if (this.peek() !== '-' || [']', undefined].includes(this.characters[this.at + 1])) return low;
    this.next();
    const high = this.isAtEnd ? [] : this.bound();
    if (low.length !== 1 || high.length !== 1 || low[0]![0] !== low[0]![1] || high[0]![0] !== high[0]![1])
      throw new BadPattern('a range in [ ] goes from one character to another, as in a-z');
    if (high[0]![0] < low[0]![0]) throw new BadPattern('a range in [ ] goes upwards, as in a-z');
    return [[low[0]![0], high[0]![0]]];
  }

  /** A character of a set, or an escaped class of them. */
  private bound(): Ranges {
    const character = this.next();
    if (character !== '\\') return [only(character)];
    const { ranges, isNegated } = this.escape();
    return isNegated ? complement(ranges) : ranges;
  }

  private peek(): string | undefined {
    return this.characters[this.at];
  }

  private next(): string {
    return this.characters[this.at++]!;
  }

  private skip(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }
}

const only = (character: string): readonly [number, number] => {
  const point = character.codePointAt(0)!;
  return [point, point];
};

const oneOf = (ranges: Ranges): Extract<Node, { kind: 'one' }> => ({ kind: 'one', ranges, isNegated: false });

/** Of ranges in order. */
function complement(ranges: Ranges): Ranges {
  const between = ranges.map(([low], i) => [(ranges[i - 1]?.[1] ?? -1) + 1, low - 1] as const);
  return [...between, [ranges.at(-1)![1] + 1, LAST_CODE_POINT] as const].filter(([low, high]) => low <= high);
}
