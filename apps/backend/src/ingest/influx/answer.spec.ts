import { describe, expect, test } from 'vitest';
import type { IngestResult, RefusalReason } from '@bellwether/contracts';
import { countSkipped, explainPartial, isCreateDatabase, queryInForm } from './answer';

const first = { at: 'line 1, column 3', detail: 'no' };
const result = (...refused: [RefusalReason, number][]): IngestResult => ({
  written: 0,
  refused: refused.map(([reason, count]) => ({ reason, count, first })),
});

describe('refusals in the words of InfluxDB', () => {
  test('name each kind, where the first stood, and how many in all', () => {
    expect(explainPartial(result(['unparsable', 2], ['too_old', 1]))).toBe(
      'partial write: 2 unparsable, 1 too_old; the first, line 1, column 3: no dropped=3',
    );
  });
  test('leave out strings, which are no mistake', () => {
    expect(explainPartial(result(['not_a_number', 2]))).toBeUndefined();
    expect(explainPartial(result(['not_a_number', 2], ['too_old', 1]))).toContain('dropped=1');
    expect(countSkipped(result(['not_a_number', 2]))).toBe(2);
    expect(countSkipped(result())).toBe(0);
  });
});

test.each([
  ['CREATE DATABASE "telegraf"', true],
  ['create database x;', true],
  ['  CREATE  DATABASE "a b" WITH DURATION 3d', true],
  ['CREATE DATABASE', false],
  ['CREATE DATABASE x; DROP DATABASE y', false],
  ['SHOW DATABASES', false],
  ['', false],
])('%j creates a database: %s', (query, expected) => {
  expect(isCreateDatabase(query)).toBe(expected);
});

test.each<[unknown, string | undefined, string | undefined]>([
  [
    Buffer.from('q=CREATE+DATABASE+%22telegraf%22'),
    'application/x-www-form-urlencoded',
    'CREATE DATABASE "telegraf"',
  ],
  [Buffer.from('db=x'), 'application/x-www-form-urlencoded', undefined],
  [Buffer.from('q=x'), 'text/plain', undefined],
  [undefined, 'application/x-www-form-urlencoded', undefined],
])('the form %s asks for its query', (body, type, query) => {
  expect(queryInForm(body, type)).toBe(query);
});
