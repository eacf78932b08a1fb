import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadPattern, compile, matchesAll } from './pattern';

const matches = (pattern: string, text: string): boolean => matchesAll(compile(pattern), text);

describe('a pattern matches all of a text, and nothing less', () => {
  test.each([
    ['api', 'api', 'my-api api2 ap'],
    ['a|b', 'a b', 'ab c'],
    ['api|web.*', 'api web web-1', 'api-1 my-web'],
    ['node-[0-9]+', 'node-1 node-42', 'node- node-x xnode-1'],
    ['node-\\d{2,3}', 'node-12 node-123', 'node-1 node-1234'],
    ['[^a-c]x', 'dx -x', 'ax x'],
    ['[]a-]+', 'a ] - a]-', 'b'],
    ['(eu|us)-(west|east)-?', 'eu-west us-east-', 'eu us-north'],
    ['(?:ab)*c', 'c abc ababc', 'ac abab'],
    ['^api$', 'api', 'apis'],
    ['a.c', 'abc aüc a😀c', 'ac abbc'],
    ['1\\.5', '1.5', '1x5'],
    ['[\\W\\d]+', '1 -2', 'a _'],
    ['ab{0}c?', 'a ac', 'ab'],
    ['a+?b??', 'a aab', 'b'],
  ])('%s', (pattern, yes, no) => {
    for (const text of yes.split(' ')) expect(matches(pattern, text), text).toBe(true);
    for (const text of no.split(' ')) expect(matches(pattern, text), text).toBe(false);
  });

  test('the empty text too', () => {
    expect(['', 'a*', '(|a)', '^$', '()*'].map((pattern) => matches(pattern, ''))).not.toContain(false);
    expect(['.', 'a+', '.+'].map((pattern) => matches(pattern, ''))).not.toContain(true);
  });
});

test.each([
  ['(', 'not closed'],
  [')', 'closes nothing'],
  ['[a', 'not closed'],
  ['[]', 'not closed'],
  ['*a', 'repeats nothing'],
  ['a**', 'repeated again'],
  ['a{2}{3}', 'repeated again'],
  ['a{', 'not followed by a count'],
  ['a{3,2}', 'smaller one first'],
  ['a{201}', 'at most 200'],
  ['(((a{100}){100}){100}){100}', 'too large'],
  ['((((){200}){200}){200}){200}', 'too large'],
  ['(a)\\1', '\\1 is not understood'],
  ['(?=a)', 'only (?:'],
  ['(?i)a', 'only (?:'],
  ['\\pL', 'not understood'],
  ['[[:alpha:]]', 'write the range'],
  ['[z-a]', 'goes upwards'],
  ['[a-\\d]', 'goes from one character'],
  ['a\\', 'ends with'],
])('%s is refused, with what to do', (pattern, detail) => {
  expect(() => compile(pattern)).toThrow(BadPattern);
  expect(() => compile(pattern)).toThrow(detail);
});

// One that tries every way of it would need longer than the universe has been there.
test.each([['(a*)*b'], ['(a|a)*b'], ['(a+)+$b'], ['(a|aa)+b'], ['(.*){20}b']])(
  '%s takes no time',
  (pattern) => {
    expect(matches(pattern, 'a'.repeat(200))).toBe(false);
    expect(matches(pattern.replace('$', ''), `${'a'.repeat(199)}b`)).toBe(true);
  },
);

test('what is understood means what it means to everybody else', () => {
  const { pattern } = fc.letrec<{ atom: string; pattern: string }>((tie) => ({
    atom: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '[a-c]', '\\w', '\\d', '\\.', 'ü', '1'),
      tie('pattern').map((inner) => `(${inner})`),
      tie('pattern').map((inner) => `(?:${inner})`),
    ),
    pattern: fc
      .array(fc.tuple(tie('atom'), fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '{0,3}', '|')), {
        maxLength: 4,
      })
      .map((parts) => parts.flat().join('')),
  }));
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', '1', '.', 'ü'), { maxLength: 6 })
    .map((all) => all.join(''));
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      fc.pre(pattern.length <= 30);
      expect(matches(pattern, text)).toBe(new RegExp(`^(?:${pattern})$`, 'u').test(text));
    }),
    { numRuns: 2_000 },
  );
});

test('whatever is typed is understood or refused in words', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ maxLength: 20 }),
      (pattern, text) => {
        try {
          expect(typeof matches(pattern, text)).toBe('boolean');
        } catch (error) {
          expect(error).toBeInstanceOf(BadPattern);
        }
      },
    ),
  );
});
