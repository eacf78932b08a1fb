/** The form of a verdict: the four answers, what the chosen one would do, a comment. It is told where to send it. */
'use client';

import { CircleCheck } from 'lucide-react';
import Link from 'next/link';
import { useId, type FormEvent, type ReactNode } from 'react';
import type { Alert, VerdictInput, VerdictKind, VerdictPreview } from '@bellwether/contracts';
import { silenceHref, weekInWords, weekOf } from '@/silences';
import { VERDICTS } from '@/verdicts';
import { Button } from './button';
import { Failure } from './feedback';
import { Field, typedInto } from './field';
import { type Job, useNow } from './hooks';

const MOST_CHARACTERS = 500;

interface VerdictFormProps {
  alert: Alert;
  kind: VerdictKind | null;
  onKind: (kind: VerdictKind) => void;
  preview: { data: VerdictPreview | undefined; error: Error | undefined; mutate: () => unknown };
  job: Job;
  onVerdict: (verdict: VerdictInput) => void;
  /** Further buttons. */
  children?: ReactNode;
}

export function VerdictForm({ alert, kind, onKind, preview, job, onVerdict, children }: VerdictFormProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (kind !== null) onVerdict({ kind, comment: typedInto(event.currentTarget, 'comment') });
  };
  return (
    <form onSubmit={submit} className="space-y-4">
      <p className="text-sm">{alert.why}</p>
      <Choice kind={kind} onChoose={onKind} />
      <div aria-live="polite" className="min-h-10 text-sm">
        {kind === null && <p className="text-muted">Choose one to see what it would do.</p>}
        {kind !== null && preview.data === undefined && preview.error === undefined && (
          <p className="text-muted">Looking at what it would do …</p>
        )}
        {preview.error !== undefined && <Failure error={preview.error} onRetry={() => preview.mutate()} />}
        {preview.data !== undefined && <p>{preview.data.detail}</p>}
        {kind === 'expected' && <Recurring alert={alert} />}
      </div>
      <Field
        label="Comment"
        name="comment"
        maxLength={MOST_CHARACTERS}
        hint="For whoever looks later; may stay empty."
      />
      {job.error !== null && <Failure error={job.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        {children}
        <Button type="submit" look="primary" disabled={job.isBusy || preview.data?.isPossible !== true}>
          <CircleCheck aria-hidden className="size-4" /> Say so
        </Button>
      </div>
    </form>
  );
}

/** What was expected once comes again, most often on the same day of the week. */
function Recurring({ alert }: { alert: Alert }) {
  const week = weekOf(alert, useNow(60_000));
  return (
    <Link href={silenceHref(alert.series, week)} className="text-accent underline">
      Make a recurring silence of it, {weekInWords(week)}
    </Link>
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
