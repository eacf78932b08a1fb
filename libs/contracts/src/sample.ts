/** One observation of a series, as `POST /api/v1/samples` takes it, and the answer to a batch of them. */
import { z } from 'zod';
import { Labels, SeriesName } from './labels';

/** ISO 8601 with an offset (or a bare UTC date-time), or epoch milliseconds. */
const SampleTime = z.union(
  [
    z.number('the time is neither ISO 8601 nor epoch milliseconds'),
    z.iso.datetime({
      offset: true,
      local: true,
      error: 'the time is neither ISO 8601 nor epoch milliseconds',
    }),
  ],
  'the time is neither ISO 8601 nor epoch milliseconds',
);

export const Sample = z.object({
  series: SeriesName,
  labels: Labels.optional(),
  time: SampleTime,
  value: z.number('the value is not a finite number'),
});
export type Sample = z.infer<typeof Sample>;

/** Why samples were refused. */
export const RefusalReason = z.enum([
  'unparsable',
  'non_finite',
  'too_old',
  'in_the_future',
  'bad_series',
  'series_limit',
  'not_a_number',
  'native_histogram',
]);
export type RefusalReason = z.infer<typeof RefusalReason>;

export const Refusal = z.object({
  reason: RefusalReason,
  count: z.number().int().positive(),
  /** The first one: where it stood (`[3].value`, `line 7`) and what was wrong with it. */
  first: z.object({ at: z.string(), detail: z.string() }),
});
export type Refusal = z.infer<typeof Refusal>;

export const IngestResult = z.object({ written: z.number().int().nonnegative(), refused: z.array(Refusal) });
export type IngestResult = z.infer<typeof IngestResult>;
