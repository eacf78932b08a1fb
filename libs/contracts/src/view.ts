/** The series page's read model: columns over one time axis, so that 1,000 buckets stay small on the wire. */
import { z } from 'zod';
import { Alert } from './alert';
import { Series } from './series';
import { Instant } from './time';

const Column = z.array(z.number().nullable());

export const ViewQuery = z.object({
  from: z.union([z.iso.datetime({ offset: true }), z.coerce.number()]).optional(),
  to: z.union([z.iso.datetime({ offset: true }), z.coerce.number()]).optional(),
  points: z.coerce.number().int().min(10).max(2000).default(600),
});
export type ViewQuery = z.infer<typeof ViewQuery>;

/** Predictive distribution over the horizon; all columns have the length of `time` (epoch ms). */
export const Forecast = z.object({
  issuedAt: Instant,
  time: z.array(z.number()),
  q05: z.array(z.number()),
  q25: z.array(z.number()),
  q50: z.array(z.number()),
  q75: z.array(z.number()),
  q95: z.array(z.number()),
});
export type Forecast = z.infer<typeof Forecast>;

export const SeriesView = z.object({
  series: Series,
  from: Instant,
  to: Instant,
  /** Width of a bucket in ms (0: raw samples) and the table it was read from. */
  resolution: z.object({ bucketMs: z.number(), source: z.string() }),
  /** Left edge of each bucket, epoch ms; every column below has this length. */
  time: z.array(z.number()),
  /** Mean, smallest and largest sample of the bucket. */
  samples: z.object({ value: Column, min: Column, max: Column }),
  expected: Column,
  /** 90 % predictive band: 5 % and 95 % quantiles. */
  band: z.object({ lower: Column, upper: Column }),
  /** Largest score of the bucket. */
  scores: Column,
  threshold: z.number().nullable(),
  alerts: z.array(Alert),
  forecast: Forecast.nullable(),
});
export type SeriesView = z.infer<typeof SeriesView>;
