/** What a person says of an alert, beside it: a button that opens the form, and what was said. */
'use client';

import { Gavel } from 'lucide-react';
import { useState } from 'react';
import { useSWRConfig } from 'swr';
import type { Alert, VerdictKind } from '@bellwether/contracts';
import { giveVerdict, takeBackVerdict, useVerdictPreview } from '@/api';
import { verdictName } from '@/verdicts';
import { Button } from './button';
import { Modal } from './dialog';
import { useJob } from './hooks';
import { VerdictForm } from './verdict-form';

const TRIGGER = 'inline-flex items-center gap-1 text-xs text-muted underline hover:text-accent';

export function VerdictOn({ alert }: { alert: Alert }) {
  const [isOpen, setOpen] = useState(false);
  const { name } = alert.series;
  const said = alert.verdict === null ? null : verdictName(alert.verdict);
  return (
    <Modal
      title={`What was it on ${name}?`}
      isOpen={isOpen}
      onOpenChange={setOpen}
      trigger={
        <button
          type="button"
          className={TRIGGER}
          aria-label={said === null ? `Give a verdict on ${name}` : `Verdict on ${name}: ${said}. Change it`}
        >
          <Gavel aria-hidden className="size-3" /> {said ?? 'Was it real?'}
        </button>
      }
    >
      <OwnVerdict alert={alert} onDone={() => setOpen(false)} />
    </Modal>
  );
}

function OwnVerdict({ alert, onDone }: { alert: Alert; onDone: () => void }) {
  const [kind, setKind] = useState<VerdictKind | null>(alert.verdict);
  const { data, error, mutate: ask } = useVerdictPreview(alert.id, kind);
  const { mutate } = useSWRConfig();
  const job = useJob();
  const doing = (work: () => Promise<unknown>) =>
    job.run(async () => {
      await work();
      await mutate((key) => Array.isArray(key) && ['alerts', 'overview', 'view'].includes(key[0] as string));
      onDone();
    });
  return (
    <VerdictForm
      alert={alert}
      kind={kind}
      onKind={setKind}
      preview={{ data, error, mutate: ask }}
      job={job}
      onVerdict={(verdict) => doing(() => giveVerdict(alert.id, verdict))}
    >
      {alert.verdict !== null && (
        <Button disabled={job.isBusy} onClick={() => doing(() => takeBackVerdict(alert.id))}>
          Take it back
        </Button>
      )}
    </VerdictForm>
  );
}
