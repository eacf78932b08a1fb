/** The overview's read model: what is wrong now. */
import { z } from 'zod';
import { Alert } from './alert';
import { TrainingRun } from './registry';
import { Series } from './series';

/** The newest samples of a series with their expected band, columns of one length. */
export const Sparkline = z.object({
  time: z.array(z.number()),
  value: z.array(z.number().nullable()),
  lower: z.array(z.number().nullable()),
  upper: z.array(z.number().nullable()),
  score: z.array(z.number().nullable()),
});
export type Sparkline = z.infer<typeof Sparkline>;

export const DemoState = z.object({
  isRunning: z.boolean(),
  seriesCount: z.number().int(),
  /** Replayed seconds per second of the wall clock. */
  speed: z.number().nullable(),
  /** What it is doing, in words; null when it is not running. */
  step: z.string().nullable(),
});
export type DemoState = z.infer<typeof DemoState>;

export const Overview = z.object({
  openAlerts: z.array(Alert),
  /** Alerts that ended in the last 24 h of wall-clock time. */
  recentAlerts: z.array(Alert),
  surprising: z.array(z.object({ series: Series, threshold: z.number().nullable(), sparkline: Sparkline })),
  ingest: z.object({
    seriesCount: z.number().int(),
    samplesLastMinute: z.number().int(),
    /** Samples per minute over the last 30 minutes of arrival, oldest first. */
    perMinute: z.array(z.number()),
    /** Seconds from the arrival of the oldest unscored sample until now; 0 when nothing waits. */
    scoringLagSeconds: z.number(),
    unscoredSeries: z.number().int(),
  }),
  training: z.object({
    running: z.array(TrainingRun),
    latest: TrainingRun.nullable(),
    champions: z.number().int(),
    backend: z.string().nullable(),
    backendWhy: z.string().nullable(),
  }),
  demo: DemoState,
});
export type Overview = z.infer<typeof Overview>;
