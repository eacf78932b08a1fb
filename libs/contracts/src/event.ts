/** What `GET /api/v1/events` (server-sent events) says: which things changed, never the things themselves. */
import { z } from 'zod';

export const LiveEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('samples'), seriesIds: z.array(z.number().int()) }),
  z.object({ type: z.literal('scores'), seriesIds: z.array(z.number().int()) }),
  z.object({ type: z.literal('forecasts'), seriesIds: z.array(z.number().int()) }),
  z.object({ type: z.literal('alerts'), seriesIds: z.array(z.number().int()) }),
  z.object({ type: z.literal('training'), trainingRunId: z.number().int() }),
]);
export type LiveEvent = z.infer<typeof LiveEvent>;
