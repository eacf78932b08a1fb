/** Adds a source or changes one, and tries it at once: the form stays until it is closed, so that what is wrong can be corrected in it. */
'use client';

import { useState, type FormEvent } from 'react';
import { useSWRConfig } from 'swr';
import type { Source, SourceKind, SourceTest } from '@bellwether/contracts';
import { addSource, ApiError, changeSource, testSource } from '@/api';
import { beginning, changeIn, fieldsOf, inFormWords, isKind, KINDS, LABELS, newSource } from '@/sources';
import { Button } from './button';
import { Failure } from './feedback';
import { Field, Tick } from './field';
import { useJob } from './hooks';
import { SourceFields } from './source-fields';
import { SourceOutcome } from './source-outcome';

const NO_SECRETS: Source['secretsSet'] = { password: false, token: false, headers: [] };

interface SourceFormProps {
  /** The one to change; left out, one is added. */
  source?: Source;
  onDone: () => void;
}

export function SourceForm({ source, onDone }: SourceFormProps) {
  const [kind, setKind] = useState<SourceKind>(source?.settings.kind ?? 'prometheus');
  // What is typed stays, however often the source is asked for meanwhile.
  const [first] = useState(source);
  const { saved, test, job, save } = useSaving(kind, source);
  const fields = first === undefined ? beginning(kind) : { ...fieldsOf(first.settings), name: first.name };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    save(event.currentTarget);
  };
  return (
    <form onSubmit={submit} className="space-y-3">
      {saved === undefined && <Kinds kind={kind} onKind={setKind} />}
      <div key={kind} className="space-y-3">
        <Field name="name" label={LABELS.name} required maxLength={100} defaultValue={fields.name} />
        <SourceFields kind={kind} fields={fields} secretsSet={saved?.secretsSet ?? NO_SECRETS} />
      </div>
      {saved === undefined && <Tick name="isEnabled" label="Fetch from it at once" defaultChecked />}
      {job.error !== null && <Failure error={inWords(job.error)} />}
      {test !== null && <SourceOutcome test={test} />}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look={test?.works ? 'plain' : 'primary'} disabled={job.isBusy}>
          {job.isBusy ? 'Saving and testing…' : saved === undefined ? 'Add and test' : 'Save and test'}
        </Button>
        {test !== null && (
          <Button look={test.works ? 'primary' : 'plain'} onClick={onDone}>
            Done
          </Button>
        )}
      </div>
    </form>
  );
}

/** Once it is added it is changed from then on. */
function useSaving(kind: SourceKind, source: Source | undefined) {
  const { mutate } = useSWRConfig();
  const [saved, setSaved] = useState(source);
  const [test, setTest] = useState<SourceTest | null>(null);
  const job = useJob();
  const save = (form: HTMLFormElement) =>
    job.run(async () => {
      const fields = typedFields(form);
      setTest(null);
      const next = await (saved === undefined
        ? addSource(newSource(kind, fields))
        : changeSource(saved.id, changeIn(kind, fields)));
      setSaved(next);
      await mutate((key) => Array.isArray(key) && key[0] === 'sources');
      setTest(await testSource(next.id));
    });
  return { saved, test, job, save };
}

function typedFields(form: HTMLFormElement): Record<string, string> {
  const typed = [...new FormData(form)].map(([name, value]) => [
    name,
    typeof value === 'string' ? value : '',
  ]);
  return Object.fromEntries(typed) as Record<string, string>;
}

const inWords = (error: Error): Error =>
  error instanceof ApiError ? new ApiError(error.status, inFormWords(error.message), error.errors) : error;

function Kinds({ kind, onKind }: { kind: SourceKind; onKind: (kind: SourceKind) => void }) {
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">Kind</legend>
      <div className="grid grid-cols-2 gap-1 sm:grid-cols-4">
        {Object.entries(KINDS).map(([value, { name }]) => (
          <label
            key={value}
            className="relative flex min-h-9 cursor-pointer items-center justify-center rounded-md border border-line px-2 text-sm hover:bg-raised has-checked:border-accent has-checked:bg-accent-soft has-checked:font-semibold has-checked:text-accent has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name="kind"
              value={value}
              checked={kind === value}
              onChange={() => isKind(value) && onKind(value)}
              className="sr-only"
            />
            {name}
          </label>
        ))}
      </div>
      <p className="mt-1 text-xs text-muted">{KINDS[kind].says}</p>
    </fieldset>
  );
}
