/** The names under which answers of the API are cached, and which of them a live event makes stale. */
import type { LiveEvent, Matcher, RuleChange, VerdictKind } from '@bellwether/contracts';
import type { RangeChoice } from './range';

export interface SeriesListQuery {
  search: string;
  labels: string[];
  limit: number;
  offset: number;
}

export interface AlertListQuery {
  state?: 'firing' | 'resolved';
  series?: number;
  limit: number;
  offset: number;
}

export interface IncidentListQuery {
  /** `open` has those that are acknowledged, too. */
  state?: 'open' | 'resolved';
  limit: number;
  offset: number;
}

export type Key =
  | readonly ['overview']
  | readonly ['series-list', SeriesListQuery]
  | readonly ['series', number]
  | readonly ['view', number, RangeChoice, number]
  | readonly ['alerts', AlertListQuery]
  | readonly ['explanation', number]
  | readonly ['incidents', IncidentListQuery]
  | readonly ['incident', number]
  | readonly ['verdict-preview', number, VerdictKind]
  | readonly ['verdict-link', string]
  | readonly ['verdict-link-preview', string, VerdictKind]
  | readonly ['detectors']
  | readonly ['rule-preview', number, RuleChange]
  | readonly ['models']
  | readonly ['training-runs', number]
  | readonly ['channels']
  | readonly ['failures', number]
  | readonly ['sources']
  | readonly ['silences']
  | readonly ['silence-preview', Matcher[]]
  | readonly ['session']
  | readonly ['demo'];

type SeriesEvent = Extract<LiveEvent, { seriesIds: number[] }>;

/** True when the answer cached under `key` may be out of date after `event`. */
export function isStaleAfter(key: Key, event: LiveEvent): boolean {
  return event.type === 'training' ? isStaleAfterTraining(key) : isStaleAfterSeries(key, event);
}

function isStaleAfterTraining(key: Key): boolean {
  return ['overview', 'training-runs', 'models', 'detectors', 'series-list', 'series'].includes(key[0]);
}

function isStaleAfterSeries(key: Key, event: SeriesEvent): boolean {
  switch (key[0]) {
    case 'view':
      return event.seriesIds.includes(key[1]);
    case 'series':
      return event.type !== 'forecasts' && event.seriesIds.includes(key[1]);
    case 'overview':
    case 'series-list':
      return event.type !== 'forecasts';
    case 'alerts':
      return event.type === 'alerts' && isAboutSeries(key[1].series, event.seriesIds);
    case 'explanation':
    case 'incidents':
    case 'incident':
    case 'channels':
    case 'failures':
      return event.type === 'alerts';
    default:
      return false;
  }
}

function isAboutSeries(series: number | undefined, seriesIds: number[]): boolean {
  return series === undefined || seriesIds.includes(series);
}
