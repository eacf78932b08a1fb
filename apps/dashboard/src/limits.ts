/** The limits of a series as a person reads and writes them: in words, and as the fields of the form. Pure. */
import type { Series, SeriesChange } from '@bellwether/contracts';
import { percent, quantity } from './words';

type Limited = Pick<Series, 'unit' | 'upperLimit' | 'lowerLimit' | 'breachProbability'>;

/** How sure a forecast has to be where nothing else is said; the API's. */
const PROBABILITY = 0.8;

/** What the form holds, as it was typed; the probability is in percent. */
export interface LimitFields {
  upper: string;
  lower: string;
  probability: string;
}

export const limitFieldsOf = ({ upperLimit, lowerLimit, breachProbability }: Limited): LimitFields => ({
  upper: upperLimit?.toString() ?? '',
  lower: lowerLimit?.toString() ?? '',
  probability: breachProbability === null ? '' : String(Number((breachProbability * 100).toFixed(2))),
});

/** What is empty is removed. */
export const limitsIn = ({ upper, lower, probability }: LimitFields): SeriesChange => ({
  upperLimit: upper === '' ? null : Number(upper),
  lowerLimit: lower === '' ? null : Number(lower),
  breachProbability: probability === '' ? null : Number((Number(probability) / 100).toFixed(4)),
});

/** A limit that is set, as a line of a chart. */
export interface LimitLine {
  value: number;
  words: string;
  isUpper: boolean;
}

export function limitLines({ upperLimit, lowerLimit, unit }: Limited): LimitLine[] {
  const line = (value: number | null, isUpper: boolean): LimitLine[] =>
    value === null
      ? []
      : [{ value, isUpper, words: `${isUpper ? 'upper' : 'lower'} limit: ${quantity(value, unit)}` }];
  return [...line(upperLimit, true), ...line(lowerLimit, false)];
}

/** `10 % to 90 %`, `at most 90 %`; null where none is set. */
export function limitsInWords({ upperLimit, lowerLimit, unit }: Limited): string | null {
  if (upperLimit === null && lowerLimit === null) return null;
  if (lowerLimit === null) return `at most ${quantity(upperLimit, unit)}`;
  if (upperLimit === null) return `at least ${quantity(lowerLimit, unit)}`;
  return `${quantity(lowerLimit, unit)} to ${quantity(upperLimit, unit)}`;
}

export const sureInWords = ({ breachProbability }: Limited): string =>
  `Told as soon as a forecast is ${percent(breachProbability ?? PROBABILITY)} sure that a sample will be beyond.`;

const NAMES: Record<string, string> = {
  upperLimit: 'Upper limit',
  lowerLimit: 'Lower limit',
  breachProbability: 'How sure',
  periodMs: 'Period',
  unit: 'Unit',
};

/** `lowerLimit: 5 is not below …` is `Lower limit: 5 is not below …` in the form. */
export const inFormWords = (refusal: string): string =>
  refusal.replace(/(^|; )(\w+)(?=:)/g, (path, before: string, name: string) =>
    name in NAMES ? `${before}${NAMES[name]}` : path,
  );
