/** An alert: an unbroken stretch of anomalies on one series. */
import { z } from 'zod';
import { Labels } from './labels';
import { Instant } from './time';
import { VerdictKind, VerdictPreview } from './verdict';

export const Alert = z.object({
  id: z.number().int(),
  seriesId: z.number().int(),
  series: z.object({ name: z.string(), labels: Labels, unit: z.string().nullable() }),
  /** Time of its first anomaly. */
  startsAt: Instant,
  /** Time of the sample that resolved it; null while it is firing. */
  endsAt: Instant.nullable(),
  /** The strangest sample of the stretch. */
  peak: z.object({
    time: Instant,
    value: z.number(),
    expected: z.number().nullable(),
    lower: z.number().nullable(),
    upper: z.number().nullable(),
    score: z.number(),
    vrnnShare: z.number().min(0).max(1),
  }),
  /** One sentence a person can act on. */
  why: z.string(),
  /** True when it was found in history, long over, and so notified nobody. */
  isHistory: z.boolean(),
  /** The version of the detector's rule that was valid when it began. */
  ruleVersion: z.number().int(),
  /** What a person said of it; null: nothing yet. */
  verdict: VerdictKind.nullable(),
});
export type Alert = z.infer<typeof Alert>;

/** What a link in a notification shows; `preview` is of the verdict that was asked about. */
export const VerdictLinkAnswer = z.object({
  alert: Alert,
  preview: VerdictPreview.nullable(),
  expiresAt: Instant,
});
export type VerdictLinkAnswer = z.infer<typeof VerdictLinkAnswer>;

export const AlertQuery = z.object({
  state: z.enum(['firing', 'resolved']).optional(),
  series: z.coerce.number().int().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});
export type AlertQuery = z.infer<typeof AlertQuery>;
