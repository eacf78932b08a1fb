/** Adds a silence or changes one; of one that has begun, only what lies ahead. */
'use client';

import { useState, type FormEvent } from 'react';
import { useSWRConfig } from 'swr';
import type { Matcher, Silence } from '@bellwether/contracts';
import { addSilence, ApiError, changeSilence } from '@/api';
import {
  beginning,
  type Fields,
  fieldsOf,
  inFormWords,
  inputOf,
  viewerZone,
  type WeeklyWindow,
} from '@/silences';
import { Button } from './button';
import { Failure } from './feedback';
import { Choice, Field } from './field';
import { useJob } from './hooks';
import { SilenceMatchers } from './silence-matchers';
import { SilenceWhen } from './silence-when';

interface SilenceFormProps {
  /** The one to change; left out, one is added. */
  silence?: Silence;
  /** What a new one begins with. */
  matchers?: Matcher[];
  week?: WeeklyWindow | null;
  onDone: () => void;
}

export function SilenceForm({ silence, matchers = [], week = null, onDone }: SilenceFormProps) {
  const { mutate } = useSWRConfig();
  const job = useJob();
  const [fields, setFields] = useState<Fields>(() =>
    silence === undefined
      ? beginning(matchers, Date.now(), viewerZone(), week)
      : fieldsOf(silence, Date.now(), viewerZone()),
  );
  const change = (to: Partial<Fields>) => setFields((before) => ({ ...before, ...to }));
  const isFixed = silence !== undefined && (silence.hasBegun || silence.state === 'past');
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    job.run(async () => {
      await save(fields, silence);
      await mutate((key) => Array.isArray(key) && key[0] === 'silences');
      onDone();
    });
  };
  return (
    <form onSubmit={submit} className="space-y-4">
      <Choice
        label="What it does"
        value={fields.kind}
        onChange={(event) => change({ kind: event.currentTarget.value as Fields['kind'] })}
        options={[
          ['silence', 'Silence: nobody is notified'],
          ['maintenance', 'Maintenance window: nor are its samples learnt from'],
        ]}
      />
      {!isFixed && (
        <SilenceMatchers matchers={fields.matchers} onMatchers={(matchers) => change({ matchers })} />
      )}
      {silence?.state !== 'past' && <SilenceWhen fields={fields} onChange={change} isEndOnly={isFixed} />}
      <Field
        label="Comment"
        maxLength={500}
        value={fields.comment}
        onChange={(event) => change({ comment: event.currentTarget.value })}
        placeholder="New disks in rack 4"
      />
      {isFixed && (
        <p className="text-xs text-muted">
          It has begun, and what it has done stays done: for other series or another time, end it and add a
          new one.
        </p>
      )}
      {job.error !== null && <Failure error={inWords(job.error)} />}
      <Button type="submit" look="primary" disabled={job.isBusy}>
        {job.isBusy ? 'Saving…' : silence === undefined ? 'Add' : 'Save'}
      </Button>
    </form>
  );
}

/** Of one that is over, nothing but its words and its kind is sent. */
async function save(fields: Fields, silence: Silence | undefined): Promise<void> {
  const { kind, comment, ...rest } = inputOf(fields, Date.now(), silence?.schedule);
  if (silence === undefined) await addSilence({ kind, comment, ...rest });
  else
    await changeSilence(
      silence.id,
      silence.state === 'past' ? { kind, comment } : { kind, comment, ...rest },
    );
}

const inWords = (error: Error): Error =>
  error instanceof ApiError ? new ApiError(error.status, inFormWords(error.message), error.errors) : error;
