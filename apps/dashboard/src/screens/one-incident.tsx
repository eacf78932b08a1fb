/** One incident: how it stands, why its alerts belong together, what fired when, and what was known when. */
'use client';

import { ChartLine, ChevronLeft } from 'lucide-react';
import Link from 'next/link';
import type { IncidentDetail } from '@bellwether/contracts';
import { useIncident } from '@/api';
import { Swimlane } from '@/charts/swimlane';
import { aroundIncident, incidentHref, sizeInWords, swimlaneOf } from '@/incidents';
import { Acknowledge } from '@/parts/acknowledge';
import { AlertItem } from '@/parts/alert-item';
import { LinkButton } from '@/parts/button';
import { Card } from '@/parts/card';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { useNow, useTitle, useWidth } from '@/parts/hooks';
import { IncidentMarks, IncidentTime } from '@/parts/incident-marks';
import { IncidentTrail } from '@/parts/incident-trail';
import { seriesHref } from '@/parts/series-name';
import { ago, counted } from '@/words';

export function OneIncident({ id }: { id: number }) {
  const { data: incident, error, mutate } = useIncident(id);
  useTitle(incident === undefined ? undefined : `Incident ${id}: ${incident.title}`);
  if (incident === undefined) {
    if (error?.status === 404) return <NoSuchIncident />;
    return error === undefined ? (
      <Loading what="Loading the incident" />
    ) : (
      <Failure error={error} onRetry={() => mutate()} />
    );
  }
  return (
    <div className="space-y-4">
      <Head incident={incident} />
      {error !== undefined && <Failure error={error} onRetry={() => mutate()} />}
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="min-w-0 space-y-4">
          {incident.reasons.length > 0 && <Reasons reasons={incident.reasons} />}
          {incident.alerts.length > 0 && <WhatFired incident={incident} />}
          <Alerts incident={incident} />
        </div>
        <Card title="As known then" className="min-w-0">
          <IncidentTrail trail={incident.trail} />
        </Card>
      </div>
    </div>
  );
}

function NoSuchIncident() {
  return (
    <Empty
      title="There is no such incident"
      action={<LinkButton href="/incidents/?state=all">See all incidents</LinkButton>}
    >
      Its series may have been removed, with a demo that was stopped for example, or the link is mistyped.
    </Empty>
  );
}

function Head({ incident }: { incident: IncidentDetail }) {
  const { title, id, reopenings, mergedInto } = incident;
  return (
    <div>
      <nav aria-label="Breadcrumb" className="flex items-center gap-1 text-sm text-muted">
        <ChevronLeft aria-hidden className="size-3.5" />
        <Link href="/incidents/" className="hover:text-accent hover:underline">
          Incidents
        </Link>
      </nav>
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-72">
          <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <h1 className="text-xl font-semibold tracking-tight break-words">{title}</h1>
            <IncidentMarks incident={incident} />
          </div>
          <p className="mt-0.5 text-sm text-muted">
            Incident {id}, <IncidentTime incident={incident} /> · {sizeInWords(incident)}
            {reopenings > 0 && ` · went on ${counted(reopenings, 'time')}`}
            <AcknowledgedSince incident={incident} />
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          <ChartLink incident={incident} />
          <Acknowledge incident={incident} />
        </div>
      </div>
      {mergedInto !== null && (
        <p className="mt-2 rounded-md bg-accent-soft px-3 py-2 text-sm">
          It became a part of{' '}
          <Link href={incidentHref(mergedInto)} className="text-accent underline">
            incident {mergedInto}
          </Link>
          , where its alerts are and what came of them.
        </p>
      )}
    </div>
  );
}

function AcknowledgedSince({ incident: { acknowledgedAt } }: { incident: IncidentDetail }) {
  const now = useNow();
  return acknowledgedAt === null ? null : ` · acknowledged ${ago(Date.parse(acknowledgedAt), now)}`;
}

function ChartLink({ incident }: { incident: IncidentDetail }) {
  const stretch = aroundIncident(incident);
  const first = incident.alerts[0];
  if (stretch === null || first === undefined) return null;
  return (
    <LinkButton href={seriesHref(first.seriesId, { kind: 'fixed', ...stretch })}>
      <ChartLine aria-hidden className="size-3.5" /> Chart at that moment
    </LinkButton>
  );
}

function WhatFired({ incident }: { incident: IncidentDetail }) {
  const now = useNow();
  const [ref, width] = useWidth();
  const { alerts, alertCount } = incident;
  return (
    <Card title="What fired when" aside={shownOf(alerts.length, alertCount)}>
      <div ref={ref}>
        <Swimlane lanes={swimlaneOf(alerts, now)} width={width} />
      </div>
    </Card>
  );
}

const shownOf = (shown: number, all: number): string =>
  shown < all ? `${shown} of ${counted(all, 'alert')}` : counted(all, 'alert');

function Alerts({ incident: { alerts, alertCount } }: { incident: IncidentDetail }) {
  return (
    <Card title="Alerts" aside={shownOf(alerts.length, alertCount)}>
      {alerts.length === 0 && <p className="text-sm text-muted">It has no alert of its own any more.</p>}
      <ul className="space-y-5">
        {alerts.map((alert) => (
          <li key={alert.id}>
            <AlertItem alert={alert} />
          </li>
        ))}
      </ul>
      {alerts.length < alertCount && (
        <p className="mt-3 text-sm text-muted">
          The likely first mover and those that began first are shown; the others are among{' '}
          <Link href="/alerts/" className="text-accent underline">
            all alerts
          </Link>
          .
        </p>
      )}
    </Card>
  );
}

function Reasons({ reasons }: { reasons: string[] }) {
  return (
    <Card title="Why they belong together">
      <ul className="list-disc space-y-1 pl-4 text-sm">
        {reasons.map((reason) => (
          <li key={reason} className="break-words">
            {reason}
          </li>
        ))}
      </ul>
    </Card>
  );
}
