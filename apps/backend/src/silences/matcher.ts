/** Which series a silence is about: all of its matchers have to match, in the sense of Prometheus. Pure. */
import { type Labels, type Matcher, NAME_LABEL } from '@bellwether/contracts';
import { BadPattern, compile, matchesAll } from './pattern';

export interface Identity {
  name: string;
  labels: Labels;
}

export type Test = (series: Identity) => boolean;

/** What these matchers say of a series; throws BadPattern. */
export function testOf(matchers: readonly Matcher[]): Test {
  const tests = matchers.map((matcher) => ({ label: matcher.label, test: valueTest(matcher) }));
  return (series) => tests.every(({ label, test }) => test(valueOf(series, label)));
}

function valueTest({ op, value }: Matcher): (text: string) => boolean {
  if (op === '=') return (text) => text === value;
  if (op === '!=') return (text) => text !== value;
  const pattern = compile(value);
  const isWanted = op === '=~';
  // Many series share their values.
  const known = new Map<string, boolean>();
  return (text) => {
    const answer = known.get(text) ?? matchesAll(pattern, text) === isWanted;
    if (known.size < MOST_KNOWN) known.set(text, answer);
    return answer;
  };
}
const MOST_KNOWN = 1_000;

const valueOf = ({ name, labels }: Identity, label: string): string => {
  if (label === NAME_LABEL) return name;
  return Object.hasOwn(labels, label) ? labels[label]! : '';
};

/** What is wrong with these matchers, and where; undefined: nothing. */
export function whyNot(matchers: readonly Matcher[]): { at: string; detail: string } | undefined {
  for (const [index, matcher] of matchers.entries()) {
    try {
      valueTest(matcher);
    } catch (error) {
      if (!(error instanceof BadPattern)) throw error;
      return { at: `matchers.${index}.value`, detail: error.message };
    }
  }
  if (matchers.some((matcher) => !valueTest(matcher)(''))) return undefined;
  return {
    at: 'matchers',
    detail:
      'each of them matches a label that is not there, so series would be meant by accident; add one that does not, __name__=~".+" for every series',
  };
}
