/** A small chart of a series around an alert, with a link to the large one at that moment. */
'use client';

import Link from 'next/link';
import type { Alert } from '@bellwether/contracts';
import { useView } from '@/api';
import { SparkChart } from '@/charts/spark-chart';
import { sparklineOf } from '@/explanations';
import { aroundAlert, type RangeChoice } from '@/range';
import { summaryOf } from '@/rows';
import { duration, localTime } from '@/words';
import { Failure } from './feedback';
import { seriesHref } from './series-name';

const POINTS = 150;

export function ExplanationChart({ alert, periodMs }: { alert: Alert; periodMs: number | null }) {
  const stretch = aroundAlert(alert.startsAt, alert.endsAt, alert.peak.time, periodMs ?? undefined);
  const choice: RangeChoice = { kind: 'fixed', ...stretch };
  const { data: view, error, mutate } = useView(alert.seriesId, choice, POINTS);
  return (
    <figure className="min-w-0">
      {error !== undefined && <Failure error={error} onRetry={() => mutate()} />}
      <div aria-busy={view === undefined && error === undefined} className="h-16">
        {view !== undefined && (
          <SparkChart sparkline={sparklineOf(view)} threshold={view.threshold} label={summaryOf(view)} />
        )}
      </div>
      <figcaption className="mt-1 flex flex-wrap justify-between gap-x-3 text-xs text-muted">
        <span>
          {localTime(stretch.from)}, {duration(stretch.to - stretch.from)}; the band is what was expected
        </span>
        <Link href={seriesHref(alert.seriesId, choice)} className="underline hover:text-accent">
          Show on the chart
        </Link>
      </figcaption>
    </figure>
  );
}
