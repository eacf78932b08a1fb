/** Where the link of a notification leads: one alert, and what it was. The token stands behind the # of the address. */
'use client';

import { useState, useSyncExternalStore } from 'react';
import type { Alert, VerdictKind } from '@bellwether/contracts';
import { giveVerdictByLink, useVerdictLink, useVerdictPreviewByLink } from '@/api';
import { Failure, Loading } from '@/parts/feedback';
import { useJob } from '@/parts/hooks';
import { VerdictForm } from '@/parts/verdict-form';
import { localTime, utcTime } from '@/words';
import { verdictName } from '@/verdicts';

const onHashChange = (changed: () => void) => {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
};

export function VerdictScreen() {
  const token = useSyncExternalStore(
    onHashChange,
    () => window.location.hash.slice(1),
    () => null,
  );
  const { data: found, error, mutate } = useVerdictLink(token === '' ? null : token);
  return (
    <div className="w-full max-w-xl rounded-lg border border-line bg-surface p-5">
      {token === '' && (
        <>
          <h1 className="text-xl font-semibold tracking-tight">No alert named</h1>
          <p className="mt-1 text-sm text-muted">Open this page by the link in a notification.</p>
        </>
      )}
      {token !== '' && found === undefined && error === undefined && <Loading what="Loading the alert" />}
      {error !== undefined && (
        <>
          <h1 className="mb-2 text-xl font-semibold tracking-tight">This link does not open</h1>
          <Failure error={error} onRetry={() => mutate()} />
        </>
      )}
      {found !== undefined && token !== null && (
        <Judged token={token} alert={found.alert} onSaid={() => mutate()} />
      )}
    </div>
  );
}

interface JudgedProps {
  token: string;
  alert: Alert;
  onSaid: () => Promise<unknown>;
}

function Judged({ token, alert, onSaid }: JudgedProps) {
  const [kind, setKind] = useState<VerdictKind | null>(alert.verdict);
  const { data, error, mutate } = useVerdictPreviewByLink(token, kind);
  const job = useJob();
  const start = Date.parse(alert.startsAt);
  return (
    <>
      <h1 className="text-xl font-semibold tracking-tight break-words">
        What was it on {alert.series.name}?
      </h1>
      <p className="mt-1 mb-3 text-sm text-muted">
        <time dateTime={alert.startsAt} title={utcTime(start)}>
          {localTime(start)}
        </time>
        {Object.entries(alert.series.labels).map(([label, value]) => (
          <span key={label}>
            {' '}
            · {label}={value}
          </span>
        ))}
      </p>
      <p role="status" className="mb-3 text-sm font-medium empty:hidden">
        {alert.verdict !== null && `Said: ${verdictName(alert.verdict)}. Thank you; it can still be changed.`}
      </p>
      <VerdictForm
        alert={alert}
        kind={kind}
        onKind={setKind}
        preview={{ data, error, mutate }}
        job={job}
        onVerdict={(verdict) =>
          job.run(async () => {
            await giveVerdictByLink(token, verdict);
            await onSaid();
          })
        }
      />
    </>
  );
}
