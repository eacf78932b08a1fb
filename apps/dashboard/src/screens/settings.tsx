/** Where notifications go, and who is signed in. */
'use client';

import { LogOut, Plus } from 'lucide-react';
import { useState } from 'react';
import { signOut, useChannels, useSession } from '@/api';
import { Button } from '@/parts/button';
import { Card, PageHead } from '@/parts/card';
import { ChannelForm } from '@/parts/channel-form';
import { ChannelItem } from '@/parts/channel-item';
import { Modal } from '@/parts/dialog';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { useJob } from '@/parts/hooks';
import { counted } from '@/words';

export function SettingsScreen() {
  const [isAdding, setAdding] = useState(false);
  const trigger = (
    <Button look="primary">
      <Plus aria-hidden className="size-4" /> Add a channel
    </Button>
  );
  return (
    <>
      <PageHead
        title="Settings"
        actions={
          <Modal title="Add a channel" trigger={trigger} isOpen={isAdding} onOpenChange={setAdding}>
            <ChannelForm onDone={() => setAdding(false)} />
          </Modal>
        }
      >
        Where notifications go, and access.
      </PageHead>
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <Channels onAdd={() => setAdding(true)} />
        <Access />
      </div>
    </>
  );
}

function Channels({ onAdd }: { onAdd: () => void }) {
  const { data: channels, error, mutate } = useChannels();
  return (
    <Card
      title="Notification channels"
      aside={channels === undefined ? undefined : counted(channels.length, 'channel')}
    >
      {error !== undefined && <Failure error={error} onRetry={() => mutate()} />}
      {channels === undefined && error === undefined && <Loading what="Loading channels" />}
      {channels?.length === 0 && (
        <Empty title="Nobody is told yet" action={<Button onClick={onAdd}>Add the first channel</Button>}>
          Add a chat, a mailbox, a pager or a webhook: Bellwether tells it when an alert fires and when it
          resolves, and tries again until that is delivered.
        </Empty>
      )}
      <ul className="divide-y divide-line">
        {channels?.map((channel) => (
          <li key={channel.id} className="py-3 first:pt-0 last:pb-0">
            <ChannelItem channel={channel} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Access() {
  const { data: session } = useSession();
  const job = useJob();
  if (session === undefined) return null;
  const leave = () =>
    job.run(async () => {
      await signOut();
      window.location.assign('/sign-in/');
    });
  return (
    <Card title="Access">
      {session.needsKey ? (
        <>
          <p className="mb-3 text-sm text-muted">You are signed in on this browser with an API key.</p>
          <Button onClick={leave} disabled={job.isBusy}>
            <LogOut aria-hidden className="size-4" /> Sign out
          </Button>
        </>
      ) : (
        <p className="text-sm text-muted">
          Bellwether listens on this machine only, so nobody is asked for a key. It asks for one as soon as it
          listens on other addresses.
        </p>
      )}
      {job.error !== null && <Failure error={job.error} />}
    </Card>
  );
}
