/** The pure parts of the tools. */
import { describe, expect, it } from 'vitest';
import { ancestors } from './processes.mjs';
import { checkNode, failuresIn, inWords, matches } from './setup.mjs';
import { closingLine, failuresOf, sum, tally } from './tally.mjs';

describe('Node', () => {
  it.each(['20.19.0', '20.20.2', '22.12.0', '24.0.0'])('%s is new enough', (version) => {
    expect(() => checkNode(version)).not.toThrow();
  });

  it.each(['16.20.2', '18.20.8', '20.18.3'])('%s is too old', (version) => {
    expect(() => checkNode(version)).toThrow(`needs Node 20.19 or newer; this is Node ${version}`);
  });
});

describe('installed packages', () => {
  const lock = {
    packages: {
      '': { name: 'bellwether' },
      'apps/backend': { version: '0.1.0' },
      'node_modules/@bellwether/backend': { resolved: 'apps/backend', link: true },
      'node_modules/pg': { version: '8.0.0' },
      'node_modules/swc-darwin': { version: '1.0.0', optional: true },
    },
  };
  const link = lock.packages['node_modules/@bellwether/backend'];
  const installed = (packages) => ({ packages: { 'node_modules/@bellwether/backend': link, ...packages } });

  it.each([
    ['match without those for other platforms', { 'node_modules/pg': { version: '8.0.0' } }, true],
    ['do not match in another version', { 'node_modules/pg': { version: '7.9.0' } }, false],
    ['do not match with one missing', {}, false],
    [
      'do not match with one too many',
      { 'node_modules/pg': { version: '8.0.0' }, 'node_modules/left-pad': { version: '1.0.0' } },
      false,
    ],
  ])('%s', (_, packages, expected) => {
    expect(matches(lock, installed(packages))).toBe(expected);
  });
});

describe('what Nx says', () => {
  it.each([
    [' NX   Successfully ran target build for 4 projects\n', '4 projects'],
    [' NX   Successfully ran target build for project @bellwether/models\n', 'one project'],
    [
      ' NX   Successfully ran target lint for 5 projects\n\nNx read the output from the cache instead of running the command for 3 out of 5 tasks.',
      '5 projects (3 from cache)',
    ],
  ])('is told in a few words', (output, expected) => expect(inWords(output)).toBe(expected));

  it('is reduced to what failed', () => {
    const output = [
      '> nx run a:build\n\nfine\n',
      '> nx run b:build\n\nerror TS6133\n',
      ' NX   Running target build for 2 projects failed\n\nFailed tasks:\n\n- b:build\n',
    ].join('\n');
    expect(failuresIn(output)).toBe('> nx run b:build\n\nerror TS6133');
  });

  it('is kept whole where no task is named', () => {
    expect(failuresIn('Cannot read nx.json\n')).toBe('Cannot read nx.json');
  });
});

describe('the tally', () => {
  const file = (status, ...statuses) => ({
    status,
    assertionResults: statuses.map((each) => ({ status: each })),
  });
  const report = (...testResults) => ({ testResults });

  it.each([
    ['counts tests', report(file('passed', 'passed', 'passed', 'skipped')), 0, [2, 0, 1]],
    ['counts failures', report(file('failed', 'passed', 'failed', 'todo')), 1, [1, 1, 1]],
    [
      'counts a file that broke before its tests',
      report(file('failed'), file('passed', 'passed')),
      1,
      [1, 1, 0],
    ],
    ['counts a file whose preparation failed', report(file('failed', 'skipped', 'skipped')), 1, [0, 1, 2]],
    ['counts an error outside the tests', report(file('passed', 'passed')), 1, [1, 1, 0]],
    ['counts a suite without tests as failed', report(), 0, [0, 1, 0]],
    ['counts a report that never came as failed', undefined, 0, [0, 1, 0]],
  ])('%s', (_, given, exitCode, [passed, failed, skipped]) => {
    expect(tally(given, exitCode)).toEqual({ passed, failed, skipped });
  });

  it('names what failed, with the first lines of why', () => {
    const test = { status: 'failed', fullName: 'a gap is filled', failureMessages: ['expected 1\nto be 2'] };
    const inTest = { name: '/r/a.spec.ts', status: 'failed', assertionResults: [{ status: 'passed' }, test] };
    const inFile = { name: '/r/b.spec.ts', status: 'failed', message: 'No such file', assertionResults: [] };
    const { testResults } = report(inTest, inFile, { ...file('passed', 'passed'), name: '/r/c.spec.ts' });
    expect(failuresOf({ testResults }, '/r')).toEqual([
      'a.spec.ts > a gap is filled\n    expected 1\n    to be 2',
      'b.spec.ts\n    No such file',
    ]);
    expect(failuresOf(undefined, '/r')).toEqual([]);
  });

  it('is one plain line over all suites', () => {
    const total = sum([
      { passed: 3, failed: 0, skipped: 0 },
      { passed: 4, failed: 1, skipped: 0 },
    ]);
    expect(closingLine(total)).toBe('7 passed, 1 failed');
    expect(closingLine({ ...total, skipped: 2 })).toBe('7 passed, 1 failed, 2 skipped');
  });
});

describe('the way up to npm', () => {
  const tree = { 5: { name: 'sh', parent: 4 }, 4: { name: 'npm start', parent: 1 } };
  const look = (pid) => tree[pid];

  it('goes through the shell', () => expect(ancestors(5, look)).toEqual([5, 4]));
  it('ends at npm', () => expect(ancestors(4, look)).toEqual([4]));
  it('changes when npm dies under the shell', () => {
    expect(ancestors(5, () => ({ name: 'sh', parent: 1 }))).not.toEqual(ancestors(5, look));
  });
  it('is empty once the parent is gone', () => expect(ancestors(9, look)).toEqual([]));
});
