/** Every alert, newest first, with the reason it was raised. */
'use client';

import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { useAlerts } from '@/api';
import { AlertList } from '@/parts/alert-list';
import { LinkButton } from '@/parts/button';
import { Card, PageHead } from '@/parts/card';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { Pager } from '@/parts/pager';
import { counted } from '@/words';

const LIMIT = 25;

type State = 'firing' | 'resolved';

const TABS: { state: State | undefined; name: string }[] = [
  { state: undefined, name: 'All' },
  { state: 'firing', name: 'Firing' },
  { state: 'resolved', name: 'Resolved' },
];

export function AlertsScreen() {
  const params = useSearchParams();
  const state = TABS.find((tab) => tab.state === params.get('state'))?.state;
  const series = seriesFrom(params.get('series'));
  return <Alerts key={`${state} ${series}`} state={state} series={series} />;
}

function seriesFrom(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

interface AlertsProps {
  state: State | undefined;
  series: number | undefined;
}

function Alerts({ state, series }: AlertsProps) {
  const [offset, setOffset] = useState(0);
  const {
    data: page,
    error,
    mutate,
  } = useAlerts({
    limit: LIMIT,
    offset,
    ...(state === undefined ? {} : { state }),
    ...(series === undefined ? {} : { series }),
  });
  const name = series === undefined ? undefined : page?.items[0]?.series.name;
  return (
    <>
      <PageHead title="Alerts" actions={<LinkButton href="/incidents/">Incidents</LinkButton>}>
        {page !== undefined && `${counted(page.total, 'alert')}${state === undefined ? '' : `, ${state}`}`}
        {series !== undefined && (
          <>
            {' '}
            on {name ?? `series ${series}`} (
            <Link href="/alerts/" className="text-accent underline">
              all series
            </Link>
            )
          </>
        )}
      </PageHead>
      <Tabs state={state} series={series} />
      {error !== undefined && <Failure error={error} onRetry={() => mutate()} />}
      {page === undefined && error === undefined && <Loading what="Loading alerts" />}
      {page?.items.length === 0 && <NoAlerts state={state} />}
      {page !== undefined && page.items.length > 0 && (
        <Card>
          <AlertList alerts={page.items} />
        </Card>
      )}
      {page !== undefined && <Pager total={page.total} limit={LIMIT} offset={offset} onOffset={setOffset} />}
    </>
  );
}

function Tabs({ state, series }: AlertsProps) {
  return (
    <nav
      aria-label="Which alerts"
      className="mb-3 flex w-fit rounded-md border border-line bg-surface text-sm"
    >
      {TABS.map((tab) => {
        const params = new URLSearchParams();
        if (tab.state !== undefined) params.set('state', tab.state);
        if (series !== undefined) params.set('series', String(series));
        return (
          <Link
            key={tab.name}
            href={`/alerts/${params.size === 0 ? '' : `?${params.toString()}`}`}
            aria-current={tab.state === state ? 'true' : undefined}
            className="border-line px-3 py-1.5 text-muted not-first:border-l hover:bg-raised hover:text-ink aria-[current]:bg-accent-soft aria-[current]:font-semibold aria-[current]:text-accent"
          >
            {tab.name}
          </Link>
        );
      })}
    </nav>
  );
}

function NoAlerts({ state }: { state: State | undefined }) {
  if (state === 'firing') {
    return (
      <Empty title="Nothing is firing" action={<LinkButton href="/alerts/">Show past alerts</LinkButton>}>
        New alerts appear here by themselves. To be told elsewhere too, add a channel in the settings.
      </Empty>
    );
  }
  return (
    <Empty
      title="No alerts yet"
      action={
        <>
          <LinkButton href="/series/">See what is watched</LinkButton>
          <LinkButton href="/settings/">Add a notification channel</LinkButton>
        </>
      }
    >
      An alert is raised when samples of a series leave what its models expect. That needs a trained model: a
      series says on its page how far it is.
    </Empty>
  );
}
