/** What is wrong now: open incidents, the most surprising series, whether samples come in and models are trained. */
'use client';

import { CircleCheck } from 'lucide-react';
import type { Incident, Overview } from '@bellwether/contracts';
import { type Page, useOpenIncidents, useOverview } from '@/api';
import { RateBars } from '@/charts/rate-bars';
import { AlertItem } from '@/parts/alert-item';
import { Card, Fact, PageHead } from '@/parts/card';
import { Connect } from '@/parts/connect';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { LinkButton } from '@/parts/button';
import { IncidentItem } from '@/parts/incident-item';
import { SurprisingSeries } from '@/parts/surprising-series';
import { TrainingState } from '@/parts/training-state';
import { counted, duration, figure } from '@/words';

export function OverviewScreen() {
  const { data: overview, error: overviewError, mutate } = useOverview();
  const incidents = useOpenIncidents();
  const error = overviewError ?? incidents.error;
  const retry = () => Promise.all([mutate(), incidents.mutate()]);
  if (overview === undefined || incidents.data === undefined) {
    return (
      <>
        <PageHead title="Overview" />
        {error === undefined ? (
          <Loading what="Loading the overview" />
        ) : (
          <Failure error={error} onRetry={retry} />
        )}
      </>
    );
  }
  const isEmpty = overview.ingest.seriesCount === 0;
  return (
    <>
      <PageHead title="Overview">{headline(overview, incidents.data.total)}</PageHead>
      {error !== undefined && <Failure error={error} onRetry={retry} />}
      {isEmpty ? <Beginning overview={overview} /> : <State overview={overview} open={incidents.data} />}
    </>
  );
}

function headline({ ingest, demo }: Overview, open: number): string {
  if (ingest.seriesCount === 0) {
    return demo.isRunning
      ? 'The demo is starting.'
      : 'Nothing is watched yet. Bring in some samples, in one of four ways.';
  }
  const watched = counted(ingest.seriesCount, 'series', 'series');
  if (open === 0) return `All calm: no incident is open on ${watched}.`;
  return `${counted(open, 'incident is', 'incidents are')} open; ${watched} in all.`;
}

function Beginning({ overview }: { overview: Overview }) {
  if (overview.demo.isRunning) return <Loading what={overview.demo.step ?? 'Starting the demo'} />;
  return <Connect />;
}

function State({ overview, open }: { overview: Overview; open: Page<Incident> }) {
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_19rem]">
      <div className="min-w-0 space-y-4">
        <OpenIncidents open={open} />
        <Surprising overview={overview} />
      </div>
      <div className="grid min-w-0 gap-4 md:grid-cols-2 xl:grid-cols-1">
        <Ingest ingest={overview.ingest} />
        <TrainingState training={overview.training} />
        <RecentAlerts overview={overview} />
      </div>
    </div>
  );
}

function OpenIncidents({ open: { items, total } }: { open: Page<Incident> }) {
  return (
    <Card title="Open incidents" aside={counted(total, 'incident')}>
      {items.length === 0 ? (
        <p className="flex items-center gap-2 text-sm text-muted">
          <CircleCheck aria-hidden className="size-4 text-ok" />
          Nothing is wrong now. A new incident appears here by itself.
        </p>
      ) : (
        <ul className="space-y-4">
          {items.map((incident) => (
            <li key={incident.id}>
              <IncidentItem incident={incident} />
            </li>
          ))}
        </ul>
      )}
      {total > items.length && (
        <LinkButton href="/incidents/" className="mt-3">
          All {counted(total, 'open incident')}
        </LinkButton>
      )}
    </Card>
  );
}

function Surprising({ overview: { surprising, training } }: { overview: Overview }) {
  return (
    <Card title="Most surprising series" aside="newest samples and what was expected">
      {surprising.length === 0 ? (
        <Empty title="Nothing is scored yet">
          {training.champions === 0
            ? 'A model is trained as soon as a series has enough samples; until then there is nothing to compare with.'
            : 'Scores appear with the next samples. If none come, check that something still sends them.'}
        </Empty>
      ) : (
        <ul className="grid gap-x-5 gap-y-4 sm:grid-cols-2 lg:grid-cols-3">
          {surprising.map((one) => (
            <li key={one.series.id} className="min-w-0">
              <SurprisingSeries {...one} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Ingest({ ingest }: { ingest: Overview['ingest'] }) {
  const waits = ingest.scoringLagSeconds > 0 || ingest.unscoredSeries > 0;
  return (
    <Card title="Samples coming in">
      <RateBars perMinute={ingest.perMinute} />
      <dl className="mt-3 grid grid-cols-2 gap-2 text-sm">
        <Fact name="Last minute">{counted(ingest.samplesLastMinute, 'sample')}</Fact>
        <Fact name="Series">{counted(ingest.seriesCount, 'series', 'series')}</Fact>
        <Fact
          name="Scoring lag"
          title="From the arrival of the oldest sample that waits for its score until now."
        >
          {waits ? duration(ingest.scoringLagSeconds * 1000) : 'none'}
        </Fact>
        <Fact name="Waiting for scores">{counted(ingest.unscoredSeries, 'series', 'series')}</Fact>
      </dl>
      {ingest.samplesLastMinute === 0 && (
        <p className="mt-2 text-xs text-muted">
          Nothing arrived in the last minute
          {figure(ingest.perMinute.reduce((sum, rate) => sum + rate, 0)) === '0'
            ? ': check what sends your samples.'
            : '.'}
        </p>
      )}
    </Card>
  );
}

function RecentAlerts({ overview: { recentAlerts } }: { overview: Overview }) {
  return (
    <Card
      title="Ended in the last 24 h"
      aside={counted(recentAlerts.length, 'alert')}
      className="md:col-span-2 xl:col-span-1"
    >
      {recentAlerts.length === 0 ? (
        <p className="text-sm text-muted">
          No alert ended in the last 24 h. Older ones are among all alerts.
        </p>
      ) : (
        <ul className="space-y-3 text-sm">
          {recentAlerts.slice(0, 5).map((alert) => (
            <li key={alert.id}>
              <AlertItem alert={alert} isShort />
            </li>
          ))}
        </ul>
      )}
      <LinkButton href="/alerts/" className="mt-3">
        All alerts
      </LinkButton>
    </Card>
  );
}
