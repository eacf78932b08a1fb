/** A channel: what was delivered, what waits, what went wrong; test it, or delete it. */
'use client';

import { CircleCheck, CircleX, Send, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useSWRConfig } from 'swr';
import type { Channel, ChannelTest } from '@bellwether/contracts';
import { removeChannel, testChannel } from '@/api';
import { ago, counted, localTime } from '@/words';
import { Button } from './button';
import { Fact } from './card';
import { Confirm } from './dialog';
import { Failure } from './feedback';
import { useJob, useNow } from './hooks';

export function ChannelItem({ channel }: { channel: Channel }) {
  const { mutate } = useSWRConfig();
  const [test, setTest] = useState<ChannelTest | null>(null);
  const job = useJob();
  const refresh = () => mutate((key) => Array.isArray(key) && key[0] === 'channels');
  const runTest = () =>
    job.run(async () => {
      setTest(null);
      setTest(await testChannel(channel.id));
      await refresh();
    });
  const remove = () => job.run(() => removeChannel(channel.id).then(refresh));
  return (
    <article aria-label={`Channel ${channel.name}`}>
      <div className="flex flex-wrap items-start justify-between gap-2">
        <div className="min-w-0">
          <h3 className="font-medium break-words">{channel.name}</h3>
          <p className="text-xs break-all text-muted">webhook to {channel.url}</p>
        </div>
        <div className="flex gap-2">
          <Button onClick={runTest} disabled={job.isBusy} aria-label={`Test ${channel.name}`}>
            <Send aria-hidden className="size-3.5" /> {job.isBusy ? 'Sending…' : 'Test'}
          </Button>
          <Confirm
            title={`Delete ${channel.name}?`}
            action="Delete channel"
            onConfirm={remove}
            trigger={
              <Button aria-label={`Delete ${channel.name}`}>
                <Trash2 aria-hidden className="size-3.5" /> Delete
              </Button>
            }
          >
            Nothing is sent to {channel.url} any more, and what still waits is dropped.
          </Confirm>
        </div>
      </div>
      <Deliveries channel={channel} />
      {job.error !== null && <Failure error={job.error} />}
      {test !== null && <TestOutcome test={test} />}
    </article>
  );
}

function Deliveries({ channel }: { channel: Channel }) {
  const now = useNow();
  const last = channel.lastDeliveredAt === null ? null : Date.parse(channel.lastDeliveredAt);
  return (
    <>
      <dl className="mt-2 flex flex-wrap gap-x-8 gap-y-2 text-sm">
        <Fact name="Delivered">{counted(channel.delivered, 'notification')}</Fact>
        <Fact name="Waiting">{counted(channel.waiting, 'notification')}</Fact>
        <Fact name="Given up">{counted(channel.failed, 'notification')}</Fact>
        <Fact name="Last delivered" title={last === null ? undefined : localTime(last)}>
          {last === null ? 'never' : ago(last, now)}
        </Fact>
      </dl>
      {channel.lastError !== null && (
        <p className="mt-2 flex items-start gap-1.5 text-sm break-words text-alert">
          <CircleX aria-hidden className="mt-0.5 size-4 shrink-0" /> Last error: {channel.lastError}
        </p>
      )}
    </>
  );
}

function TestOutcome({ test }: { test: ChannelTest }) {
  const Icon = test.delivered ? CircleCheck : CircleX;
  return (
    <p
      role="status"
      className={`mt-2 flex items-start gap-1.5 rounded-md px-3 py-2 text-sm ${test.delivered ? 'bg-ok-soft' : 'bg-alert-soft'}`}
    >
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${test.delivered ? 'text-ok' : 'text-alert'}`} />
      <span className="min-w-0 break-words">
        {test.delivered ? 'Test delivered' : 'Test not delivered'}: {test.detail}
      </span>
    </p>
  );
}
