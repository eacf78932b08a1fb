/** An incident: alerts that belong together, told of once. */
import { z } from 'zod';
import { Alert, Severity } from './alert';
import { Instant } from './time';

/** `acknowledged`: somebody is on it; nobody is reminded of it. */
export const IncidentState = z.enum(['open', 'acknowledged', 'resolved']);
export type IncidentState = z.infer<typeof IncidentState>;

export const Incident = z.object({
  id: z.number().int(),
  state: IncidentState,
  /** The highest of its alerts'. */
  severity: Severity,
  /** When its first alert began. */
  startsAt: Instant,
  /** When its last alert ended; null: one of them is firing. */
  endsAt: Instant.nullable(),
  acknowledgedAt: Instant.nullable(),
  /** True when all of it was found in history, long over, and so notified nobody. */
  isHistory: z.boolean(),
  /** How often it went on after it had been over. */
  reopenings: z.number().int(),
  /** The incident that it became a part of; its alerts are there. */
  mergedInto: z.number().int().nullable(),
  /** While everything that fires in it is silenced: until when at least. */
  silencedUntil: Instant.nullable(),
  /** In a few words: what the likely first mover is, and how many more there are. */
  title: z.string(),
  /** Why these alerts belong together, a sentence each; empty where there is but one series. */
  reasons: z.array(z.string()),
  /** The likely first mover first, then by start; 20 at most. */
  alerts: z.array(Alert),
  alertCount: z.number().int(),
  seriesCount: z.number().int(),
});
export type Incident = z.infer<typeof Incident>;

/** One thing that happened to an incident, as it was known then. */
export const IncidentEvent = z.object({
  at: Instant,
  kind: z.enum([
    'opened',
    'joined',
    'left',
    'merged',
    'split',
    'changed',
    'acknowledged',
    'unacknowledged',
    'resolved',
    'reopened',
  ]),
  /** In words, for a person. */
  detail: z.string(),
});
export type IncidentEvent = z.infer<typeof IncidentEvent>;

/** An incident with its story, oldest first. */
export const IncidentDetail = Incident.extend({ trail: z.array(IncidentEvent) });
export type IncidentDetail = z.infer<typeof IncidentDetail>;

/** `by` says who is on it. */
export const IncidentAcknowledgement = z
  .object({ by: z.string().trim().min(1).max(100).optional() })
  .strict();
export type IncidentAcknowledgement = z.infer<typeof IncidentAcknowledgement>;

export const IncidentQuery = z.object({
  /** `open` has those that are acknowledged, too. */
  state: z.enum(['open', 'resolved']).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});
export type IncidentQuery = z.infer<typeof IncidentQuery>;
