/** A silence: a human decision that alerts of some series do not notify; a maintenance window also leaves their samples out of training. */
import { z } from 'zod';
import { Labels } from './labels';
import { Instant } from './time';

export const MAX_MATCHERS = 10;
export const MAX_MATCHER_LENGTH = 200;
export const MAX_COMMENT_LENGTH = 500;
/** The label that stands for the name of a series, as in Prometheus. */
export const NAME_LABEL = '__name__';

const DAY_MINUTES = 24 * 60;
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/** `=~` and `!~` take a regular expression that has to match the whole value; a label that a series lacks is the empty string. */
export const MatcherOp = z.enum(['=', '!=', '=~', '!~']);
export type MatcherOp = z.infer<typeof MatcherOp>;

export const Matcher = z
  .object({
    /** `__name__` is the name of the series. */
    label: z
      .string()
      .min(1, 'the label is empty; __name__ stands for the name of the series')
      .max(MAX_MATCHER_LENGTH, `the label is longer than ${MAX_MATCHER_LENGTH} characters`)
      .regex(/^[^\p{Cc}]+$/u, 'the label holds control characters'),
    op: MatcherOp,
    value: z
      .string()
      .max(MAX_MATCHER_LENGTH, `the value is longer than ${MAX_MATCHER_LENGTH} characters`)
      .regex(/^[^\p{Cc}]*$/u, 'the value holds control characters'),
  })
  .strict();
export type Matcher = z.infer<typeof Matcher>;

/** All of them have to match. */
const Matchers = z
  .array(Matcher)
  .min(1, 'at least one matcher is needed; __name__=~".+" matches every series')
  .max(MAX_MATCHERS, `more than ${MAX_MATCHERS} matchers`);

const Moment = z.iso
  .datetime({ offset: true, error: 'not a time like 2026-01-31T22:00:00Z or 2026-01-31T22:00:00+01:00' })
  .refine((text) => Date.parse(text) >= EARLIEST_MS && Date.parse(text) < LATEST_MS, {
    error: 'a time has to lie between the years 2000 and 2100',
  });

const TimeZone = z.string().max(64).refine(isTimeZone, {
  error: 'not a time zone like Europe/Berlin or UTC',
});

/** A name of the IANA database; an offset such as +01:00 knows nothing of daylight saving. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** [from, to) */
const Once = z.object({
  kind: z.literal('once'),
  from: Moment,
  to: Moment,
});

/** What recurs begins at `at` of the local clock and lasts so long, from `from` on and until `until`. */
const recurring = {
  at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of the day is written like 22:30'),
  durationMinutes: z
    .number()
    .int()
    .min(1)
    .max(7 * DAY_MINUTES),
  timeZone: TimeZone,
  from: Moment,
  until: Moment.nullable(),
};
const Daily = z.object({ kind: z.literal('daily'), ...recurring });
const Weekly = z.object({
  kind: z.literal('weekly'),
  /** 1 is Monday, 7 is Sunday. */
  days: z
    .array(z.number().int().min(1).max(7))
    .min(1, 'choose at least one day, 1 is Monday')
    .max(7)
    .refine((days) => new Set(days).size === days.length, { error: 'a day is named twice' }),
  ...recurring,
});

export const Schedule = z.discriminatedUnion('kind', [Once.strict(), Daily.strict(), Weekly.strict()]);
export type Schedule = z.infer<typeof Schedule>;

/** As a request says it: without `from`, it begins now. */
export const ScheduleInput = z.discriminatedUnion('kind', [
  Once.partial({ from: true }).strict(),
  Daily.extend({ until: Moment.nullable().default(null) })
    .partial({ from: true })
    .strict(),
  Weekly.extend({ until: Moment.nullable().default(null) })
    .partial({ from: true })
    .strict(),
]);
export type ScheduleInput = z.infer<typeof ScheduleInput>;

/** `silence`: nobody is notified. `maintenance`: nobody is notified, and the samples are left out of later training. */
export const SilenceKind = z.enum(['silence', 'maintenance']);
export type SilenceKind = z.infer<typeof SilenceKind>;

const Comment = z
  .string()
  .trim()
  .max(MAX_COMMENT_LENGTH, `the comment is longer than ${MAX_COMMENT_LENGTH} characters`);

export const SilenceInput = z
  .object({
    kind: SilenceKind.default('silence'),
    matchers: Matchers,
    schedule: ScheduleInput,
    comment: Comment.default(''),
  })
  .strict();
export type SilenceInput = z.infer<typeof SilenceInput>;

/** What is left out stays. Once it has begun, only its comment, its kind and its end can be changed. */
export const SilenceChange = z
  .object({ kind: SilenceKind, matchers: Matchers, schedule: ScheduleInput, comment: Comment })
  .partial()
  .strict();
export type SilenceChange = z.infer<typeof SilenceChange>;

export const SilenceEnd = z
  .object({
    /** Who ends it, in words. */
    by: z.string().trim().min(1).max(100).default('the API'),
  })
  .strict();
export type SilenceEnd = z.infer<typeof SilenceEnd>;

export const Occurrence = z.object({ from: Instant, to: Instant });
export type Occurrence = z.infer<typeof Occurrence>;

export const Silence = z.object({
  id: z.number().int(),
  kind: SilenceKind,
  matchers: z.array(Matcher),
  schedule: Schedule,
  comment: z.string(),
  createdAt: Instant,
  /** When it was ended before its time, and by whom. */
  endedAt: Instant.nullable(),
  endedBy: z.string().nullable(),
  /** active: it acts now; upcoming: it will; past: it never will again. */
  state: z.enum(['active', 'upcoming', 'past']),
  /** The occurrence that acts now, and the one after. */
  current: Occurrence.nullable(),
  next: Occurrence.nullable(),
  /** How many notifications it has held back. */
  held: z.number().int(),
  /** Whether its first occurrence has begun: then only its comment, its kind and its end can be changed. */
  hasBegun: z.boolean(),
  /** Whether something came of it: it held a notification back, or samples were left out of a training. Then it can only be ended. */
  hasActed: z.boolean(),
});
export type Silence = z.infer<typeof Silence>;

export const SilenceQuery = z.object({
  /** Past ones at most, newest first; all others are always there. */
  past: z.coerce.number().int().min(0).max(500).default(100),
});
export type SilenceQuery = z.infer<typeof SilenceQuery>;

export const SilencePreviewInput = z.object({ matchers: Matchers }).strict();
export type SilencePreviewInput = z.infer<typeof SilencePreviewInput>;

/** Which series match now; a counter is never among them: its rate is what alerts. */
export const SilencePreview = z.object({
  count: z.number().int(),
  firing: z.number().int(),
  /** Five at most, those that fire first. */
  examples: z.array(
    z.object({ id: z.number().int(), name: z.string(), labels: Labels, isFiring: z.boolean() }),
  ),
});
export type SilencePreview = z.infer<typeof SilencePreview>;
