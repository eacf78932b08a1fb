/** An alert: a stretch of time in which something is wrong with one series; most are unbroken stretches of anomalies. */
import { z } from 'zod';
import { Labels } from './labels';
import { Instant } from './time';
import { VerdictKind, VerdictPreview } from './verdict';

/**
 * What is wrong: samples are anomalies; none come any more (silent); all have one value (frozen); they come at another pace than
 * they used to (cadence); a limit of the series is crossed, or will be (breach).
 */
export const AlertKind = z.enum(['anomaly', 'silent', 'frozen', 'cadence', 'breach']);
export type AlertKind = z.infer<typeof AlertKind>;

/** How much it matters, as its detector says; in order. */
export const Severity = z.enum(['info', 'warning', 'critical']);
export type Severity = z.infer<typeof Severity>;

export const Alert = z.object({
  id: z.number().int(),
  kind: AlertKind,
  severity: Severity,
  /** The incident that it is a part of; null until it is grouped. */
  incidentId: z.number().int().nullable(),
  seriesId: z.number().int(),
  series: z.object({ name: z.string(), labels: Labels, unit: z.string().nullable() }),
  /** When it began: of anomalies, the time of the first. */
  startsAt: Instant,
  /** Time of the sample that ended it; null while it is firing. */
  endsAt: Instant.nullable(),
  /** The strangest sample of the stretch; of other kinds than anomalies the one that says most, without a score. */
  peak: z.object({
    time: Instant,
    value: z.number(),
    expected: z.number().nullable(),
    lower: z.number().nullable(),
    upper: z.number().nullable(),
    score: z.number().nullable(),
    vrnnShare: z.number().min(0).max(1).nullable(),
  }),
  /** One sentence a person can act on. */
  why: z.string(),
  /** True when it was found in history, long over, and so notified nobody. */
  isHistory: z.boolean(),
  /** How often such statements were right before on this series, of those that are known to be right or wrong. */
  record: z.object({ right: z.number().int(), known: z.number().int() }).nullable(),
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
