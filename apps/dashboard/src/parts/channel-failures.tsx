/** What a channel could not be told, why, and the way to tell it after all. */
'use client';

import { useState } from 'react';
import { useSWRConfig } from 'swr';
import type { Channel, Notification } from '@bellwether/contracts';
import { sendAgain, useFailures } from '@/api';
import { ago, counted, localTime } from '@/words';
import { Button } from './button';
import { Failure, Loading } from './feedback';
import { useJob, useNow } from './hooks';
import { SeriesName } from './series-name';

export function ChannelFailures({ channel }: { channel: Channel }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="mt-2 text-sm" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="w-fit rounded text-muted hover:text-ink">
        {counted(channel.failed, 'notification')} given up
      </summary>
      {isOpen && <Failures channel={channel} />}
    </details>
  );
}

function Failures({ channel }: { channel: Channel }) {
  const { data, error, mutate } = useFailures(channel.id);
  if (error !== undefined) return <Failure error={error} onRetry={() => mutate()} />;
  if (data === undefined) return <Loading what="Loading what was given up" />;
  return (
    <>
      <ul className="mt-2 divide-y divide-line border-l-2 border-alert pl-3">
        {data.items.map((one) => (
          <li key={one.id} className="py-2 first:pt-0 last:pb-0">
            <GivenUp channel={channel} notification={one} />
          </li>
        ))}
      </ul>
      {data.total > data.items.length && (
        <p className="mt-2 text-xs text-muted">
          The newest {data.items.length} of {counted(data.total, 'notification')}.
        </p>
      )}
    </>
  );
}

function GivenUp({ channel, notification }: { channel: Channel; notification: Notification }) {
  const { mutate } = useSWRConfig();
  const now = useNow();
  const job = useJob();
  const { id, alert, event, attempts, lastError } = notification;
  const failedAt = Date.parse(notification.failedAt ?? notification.createdAt);
  const again = () =>
    job.run(async () => {
      await sendAgain(channel.id, id);
      await mutate((key) => Array.isArray(key) && ['channels', 'failures'].includes(key[0] as string));
    });
  return (
    <div className="flex flex-wrap items-start justify-between gap-2">
      <div className="min-w-0 flex-1 basis-64">
        <p className="flex flex-wrap items-center gap-x-2">
          <span className="font-medium">{event === 'incident.firing' ? 'Firing' : 'Resolved'}</span>
          <SeriesName id={alert.seriesId} name={alert.series.name} labels={alert.series.labels} />
          <span className="text-xs text-muted" title={localTime(failedAt)}>
            given up {ago(failedAt, now)}, after {counted(attempts, 'attempt')}
          </span>
        </p>
        {lastError !== null && <p className="break-words text-alert">{lastError}</p>}
        {job.error !== null && <Failure error={job.error} />}
      </div>
      <Button
        onClick={again}
        disabled={job.isBusy}
        aria-label={`Send again to ${channel.name}: ${alert.series.name}`}
      >
        {job.isBusy ? 'Sending…' : 'Send again'}
      </Button>
    </div>
  );
}
