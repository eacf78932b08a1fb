/** Rules: which anomalies of a detector become alerts; each change is a new version, valid from its time on. Pure. */
import { type Detector, type RuleChange, SENSITIVITY_BUDGETS } from '@bellwether/contracts';

export type Rule = Pick<
  Detector,
  'alertBudget' | 'fireAfter' | 'resolveAfter' | 'direction' | 'smallestChange' | 'kinds' | 'severity'
>;

/** When a version became valid; −Infinity: it always was. */
export interface Since {
  version: number;
  sinceMs: number;
}
export type RuleVersion = Rule & Since;

/** The version that was valid at a time: the newest of those that had begun. `versions` are in order, the first valid always. */
export const validAt = <T extends Since>(versions: readonly T[], time: Date): T =>
  versions.findLast(({ sinceMs }) => sinceMs <= time.getTime()) ?? versions[0]!;

/** The rule that a change asks for; what it leaves out stays. */
export function changed(rule: Rule, { sensitivity, ...change }: RuleChange): Rule {
  const { alertBudget, fireAfter, resolveAfter, direction, smallestChange, kinds, severity } = rule;
  const budget = sensitivity ? { alertBudget: SENSITIVITY_BUDGETS[sensitivity] } : {};
  const present = { alertBudget, fireAfter, resolveAfter, direction, smallestChange, kinds, severity };
  return { ...present, ...budget, ...change };
}
