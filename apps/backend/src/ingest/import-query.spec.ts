import { expect, test } from 'vitest';
import { ImportQuery, nameOfFile } from './import-query';

test.each([
  ['site=x, rack=7=8', { site: 'x', rack: '7=8' }],
  ['{"site":"x"}', { site: 'x' }],
  ['', {}],
])('reads the labels %s', (text, labels) => {
  expect(ImportQuery.parse({ labels: text }).labels).toEqual(labels);
});

test.each(['x', '=x', '{"site":7}', '{', '[]'])('refuses the labels %s', (labels) => {
  expect(ImportQuery.safeParse({ labels }).success).toBe(false);
});

test.each([
  ['C:\\data\\room 1.csv', 'room 1'],
  ['../../etc/passwd.tar.gz', 'passwd.tar'],
  ['.csv', 'import'],
  [undefined, 'import'],
])('the file %s makes the name %s', (file, name) => {
  expect(nameOfFile(file)).toBe(name);
});
