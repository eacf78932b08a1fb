import { AlertKind, RuleChange, SENSITIVITY_BUDGETS } from '@bellwether/contracts';
import { describe, expect, test } from 'vitest';
import {
  BUDGETS,
  budgetInWords,
  changeInWords,
  changeOf,
  fieldsOf,
  lasting,
  lastingInWords,
  refusalInWords,
} from './rules';

const rule = {
  ...{ alertBudget: 1, fireAfter: 2, resolveAfter: 5, periodMs: 60_000 },
  ...{ direction: 'both' as const, smallestChange: null },
  ...{ severity: 'warning' as const, kinds: [...AlertKind.options] },
};

test('the words mean what they mean to the API', () => expect(BUDGETS).toEqual(SENSITIVITY_BUDGETS));

describe('a rule in words', () => {
  test.each([
    [1, 'Balanced: 1 false alarm per series and week'],
    [0.5, 'Calm: 0.5 false alarms per series and week'],
    [2.5, '2.5 false alarms per series and week'],
  ])('a budget of %d', (budget, words) => expect(budgetInWords(budget)).toBe(words));

  test.each([
    [{}, 'any change above or below'],
    [{ direction: 'above' as const }, 'any change above'],
    [{ smallestChange: { value: 5, isPercent: true } }, 'above or below by 5 % or more'],
    [
      { direction: 'below' as const, smallestChange: { value: 0.2, isPercent: false } },
      'below by 0.2 or more',
    ],
  ])('%j', (change, words) => expect(changeInWords({ ...rule, ...change })).toBe(words));

  test.each([
    [{}, '2 strange samples in a row (2 min), ends after 5 calm'],
    [{ fireAfter: 1, periodMs: null }, '1 strange sample, ends after 5 calm'],
  ])('%j lasts', (change, words) => expect(lastingInWords({ ...rule, ...change })).toBe(words));

  test('no time is said of what is no number', () => expect(lasting(NaN, 1000)).toBe(''));
});

describe('the fields of the form', () => {
  test.each([
    [rule, { sensitivity: 'balanced', smallestChange: null }],
    [
      { ...rule, alertBudget: 2.5 },
      { alertBudget: 2.5, direction: 'both' },
    ],
    [
      { ...rule, severity: 'critical' as const, kinds: ['silent' as const] },
      { severity: 'critical', kinds: ['silent'] },
    ],
    [
      { ...rule, smallestChange: { value: 5, isPercent: true } },
      { smallestChange: { value: 5, isPercent: true }, fireAfter: 2, resolveAfter: 5 },
    ],
  ])('ask for what they were filled from', (from, change) => {
    expect(changeOf(fieldsOf(from))).toMatchObject(change);
    expect(RuleChange.safeParse(changeOf(fieldsOf(from))).success).toBe(true);
  });

  test('leave what is no number to be refused, in the words of the form', () => {
    const fields = { ...fieldsOf(rule), fireAfter: ' ', sensitivity: 'number' as const, budget: '2000' };
    const issues = RuleChange.safeParse(changeOf(fields)).error!.issues;
    expect(refusalInWords(issues.map(({ path, message }) => ({ at: path.join('.'), detail: message })))).toBe(
      'False alarms: the budget is at most 1000 false alarms per series and week. How long it must last: it is a whole number from 1 to 100',
    );
  });
});
