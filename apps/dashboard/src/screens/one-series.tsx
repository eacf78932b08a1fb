/** One series: what it is, what was seen and expected, what comes, and its alerts. */
'use client';

import { ChevronLeft } from 'lucide-react';
import Link from 'next/link';
import type { Series } from '@bellwether/contracts';
import { useAlerts, useSeries } from '@/api';
import { AlertList } from '@/parts/alert-list';
import { Card, Fact } from '@/parts/card';
import { CounterSwitch, OtherHalf } from '@/parts/counter';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { useNow, useTitle } from '@/parts/hooks';
import { EditSeries } from '@/parts/edit-series';
import { LinkButton } from '@/parts/button';
import { LabelChips, StateBadge } from '@/parts/series-name';
import { limitsInWords, sureInWords } from '@/limits';
import { ago, counted, duration, labelsInWords, localTime, MISSING, quantity, scoreInWords } from '@/words';
import { SeriesView } from './series-view';

export function OneSeries({ id }: { id: number }) {
  const { data: series, error, mutate } = useSeries(id);
  const labels = series === undefined ? '' : labelsInWords(series.labels);
  useTitle(series === undefined ? undefined : `${series.name}${labels === '' ? '' : ` (${labels})`}`);

  if (series === undefined) {
    if (error?.status === 404) return <NoSuchSeries />;
    return error === undefined ? (
      <Loading what="Loading the series" />
    ) : (
      <Failure error={error} onRetry={() => mutate()} />
    );
  }
  return (
    <div className="space-y-4">
      <Heading series={series} />
      <SeriesView key={id} series={series} />
      <SeriesAlerts series={series} />
    </div>
  );
}

function NoSuchSeries() {
  return (
    <Empty title="There is no such series" action={<LinkButton href="/series/">Find a series</LinkButton>}>
      It may have belonged to a demo that was stopped, or the link is mistyped.
    </Empty>
  );
}

function Heading({ series }: { series: Series }) {
  return (
    <div>
      <nav aria-label="Breadcrumb" className="flex items-center gap-1 text-sm text-muted">
        <ChevronLeft aria-hidden className="size-3.5" />
        <Link href="/series/" className="hover:text-accent hover:underline">
          All series
        </Link>
      </nav>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h1 className="text-xl font-semibold tracking-tight break-all">{series.name}</h1>
        <span className="flex flex-wrap gap-1">
          <LabelChips labels={series.labels} />
        </span>
        <StateBadge series={series} />
      </div>
      <p className="mt-0.5 text-sm text-muted">
        {series.why}
        <OtherHalf series={series} />
      </p>
      <Facts series={series} />
    </div>
  );
}

function Facts({ series }: { series: Series }) {
  const now = useNow();
  const last = series.lastSampleAt === null ? null : Date.parse(series.lastSampleAt);
  const limits = limitsInWords(series);
  const period = series.periodMs === null ? 'not known yet' : duration(series.periodMs);
  return (
    <div className="mt-3 flex flex-wrap items-start gap-x-6 gap-y-1">
      <dl className="flex flex-wrap items-start gap-x-8 gap-y-2 text-sm">
        <Fact name="Newest sample">{quantity(series.lastValue, series.unit)}</Fact>
        <Fact name="At" title={last === null ? undefined : ago(last, now)}>
          {last === null ? MISSING : localTime(last)}
        </Fact>
        <Fact
          name="Chance of it"
          title={series.score === null ? undefined : `score ${series.score.toFixed(1)}`}
        >
          {scoreInWords(series.score)}
        </Fact>
        <Fact name="Strangest of the last 60">{scoreInWords(series.peakScore)}</Fact>
        <Fact name="Period">
          {period}
          <span className="font-normal text-muted"> ({series.periodIsSet ? 'set' : 'inferred'})</span>
        </Fact>
        <Fact name="Unit">{series.unit ?? 'none'}</Fact>
        {limits !== null && (
          <Fact name="Limits" title={sureInWords(series)}>
            {limits}
          </Fact>
        )}
      </dl>
      <div className="-ml-3 flex flex-wrap">
        <EditSeries series={series} />
        <CounterSwitch series={series} />
      </div>
    </div>
  );
}

function SeriesAlerts({ series }: { series: Series }) {
  const { data, error } = useAlerts({ series: series.id, limit: 20, offset: 0 });
  return (
    <Card title="Alerts" aside={data === undefined ? undefined : counted(data.total, 'alert')}>
      {error !== undefined && <Failure error={error} />}
      {data?.items.length === 0 && (
        <p className="text-sm text-muted">
          {series.state === 'watching'
            ? 'Nothing strange so far. An alert appears here as soon as samples leave what is expected.'
            : `No alerts yet. ${series.why}`}
        </p>
      )}
      {data !== undefined && <AlertList alerts={data.items} hasSeries={false} />}
      <div className="mt-3 flex flex-wrap gap-2">
        {data !== undefined && data.total > data.items.length && (
          <LinkButton href={`/alerts/?series=${series.id}`}>
            All {counted(data.total, 'alert')} of this series
          </LinkButton>
        )}
        <LinkButton href="/alerts/">All alerts</LinkButton>
      </div>
    </Card>
  );
}
