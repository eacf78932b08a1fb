import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findSyntaxError } from './json-syntax';

test.each([
  ['', 1, 1, 'the text ends where a value was expected'],
  ['[1, 2', 1, 6, 'the text ends where "," or the end was expected'],
  ['{"a": 1,}', 1, 9, '"}" stands where a name was expected'],
  ['{"a" "b"}', 1, 6, '"\\"" stands where ":" was expected'],
  ['[1]]', 1, 4, '"]" stands where the end was expected'],
  ['[01]', 1, 2, '"01" stands where a value or "]" was expected'],
  ['[1}', 1, 3, '"}" stands where "," or the end was expected'],
  ['{"a": .5}', 1, 7, '"." stands where a value was expected'],
  ['[true,\n  nul]', 2, 3, '"nul" stands where a value was expected'],
])('%s', (text, line, column, what) => {
  expect(findSyntaxError(text)).toEqual({ line, column, what });
});

test.each(['"a', '"\\x"', '"\u0001"'])('says that a string is bad: %j', (text) => {
  expect(findSyntaxError(text).what).toMatch(/^a string that does not end/);
});

test('goes through all of what JSON.parse takes', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (json) => {
      const { line, column, what } = findSyntaxError(json);
      expect({ line, column, what }).toEqual({
        line: 1,
        column: json.length + 1,
        what: 'the text ends where the end was expected',
      });
    }),
  );
});

test('never goes past what was changed, and never fails', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.string({ minLength: 1, maxLength: 3 }), (json, seed, noise) => {
      const at = seed % (json.length + 1);
      const broken = json.slice(0, at) + noise + json.slice(at + noise.length);
      expect(findSyntaxError(broken).column).toBeGreaterThan(0);
    }),
  );
});

test.each([
  ['a string', `["${'x'.repeat(20_000_000)}`],
  ['a number', `[${'1'.repeat(20_000_000)}x`],
  ['space', `[${' '.repeat(20_000_000)}x`],
])('survives %s of megabytes', (_, text) => {
  expect(findSyntaxError(text).line).toBe(1);
});
