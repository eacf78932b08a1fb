/** Times as the API writes and reads them. */
import { z } from 'zod';

/** A time in an answer: ISO 8601 in UTC. */
export const Instant = z.iso.datetime();
export type Instant = z.infer<typeof Instant>;
