/** A channel: whether it works, what was delivered, what went wrong; test it, change it, pause it, or delete it. */
'use client';

import {
  CircleCheck,
  CircleDashed,
  CirclePause,
  CirclePlay,
  CircleX,
  Pencil,
  RotateCw,
  Send,
  Trash2,
} from 'lucide-react';
import { useState } from 'react';
import { useSWRConfig } from 'swr';
import type { Channel, ChannelTest } from '@bellwether/contracts';
import { changeChannel, removeChannel, testChannel } from '@/api';
import { healthOf, KINDS, onlyInWords, type Health } from '@/channels';
import { ago, counted, localTime } from '@/words';
import { Button } from './button';
import { Fact } from './card';
import { ChannelFailures } from './channel-failures';
import { ChannelForm } from './channel-form';
import { Confirm, Modal } from './dialog';
import { Failure } from './feedback';
import { useJob, useNow } from './hooks';
import { type Look, Mark } from './mark';

/** Four buttons fit beside each other on a phone without them. */
const ICON = 'size-3.5 max-sm:hidden';

export function ChannelItem({ channel }: { channel: Channel }) {
  const { mutate } = useSWRConfig();
  const [test, setTest] = useState<ChannelTest | null>(null);
  const job = useJob();
  const doing = (work: () => Promise<unknown>) =>
    job.run(async () => {
      await work();
      await mutate((key) => Array.isArray(key) && key[0] === 'channels');
    });
  const runTest = () => {
    setTest(null);
    doing(() => testChannel(channel.id).then(setTest));
  };
  const only = onlyInWords(channel);
  return (
    <article aria-label={`Channel ${channel.name}`}>
      <div className="flex flex-wrap items-start justify-between gap-2">
        <div className="min-w-0 flex-1 basis-72">
          <h3 className="flex flex-wrap items-center gap-x-2 font-medium">
            <span className="break-words">{channel.name}</span> <Mark {...HEALTH[healthOf(channel)]} />
          </h3>
          <p className="text-xs break-all text-muted">
            {KINDS[channel.kind].name} to {channel.place}
            {only !== '' && `, ${only}`}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          <Button onClick={runTest} disabled={job.isBusy} aria-label={`Test ${channel.name}`}>
            <Send aria-hidden className={ICON} /> {job.isBusy ? 'Wait…' : 'Test'}
          </Button>
          <Edit channel={channel} />
          <Toggle channel={channel} isBusy={job.isBusy} doing={doing} />
          <Delete channel={channel} doing={doing} />
        </div>
      </div>
      <Deliveries channel={channel} />
      {job.error !== null && <Failure error={job.error} />}
      {test !== null && <TestOutcome test={test} />}
      {channel.failed > 0 && <ChannelFailures channel={channel} />}
    </article>
  );
}

const HEALTH: Record<Health, Look> = {
  paused: { word: 'Paused', icon: CirclePause, look: 'bg-raised text-muted' },
  unused: { word: 'Nothing sent yet', icon: CircleDashed, look: 'bg-raised text-muted' },
  working: { word: 'Working', icon: CircleCheck, look: 'bg-ok-soft text-ok' },
  retrying: { word: 'Failing, tried again', icon: RotateCw, look: 'bg-alert-soft text-alert' },
  failing: { word: 'Given up on some', icon: CircleX, look: 'bg-alert-soft text-alert' },
};

function Edit({ channel }: { channel: Channel }) {
  const [isOpen, setOpen] = useState(false);
  const trigger = (
    <Button aria-label={`Edit ${channel.name}`}>
      <Pencil aria-hidden className={ICON} /> Edit
    </Button>
  );
  return (
    <Modal title={`Edit ${channel.name}`} trigger={trigger} isOpen={isOpen} onOpenChange={setOpen}>
      <ChannelForm channel={channel} onDone={() => setOpen(false)} />
    </Modal>
  );
}

interface DoingProps {
  channel: Channel;
  doing: (work: () => Promise<unknown>) => void;
}

function Toggle({ channel: { id, name, isEnabled }, isBusy, doing }: DoingProps & { isBusy: boolean }) {
  const [word, Icon] = isEnabled ? (['Pause', CirclePause] as const) : (['Resume', CirclePlay] as const);
  return (
    <Button
      aria-label={`${word} ${name}`}
      disabled={isBusy}
      onClick={() => doing(() => changeChannel(id, { isEnabled: !isEnabled }))}
    >
      <Icon aria-hidden className={ICON} /> {word}
    </Button>
  );
}

function Delete({ channel: { id, name, place }, doing }: DoingProps) {
  return (
    <Confirm
      title={`Delete ${name}?`}
      action="Delete channel"
      onConfirm={() => doing(() => removeChannel(id))}
      trigger={
        <Button aria-label={`Delete ${name}`}>
          <Trash2 aria-hidden className={ICON} /> Delete
        </Button>
      }
    >
      Nothing is sent to {place} any more, and what still waits is dropped.
    </Confirm>
  );
}

function Deliveries({ channel }: { channel: Channel }) {
  const now = useNow();
  const last = channel.lastDeliveredAt === null ? null : Date.parse(channel.lastDeliveredAt);
  return (
    <>
      <dl className="mt-2 grid grid-cols-2 gap-x-6 gap-y-2 text-sm sm:grid-cols-4">
        <Fact name="Delivered">{counted(channel.delivered, 'notification')}</Fact>
        <Fact name="Waiting">{counted(channel.waiting, 'notification')}</Fact>
        <Fact name="Given up">{counted(channel.failed, 'notification')}</Fact>
        <Fact name="Last delivered" title={last === null ? undefined : localTime(last)}>
          {last === null ? 'never' : ago(last, now)}
        </Fact>
      </dl>
      {channel.lastError !== null && (
        <p className="mt-2 flex items-start gap-1.5 text-sm break-words text-alert">
          <CircleX aria-hidden className="mt-0.5 size-4 shrink-0" />
          <span className="min-w-0">Last error: {channel.lastError}</span>
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
