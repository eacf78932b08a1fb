/** Detectors, the models they train, and the runs that trained them. */
import { z } from 'zod';
import { AlertKind, Severity } from './alert';
import { Instant } from './time';

export const ModelKind = z.enum(['vae', 'vrnn']);
export type ModelKind = z.infer<typeof ModelKind>;

/** On which side of what was expected a sample has to be to become an alert. */
export const Direction = z.enum(['above', 'below', 'both']);
export type Direction = z.infer<typeof Direction>;

/** Three words for an alert budget: false alarms per series and week. */
export const Sensitivity = z.enum(['calm', 'balanced', 'keen']);
export type Sensitivity = z.infer<typeof Sensitivity>;
export const SENSITIVITY_BUDGETS: Record<Sensitivity, number> = { calm: 0.5, balanced: 1, keen: 7 };

const MAX_CHANGE = 1e15;
/** How far from what was expected a sample has to be: in the unit of the series, or in percent of the expected value. */
export const SmallestChange = z
  .object({
    value: z
      .number('the smallest change is a number')
      .positive('the smallest change is above 0; null lets any change through')
      .max(MAX_CHANGE, 'the smallest change is at most 1e15'),
    isPercent: z.boolean(),
  })
  .strict();
export type SmallestChange = z.infer<typeof SmallestChange>;

export const Detector = z.object({
  id: z.number().int(),
  name: z.string(),
  /** Which series it watches; an empty selector watches every series. */
  selector: z.object({ name: z.string().optional(), labels: z.record(z.string(), z.string()).optional() }),
  models: z.array(ModelKind),
  /** Forecast steps ahead. */
  horizon: z.number().int(),
  /** Alert budget: expected false alarms per series and week. */
  alertBudget: z.number(),
  /** Anomalies in a row before an alert fires, and calm samples in a row before it resolves. */
  fireAfter: z.number().int(),
  resolveAfter: z.number().int(),
  direction: Direction,
  /** null: any distance from what was expected will do. */
  smallestChange: SmallestChange.nullable(),
  /** Which kinds of alerts it raises, and how much they matter. */
  kinds: z.array(AlertKind),
  severity: Severity,
  /** Counts the changes of the rule: of budget, direction, smallest change, `fireAfter`, `resolveAfter`, kinds and severity. */
  ruleVersion: z.number().int(),
  /** Hours after which a champion is trained again. */
  retrainHours: z.number(),
  seriesCount: z.number().int(),
  /** The commonest period of its series; null: none is known yet. */
  periodMs: z.number().nullable(),
});
export type Detector = z.infer<typeof Detector>;

const count = (what: string, most: number) =>
  z
    .number(`${what} is a whole number from 1 to ${most}`)
    .int(`${what} is a whole number from 1 to ${most}`)
    .min(1, `${what} is at least 1`)
    .max(most, `${what} is at most ${most}`);

/** A change of a detector's rule: what is left out stays. A budget is said as a number or as a word. */
export const RuleChange = z
  .object({
    alertBudget: z
      .number('the budget is a number of false alarms per series and week')
      .min(0.1, 'the budget is at least 0.1 false alarms per series and week')
      .max(1000, 'the budget is at most 1000 false alarms per series and week'),
    sensitivity: Sensitivity,
    direction: Direction,
    smallestChange: SmallestChange.nullable(),
    fireAfter: count('fireAfter', 100),
    resolveAfter: count('resolveAfter', 1000),
    kinds: z
      .array(AlertKind)
      .min(1, 'name one kind of alerts at least')
      .transform((kinds) => AlertKind.options.filter((kind) => kinds.includes(kind))),
    severity: Severity,
  })
  .partial()
  .strict()
  .refine(({ alertBudget, sensitivity }) => alertBudget === undefined || sensitivity === undefined, {
    error: 'say the budget once: as alertBudget, or as sensitivity',
    path: ['sensitivity'],
  });
export type RuleChange = z.infer<typeof RuleChange>;

/** What a rule would have raised. */
export const Replay = z.object({
  alerts: z.number().int(),
  /** Over all its series together, and of one of them. */
  perWeek: z.number(),
  perSeriesWeek: z.number(),
  /** How many began on each day (UTC), from the first day to the last. */
  days: z.array(z.object({ day: z.iso.date(), alerts: z.number().int() })),
  /** The newest, 20 at most. */
  examples: z.array(
    z.object({
      seriesId: z.number().int(),
      name: z.string(),
      startsAt: Instant,
      /** null: it would fire now. */
      endsAt: Instant.nullable(),
    }),
  ),
});
export type Replay = z.infer<typeof Replay>;

/** A rule replayed on stored scores, before it is saved, beside the present one. */
export const RulePreview = z.object({
  /** In words, for a person. */
  detail: z.string(),
  /** The series that were replayed, of so many that are watched. */
  seriesCount: z.number().int(),
  seriesOf: z.number().int(),
  /** Of the scores that were replayed; null where there are none. */
  from: Instant.nullable(),
  to: Instant.nullable(),
  asked: Replay,
  present: Replay,
});
export type RulePreview = z.infer<typeof RulePreview>;

/** One epoch of a training: −ELBO of scaled values, in nats per sample. */
export const LossPoint = z.object({
  kind: ModelKind,
  epoch: z.number().int(),
  loss: z.number(),
  heldOutLoss: z.number().nullable(),
});
export type LossPoint = z.infer<typeof LossPoint>;

export const TrainingRunState = z.enum(['queued', 'running', 'succeeded', 'failed']);
export type TrainingRunState = z.infer<typeof TrainingRunState>;

export const TrainingRun = z.object({
  id: z.number().int(),
  detectorId: z.number().int(),
  periodMs: z.number().int(),
  state: TrainingRunState,
  /** Why it was started: `enough samples`, `champion is 24 h old`, `asked for`. */
  reason: z.string(),
  queuedAt: Instant,
  startedAt: Instant.nullable(),
  endedAt: Instant.nullable(),
  seriesCount: z.number().int().nullable(),
  sampleCount: z.number().int().nullable(),
  /** 0 to 1 over all models of the run. */
  progress: z.number().min(0).max(1),
  /** What is going on, in words: `training vrnn, epoch 3 of 12`. */
  step: z.string(),
  losses: z.array(LossPoint),
  backend: z.string().nullable(),
  backendWhy: z.string().nullable(),
  /** What came of it: promoted or not, and why; the error of a failed run. */
  outcome: z.string().nullable(),
});
export type TrainingRun = z.infer<typeof TrainingRun>;

export const Model = z.object({
  id: z.number().int(),
  detectorId: z.number().int(),
  trainingRunId: z.number().int(),
  kind: ModelKind,
  periodMs: z.number().int(),
  version: z.number().int(),
  isChampion: z.boolean(),
  createdAt: Instant,
  seed: z.number().int(),
  config: z.record(z.string(), z.unknown()),
  dataFrom: Instant,
  dataTo: Instant,
  seriesCount: z.number().int(),
  sampleCount: z.number().int(),
  trainingSeconds: z.number(),
  backend: z.string(),
  weightBytes: z.number().int(),
  /** −ELBO of raw values, in nats per held-out sample, so that models with other scalers compare; `championLoss` is the champion's on the same samples. */
  heldOutLoss: z.number().nullable(),
  championLoss: z.number().nullable(),
});
export type Model = z.infer<typeof Model>;
