/** Many events of a moment as few: one per type, with all their series; training keeps one per run. Pure. */
import type { LiveEvent } from '@bellwether/contracts';

export function coalesce(events: LiveEvent[]): LiveEvent[] {
  const series = new Map<Exclude<LiveEvent['type'], 'training'>, Set<number>>();
  const runs = new Set<number>();
  for (const event of events) {
    if (event.type === 'training') runs.add(event.trainingRunId);
    else series.set(event.type, new Set([...(series.get(event.type) ?? []), ...event.seriesIds]));
  }
  return [
    ...[...series].map(([type, ids]): LiveEvent => ({ type, seriesIds: [...ids] })),
    ...[...runs].map((trainingRunId): LiveEvent => ({ type: 'training', trainingRunId })),
  ];
}
