/** A series of the overview: name, newest value, how surprising, and a sparkline with its band. */
import type { Overview } from '@bellwether/contracts';
import { SparkChart } from '@/charts/spark-chart';
import { duration, quantity, scoreInWords } from '@/words';
import { SeriesName, StateBadge } from './series-name';

export function SurprisingSeries({ series, threshold, sparkline }: Overview['surprising'][number]) {
  const spanMs = (sparkline.time.at(-1) ?? 0) - (sparkline.time[0] ?? 0);
  const value = quantity(series.lastValue, series.unit);
  const chance = scoreInWords(series.peakScore);
  return (
    <article aria-label={series.name} className="flex h-full flex-col">
      <div className="mb-1 flex flex-1 flex-wrap content-start items-start gap-x-2">
        <div className="grow basis-[min-content]">
          <SeriesName id={series.id} name={series.name} labels={series.labels} />
        </div>
        <span className="font-semibold whitespace-nowrap">{value}</span>
      </div>
      <SparkChart
        sparkline={sparkline}
        threshold={threshold}
        label={`${series.name} over the newest ${duration(spanMs)}: now ${value}, strangest sample ${chance}`}
      />
      <p className="mt-1 flex flex-wrap items-center justify-between gap-x-2 text-xs text-muted">
        <span>
          strangest: <span className="font-medium text-ink">{chance}</span>
        </span>
        {series.state === 'firing' ? <StateBadge series={series} /> : <span>{duration(spanMs)}</span>}
      </p>
    </article>
  );
}
