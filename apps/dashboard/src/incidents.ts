/** Incidents as a person reads them: how they stand, their size in words, and the lanes of their picture. Pure. */
import type { Alert, Incident } from '@bellwether/contracts';
import { aroundAlert, type Stretch } from './range';
import { counted } from './words';

/** How it stands; of one that was found in history nobody was told, and one that became a part of another is told of there. */
export type Standing = 'open' | 'acknowledged' | 'resolved' | 'history' | 'merged';

export function standingOf({
  mergedInto,
  isHistory,
  state,
}: Pick<Incident, 'mergedInto' | 'isHistory' | 'state'>): Standing {
  if (mergedInto !== null) return 'merged';
  return state === 'resolved' && isHistory ? 'history' : state;
}

/** `3 alerts on 2 series`. */
export const sizeInWords = ({
  alertCount,
  seriesCount,
}: Pick<Incident, 'alertCount' | 'seriesCount'>): string =>
  `${counted(alertCount, 'alert')} on ${counted(seriesCount, 'series', 'series')}`;

/** The page of incidents with this one on it. */
export const incidentHref = (id: number): string => `/incidents/?id=${id}`;

/** One alert in its lane; `left` and `width` are shares of the picture's width, 0 to 1. */
export interface Bar {
  alert: Alert;
  left: number;
  width: number;
}

/** The alerts of one series. */
export interface Lane {
  /** The first of them, which names the series. */
  first: Alert;
  bars: Bar[];
}

export interface Swimlane {
  /** Times at its left and its right edge, epoch ms. */
  domain: [number, number];
  lanes: Lane[];
}

const MARGIN = 0.04;
const SHORTEST_MS = 1000;

/** One lane a series, in the order of its first alert; what fires reaches `now`, which is not after the right edge. */
export function swimlaneOf(alerts: readonly Alert[], nowMs: number): Swimlane {
  const spans = alerts.map((alert) => ({ alert, ...spanOf(alert, nowMs) }));
  const from = Math.min(...spans.map((span) => span.from));
  const to = Math.max(...spans.map((span) => span.to), from + SHORTEST_MS);
  const margin = (to - from) * MARGIN;
  const domain: [number, number] = [from - margin, to + margin];
  const length = domain[1] - domain[0];
  const lanes = new Map<number, Lane>();
  for (const { alert, from: begin, to: end } of spans) {
    const lane = lanes.get(alert.seriesId) ?? { first: alert, bars: [] };
    lane.bars.push({ alert, left: (begin - domain[0]) / length, width: (end - begin) / length });
    lanes.set(alert.seriesId, lane);
  }
  return { domain, lanes: [...lanes.values()] };
}

/** A clock that is behind the samples' does not turn a bar around. */
function spanOf({ startsAt, endsAt }: Alert, nowMs: number): Stretch {
  const from = Date.parse(startsAt);
  return { from, to: Math.max(from, endsAt === null ? nowMs : Date.parse(endsAt)) };
}

/** The stretch of a chart that shows all of it, or, where it has no alert any more, null. */
export function aroundIncident({ alerts, startsAt, endsAt }: Incident): Stretch | null {
  const first = alerts[0];
  return first === undefined ? null : aroundAlert(startsAt, endsAt, first.peak.time);
}
