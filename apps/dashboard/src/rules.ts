/** Rules as a person reads and writes them: in words, and as the fields of the form. */
import type {
  AlertKind,
  Detector,
  Direction,
  RuleChange,
  Sensitivity,
  Severity,
} from '@bellwether/contracts';
import { counted, duration, figure } from './words';

/** False alarms per series and week; the same as the API's. */
export const BUDGETS: Record<Sensitivity, number> = { calm: 0.5, balanced: 1, keen: 7 };

export const SENSITIVITIES: { word: Sensitivity; name: string; says: string }[] = [
  { word: 'calm', name: 'Calm', says: 'about one false alarm in two weeks' },
  { word: 'balanced', name: 'Balanced', says: 'about one a week' },
  { word: 'keen', name: 'Keen', says: 'about one a day' },
];

export const DIRECTIONS: [Direction, string][] = [
  ['both', 'Above or below what was expected'],
  ['above', 'Only above what was expected'],
  ['below', 'Only below what was expected'],
];

/** What the form holds, as it was typed. */
export interface RuleFields {
  sensitivity: Sensitivity | 'number';
  budget: string;
  direction: Direction;
  /** Empty: any change. */
  change: string;
  changeIn: 'unit' | 'percent';
  fireAfter: string;
  resolveAfter: string;
  severity: Severity;
  kinds: AlertKind[];
}

type Ruled = Pick<
  Detector,
  'alertBudget' | 'direction' | 'smallestChange' | 'fireAfter' | 'resolveAfter' | 'periodMs'
>;
type FullRule = Ruled & Pick<Detector, 'severity' | 'kinds'>;

export function fieldsOf({
  alertBudget,
  direction,
  smallestChange,
  fireAfter,
  resolveAfter,
  severity,
  kinds,
}: FullRule): RuleFields {
  return {
    sensitivity: wordOf(alertBudget)?.word ?? 'number',
    budget: String(alertBudget),
    direction,
    change: smallestChange === null ? '' : String(smallestChange.value),
    changeIn: smallestChange?.isPercent === true ? 'percent' : 'unit',
    fireAfter: String(fireAfter),
    resolveAfter: String(resolveAfter),
    ...{ severity, kinds },
  };
}

const wordOf = (budget: number) => SENSITIVITIES.find(({ word }) => BUDGETS[word] === budget);

/** What is asked for; what is no number is left for the API to refuse. */
export function changeOf(fields: RuleFields): RuleChange {
  const budget =
    fields.sensitivity === 'number'
      ? { alertBudget: numberIn(fields.budget) }
      : { sensitivity: fields.sensitivity };
  const value = fields.change.trim();
  return {
    ...budget,
    direction: fields.direction,
    smallestChange:
      value === '' ? null : { value: numberIn(value), isPercent: fields.changeIn === 'percent' },
    fireAfter: numberIn(fields.fireAfter),
    resolveAfter: numberIn(fields.resolveAfter),
    severity: fields.severity,
    kinds: fields.kinds,
  };
}

const numberIn = (text: string): number => (text.trim() === '' ? NaN : Number(text));

export function budgetInWords(budget: number): string {
  const alarms = `${figure(budget)} false ${budget === 1 ? 'alarm' : 'alarms'} per series and week`;
  const word = wordOf(budget);
  return word === undefined ? alarms : `${word.name}: ${alarms}`;
}

/** Which samples matter, besides how surprising they are. */
export function changeInWords({ direction, smallestChange }: Ruled): string {
  const side = { both: 'above or below', above: 'above', below: 'below' }[direction];
  if (smallestChange === null) return `any change ${side}`;
  const { value, isPercent } = smallestChange;
  return `${side} by ${figure(value)}${isPercent ? ' %' : ''} or more`;
}

/** `2 strange samples in a row (2 min), ends after 5 calm`. */
export function lastingInWords({ fireAfter, resolveAfter, periodMs }: Ruled): string {
  const time = lasting(fireAfter, periodMs);
  const strange = `${counted(fireAfter, 'strange sample')}${fireAfter === 1 ? '' : ' in a row'}`;
  return `${strange}${time === '' ? '' : ` (${time})`}, ends after ${figure(resolveAfter)} calm`;
}

/** The time that so many samples mean; empty where it is not known. */
export const lasting = (samples: number, periodMs: number | null): string =>
  periodMs === null || !Number.isFinite(samples) || samples < 1 ? '' : duration(samples * periodMs);

const LABELS: Record<string, string> = {
  alertBudget: 'False alarms',
  sensitivity: 'How sensitive',
  direction: 'Direction',
  smallestChange: 'Smallest change',
  'smallestChange.value': 'Smallest change',
  fireAfter: 'How long it must last',
  resolveAfter: 'Calm samples until it ends',
  severity: 'Severity',
  kinds: 'Kinds of alerts',
};

/** What the API refused, by the names that the fields have on screen. */
export const refusalInWords = (errors: { at: string; detail: string }[]): string =>
  errors.map(({ at, detail }) => `${LABELS[at] ?? at}: ${detail.replace(at, 'it')}`).join('. ');
