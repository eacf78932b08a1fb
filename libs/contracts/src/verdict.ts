/** A verdict: what a person says of an alert. */
import { z } from 'zod';
import { MAX_COMMENT_LENGTH } from './silence';
import { Instant } from './time';

export const VerdictKind = z.enum(['real', 'expected', 'false_alarm', 'new_normal']);
export type VerdictKind = z.infer<typeof VerdictKind>;

export const VerdictInput = z
  .object({
    kind: VerdictKind,
    comment: z
      .string()
      .trim()
      .max(MAX_COMMENT_LENGTH, `the comment is longer than ${MAX_COMMENT_LENGTH} characters`)
      .default(''),
  })
  .strict();
export type VerdictInput = z.infer<typeof VerdictInput>;

export const Verdict = z.object({
  alertId: z.number().int(),
  kind: VerdictKind,
  comment: z.string(),
  givenAt: Instant,
});
export type Verdict = z.infer<typeof Verdict>;

/** What a verdict would do, before it is given. */
export const VerdictPreview = z.object({
  kind: VerdictKind,
  /** False where it cannot do anything; `detail` says why. */
  isPossible: z.boolean(),
  /** In words, for a person. */
  detail: z.string(),
  /** Alerts of the series in the newest `days`, as they are and as they would have been; null but for a false alarm. */
  replay: z
    .object({
      days: z.number().int(),
      before: z.number().int(),
      after: z.number().int(),
      /** Alerts said to be real that would not have fired. */
      confirmedLost: z.number().int(),
    })
    .nullable(),
});
export type VerdictPreview = z.infer<typeof VerdictPreview>;

export const VerdictQuery = z.object({ kind: VerdictKind });
export type VerdictQuery = z.infer<typeof VerdictQuery>;

/** What the link in a notification opens, without a key: one alert, to say what it was. */
export const VerdictLink = z
  .object({ token: z.string().min(1).max(200), kind: VerdictKind.optional() })
  .strict();
export type VerdictLink = z.infer<typeof VerdictLink>;

export const VerdictByLink = VerdictInput.extend({ token: VerdictLink.shape.token });
export type VerdictByLink = z.infer<typeof VerdictByLink>;
