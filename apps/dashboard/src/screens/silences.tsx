/** Silences and maintenance windows: those that act now, those to come, and past ones with what they held back. */
'use client';

import { Plus } from 'lucide-react';
import { useSearchParams } from 'next/navigation';
import { useState } from 'react';
import type { Silence } from '@bellwether/contracts';
import { useSilences } from '@/api';
import { Button } from '@/parts/button';
import { Card, PageHead } from '@/parts/card';
import { Modal } from '@/parts/dialog';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { SilenceForm } from '@/parts/silence-form';
import { SilenceItem } from '@/parts/silence-item';
import { matchersIn, weekIn } from '@/silences';
import { counted } from '@/words';

const SECTIONS: { state: Silence['state']; title: string }[] = [
  { state: 'active', title: 'Active' },
  { state: 'upcoming', title: 'Upcoming' },
  { state: 'past', title: 'Past' },
];

export function SilencesScreen() {
  const params = useSearchParams();
  const given = matchersIn(params.get('matchers'));
  const [isAdding, setAdding] = useState(given !== null);
  const onAdding = (isOpen: boolean) => {
    setAdding(isOpen);
    // What the address has asked for is done: nobody is asked again after a reload.
    if (!isOpen && given !== null) window.history.replaceState(null, '', '/silences/');
  };
  const { data: silences, error, mutate } = useSilences();
  const trigger = (
    <Button look="primary">
      <Plus aria-hidden className="size-4" /> Add a silence
    </Button>
  );
  return (
    <>
      <PageHead
        title="Silences"
        actions={
          <Modal title="Add a silence" trigger={trigger} isOpen={isAdding} onOpenChange={onAdding}>
            <SilenceForm
              matchers={given ?? []}
              week={weekIn(params.get('week'))}
              onDone={() => onAdding(false)}
            />
          </Modal>
        }
      >
        When alerts notify nobody: planned work, and what is known already.
      </PageHead>
      {error !== undefined && <Failure error={error} onRetry={() => mutate()} />}
      {silences === undefined && error === undefined && <Loading what="Loading silences" />}
      {silences?.length === 0 && <None onAdd={() => setAdding(true)} />}
      <div className="space-y-4">
        {SECTIONS.map(({ state, title }) => (
          <Section
            key={state}
            title={title}
            silences={silences?.filter((silence) => silence.state === state) ?? []}
          />
        ))}
      </div>
    </>
  );
}

interface SectionProps {
  title: string;
  silences: Silence[];
}

function Section({ title, silences }: SectionProps) {
  if (silences.length === 0) return null;
  return (
    <Card title={title} aside={counted(silences.length, 'silence')}>
      <ul className="divide-y divide-line">
        {silences.map((silence) => (
          <li key={silence.id} className="py-3 first:pt-0 last:pb-0">
            <SilenceItem silence={silence} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function None({ onAdd }: { onAdd: () => void }) {
  return (
    <Empty title="Nothing is silenced" action={<Button onClick={onAdd}>Add the first silence</Button>}>
      Add a silence before work that will raise alerts, or for one that is known already: its alerts are still
      found and shown, and notify nobody. What is still true when it ends is told then. Of a maintenance
      window, models do not learn either.
    </Empty>
  );
}
