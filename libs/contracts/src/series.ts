/** A series: one measured quantity, identified by its name and labels. */
import { z } from 'zod';
import { Labels } from './labels';
import { Instant } from './time';

/**
 * What Bellwether can say about a series now:
 * collecting (not enough samples yet), unmodelled (no model possible: `why` says so), training, watching, firing.
 */
export const SeriesState = z.enum(['collecting', 'unmodelled', 'training', 'watching', 'firing']);
export type SeriesState = z.infer<typeof SeriesState>;

export const Series = z.object({
  id: z.number().int(),
  name: z.string(),
  labels: Labels,
  unit: z.string().nullable(),
  /** Its value only grows, and begins anew: its rate a second is watched in its place. */
  isCounter: z.boolean(),
  /** The counter whose rate this is. */
  rateOf: z.number().int().nullable(),
  /** Milliseconds between samples; null until it can be inferred or is set. */
  periodMs: z.number().int().positive().nullable(),
  periodIsSet: z.boolean(),
  /** Values that it should not go beyond, and how sure a forecast has to be that it will; null: none is set. */
  upperLimit: z.number().nullable(),
  lowerLimit: z.number().nullable(),
  breachProbability: z.number().nullable(),
  firstSampleAt: Instant.nullable(),
  lastSampleAt: Instant.nullable(),
  lastValue: z.number().nullable(),
  /** Surprise of the newest scored sample: −log10 of its tail probability. */
  score: z.number().nullable(),
  /** Largest score among the newest 60 scored samples. */
  peakScore: z.number().nullable(),
  state: SeriesState,
  /** One sentence: why the state is what it is. */
  why: z.string(),
});
export type Series = z.infer<typeof Series>;

export const SeriesQuery = z.object({
  search: z.string().max(200).optional(),
  /** `key=value`; may be given several times. */
  label: z.union([z.string(), z.array(z.string()).max(20)]).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});
export type SeriesQuery = z.infer<typeof SeriesQuery>;

const MAX_LIMIT = 1e300;
/** null: none. */
const Limit = z
  .number('a limit is a number')
  .min(-MAX_LIMIT, 'a limit is at least -1e300')
  .max(MAX_LIMIT, 'a limit is at most 1e300')
  .nullable();

export const SeriesChange = z
  .object({
    /** null: infer it again. */
    periodMs: z
      .number()
      .int()
      .min(1)
      .max(31 * 86_400_000)
      .nullable(),
    unit: z.string().trim().max(40).nullable(),
    /** true: a series of its rate is made and watched in its place; false: that series is removed. */
    isCounter: z.boolean(),
    upperLimit: Limit,
    lowerLimit: Limit,
    /** null: 0.8. */
    breachProbability: z
      .number('the probability is a number')
      .min(0.5, 'the probability is at least 0.5')
      .max(0.95, 'the probability is at most 0.95: forecasts know no more of the tails')
      .nullable(),
  })
  .partial()
  .strict();
export type SeriesChange = z.infer<typeof SeriesChange>;
