/** Series: which two are the same one, and what can be said about one now. Pure. */
import { MAX_NAME_LENGTH, type Labels, type Series, type SeriesState } from '@bellwether/contracts';
import { MIN_SAMPLES } from '@bellwether/models/grid';

/** What makes a series this one and no other. Equal series have equal keys. */
export interface SeriesIdentity {
  name: string;
  labels: Labels;
  key: string;
  /** Said by the protocol that brought it: its value only grows, and begins anew. */
  isCounter?: boolean;
}

/** The identity of a series: labels in the order of their names; an empty one is as good as none, as in Prometheus. */
export function identify(name: string, labels: Labels = {}): SeriesIdentity {
  const names = Object.keys(labels).filter((label) => labels[label] !== '');
  if (names.length === 0) return { name, labels: {}, key: name };
  const pairs = names.sort().map((label) => [label, labels[label]!] as const);
  return { name, labels: Object.fromEntries(pairs), key: `${name}\n${JSON.stringify(pairs)}` };
}

/** How the series is called that holds a counter's increase by the second. */
export const rateName = (name: string): string => `rate(${name})`;

/** Whether a new series gets a rate beside it: a counter, unless there is no room for the rate's name. */
export const isRated = ({ name, isCounter }: SeriesIdentity): boolean =>
  isCounter === true && rateName(name).length <= MAX_NAME_LENGTH;

/** Samples it takes until a training on them is worth the while; about two windows to learn from and one to judge by. */
export const SAMPLES_TO_TRAIN = 130;

export interface Facts {
  periodMs: number | null;
  /** First and last sample, epoch ms; null: none has arrived. */
  span: { fromMs: number; toMs: number } | null;
  /** Why no model can be learnt from it; null: nothing stands against one. */
  unmodelled: string | null;
  /** Whether models of its period serve. */
  hasChampion: boolean;
  isScored: boolean;
  /** What the training of its period that has not ended is doing; null: there is none. */
  trainingStep: string | null;
  /** Start of the alert that has not ended, epoch ms. */
  firingSinceMs: number | null;
  /** A counter's name: its rate is watched in its place. */
  counter: string | null;
}

/** The state of a series and one sentence that says why. The first that applies: an alert outlives the model that found it. */
export function judge(facts: Facts): { state: SeriesState; why: string } {
  if (facts.firingSinceMs !== null)
    return {
      state: 'firing',
      why: `firing: unusual since ${inWords(facts.firingSinceMs)}`,
    };
  if (facts.counter !== null)
    return { state: 'unmodelled', why: `a counter: what is watched is ${rateName(facts.counter)}` };
  if (facts.unmodelled !== null) return { state: 'unmodelled', why: facts.unmodelled };
  if (facts.hasChampion && (facts.isScored || steps(facts) >= MIN_SAMPLES))
    return { state: 'watching', why: watching(facts) };
  if (facts.trainingStep !== null && facts.span !== null)
    return { state: 'training', why: `training: ${facts.trainingStep}` };
  return { state: 'collecting', why: collecting(facts) };
}

/** 2026-01-31 12:00:00 UTC */
const inWords = (timeMs: number): string =>
  `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const watching = ({ isScored }: Facts): string =>
  isScored
    ? 'watching: every new sample is scored'
    : 'watching: a model of its period is there, the first score comes with its next samples';

/** Steps between the first and the newest sample, both counted. */
const steps = ({ span, periodMs }: Facts): number =>
  span === null || periodMs === null ? 0 : Math.floor((span.toMs - span.fromMs) / periodMs) + 1;

function collecting(facts: Facts): string {
  if (facts.span === null) return 'collecting: no sample has arrived yet';
  if (facts.periodMs === null) return 'collecting: too few samples yet to see how far apart they come';
  const count = steps(facts);
  if (facts.hasChampion) return `collecting: ${count} of ${MIN_SAMPLES} samples it takes to be scored`;
  if (count < SAMPLES_TO_TRAIN)
    return `collecting: ${count} of about ${SAMPLES_TO_TRAIN} samples it takes to train`;
  return 'collecting: enough samples to train, the next training takes it in';
}

/** A row of the store's one query. */
export interface SeriesRow {
  id: number;
  name: string;
  labels: Labels;
  unit: string | null;
  is_counter: boolean;
  rate_of: number | null;
  /** bigint, so text on the wire */
  period_ms: string | null;
  period_is_set: boolean;
  upper_limit: number | null;
  lower_limit: number | null;
  breach_probability: number | null;
  first_sample_at: Date | null;
  last_sample_at: Date | null;
  last_value: number | null;
  score: number | null;
  peak_score: number | null;
  unmodelled: string | null;
  has_champion: boolean;
  training_step: string | null;
  firing_since: Date | null;
}

export function toSeries(row: SeriesRow): Series {
  const periodMs = row.period_ms === null ? null : Number(row.period_ms);
  const { first_sample_at: first, last_sample_at: last } = row;
  return {
    id: row.id,
    name: row.name,
    labels: row.labels,
    unit: row.unit,
    isCounter: row.is_counter,
    rateOf: row.rate_of,
    periodMs,
    periodIsSet: row.period_is_set,
    upperLimit: row.upper_limit,
    lowerLimit: row.lower_limit,
    breachProbability: row.breach_probability && Number(row.breach_probability.toPrecision(6)),
    firstSampleAt: first?.toISOString() ?? null,
    lastSampleAt: last?.toISOString() ?? null,
    lastValue: row.last_value,
    score: row.score,
    peakScore: row.peak_score,
    ...judge({
      periodMs,
      span: first && last && { fromMs: first.getTime(), toMs: last.getTime() },
      unmodelled: row.unmodelled,
      hasChampion: row.has_champion,
      isScored: row.score !== null,
      trainingStep: row.training_step,
      firingSinceMs: row.firing_since?.getTime() ?? null,
      counter: row.is_counter ? row.name : null,
    }),
  };
}

/** A pattern of LIKE that finds `text` anywhere, whatever wildcards it holds. */
export const contains = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;
