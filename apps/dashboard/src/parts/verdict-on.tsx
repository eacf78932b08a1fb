/** What a person says of an alert: the choice, what it would do, and what was said. */
'use client';

import { CircleCheck, Gavel } from 'lucide-react';
import Link from 'next/link';
import { useId, useState, type FormEvent } from 'react';
import { useSWRConfig } from 'swr';
import type { Alert, VerdictKind } from '@bellwether/contracts';
import { giveVerdict, takeBackVerdict, useVerdictPreview } from '@/api';
import { silenceHref } from '@/silences';
import { VERDICTS, verdictName } from '@/verdicts';
import { Button } from './button';
import { Modal } from './dialog';
import { Failure } from './feedback';
import { Field, typedInto } from './field';
import { useJob } from './hooks';

const TRIGGER = 'inline-flex items-center gap-1 text-xs text-muted underline hover:text-accent';
const MOST_CHARACTERS = 500;

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
      <VerdictForm alert={alert} onDone={() => setOpen(false)} />
    </Modal>
  );
}

function VerdictForm({ alert, onDone }: { alert: Alert; onDone: () => void }) {
  const [kind, setKind] = useState<VerdictKind | null>(alert.verdict);
  const preview = useVerdictPreview(alert.id, kind);
  const { mutate } = useSWRConfig();
  const job = useJob();
  const doing = (work: () => Promise<unknown>) =>
    job.run(async () => {
      await work();
      await mutate((key) => Array.isArray(key) && ['alerts', 'overview', 'view'].includes(key[0] as string));
      onDone();
    });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const comment = typedInto(event.currentTarget, 'comment');
    if (kind !== null) doing(() => giveVerdict(alert.id, { kind, comment }));
  };
  return (
    <form onSubmit={submit} className="space-y-4">
      <p className="text-sm">{alert.why}</p>
      <Choice kind={kind} onChoose={setKind} />
      <div aria-live="polite" className="min-h-10 text-sm">
        {kind === null && <p className="text-muted">Choose one to see what it would do.</p>}
        {kind !== null && preview.data === undefined && preview.error === undefined && (
          <p className="text-muted">Looking at what it would do …</p>
        )}
        {preview.error !== undefined && <Failure error={preview.error} onRetry={() => preview.mutate()} />}
        {preview.data !== undefined && <p>{preview.data.detail}</p>}
        {kind === 'expected' && (
          <Link href={silenceHref(alert.series)} className="text-accent underline">
            Make a recurring silence of it
          </Link>
        )}
      </div>
      <Field
        label="Comment"
        name="comment"
        maxLength={MOST_CHARACTERS}
        hint="For whoever looks later; may stay empty."
      />
      {job.error !== null && <Failure error={job.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        {alert.verdict !== null && (
          <Button disabled={job.isBusy} onClick={() => doing(() => takeBackVerdict(alert.id))}>
            Take it back
          </Button>
        )}
        <Button type="submit" look="primary" disabled={job.isBusy || preview.data?.isPossible !== true}>
          <CircleCheck aria-hidden className="size-4" /> Say so
        </Button>
      </div>
    </form>
  );
}

function Choice({ kind, onChoose }: { kind: VerdictKind | null; onChoose: (kind: VerdictKind) => void }) {
  const id = useId();
  return (
    <fieldset className="grid gap-2 sm:grid-cols-2">
      <legend className="sr-only">Verdict</legend>
      {VERDICTS.map((verdict) => (
        <label
          key={verdict.kind}
          className="flex cursor-pointer gap-2 rounded-md border border-line p-2.5 text-sm hover:bg-raised has-checked:border-accent has-checked:bg-accent-soft"
        >
          <input
            type="radio"
            name="kind"
            className="mt-0.5 accent-(--accent)"
            checked={kind === verdict.kind}
            onChange={() => onChoose(verdict.kind)}
            aria-describedby={`${id}-${verdict.kind}`}
          />
          <span>
            <span className="font-medium">{verdict.name}</span>
            <span id={`${id}-${verdict.kind}`} className="block text-xs text-muted">
              {verdict.meaning}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
