/** Sums up vitest's JSON reports. */
import { relative } from 'node:path';

/** `{ passed, failed, skipped }` of one run; a run that failed without a failed test (nothing found, a broken file) counts as one failure. */
export function tally(report, exitCode) {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const brokenFiles = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  );
  const failed = tests.filter(({ status }) => status === 'failed').length + brokenFiles.length;
  const hasUnseenFailure = failed === 0 && (exitCode !== 0 || tests.length === 0);
  return {
    passed,
    failed: hasUnseenFailure ? 1 : failed,
    skipped: tests.length - passed - (failed - brokenFiles.length),
  };
}

/** What failed, one entry each with the first lines of its error: the end of a long log says it all. */
export function failuresOf(report, root) {
  return (report?.testResults ?? []).flatMap(({ name, status, message, assertionResults }) => {
    const where = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [`${where}\n${firstLines(message)}`] : [];
    return failed.map(
      (test) => `${where} > ${test.fullName}\n${firstLines(test.failureMessages.join('\n'))}`,
    );
  });
}

const SHOWN_LINES = 12;

const firstLines = (text = '') =>
  text
    .split('\n')
    .slice(0, SHOWN_LINES)
    .map((line) => `    ${line}`)
    .join('\n');

export function sum(tallies) {
  return tallies.reduce(
    (total, each) => ({
      passed: total.passed + each.passed,
      failed: total.failed + each.failed,
      skipped: total.skipped + each.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

/** The closing line: "12 passed, 0 failed", with ", 1 skipped" if any. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
