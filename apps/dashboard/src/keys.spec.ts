import type { LiveEvent } from '@bellwether/contracts';
import { describe, expect, it } from 'vitest';
import { isStaleAfter, type Key } from './keys';

const newest = { kind: 'newest', span: null } as const;
const page = { limit: 50, offset: 0 };
const keys: Record<string, Key> = {
  overview: ['overview'],
  list: ['series-list', { search: '', labels: [], ...page }],
  series3: ['series', 3],
  view3: ['view', 3, newest, 600],
  view4: ['view', 4, newest, 600],
  alerts: ['alerts', page],
  alerts4: ['alerts', { series: 4, ...page }],
  incidents: ['incidents', { state: 'open', ...page }],
  incident: ['incident', 7],
  detectors: ['detectors'],
  models: ['models'],
  runs: ['training-runs', 20],
  channels: ['channels'],
  failures: ['failures', 1],
  sources: ['sources'],
  session: ['session'],
  demo: ['demo'],
};

const staleAfter = (event: LiveEvent) =>
  Object.keys(keys).filter((name) => isStaleAfter(keys[name] as Key, event));

describe('isStaleAfter', () => {
  it.each<[LiveEvent, string[]]>([
    [{ type: 'samples', seriesIds: [3] }, ['overview', 'list', 'series3', 'view3']],
    [{ type: 'scores', seriesIds: [4] }, ['overview', 'list', 'view4']],
    [{ type: 'forecasts', seriesIds: [3, 4] }, ['view3', 'view4']],
    [
      { type: 'alerts', seriesIds: [3] },
      ['overview', 'list', 'series3', 'view3', 'alerts', 'incidents', 'incident', 'channels', 'failures'],
    ],
    [
      { type: 'alerts', seriesIds: [4] },
      ['overview', 'list', 'view4', 'alerts', 'alerts4', 'incidents', 'incident', 'channels', 'failures'],
    ],
    [{ type: 'training', trainingRunId: 1 }, ['overview', 'list', 'series3', 'detectors', 'models', 'runs']],
  ])('%j makes stale %j', (event, names) => {
    expect(staleAfter(event)).toEqual(names);
  });
});
