/** Why an alert fired, beyond its one sentence: how rare it is, what else moved, and what was like it before. */
import { z } from 'zod';
import { Alert } from './alert';
import { Labels } from './labels';
import { Instant } from './time';

export const Explanation = z.object({
  alert: Alert,
  /** The usual distance of the samples of its series; null: not known. */
  periodMs: z.number().nullable(),
  /** In words: `about once in 40 days for this series`; null where nothing says. */
  rarity: z.string().nullable(),
  /** How strange the newest weeks were: days that are known, and how many alerts as strange as this they had, this one among them. */
  history: z.object({ days: z.number(), asStrange: z.number().int() }).nullable(),
  /** Related series during the alert, the most surprised first; 8 at most. */
  siblings: z.array(
    z.object({
      seriesId: z.number().int(),
      name: z.string(),
      labels: Labels,
      unit: z.string().nullable(),
      /** Why it is related: `same host=web-1`. */
      relation: z.string(),
      /** Its highest score around the alert, against its threshold; from 1 on it was an anomaly. */
      surprise: z.number(),
      peakAt: Instant,
      value: z.number(),
      expected: z.number().nullable(),
      /** When it first was an anomaly, against the start of the alert; negative: before it. Null: it was none. */
      leadMs: z.number().nullable(),
    }),
  ),
  /** How many related series there are, also those that stayed calm. */
  siblingCount: z.number().int(),
  /** Earlier alerts that were like this one, the most alike first; 5 at most. */
  similar: z.array(z.object({ alert: Alert, likeness: z.string() })),
});
export type Explanation = z.infer<typeof Explanation>;
