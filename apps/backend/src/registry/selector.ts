/** Which series a detector watches: by name and by label, all conditions together; an empty selector watches everything. */
import type { Detector } from '@bellwether/contracts';

export type Selector = Detector['selector'];

/** The condition in SQL that detector `d` watches series `s`. */
export const WATCHES = `(d.selector->>'name' IS NULL OR s.name = d.selector->>'name') AND s.labels @> COALESCE(d.selector->'labels', '{}')`;
