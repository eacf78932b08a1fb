/** RFC 9457 problem details: what every error answer looks like (`application/problem+json`). */
import { z } from 'zod';
import { Refusal } from './sample';

export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  /** What was wrong, where, and what to do. */
  detail: z.string(),
  errors: z.array(z.object({ at: z.string(), detail: z.string() })).optional(),
  /** Samples of which none was written, by reason. */
  refused: z.array(Refusal).optional(),
});
export type Problem = z.infer<typeof Problem>;
