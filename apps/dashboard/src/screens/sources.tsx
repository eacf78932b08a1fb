/** Where samples come from: what Bellwether fetches by itself, and how others send. */
'use client';

import { Plus } from 'lucide-react';
import { useState } from 'react';
import { useOverview, useSources } from '@/api';
import { Button } from '@/parts/button';
import { Card, PageHead } from '@/parts/card';
import { Modal } from '@/parts/dialog';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { Send } from '@/parts/send';
import { SourceForm } from '@/parts/source-form';
import { SourceItem } from '@/parts/source-item';
import { counted } from '@/words';

export function SourcesScreen() {
  const [isAdding, setAdding] = useState(false);
  const trigger = (
    <Button look="primary">
      <Plus aria-hidden className="size-4" /> Add a source
    </Button>
  );
  return (
    <>
      <PageHead
        title="Sources"
        actions={
          <Modal title="Add a source" trigger={trigger} isOpen={isAdding} onOpenChange={setAdding}>
            <SourceForm onDone={() => setAdding(false)} />
          </Modal>
        }
      >
        <Arrivals />
      </PageHead>
      <div className="space-y-4">
        <Fetched onAdd={() => setAdding(true)} />
        <Card title="Sent to Bellwether">
          <Send />
        </Card>
      </div>
    </>
  );
}

function Fetched({ onAdd }: { onAdd: () => void }) {
  const { data: sources, error, mutate } = useSources();
  return (
    <Card
      title="Fetched by Bellwether"
      aside={sources === undefined ? undefined : counted(sources.length, 'source')}
    >
      {error !== undefined && <Failure error={error} onRetry={() => mutate()} />}
      {sources === undefined && error === undefined && <Loading what="Loading sources" />}
      {sources?.length === 0 && (
        <Empty title="Nothing is fetched yet" action={<Button onClick={onAdd}>Add the first source</Button>}>
          Add a Prometheus, a PostgreSQL or TimescaleDB, or a broker of MQTT or Kafka: Bellwether brings in
          what is there and follows what comes. What sends by itself is set up below.
        </Empty>
      )}
      <ul className="divide-y divide-line">
        {sources?.map((source) => (
          <li key={source.id} className="py-3 first:pt-0 last:pb-0">
            <SourceItem source={source} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Whether anything arrives, for whoever has just set up a source or a sender: the minute that runs counts too. */
function Arrivals() {
  const { data: overview } = useOverview();
  if (overview === undefined) return 'Where samples come from.';
  const { perMinute, seriesCount } = overview.ingest;
  const [last = 0, running = 0] = perMinute.slice(-2);
  return `Where samples come from: ${counted(last + running, 'sample')} in this minute and the last, ${counted(seriesCount, 'series', 'series')} in all.`;
}
