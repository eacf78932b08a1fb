/** Verdicts as a person reads them. */
import type { VerdictKind } from '@bellwether/contracts';

export const VERDICTS: { kind: VerdictKind; name: string; meaning: string }[] = [
  { kind: 'real', name: 'Real', meaning: 'Something was wrong.' },
  {
    kind: 'expected',
    name: 'Expected',
    meaning: 'It was unusual, and no surprise: a backup, a release, a holiday.',
  },
  {
    kind: 'false_alarm',
    name: 'False alarm',
    meaning: 'Nothing was wrong: alerts like this one should not come.',
  },
  {
    kind: 'new_normal',
    name: 'New normal',
    meaning: 'The series is different from here on, and that is right.',
  },
];

export const verdictName = (kind: VerdictKind): string =>
  VERDICTS.find((verdict) => verdict.kind === kind)!.name;
