/** The chart of a series with what moves it: presets, zoom, pan, and the address that keeps the stretch. */
'use client';

import { ChevronLeft, ChevronRight, Radio, ZoomIn, ZoomOut } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useSearchParams } from 'next/navigation';
import type { Series, SeriesView as View } from '@bellwether/contracts';
import { useView } from '@/api';
import { Legend } from '@/charts/legend';
import { Button, IconButton } from '@/parts/button';
import { Card } from '@/parts/card';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { useWidth } from '@/parts/hooks';
import { seriesHref } from '@/parts/series-name';
import {
  boundsOf,
  NEWEST,
  pan,
  PRESETS,
  rangeFromParams,
  selection,
  settle,
  zoom,
  type Bounds,
  type RangeChoice,
  type Stretch,
} from '@/range';
import { limitsInWords } from '@/limits';
import { alertStretches } from '@/rows';
import { counted, duration, localTime, resolutionInWords } from '@/words';
import { DataTable } from '@/charts/data-table';

/** About as high as the chart, so that nothing moves when samples and chart arrive. */
const PLACE = 'min-h-[350px] sm:min-h-[420px]';

const SeriesChart = dynamic(() => import('@/charts/series-chart').then((file) => file.SeriesChart), {
  ssr: false,
  loading: () => <div className={PLACE} />,
});

export function SeriesView({ series }: { series: Series }) {
  const choice = rangeFromParams(useSearchParams());
  const [ref, width] = useWidth();
  const points = width > 0 && width < 500 ? 300 : 600;
  const { data: view, error, isValidating, mutate } = useView(series.id, choice, points);
  const bounds = boundsOf(view?.series ?? series);

  if (bounds === null) return <NoSamples series={series} />;
  const move = mover(series.id, shownStretch(choice, view, bounds), bounds);
  return (
    <Card>
      <Toolbar choice={choice} move={move} />
      {error !== undefined && <Failure error={error} onRetry={() => mutate()} />}
      <div ref={ref} aria-busy={isValidating} className={`mt-2 ${view === undefined ? PLACE : ''}`}>
        {view === undefined ? (
          error === undefined && <Loading what="Loading samples" />
        ) : (
          <SeriesChart view={view} width={width} {...move} />
        )}
      </div>
      {view !== undefined && <Caption view={view} choice={choice} />}
    </Card>
  );
}

interface Mover {
  to: (choice: RangeChoice) => void;
  onSelect: (a: number, b: number) => void;
  onPan: (fraction: number) => void;
  onZoom: (factor: number) => void;
  onNewest: () => void;
}

/** A zoom is an entry of the browser's history, so that Back undoes it; steps of panning would only be in the way there. */
function mover(id: number, shown: Stretch, bounds: Bounds): Mover {
  const to = (next: RangeChoice) => window.history.pushState(null, '', seriesHref(id, next));
  const step = (next: RangeChoice) => window.history.replaceState(null, '', seriesHref(id, next));
  return {
    to,
    onSelect: (a, b) => {
      const selected = selection(a, b, bounds);
      if (selected !== null && selected.from < bounds.end) to(settle(selected, bounds));
    },
    onPan: (fraction) => step(settle(pan(shown, fraction, bounds), bounds)),
    onZoom: (factor) => to(settle(zoom(shown, factor, bounds), bounds)),
    onNewest: () => to(NEWEST),
  };
}

/** What is on screen now; a choice that follows the newest sample ends there, even if the answer is a sample behind. */
function shownStretch(choice: RangeChoice, view: View | undefined, bounds: Bounds): Stretch {
  if (view === undefined) return { from: bounds.first, to: bounds.end };
  const to = choice.kind === 'newest' ? bounds.end : Math.min(Date.parse(view.to), bounds.end);
  return { from: Date.parse(view.from), to };
}

function Toolbar({ choice, move }: { choice: RangeChoice; move: Mover }) {
  const isNewest = choice.kind === 'newest';
  return (
    <div role="toolbar" aria-label="Time range" className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <div role="group" aria-label="Presets" className="flex rounded-md border border-line">
        {PRESETS.map(({ name, title, span }) => (
          <button
            key={name}
            type="button"
            aria-label={title}
            title={title}
            aria-pressed={isNewest && choice.span === span}
            onClick={() => move.to({ kind: 'newest', span })}
            className="min-h-8 border-line px-2.5 text-sm text-muted not-first:border-l hover:bg-raised hover:text-ink aria-pressed:bg-accent-soft aria-pressed:font-semibold aria-pressed:text-accent"
          >
            {name}
          </button>
        ))}
      </div>
      <div role="group" aria-label="Move and zoom" className="flex">
        <IconButton label="Pan left" onClick={() => move.onPan(-0.5)}>
          <ChevronLeft aria-hidden className="size-4" />
        </IconButton>
        <IconButton label="Pan right" onClick={() => move.onPan(0.5)}>
          <ChevronRight aria-hidden className="size-4" />
        </IconButton>
        <IconButton label="Zoom in" onClick={() => move.onZoom(0.5)}>
          <ZoomIn aria-hidden className="size-4" />
        </IconButton>
        <IconButton label="Zoom out" onClick={() => move.onZoom(2)}>
          <ZoomOut aria-hidden className="size-4" />
        </IconButton>
      </div>
      {isNewest ? (
        <span className="flex items-center gap-1.5 text-sm text-muted">
          <Radio aria-hidden className="size-3.5 text-ok" />
          <span>
            Live<span className="max-sm:sr-only">, follows the newest sample</span>
          </span>
        </span>
      ) : (
        <Button look="plain" onClick={move.onNewest}>
          <Radio aria-hidden className="size-3.5" /> Back to live
        </Button>
      )}
    </div>
  );
}

function Caption({ view, choice }: { view: View; choice: RangeChoice }) {
  const [from, to] = [Date.parse(view.from), Date.parse(view.to)];
  const isBucketed = view.resolution.bucketMs > 0;
  return (
    <div className="mt-2 space-y-2">
      <Legend
        isBucketed={isBucketed}
        hasBand={view.band.lower.some((value) => value !== null)}
        hasForecast={view.forecast !== null}
        hasAlerts={alertStretches(view).length > 0}
        hasLimits={limitsInWords(view.series) !== null}
      />
      <p className="text-xs text-muted">
        {localTime(from)} to {choice.kind === 'newest' ? 'the newest sample' : localTime(to)} (
        {duration(to - from)}) · {resolutionInWords(view.resolution)} ·{' '}
        {counted(view.time.length, isBucketed ? 'bucket' : 'sample')} · drag on the chart to zoom in
      </p>
      <DataTable view={view} />
    </div>
  );
}

function NoSamples({ series }: { series: Series }) {
  return (
    <Empty title="No samples yet">
      {series.why} Samples of this series appear here within a second of their arrival: send them to{' '}
      <code className="font-mono">POST /api/v1/samples</code> or upload a CSV.
    </Empty>
  );
}
