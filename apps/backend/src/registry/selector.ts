/**
 * Which series a detector watches: by name and by label, all conditions together; an empty selector matches everything.
 * Of several detectors that match a series the newest watches it: it trains the models that score it.
 */
import type { Detector } from '@bellwether/contracts';

export type Selector = Detector['selector'];

const matches = (detector: string): string =>
  `(${detector}.selector->>'name' IS NULL OR s.name = ${detector}.selector->>'name')
   AND s.labels @> COALESCE(${detector}.selector->'labels', '{}')`;

/** The condition in SQL that detector `d` watches series `s`: of a counter, its rate is watched. */
export const WATCHES = `(NOT s.is_counter AND ${matches('d')} AND NOT EXISTS (SELECT FROM detector newer WHERE newer.id > d.id AND ${matches('newer')}))`;
