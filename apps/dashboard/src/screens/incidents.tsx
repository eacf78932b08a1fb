/** Incidents, newest first: what is wrong now, and what was; one of them where the address names it. */
'use client';

import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { useIncidents } from '@/api';
import { LinkButton } from '@/parts/button';
import { Card, PageHead } from '@/parts/card';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { IncidentItem } from '@/parts/incident-item';
import { Pager } from '@/parts/pager';
import { counted } from '@/words';
import { OneIncident } from './one-incident';

const LIMIT = 20;

/** The address of the first has no state: what is wrong now is what a person comes for. */
const TABS = [
  { name: 'Open', word: 'open', state: 'open' },
  { name: 'Resolved', word: 'resolved', state: 'resolved' },
  { name: 'All', word: 'all', state: undefined },
] as const;
type Tab = (typeof TABS)[number];

export function IncidentsScreen() {
  const params = useSearchParams();
  const id = params.get('id');
  if (id !== null && /^\d{1,9}$/.test(id)) return <OneIncident key={id} id={Number(id)} />;
  const tab = TABS.find(({ word }) => word === params.get('state')) ?? TABS[0];
  return <IncidentList key={tab.word} tab={tab} />;
}

function IncidentList({ tab }: { tab: Tab }) {
  const [offset, setOffset] = useState(0);
  const { state } = tab;
  const {
    data: page,
    error,
    mutate,
  } = useIncidents({ limit: LIMIT, offset, ...(state === undefined ? {} : { state }) });
  return (
    <>
      <PageHead title="Incidents" actions={<LinkButton href="/alerts/">All alerts</LinkButton>}>
        {page === undefined
          ? 'Alerts that belong together, told of once.'
          : `${counted(page.total, 'incident')}${state === undefined ? '' : `, ${tab.word}`}: alerts that belong together, told of once.`}
      </PageHead>
      <Tabs tab={tab} />
      {error !== undefined && <Failure error={error} onRetry={() => mutate()} />}
      {page === undefined && error === undefined && <Loading what="Loading incidents" />}
      {page?.items.length === 0 && <NoIncidents tab={tab} />}
      {page !== undefined && page.items.length > 0 && (
        <Card>
          <ul className="space-y-5">
            {page.items.map((incident) => (
              <li key={incident.id}>
                <IncidentItem incident={incident} />
              </li>
            ))}
          </ul>
        </Card>
      )}
      {page !== undefined && <Pager total={page.total} limit={LIMIT} offset={offset} onOffset={setOffset} />}
    </>
  );
}

function Tabs({ tab }: { tab: Tab }) {
  return (
    <nav
      aria-label="Which incidents"
      className="mb-3 flex w-fit rounded-md border border-line bg-surface text-sm"
    >
      {TABS.map(({ name, word }, at) => (
        <Link
          key={name}
          href={at === 0 ? '/incidents/' : `/incidents/?state=${word}`}
          aria-current={word === tab.word ? 'true' : undefined}
          className="border-line px-3 py-1.5 text-muted not-first:border-l hover:bg-raised hover:text-ink aria-[current]:bg-accent-soft aria-[current]:font-semibold aria-[current]:text-accent"
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}

function NoIncidents({ tab: { state } }: { tab: Tab }) {
  if (state === 'open') {
    return (
      <Empty
        title="Nothing is wrong now"
        action={
          <>
            <LinkButton href="/incidents/?state=resolved">Show past incidents</LinkButton>
            <LinkButton href="/settings/">Add a notification channel</LinkButton>
          </>
        }
      >
        A new incident appears here by itself. To be told elsewhere too, add a channel in the settings.
      </Empty>
    );
  }
  return (
    <Empty
      title={state === 'resolved' ? 'No incident is over yet' : 'No incidents yet'}
      action={<LinkButton href="/series/">See what is watched</LinkButton>}
    >
      An incident is one alert, or several that overlap and are related. They need series that are watched: a
      series says on its page how far it is.
    </Empty>
  );
}
